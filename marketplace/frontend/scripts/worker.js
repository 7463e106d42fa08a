// The service worker: pages of forms open when the server does not answer. It keeps the files and the value-free shells
// that marketplace/offline.py lists in self.TIREK, and nothing else: no page of a person, no answer of the API.
import { get, withDatabase } from "./database.js";

const { version, files, forms } = self.TIREK;
const CACHE = `tirek-${version}`;
const PATIENCE = 4000; // ms that a form waits for the server when this device can open it alone
const LIST = "offline/";
const LANGUAGES = ["kk", "ru", "en"];

const languageOf = (path) => LANGUAGES.filter((code) => path.indexOf(`/${code}/`) === 0)[0];

async function keep(address) {
  const cache = await caches.open(CACHE);
  if (await cache.match(address)) return;
  // Without cookies: whatever the server does by mistake, nobody's data can come back.
  const answer = await fetch(address, { credentials: "omit", cache: "no-cache" });
  if (!answer.ok || answer.redirected) throw new Error(address);
  await cache.put(address, answer);
}

const keepLanguage = (code) =>
  Promise.all([LIST].concat(forms.map((form) => form[1])).map((path) => keep(`/${code}/${path}`)));

async function install() {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const codes = windows.map((client) => languageOf(new URL(client.url).pathname)).filter(Boolean);
  await Promise.all(files.map(keep));
  // Only the language in use: the others come with the first page in them.
  await Promise.all((codes.length ? codes : LANGUAGES.slice(0, 1)).map(keepLanguage));
  // No waiting for old pages to close: a page holds its own script and text, and takes nothing from the worker but the
  // next page. What was typed lies in IndexedDB, which both versions read.
  await self.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) if (name.indexOf("tirek-") === 0 && name !== CACHE) await caches.delete(name);
  // The browser asks for a page while this worker is still starting.
  if (self.registration.navigationPreload) await self.registration.navigationPreload.enable();
  await self.clients.claim();
}

/** The copy of this draft on the device, sealed or not; without one a shell would be an empty form. */
function draftOf(path) {
  const found = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(path);
  return found && withDatabase((db) => get(db, "drafts", found[0]));
}

async function shellOf(language, path) {
  for (const code of [language].concat(LANGUAGES)) {
    const found = await caches.match(`/${code}/${path}`, { cacheName: CACHE });
    if (found) return found;
  }
  return null;
}

const load = async (event) => (await event.preloadResponse) || fetch(event.request);
const after = (wait) => new Promise((resolve) => setTimeout(resolve, wait));

async function page(event, path) {
  const language = languageOf(path);
  const form = forms.filter(([pattern]) => new RegExp(pattern).test(path))[0];
  const network = load(event);
  event.waitUntil(network.then(() => language && keepLanguage(language)).catch(() => {}));
  const kept = form && (await draftOf(path));
  let answer;
  try {
    answer = await (kept ? Promise.race([network, after(PATIENCE)]) : network);
    // 404: the server has not heard of a draft that was begun here without it.
    if (answer && !(kept && (answer.status >= 500 || answer.status === 404))) return answer;
  } catch (error) {
    // No connection.
  }
  return (await shellOf(language, kept ? form[1] : LIST)) || answer || network;
}

async function file(request) {
  return (await caches.match(request, { cacheName: CACHE })) || fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.mode !== "navigate") {
    if (files.indexOf(pathname) >= 0) event.respondWith(file(request));
  } else if (request.method === "GET") {
    event.respondWith(page(event, pathname));
  } else if (forms.some(([pattern]) => new RegExp(pattern).test(pathname))) {
    // The button of a form without a connection: back to the form, which this device can open.
    event.respondWith(fetch(request).catch(() => Response.redirect(request.url, 303)));
  }
});
