"""What a browser holds of a person: read as a stranger at the device would read it."""

from playwright.sync_api import Page

DATABASE = """async () => {
  if (!(await indexedDB.databases()).some((one) => one.name === "tirek")) return {};
  const db = await new Promise((done) => { const r = indexedDB.open("tirek"); r.onsuccess = () => done(r.result); });
  const rows = {};
  for (const name of db.objectStoreNames) {
    rows[name] = await new Promise((done) => {
      const r = db.transaction(name).objectStore(name).getAll(); r.onsuccess = () => done(r.result); });
  }
  db.close();
  return rows;
}"""
CACHED = """async () => {
  const found = {};
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      found[new URL(request.url).pathname] = await (await cache.match(request)).text();
    }
  }
  return found;
}"""
BESIDES = "() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])"


def rows(page: Page, store: str) -> list[dict[str, object]]:
    """Records of the local database, as they lie there."""
    return page.evaluate(DATABASE).get(store, [])


def cached(page: Page) -> dict[str, str]:
    """Addresses and contents of Cache Storage."""
    return page.evaluate(CACHED)


def everything(page: Page) -> str:
    """All text that a stranger finds: database, Cache Storage, the two storages, readable cookies."""
    return f"{page.evaluate(DATABASE)} {cached(page)} {page.evaluate(BESIDES)}"


def wait_for_worker(page: Page) -> None:
    """Until the service worker serves this page; it is put in place a moment after the first one."""
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.locator("html").evaluate(
        """async () => { while (!navigator.serviceWorker.controller) await new Promise((go) => setTimeout(go, 20)); }"""
    )
