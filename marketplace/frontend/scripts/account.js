// The pages of somebody who is signed in: what is erased, and when.
import { forgetOld, purge, remember, waits } from "./copies.js";
import { removeDatabase } from "./database.js";
import { here } from "./here.js";
import { loadQueue } from "./page.js";
import "./ui.js";

// The draft was sent or discarded: its copy on this device is erased.
for (const done of document.querySelectorAll("[data-draft-done]")) purge(done.dataset.draftDone);

/** A computer that strangers share, or a portal without a service worker: what earlier pages left goes. */
async function removeWorker() {
  if (!navigator.serviceWorker) return;
  for (const registration of await navigator.serviceWorker.getRegistrations()) registration.unregister();
  for (const name of await caches.keys()) caches.delete(name);
}

if (document.body.dataset.worker === "off") removeWorker();

if (here.local === "off") {
  removeDatabase();
  try {
    localStorage.clear();
  } catch (error) {
    // Blocked by the browser's settings: then nothing was kept.
  }
} else if (here.account) {
  remember("session", { account: here.account, local: here.local });
  forgetOld()
    .then(waits)
    .then((some) => some && loadQueue());
  try {
    // Shells are the same for everybody: text size and colours come from here.
    localStorage.setItem("tirek.look", document.documentElement.className);
  } catch (error) {
    // As above.
  }
}
