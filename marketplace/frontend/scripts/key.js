// A security key, when it is added and when it opens: the browser asks it, its answer goes with the form (views/second_factor.py).
const form = document.querySelector("[data-key]");
const BINARY = ["challenge", "id"];

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

// What has to be bytes, at any depth: the challenge, the id of the person and those of the keys.
function opened(options) {
  if (Array.isArray(options)) return options.map(opened);
  if (!options || typeof options !== "object") return options;
  const found = {};
  for (const [name, value] of Object.entries(options)) {
    if (name === "rp") found[name] = value;
    else if (value !== null) found[name] = BINARY.includes(name) && typeof value === "string" ? bytes(value) : opened(value);
  }
  return found;
}

function answer(credential) {
  const { response } = credential;
  const said = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (response[name]) said[name] = text(response[name]);
  if (response.getTransports) said.transports = response.getTransports();
  return {
    type: credential.type,
    id: credential.id,
    rawId: text(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment,
    response: said,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

if (form && window.PublicKeyCredential) {
  const failed = form.querySelector("[data-key-failed]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const options = opened(JSON.parse(document.getElementById("key-options").textContent));
      const credential = await navigator.credentials[form.dataset.key](options);
      form.elements.credential.value = JSON.stringify(answer(credential));
      HTMLFormElement.prototype.submit.call(form);
    } catch (error) {
      failed.hidden = false;
    }
  });
}
