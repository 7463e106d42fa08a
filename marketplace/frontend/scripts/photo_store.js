// Photos on their way to the server, as they lie on this device: a database of their own, because pictures are large
// and the text of a form must never wait for them.
//
// A record: { id, draft, url, name, type, blob, raw, tries, at }. `raw`: not made smaller yet; `tries`: how often that
// was begun (a phone that dies of it sends the photo as it is).
import { erase, getAll, PHOTOS, promised, write } from "./database.js";
import { here } from "./here.js";

const STORE = "photos";
const LIFETIME = 30 * 24 * 3600 * 1000;

/** Copies of staff are sealed, which is for text; on a shared computer nothing stays: then a photo lives in the page. */
export const keepsPhotos = (form) => here.local === "open" && !(form && form.dataset.local === "off");

let opening = null;

function open() {
  if (!opening) {
    opening = new Promise((resolve, reject) => {
      const request = indexedDB.open(PHOTOS, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
      promised(request).then(resolve, reject);
      // Some browsers never answer when their storage is broken.
      setTimeout(reject, 3000);
    }).then((db) => {
      db.onclose = db.onversionchange = () => {
        opening = null;
        db.close();
      };
      return db;
    });
    opening.catch(() => {
      opening = null;
    });
  }
  return opening;
}

/** Writes a record; false when this device cannot keep it. */
export async function keep(record) {
  try {
    await write(await open(), STORE, record, "strict");
    return true;
  } catch (error) {
    return false;
  }
}

export async function drop(id) {
  try {
    await erase(await open(), STORE, id);
  } catch (error) {
    // Not kept, nothing to drop.
  }
}

/** Every photo that waits on this device; forgets what nobody sent for 30 days. */
export async function waiting() {
  try {
    const records = await getAll(await open(), STORE);
    const old = records.filter((record) => record.at < Date.now() - LIFETIME);
    for (const record of old) await drop(record.id);
    return records.filter((record) => old.indexOf(record) < 0);
  } catch (error) {
    return [];
  }
}
