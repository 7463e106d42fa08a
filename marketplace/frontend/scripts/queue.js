// Drafts that wait on this device: sent one after the other, by one tab at a time. And leaving: signing out, or
// declaring this a shared computer, sends what waits and then erases every copy.
import { identified, keep, opened, purge, purgeAll, settle, unsent } from "./copies.js";
import { here } from "./here.js";
import { waiting as waitingPhotos } from "./photo_store.js";
import { deviceId } from "./store.js";
import { alone, createChannel } from "./tabs.js";
import { deliver, wish, wishOf, wishes } from "./wishes.js";
import { acknowledged, batch, send } from "./wire.js";

const MOST = 200;

delete document.body.dataset.queue; // on board: page.js need not fetch it

/** Drafts whose open form on this page has a sender of its own. */
const onPage = () => Array.from(document.querySelectorAll("form[data-draft]"), (form) => form.dataset.draft);

/**
 * Sends everything that waits. A draft of somebody else who used this browser goes only with its draft key: with the
 * cookies of now it would become this person's. Gives true when nothing is left that could be sent.
 */
export async function sendAll({ except = [], timeout } = {}) {
  let done = true;
  const won = await alone("tirek-queue", async () => {
    for (const waiting of await unsent()) {
      if (except.indexOf(waiting.meta.draft) >= 0) continue;
      const draft = await opened(waiting);
      const sent = draft && (await alone(`tirek-send-${draft.meta.draft}`, async () => {
        done = (await sendOne(draft, timeout)) && done;
      }));
      if (!sent) done = false;
    }
  });
  return won && done;
}

async function sendOne({ meta, records }, timeout) {
  const stranger = Boolean(meta.owner && here.account && meta.owner !== here.account);
  let left = records.filter((record) => !record.stuck);
  let most = MOST;
  while (left.length) {
    const parcel = batch(meta, deviceId(), left, most);
    const carried = acknowledged(parcel, left);
    const outcome = await send(meta, parcel, { stranger, timeout });
    if (outcome.kind === "saved") {
      await settle(carried, { dirty: false });
      const asked = parcel.ops.map((op) => op.f).filter((name) => (outcome.results[name] || {}).s === "conflict");
      await keep(meta, { rev: outcome.rev, asked: (meta.asked || []).concat(asked) });
    } else if (outcome.kind === "closed") {
      await settle(left, { stuck: "closed" });
      return true;
    } else if (outcome.kind === "large" || outcome.kind === "refused") {
      if (parcel.ops.length > 1) {
        most = 1; // find the field that is refused
        continue;
      }
      await settle(carried, { stuck: outcome.kind });
    } else {
      return false;
    }
    left = left.filter((record) => carried.indexOf(record) < 0);
  }
  return true;
}

const listeners = [];
let timer = 0;
let failures = 0;

/** `hear(done)` is called after each round of sending. */
export const onRound = (hear) => listeners.push(hear);

/** Sends now, and again after growing random pauses until everything is sent. */
export async function keepSending() {
  clearTimeout(timer);
  const sent = await sendAll({ except: onPage() }).catch(() => false);
  const done = (await sendWishes().catch(() => false)) && sent;
  failures = done ? 0 : failures + 1;
  for (const hear of listeners) hear(done);
  if (!done) timer = setTimeout(keepSending, 1000 + Math.random() * Math.min(60000, 1000 * 2 ** failures));
}

// --- Sending an application ---------------------------------------------------------------------------

/** The form on this page that sends this draft. */
const formOf = (draft) => document.querySelector(`form[data-send="${draft}"]`);

/** Wishes that an earlier page, or this one, could not deliver. */
async function sendWishes() {
  let done = true;
  for (const wanted of await wishes()) {
    const { draft } = wanted;
    await alone(`tirek-wish-${draft}`, async () => {
      const result = await deliver(wanted);
      if (result === "later") done = false;
      else if (result === "sent") await purge(draft);
      else await keep({ draft }, { wish: { ...wanted, failed: true } });
      const form = formOf(draft);
      if (form && result === "sent") location.assign(form.dataset.sent);
      if (form && result === "refused") location.reload();
    });
  }
  return done;
}

/** The button "Send": at once, or as soon as there is a line. */
async function sendForm(form) {
  form.removeAttribute("data-leaving");
  const wanted = wishOf(form);
  const result = await deliver(wanted);
  if (result === "sent") location.assign(form.dataset.sent);
  else if (result === "later" && (await wish(wanted.draft, wanted))) showWish(form);
  else form.submit(); // the server's own page says what is wrong
}

/** In the place of the form: it waits, and how to stop it. */
function showWish(form) {
  const notice = document.querySelector("[data-send-waits]");
  form.hidden = true;
  notice.hidden = false;
  notice.focus();
  notice.querySelector("button").onclick = async () => {
    await wish(form.dataset.send, null);
    notice.hidden = true;
    form.hidden = false;
    form.querySelector("button").focus();
  };
  keepSending();
}

async function showOldWish() {
  const form = document.querySelector("form[data-send]");
  if (form && (await wishes()).some(({ draft }) => draft === form.dataset.send)) showWish(form);
}

// --- Leaving ------------------------------------------------------------------------------------------

const channel = createChannel("tirek-drafts", () => {});

/** Everything of this device goes, also from the memory of other tabs. */
export async function eraseAll() {
  channel.post({ purged: true });
  await purgeAll();
}

/** First sends, then asks whether the rest may be lost, then erases and sends the form. */
async function leave(form) {
  form.removeAttribute("data-leaving");
  await sendAll({ timeout: 5000 }).catch(() => false);
  const photos = (await waitingPhotos()).filter((photo) => photo.owner === here.account);
  const waiting = (await unsent()).concat(photos.concat(await wishes()).map((other) => ({ records: [other] })));
  if (waiting.length && !(await mayLose(waiting))) return;
  await eraseAll();
  // By its mark the server knows that nothing is left to erase.
  form.insertAdjacentHTML("beforeend", '<input type="hidden" name="_erased" value="1">');
  form.submit();
}

/** Asks on the page, in its language, whether so many answers may be lost. */
function mayLose(waiting) {
  const warning = document.querySelector("[data-unsent]");
  const answers = waiting.reduce((sum, { records }) => sum + records.length, 0);
  warning.querySelector("[data-unsent-answers]").textContent = answers;
  warning.querySelector("[data-unsent-drafts]").textContent = waiting.length;
  warning.hidden = false;
  warning.focus();
  return new Promise((resolve) => {
    for (const button of warning.querySelectorAll("button")) {
      button.onclick = () => {
        warning.hidden = true;
        resolve(button.hasAttribute("data-unsent-lose"));
      };
    }
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("data-send")) {
    event.preventDefault();
    sendForm(form);
    return;
  }
  const box = form.elements.shared; // on the sign-in page a choice
  if (!form.hasAttribute("data-erases") || (box && box.type === "checkbox" && !box.checked)) return;
  event.preventDefault();
  leave(form);
});
for (const form of document.querySelectorAll("form[data-leaving]")) (form.hasAttribute("data-send") ? sendForm : leave)(form);
window.addEventListener("online", keepSending);
identified.then(showOldWish).then(keepSending);
