// The few calls of IndexedDB that the store needs, as promises (a wrapper library would be a quarter of the bundle).
//
// fields: one record per field of a draft. drafts: what is known of a draft. device: whose copies these are, the key
// that seals them, people to start a draft for.
const NAME = "tirek";
export const PHOTOS = "tirek-photos"; // photo_store.js
const STORES = { fields: ["draft", "f"], drafts: "draft", device: "id" };

export function promised(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Opens the database; `onLost` hears that it was closed: by a newer page's upgrade or by the system (iOS does). */
export async function connect(onLost) {
  const request = indexedDB.open(NAME, 2);
  request.onupgradeneeded = () => {
    const db = request.result;
    for (const name of Object.keys(STORES)) {
      if (!db.objectStoreNames.contains(name)) db.createObjectStore(name, { keyPath: STORES[name] });
    }
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

/**
 * Puts `change(old)` in the place of each key's record, or leaves it when that is nothing; all in one transaction, so
 * that no other tab can write in between.
 */
export function alter(db, store, keys, change) {
  const tx = db.transaction(store, "readwrite");
  const objects = tx.objectStore(store);
  for (const key of keys) {
    const request = objects.get(key);
    request.onsuccess = () => {
      const value = change(request.result, key);
      if (value) objects.put(value);
    };
  }
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

/** Opens the database for one piece of work; `otherwise` is the result when the browser refuses. */
export async function withDatabase(work, otherwise) {
  try {
    const db = await connect(() => {});
    try {
      return await work(db);
    } finally {
      db.close();
    }
  } catch (error) {
    return otherwise;
  }
}

function gone(name) {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = request.onerror = request.onblocked = resolve;
    } catch (error) {
      resolve();
    }
  });
}

/** The database itself goes, and that of the photos: nothing stays, not even that it was there. */
export const removeDatabase = () => Promise.all([NAME, PHOTOS].map(gone));
