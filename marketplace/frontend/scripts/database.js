// The few calls of IndexedDB that the store needs, as promises (a wrapper library would be a quarter of the bundle).
const NAME = "tirek";

function promised(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Opens the database; `onLost` hears that it was closed: by a newer page's upgrade or by the system (iOS does). */
export async function connect(onLost) {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("fields", { keyPath: ["draft", "f"] });
    request.result.createObjectStore("drafts", { keyPath: "draft" });
  };
  const db = await promised(request);
  db.onclose = onLost;
  db.onversionchange = () => {
    db.close();
    onLost();
  };
  return db;
}

/** All keys of one draft: an array sorts after every string. */
export const recordsOf = (draft) => IDBKeyRange.bound([draft], [draft, []]);

/**
 * Writes in the task of the caller and commits at once: a page that goes away aborts an open transaction.
 * Throws when the database is closing; the promise says whether the value arrived.
 */
export function write(db, store, value, durability = "relaxed") {
  const tx = db.transaction(store, "readwrite", { durability });
  tx.objectStore(store).put(value);
  if (tx.commit) tx.commit();
  return new Promise((resolve, reject) => {
    tx.oncomplete = resolve;
    tx.onabort = () => reject(tx.error);
  });
}

/** `getAll(db, "fields", recordsOf(draft))` */
export const getAll = (db, store, range) => promised(db.transaction(store).objectStore(store).getAll(range));

export const get = (db, store, key) => promised(db.transaction(store).objectStore(store).get(key));

/** `erase(db, "drafts", key or range)`; without a key everything. */
export function erase(db, store, range) {
  const objects = db.transaction(store, "readwrite").objectStore(store);
  return promised(range === undefined ? objects.clear() : objects.delete(range));
}
