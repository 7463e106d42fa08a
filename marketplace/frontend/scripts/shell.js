// A shell: the page of a form that the service worker gives when the server does not. It holds words and boxes; which
// draft and which step it is says the address, what stands in the boxes says this device's copy.
import { drafts, identified, opened } from "./copies.js";
import { start } from "./draft.js";
import { here } from "./here.js";

const ADDRESS = /^\/[a-z]{2}\/.*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(?:([a-z]+)\/)?$/;
const LINE = /^line\.([A-Za-z0-9_-]+)(\.quantity)?$/;

const shell = document.querySelector("[data-shell]");

async function fill() {
  await identified;
  dress();
  if (!partOf("missing")) return; // the list of drafts: list.js
  const address = ADDRESS.exec(location.pathname);
  const kept = address && (await drafts()).filter(({ meta }) => meta.draft === address[1] && meta.owner === here.account)[0];
  const draft = kept && (await opened(kept));
  const part = (draft && (partOf(address[2] || "start") || partOf("other"))) || partOf("missing");
  part.hidden = false;
  for (const other of shell.querySelectorAll("[data-shell-part]")) if (other !== part) other.remove();
  const heading = document.querySelector("h1");
  if (part.dataset.title) {
    document.title = document.title.replace(heading.textContent, part.dataset.title);
    heading.textContent = part.dataset.title;
  }
  if (!draft) return;
  for (const place of document.querySelectorAll("[data-shell-person]")) place.textContent = draft.meta.label || "";
  const form = part.querySelector("form");
  if (form) begin(form, draft);
}

const partOf = (name) => shell.querySelector(`[data-shell-part="${name}"]`);

function begin(form, { meta, records }) {
  addLines(form, meta.titles || {}, records);
  const { draft, url, kind, beneficiary, rev } = meta;
  Object.assign(form.dataset, { draft, patchUrl: url, kind, rev });
  if (beneficiary) form.dataset.beneficiary = beneficiary;
  form.addEventListener("submit", (event) => {
    event.preventDefault(); // every key is kept already
    location.assign(form.dataset.next);
  });
  start(form);
}

/** Goods: the boxes of a line for every line that this device knows, under the name it had on the server's page. */
function addLines(form, titles, records) {
  const template = form.querySelector("template[data-shell-line]");
  if (!template) return;
  const keys = new Set();
  for (const name of Object.keys(titles).concat(records.filter((record) => record.v).map((record) => record.f))) {
    const line = LINE.exec(name);
    if (line) keys.add(line[1]);
  }
  for (const key of keys) {
    const holder = document.createElement("div");
    holder.innerHTML = template.innerHTML.replace(/__key__/g, key);
    const title = titles[`line.${key}`];
    if (title) holder.querySelector("[data-title]").textContent = title;
    template.before(holder);
  }
  form.querySelector("[data-shell-nothing]").hidden = keys.size > 0;
}

/** Text size and colours of this device, and languages that stay on this draft. */
function dress() {
  try {
    const look = localStorage.getItem("tirek.look");
    if (look) document.documentElement.className = look;
  } catch (error) {
    // Blocked by the browser's settings.
  }
  if (!ADDRESS.test(location.pathname)) return;
  for (const link of document.querySelectorAll("[hreflang]")) {
    if (link.href) link.href = `/${link.hreflang}/${location.pathname.slice(4)}`;
  }
}

if (shell) fill();
