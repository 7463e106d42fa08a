// Forms that must not be lost: <form data-draft="UUID" data-kind data-schema data-rev data-patch-url>. Without an
// address to save to (a visitor without an account) the text is kept in this tab until the form is sent.
//
// Every keystroke goes to this device at once (store.js) and to the server a moment later (sender.js). The server's
// copy is the truth, a field is the unit; what two people wrote differently is asked, never overwritten (conflict.js).
// Without this script the same form is a plain POST.
import * as conflicts from "./conflict.js";
import * as fields from "./fields.js";
import "./focus.js";
import { loadQueue } from "./page.js";
import { createSender } from "./sender.js";
import { createStatus } from "./status.js";
import { deviceId, openStore, placeFor } from "./store.js";
import { createChannel } from "./tabs.js";
import { askForKey, call } from "./wire.js";

const UNTROUBLED = ["", "idle", "saved", "keyed"];
const RENEW_KEY = 2 * 24 * 3600 * 1000; // of the seven days that a key lives

export function start(form) {
  const data = form.dataset;
  const keep = placeFor(form);
  const meta = {
    draft: data.draft,
    url: data.patchUrl,
    kind: data.kind || "order",
    schema: Number(data.schema) || 1,
    beneficiary: Number(data.beneficiary) || null,
    rev: Number(data.rev) || 0,
    label: data.label,
    titles: titles(form),
  };
  const device = deviceId();
  const records = new Map(); // by field; also fields of the draft's other pages
  const listed = () => Array.from(records.values());
  const unsent = () => listed().filter((record) => record.dirty && !record.stuck);
  const store = openStore(meta, listed, keep);
  const status = createStatus(form);
  const channel = createChannel("tirek-drafts", hear);
  const sender = meta.url
    ? createSender({ meta, device, unsent, localCopyWorks: store.works, on: { saved, state, refused } })
    : { schedule: keptOnly, wake: keptOnly, leave() {}, stop() {} };
  let lastSeq = 0;
  let etag = ""; // the first answer is read in full: the page may come from a cache
  let closed = false;
  let keyed = false; // saved by the draft key: the session is over
  let asking = false;

  // The hidden twin tells a plain POST of this form which device it comes from.
  if (form.elements._device) form.elements._device.value = device;

  // --- From the person -------------------------------------------------------------------------

  function edited(field, durability) {
    const now = fields.read(field);
    const old = records.get(field.name);
    if (old && fields.same(old.v, now)) {
      if (durability && old.dirty) store.put(old, durability);
      return;
    }
    lastSeq = Math.max(lastSeq + 1, Date.now());
    const record = {
      draft: meta.draft,
      f: field.name,
      v: now,
      base: old && old.dirty ? old.base : fields.version(field),
      seq: lastSeq,
      dirty: true,
      at: Date.now(),
    };
    records.set(field.name, record);
    store.put(record, durability);
    channel.post({ type: "edit", draft: meta.draft, record });
    // "Saved" must not stand over a letter that has not been sent yet.
    if (meta.url && UNTROUBLED.indexOf(status.state()) >= 0) state("saving");
    sender.schedule();
  }

  function onInput(event) {
    const field = fields.fieldOf(form, event.target);
    if (field) edited(field, event.type === "change" ? "strict" : undefined);
  }

  /** Text from before the script: typed while it was loading, or brought back by the browser. */
  function catchUp() {
    for (const field of fields.all(form)) {
      if (!records.has(field.name) && !fields.same(fields.read(field), fields.sent(field))) edited(field);
    }
  }

  // --- From this device --------------------------------------------------------------------------

  function restore(kept) {
    for (const record of kept) {
      lastSeq = Math.max(lastSeq, record.seq);
      if (record.stuck !== "closed") delete record.stuck; // once a page: the server may have changed its mind
      const field = fields.find(form, record.f);
      const typed = records.get(record.f);
      if (typed) {
        // The browser put back what was typed (and saved) before; the page from the server may be newer.
        if (!record.dirty && fields.same(record.v, typed.v) && field) {
          records.delete(record.f);
          store.put(record);
          fields.write(field, fields.sent(field));
        } else if (record.dirty) {
          typed.base = Math.min(typed.base, record.base);
        }
      } else if (record.dirty) {
        records.set(record.f, record);
        if (field) fields.write(field, record.v);
      } else if (field && record.base > fields.version(field)) {
        // An old copy of the page (back button, offline shell): this device knows a later receipt.
        records.set(record.f, record);
        fields.write(field, record.v);
        fields.setVersion(form, field, record.base);
      }
    }
  }

  // --- From the server -----------------------------------------------------------------------------

  function saved(parcel, outcome) {
    const receipts = [];
    for (const op of parcel.ops) {
      const result = outcome.results[op.f];
      const record = records.get(op.f);
      if (!result || !record) continue;
      const conflict = result.s === "conflict";
      const field = fields.find(form, op.f);
      // A draft key reads nothing: then the question waits until its owner is signed in.
      if (conflict && "theirs" in result) conflicts.ask(form, op.f, op.v, result.theirs);
      if (conflict) share({ asked: (meta.asked || []).concat(op.f) });
      else if (field) fields.setVersion(form, field, result.ver);
      // Not this person's to fill in (a consent of somebody else): the page must not pretend it was saved.
      if (field && result.s === "locked") fields.write(field, fields.sent(field));
      // While a question is open the base stays old: later edits renew the set-aside value, never the live one.
      if (!conflict) record.base = result.ver;
      if (record.seq !== op.seq) continue; // typed on meanwhile
      record.dirty = false;
      if (result.s === "locked") records.delete(op.f);
      store.put(record);
      receipts.push({ f: op.f, seq: op.seq, ver: conflict ? record.base : result.ver });
    }
    meta.rev = outcome.rev;
    keyed = Boolean(outcome.keyed);
    channel.post({ type: "saved", draft: meta.draft, fields: receipts, at: outcome.at });
    state("saved", outcome.at);
    if (keep === "device" && !keyed && !asking && !(meta.until - Date.now() > RENEW_KEY)) getKey();
  }

  /** With its key this device goes on saving this draft when the session ends. */
  async function getKey() {
    asking = true; // once per page: a server without keys is not asked again and again
    const found = await askForKey(meta, device);
    if (found) share(found);
  }

  /** What else this device should know of the draft, and every tab of it. */
  function share(found) {
    store.amend(found);
    channel.post({ type: "known", draft: meta.draft, found });
  }

  /** The server will not take this value as it is: kept here, tried again after the next edit of the field. */
  function refused(op, kind) {
    const record = records.get(op.f);
    if (record && record.seq === op.seq) {
      record.stuck = kind;
      store.put(record);
    }
    state(kind === "large" ? "toolong" : "local");
  }

  function state(name, at) {
    if (name === "closed") closed = true;
    let shown = closed ? "closed" : name;
    if (shown === "saved") {
      if (unsent().length) shown = "saving";
      else if (listed().some((record) => record.stuck)) shown = "toolong";
      else if (keyed) shown = "keyed";
      else if (conflicts.open(form).length) shown = "conflict";
    }
    if (shown === "local" && !store.works()) shown = "blocked";
    status.show(shown, at);
  }

  function keptOnly() {
    if (records.size) state(store.works() ? "kept" : "blocked");
  }

  /** Changes from elsewhere: another person, another device, another tab of a crashed browser. */
  async function refresh(fromHistory) {
    if (!meta.url) return;
    let answer;
    let draft;
    try {
      answer = await call("GET", meta.url, { headers: { "If-None-Match": etag } });
      if (answer.status === 200) draft = JSON.parse(answer.text);
    } catch (error) {
      return;
    }
    if (answer.status === 401) {
      // A page from the back button after sign-out must not show what was typed.
      if (fromHistory) location.reload();
      else if (unsent().length) state("signin");
    }
    if (keyed && answer.status < 400) {
      keyed = false; // signed in again
      state("saved", Date.now());
    }
    if (!draft) return;
    etag = answer.headers.get("ETag") || "";
    if (draft.status !== "open") {
      sender.stop();
      state("closed");
      return;
    }
    for (const [name, entry] of Object.entries(draft.fields)) take(name, entry.v, entry.ver);
    store.learn(
      Object.entries(draft.fields).map(([f, { v, ver }]) => ({ draft: meta.draft, f, v, base: ver, seq: 0, dirty: false })),
    );
    showConflicts(draft.conflicts);
    const asked = draft.conflicts.map((question) => question.f);
    if (asked.length + (meta.asked || []).length) share({ asked });
  }

  function take(name, value, ver) {
    const field = fields.find(form, name);
    const record = records.get(name);
    if (!field || (record && record.dirty) || ver <= fields.version(field)) return;
    if (fields.focused(field)) {
      etag = ""; // read once more when the person has left it
      return;
    }
    if (conflicts.open(form).indexOf(name) >= 0) return;
    if (!fields.looksSame(fields.read(field), value)) fields.write(field, value);
    fields.setVersion(form, field, ver);
    records.delete(name);
  }

  function showConflicts(questions) {
    const names = questions.map((question) => question.f);
    for (const name of conflicts.open(form)) if (names.indexOf(name) < 0) conflicts.settle(form, name);
    for (const question of questions) {
      const record = records.get(question.f);
      conflicts.ask(form, question.f, record && record.dirty ? record.v : question.yours, question.theirs);
    }
    if (conflicts.open(form).length) state("conflict");
  }

  async function decide(name, pick, reason) {
    await sender.finish(); // "my answer" is what I see, also if the last key is not sent yet
    try {
      const live = JSON.parse((await call("GET", meta.url)).text);
      const question = live.conflicts.filter((item) => item.f === name)[0];
      if (question) {
        const answer = await call("POST", `${meta.url}/resolve`, {
          body: JSON.stringify({ f: name, pick, base: question.ver, device, reason }),
          headers: { "Idempotency-Key": `${device}.${name}.${question.ver}.${pick}${reason}` },
        });
        if (answer.status !== 200) throw new Error("not settled");
        const entry = JSON.parse(answer.text).fields[name];
        conclude(name, entry.v, entry.ver);
      } else {
        conclude(name, live.fields[name].v, live.fields[name].ver); // somebody answered before
      }
    } catch (error) {
      state(navigator.onLine === false ? "local" : "conflict");
      etag = "";
      refresh();
    }
  }

  function conclude(name, value, ver) {
    const field = fields.find(form, name);
    records.delete(name);
    if (field) {
      fields.write(field, value);
      fields.setVersion(form, field, ver);
    }
    store.put({ draft: meta.draft, f: name, v: value, base: ver, seq: lastSeq, dirty: false, at: Date.now() });
    conflicts.settle(form, name);
    channel.post({ type: "settled", draft: meta.draft, name, value, ver });
    state("saved", Date.now());
  }

  // --- From other tabs ----------------------------------------------------------------------------

  function hear(message) {
    if (message.purged) forget();
    if (message.draft !== meta.draft) return;
    if (message.type === "edit") {
      const mine = records.get(message.record.f);
      const field = fields.find(form, message.record.f);
      if ((mine && mine.seq >= message.record.seq) || (field && fields.focused(field))) return;
      records.set(message.record.f, message.record);
      if (field) fields.write(field, message.record.v);
    } else if (message.type === "saved") {
      for (const { f, seq, ver } of message.fields) {
        const record = records.get(f);
        const field = fields.find(form, f);
        if (!record || record.seq !== seq) continue;
        Object.assign(record, { dirty: false, base: ver });
        if (field) fields.setVersion(form, field, ver);
      }
      if (!unsent().length) state("saved", message.at);
    } else if (message.type === "known") {
      store.amend(message.found);
    } else if (message.type === "settled") {
      take(message.name, message.value, message.ver);
      conflicts.settle(form, message.name);
    }
  }

  /** Signed out or erased here or in another tab: nothing may be written again. */
  function forget() {
    sender.stop();
    store.close();
    records.clear();
    form.reset(); // browsers bring back what stood in the boxes of a page
  }

  // --- Wiring ----------------------------------------------------------------------------------------

  form.addEventListener("input", onInput);
  form.addEventListener("change", onInput);
  conflicts.listen(form, decide);
  document.addEventListener("submit", sender.leave);
  window.addEventListener("pagehide", sender.leave);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      sender.leave();
    } else {
      sender.wake();
      refresh();
    }
  });
  for (const event of ["online", "focus"]) {
    window.addEventListener(event, () => {
      sender.wake();
      if (keyed) refresh(); // perhaps signed in again in another window
    });
  }
  window.addEventListener("pageshow", (event) => {
    catchUp();
    if (event.persisted) refresh(true).then(sender.wake);
  });
  window.addEventListener("tirek:purged", forget);

  catchUp();
  store.load().then(async (kept) => {
    restore(kept);
    if (conflicts.open(form).length) state("conflict");
    else if (!meta.rev && !unsent().length) state("idle");
    sender.wake();
    if (meta.rev || kept.length) await refresh(); // a draft that nobody has saved yet is not there to be read
    // Drafts that another page left unsent (a crash, a dead connection).
    if (store.others()) loadQueue();
  });
}

/** How the person knows the parts whose names only the server can make: goods of a line, a template's questions. */
function titles(form) {
  const found = {};
  for (const element of form.querySelectorAll("[data-title]")) found[element.dataset.title] = element.textContent.trim();
  return Object.keys(found).length ? found : undefined;
}

for (const form of document.querySelectorAll("form[data-draft]")) start(form);
