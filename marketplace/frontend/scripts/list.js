// The drafts on this device: whose, when, sent or not, and where something is asked. Works without a server, also to
// begin a new one; queue.js sends what waits. The words stand in the page (offline/_list.html).
import { begin, drafts, identified, opened, recollect, remember } from "./copies.js";
import { here } from "./here.js";
import { onRound } from "./queue.js";
import { createChannel } from "./tabs.js";
import { wish } from "./wishes.js";

const OFFSET = 5 * 3600 * 1000; // Kazakhstan has one time
const MOST_PEOPLE = 50;
const COLOURS = { saved: "green", waiting: "yellow", wished: "yellow", asked: "red", refused: "red", again: "red" };

const list = document.querySelector("[data-device-list]");
const words = list ? list.dataset : {};
const language = () => location.pathname.slice(0, 4);

/** The page of a draft; with a field's name the step that asks for it. */
function addressOf(meta, name) {
  const place = meta.kind === "complaint" ? "complaints/new" : "applications";
  const step = name && meta.kind !== "complaint" ? `${stepOf(name)}/` : "";
  return `${language()}${place}/${meta.draft}/${step}${name ? `#id_${name}` : ""}`;
}

const stepOf = (name) => (/^(line|measures)\./.test(name) ? "goods" : name.split(".")[0]);

function moment(at) {
  const [day, time] = new Date(at + OFFSET).toISOString().split("T");
  return `${day.split("-").reverse().join(".")}, ${time.slice(0, 5)}`;
}

/** What the person must know: the gravest first. */
function stateOf(meta, records) {
  const names = (test) => records.filter(test).map((record) => record.f);
  const refused = names((record) => record.dirty && record.stuck);
  const closed = refused.length && records.some((record) => record.stuck === "closed");
  const waiting = names((record) => record.dirty && !record.stuck);
  if (closed) return { name: "closed", fields: [] };
  if (refused.length) return { name: "refused", fields: refused };
  if ((meta.asked || []).length) return { name: "asked", fields: meta.asked };
  if (meta.wish) return { name: meta.wish.failed ? "again" : "wished", fields: [] };
  return waiting.length ? { name: "waiting", count: waiting.length, fields: [] } : { name: "saved", fields: [] };
}

async function show() {
  const own = (await drafts()).filter(({ meta }) => meta.owner === here.account);
  own.sort((one, other) => other.meta.at - one.meta.at);
  const items = [];
  for (const draft of own) items.push(await item(draft));
  const place = list.querySelector("[data-device-items]");
  place.textContent = "";
  for (const element of items) place.append(element);
  list.querySelector("[data-device-none]").hidden = items.length > 0;
  list.hidden = !items.length && list.hasAttribute("data-hide-empty");
}

async function item(draft) {
  const element = document.importNode(list.querySelector("template").content, true).firstElementChild;
  const readable = await opened(draft);
  const meta = readable ? readable.meta : draft.meta;
  const state = readable ? stateOf(meta, draft.records) : { name: "sealed", fields: [] };
  const link = element.querySelector("a");
  link.href = addressOf(meta);
  link.textContent = [words[meta.kind === "complaint" ? "complaint" : "order"], meta.label].filter(Boolean).join(": ");
  element.querySelector("[data-device-time]").textContent = words.edited.replace("{time}", moment(lastEdit(draft)));
  const tag = element.querySelector("[data-device-state]");
  tag.className = `govuk-tag govuk-tag--${COLOURS[state.name] || "grey"}`;
  tag.textContent = words[state.name].replace("{count}", state.count);
  tag.dataset.deviceState = state.name;
  const fields = element.querySelector("[data-device-fields]");
  for (const name of state.fields) fields.append(linkTo(meta, name));
  fields.hidden = !state.fields.length;
  const cancel = element.querySelector("[data-device-cancel]");
  cancel.hidden = state.name !== "wished";
  cancel.addEventListener("click", () => wish(meta.draft, null).then(show));
  return element;
}

const lastEdit = ({ meta, records }) =>
  records.reduce((latest, record) => Math.max(latest, record.at || 0), 0) || meta.at;

function linkTo(meta, name) {
  const line = document.createElement("li");
  const link = document.createElement("a");
  link.className = "govuk-link";
  link.href = addressOf(meta, name);
  link.textContent = words[meta.kind === "complaint" ? "complaint" : stepOf(name)] || name;
  line.append(link);
  return line;
}

// --- A new application without a server --------------------------------------------------------------

/** People this page shows: a draft can be begun for them later, without a connection. */
async function keepPeople() {
  const shown = Array.from(document.querySelectorAll("[data-keep-person]"), (element) => ({
    id: Number(element.dataset.keepPerson),
    name: element.dataset.name || element.textContent.trim(),
  }));
  if (!shown.length || !here.account || here.local === "off") return;
  const known = (await recollect("people")) || {};
  const before = known.owner === here.account ? known.people || [] : [];
  const others = before.filter((person) => !shown.some((one) => one.id === person.id));
  remember("people", { owner: here.account, people: shown.concat(others).slice(0, MOST_PEOPLE) });
}

async function offerNew() {
  const place = document.querySelector("[data-device-new]");
  const known = place && (await recollect("people"));
  const people = known && known.owner === here.account ? known.people || [] : [];
  // Without a service worker nobody could open the page of a draft that the server does not know.
  if (!people.length || !(navigator.serviceWorker && navigator.serviceWorker.controller)) return;
  const choice = place.querySelector("select");
  for (const person of people) choice.append(new Option(person.name, person.id));
  place.hidden = false;
  place.addEventListener("submit", async (event) => {
    event.preventDefault();
    const draft = newId();
    const person = people[choice.selectedIndex];
    const meta = { draft, url: `/api/v1/drafts/${draft}`, kind: "order", schema: Number(place.dataset.schema) };
    if (await begin({ ...meta, beneficiary: person.id, label: person.name })) location.assign(addressOf(meta));
  });
}

/** A random UUID; crypto.randomUUID is younger than our oldest browsers. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => `0${byte.toString(16)}`.slice(-2)).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

identified.then(() => {
  keepPeople();
  if (!list) return;
  show();
  onRound(show);
  createChannel("tirek-drafts", show);
  offerNew();
});
