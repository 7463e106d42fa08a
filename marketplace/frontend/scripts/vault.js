// The copies of people who work with other people's data are sealed with AES-GCM by a key of their session
// (docs/adr/0010-local-copies-of-staff.md). The server derives the key anew whenever the session asks; this device keeps
// it as a CryptoKey that gives out no bytes, so that a page opens without a server. At sign-out the key goes first.
import { alter, erase, get, getAll, recordsOf, withDatabase, write } from "./database.js";
import { here } from "./here.js";
import { useVault } from "./sealing.js";

const subtle = window.crypto && crypto.subtle; // none on plain http: then nothing is kept
let ring = null;

const bytes = (text) => new TextEncoder().encode(text);
// A sealed value opens only in its own place: neither another field nor an older edit of this one.
const place = (record) => bytes([record.draft || record.id, record.f || "", record.seq || 0].join("\n"));

async function fetchKey() {
  const answer = await fetch("/api/v1/session-key", { credentials: "same-origin", cache: "no-store" });
  if (!answer.ok) throw new Error("no session");
  const { id, key } = await answer.json();
  const raw = Uint8Array.from(atob(key), (letter) => letter.charCodeAt(0));
  return { kid: id, key: await subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]) };
}

/** { kid, key, older }: the key of now, and those of earlier sessions that some unsent text still needs. */
function keys() {
  if (!ring) {
    ring = loadKeys().catch((error) => {
      ring = null; // asked again with the next value
      throw error;
    });
  }
  return ring;
}

async function loadKeys() {
  const kept = await withDatabase((db) => get(db, "device", "seal"));
  if (kept && (!here.seal || kept.kid === here.seal)) return kept;
  const fresh = await fetchKey();
  const older = kept ? kept.older.concat({ kid: kept.kid, key: kept.key }) : [];
  const found = { id: "seal", older: older.filter((one) => one.kid !== fresh.kid), ...fresh };
  await withDatabase((db) => write(db, "device", found, "strict"));
  if (older.length) setTimeout(renew, 0);
  return found;
}

async function seal(record, names) {
  const { kid, key } = await keys();
  const open = { ...record, kid };
  const hidden = {};
  for (const name of names) {
    if (open[name] !== undefined) hidden[name] = open[name];
    delete open[name];
  }
  open.iv = crypto.getRandomValues(new Uint8Array(12));
  const how = { name: "AES-GCM", iv: open.iv, additionalData: place(record) };
  open.box = await subtle.encrypt(how, key, bytes(JSON.stringify(hidden)));
  return open;
}

/** The record as it was, or null when no key of this device fits. */
async function open(record) {
  try {
    const { kid, key, older } = await keys();
    const fitting = [{ kid, key }].concat(older).filter((one) => one.kid === record.kid)[0];
    const how = { name: "AES-GCM", iv: record.iv, additionalData: place(record) };
    const hidden = JSON.parse(new TextDecoder().decode(await subtle.decrypt(how, fitting.key, record.box)));
    const found = { ...record, ...hidden };
    delete found.kid;
    delete found.iv;
    delete found.box;
    return found;
  } catch (error) {
    return null;
  }
}

/**
 * After a new sign-in: what this person left is sealed with the key of now. What others left is erased as soon as it is
 * sent (account.js sends it with its draft keys); the last old key goes with it.
 */
async function renew() {
  const { kid } = await keys();
  let foreign = 0;
  await withDatabase(async (db) => {
    for (const meta of await getAll(db, "drafts")) {
      const records = await getAll(db, "fields", recordsOf(meta.draft));
      if (meta.owner === here.account) {
        await reseal(db, "drafts", [meta], () => meta.draft, ["label", "titles", "key"]);
        await reseal(db, "fields", records, (record) => [record.draft, record.f], ["v"]);
      } else if (records.some((record) => record.dirty)) {
        foreign += 1;
      } else {
        await erase(db, "fields", recordsOf(meta.draft));
        await erase(db, "drafts", meta.draft);
      }
    }
    if (!foreign) await alter(db, "device", ["seal"], (now) => now && Object.assign(now, { older: [] }));
  });

  async function reseal(db, store, records, keyOf, names) {
    for (const old of records.filter((record) => record.box && record.kid !== kid)) {
      const readable = await open(old);
      const fresh = readable && (await seal(readable, names));
      // Only if nobody has typed on meanwhile: that is sealed with the key of now already.
      if (fresh) await alter(db, store, [keyOf(old)], (now) => (now && now.kid === old.kid && now.seq === old.seq ? fresh : null));
    }
  }
}

useVault({ seal, open });
