// Photos and recordings of a draft: <section data-photos> (drafts/_photos.html). A chosen photo lies on this device before
// anything else happens, is made smaller (a recording stays as it is), and goes to the server in pieces that survive every cut. Without this script
// the same part is a plain upload.
import { here } from "./here.js";
import { drop, keep, keepsPhotos, waiting } from "./photo_store.js";
import { READABLE, shrink } from "./shrink.js";
import { hours } from "./status.js";
import { alone } from "./tabs.js";
import { removeFromServer, upload } from "./upload.js";

const isRecording = (record) => /^(audio|video)\//.test(record.type);
const QUIET = ["preparing", "sending", "kept-sending"];

function start(root) {
  const form = root.closest("form");
  const list = root.querySelector("[data-photos-list]");
  const input = root.querySelector("input[type=file]");
  const mayKeep = keepsPhotos(form);
  const records = new Map(); // by id; what the server has is only a row of the list
  let running = false;
  let stopped = false;
  let failures = 0;
  let timer = 0;

  const words = (name) => root.getAttribute(`data-text-${name}`) || "";
  const rowOf = (id) => list.querySelector(`[data-photo="${id}"]`);

  // --- What the person sees ------------------------------------------------------------------------

  function announce(text) {
    root.querySelector("[data-photos-announce]").textContent = text;
  }

  function addRow(record) {
    const old = rowOf(record.id);
    const row = document.importNode(root.querySelector("[data-photo-template]").content, true).firstElementChild;
    const title = record.name || words("unnamed");
    row.dataset.photo = record.id;
    for (const slot of row.querySelectorAll("[data-photo-name]")) slot.textContent = title;
    const button = row.querySelector("button");
    if (button) button.value = record.id;
    const image = row.querySelector("img");
    if (image && isRecording(record)) {
      image.parentNode.replaceChild(player(record, title), image);
    } else if (image) {
      image.alt = image.alt.replace("{name}", title);
      image.src = URL.createObjectURL(record.blob);
    }
    const bar = row.querySelector("progress");
    bar.setAttribute("aria-label", bar.getAttribute("aria-label").replace("{name}", title));
    if (old) list.replaceChild(row, old);
    else list.append(row);
    root.hidden = false; // on a page that only shows what there is
    limit();
  }

  /** What was recorded can be heard and seen before it is sent. */
  function player(record, title) {
    const made = document.createElement(record.type.slice(0, 5));
    made.controls = true;
    made.width = 280;
    made.setAttribute("aria-label", title);
    made.src = URL.createObjectURL(record.blob);
    return made;
  }

  function show(record, state, details = {}) {
    const row = rowOf(record.id);
    if (!row) return;
    const line = row.querySelector("[data-photo-state]");
    const bar = row.querySelector("progress");
    const text = details.text || words(state).replace("{percent}", `${details.percent}\u00a0%`).replace("{time}", details.time);
    const news = row.dataset.state !== state && QUIET.indexOf(state) < 0;
    row.dataset.state = state;
    line.textContent = text;
    if (bar) {
      bar.hidden = QUIET.indexOf(state) < 0;
      if (details.percent === undefined) bar.removeAttribute("value");
      else bar.value = details.percent;
    }
    if (state.indexOf("signin") === 0 && root.dataset.signInUrl) line.append(" ", signInLink());
    if (news) announce(`${record.name || words("unnamed")}: ${text}`);
  }

  function signInLink() {
    const link = document.createElement("a");
    link.className = "govuk-link";
    link.href = `${root.dataset.signInUrl}?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = root.dataset.signIn;
    return link;
  }

  /** As many as the server takes; the input comes back when one is removed. */
  function limit() {
    if (input) input.disabled = list.children.length >= Number(root.dataset.most);
  }

  function complain(text) {
    const box = document.createElement("p");
    box.className = "govuk-error-message";
    box.textContent = text;
    box.dataset.photosProblem = "";
    const old = root.querySelector("[data-photos-problem]");
    if (old) old.remove();
    input.parentNode.insertBefore(box, input);
    announce(text);
  }

  // --- From the person -------------------------------------------------------------------------------

  async function choose(file) {
    if (list.children.length >= Number(root.dataset.most)) {
      complain(words("many"));
      return;
    }
    const record = {
      id: newId(),
      draft: root.dataset.draft,
      owner: here.account,
      url: root.dataset.url,
      name: file.name,
      type: file.type,
      blob: file,
      raw: true,
      tries: 0,
      at: Date.now(),
    };
    records.set(record.id, record);
    // On this device before anything else: making it smaller may be too much for a cheap phone.
    if (mayKeep) record.kept = await keep(record);
    addRow(record);
    await prepare(record);
    send();
  }

  async function prepare(record) {
    if (!record.raw) return;
    const recording = isRecording(record) && Number(root.dataset.recordingBytes) > 0;
    if (!recording) show(record, "preparing");
    if (record.tries === 0 && !recording) {
      record.tries = 1;
      if (record.kept) await keep(record);
      record.blob = await shrink(record.blob);
      record.type = record.blob.type;
    }
    record.raw = false;
    if (recording) {
      if (record.blob.size > Number(root.dataset.recordingBytes)) refuse(record, words("long"));
    } else if (READABLE.indexOf(record.type) < 0) refuse(record, words("unreadable"));
    else if (record.blob.size > Number(root.dataset.bytes)) refuse(record, words("large"));
    else if (record.kept) record.kept = await keep(record);
  }

  /** The server will never take it: said where it stands, and not kept. */
  function refuse(record, reason) {
    records.delete(record.id);
    drop(record.id);
    show(record, "refused", { text: [words("refused"), reason].join(" ").trim() });
  }

  async function remove(id, row) {
    const record = records.get(id) || { id, url: root.dataset.url, name: "" };
    records.delete(id);
    await drop(id);
    if (row.dataset.state === "refused" || (await removeFromServer(record))) {
      row.remove();
      announce(words("removed"));
      limit();
      if (input) input.focus();
    } else {
      show(record, "stays");
    }
  }

  // --- To the server -------------------------------------------------------------------------------------

  const ready = () => Array.from(records.values()).filter((record) => !record.raw);

  /** One photo after the other, by one tab at a time. */
  async function send() {
    clearTimeout(timer);
    if (running || stopped || !ready().length) return;
    running = true;
    let outcome = { kind: "later", wait: 0 };
    const won = await alone(`tirek-photos-${root.dataset.draft}`, async () => {
      for (const record of ready()) {
        outcome = await sendOne(record);
        if (outcome.kind !== "saved" && outcome.kind !== "refused") break;
      }
    }).catch(() => false);
    running = false;
    if (stopped || !ready().length) return;
    failures = outcome.kind === "saved" || !won ? 0 : failures + 1;
    // What the server asked for, and a random part of 1, 2, 4 … 60 s: thousands must not come back in one second.
    const pause = won ? Math.random() * Math.min(60000, 1000 * 2 ** failures) : 1000;
    timer = setTimeout(send, (outcome.wait || 0) + pause);
  }

  async function sendOne(record) {
    const progress = (bytes) =>
      show(record, record.kept ? "kept-sending" : "sending", { percent: Math.floor((bytes * 100) / record.blob.size) });
    const outcome = await upload(record, progress, () => stopped || !records.has(record.id));
    if (!records.has(record.id)) return { kind: "saved" }; // removed meanwhile
    if (outcome.kind === "saved") {
      records.delete(record.id);
      await drop(record.id);
      show(record, "saved", { time: hours(outcome.at) });
    } else if (outcome.kind === "refused") {
      refuse(record, outcome.reason);
    } else if (outcome.kind === "signin") {
      show(record, record.kept ? "signin" : "signin-open");
    } else if (!stopped) {
      show(record, record.kept ? "local" : "open");
    }
    return outcome;
  }

  function wake() {
    failures = 0;
    send();
  }

  // --- Wiring ----------------------------------------------------------------------------------------------

  function takeChosen() {
    const chosen = Array.from(input.files);
    if (!chosen.length) return;
    const old = root.querySelector("[data-photos-problem]");
    if (old) old.remove();
    input.value = ""; // the plain form must not send it a second time
    chosen.forEach(choose);
  }

  if (input) {
    const button = root.querySelector("[data-photos-button]");
    const hide = () => (button.hidden = true); // choosing is enough
    // Somebody who came to it by the keyboard before this script came is not thrown back to the beginning of the page.
    // A window that loses the focus for a moment keeps its place: the button is still the active one then.
    const left = () => document.activeElement === button || hide();
    if (button && button === document.activeElement) button.addEventListener("blur", left);
    else if (button) hide();
    input.addEventListener("change", takeChosen);
    takeChosen(); // chosen before the script came
  }
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    event.preventDefault();
    button.disabled = true;
    remove(button.value, button.closest("li")).then(() => {
      button.disabled = false;
    });
  });
  window.addEventListener("online", wake);
  window.addEventListener("focus", wake);
  window.addEventListener("beforeunload", (event) => {
    // Only what this device could not keep is lost with the page.
    if (Array.from(records.values()).some((record) => !record.kept)) event.preventDefault();
  });
  window.addEventListener("tirek:purged", () => {
    stopped = true;
    records.clear();
  });

  waiting().then(async (found) => {
    const mine = found.filter((record) => record.draft === root.dataset.draft && record.owner === here.account);
    for (const record of mine) {
      if (records.has(record.id)) continue;
      records.set(record.id, record);
      addRow(record);
      if (record.raw) await prepare(record);
      else show(record, "local");
    }
    send();
  });
}

/** A UUID, also where the page is not served over https. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => `0${byte.toString(16)}`.slice(-2)).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

for (const root of document.querySelectorAll("[data-photos]")) start(root);
