// Small things on every page; all of them work without this script, only less comfortably.
import { deviceId, purge, purgeAll, received, unsent } from "./store.js";
import { acknowledged, batch, send } from "./wire.js";

// Focus goes to the summary of errors, or to the news that something is done.
const important = document.querySelector("[data-focus]");
if (important) important.focus();

// A link of the error summary leads to its field with the label in view.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".govuk-error-summary a");
  const target = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!target) return;
  event.preventDefault();
  (target.closest("fieldset, .govuk-form-group") || target).scrollIntoView();
  target.focus({ preventScroll: true });
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// A shaking hand presses twice: the second press within a second sends nothing.
let pressed = -Infinity;
document.addEventListener("submit", (event) => {
  if (event.timeStamp - pressed < 1000 && !event.defaultPrevented) event.preventDefault();
  else pressed = event.timeStamp;
});

// The draft was sent or discarded: its copy on this device is erased.
for (const done of document.querySelectorAll("[data-draft-done]")) purge(done.dataset.draftDone);

// Sign-out: first send what is waiting, then erase every copy on this device. Unsent text is never dropped silently.
for (const form of document.querySelectorAll("form[data-sign-out]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    for (const { meta, records } of await unsent()) {
      const parcel = batch(meta, deviceId(), records, records.length);
      const outcome = await send(meta, parcel, { timeout: 5000 });
      if (outcome.kind === "saved") await received(acknowledged(parcel, records));
    }
    if ((await unsent()).length && !window.confirm(form.dataset.unsent)) return;
    await purgeAll();
    form.submit();
  });
}
