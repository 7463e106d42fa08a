// Everything of ours in one file: for staff, whose copies are sealed, and for the pages that open without a server.
import "./vault.js";
import "./account.js";
import "./draft.js";
import "./shell.js";
import "./list.js";
import { identified, unsent } from "./copies.js";
import { here } from "./here.js";
import { eraseAll, onRound } from "./queue.js";

// The session of a member of staff is over (the page of sign-in knows nobody): her draft keys have sent what waited, so
// nothing of hers stays here.
const signedOut = document.body.dataset.local && !document.body.dataset.account;
if (signedOut) {
  onRound(async () => {
    await identified;
    if (here.local === "sealed" && !(await unsent()).length) eraseAll();
  });
}
