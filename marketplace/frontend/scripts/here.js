// Whose page this is and what this browser may keep: said by the server in attributes of <body>
// (marketplace/local_copies.py). A shell, which is the same for everybody, learns it from the device (shell.js).
const said = document.body.dataset;

/** `local`: "open", "sealed" (staff: encrypted with a key of the session) or "off" (a computer of strangers). */
export const here = { account: said.account || "", local: said.local || "open", seal: said.seal || "" };
