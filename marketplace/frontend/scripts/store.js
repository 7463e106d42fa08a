// What was typed, on this device, safe against a killed browser.
//
// IndexedDB, one record per field, written in the task of the keystroke with an explicit commit: a reload right after
// a key would abort an open transaction. localStorage is not used for text: browsers flush it too late. A synchronous
// mirror of the unsent records in sessionStorage serves browsers without commit() and the moments before the database
// is open.
//
// A record: { draft, f, v, base, seq, dirty, at }. `base` is the version the value was typed over, `seq` grows with
// every edit on this device, `dirty` means that no receipt for it has come.
import { connect, erase, get, getAll, recordsOf, write } from "./database.js";

const MIRROR = "tirek:";
const LIFETIME = 30 * 24 * 3600 * 1000;

function storage(name) {
  try {
    return window[name];
  } catch (error) {
    return null; // blocked by the browser's settings
  }
}

/** A stable name of this browser: the server never sets a device in conflict with its own lost answer. */
export function deviceId() {
  const local = storage("localStorage");
  let id = local && local.getItem("tirek.device");
  if (!id) {
    id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => `0${byte.toString(16)}`.slice(-2)).join("");
    try {
      local.setItem("tirek.device", id);
    } catch (error) {
      // The name lives as long as this page: still correct, only less forgiving.
    }
  }
  return id;
}

/**
 * The local copy of one draft. `recall` gives every record in memory: they are written again whenever the database
 * had to be opened anew. `keep` says where: "device"; "tab" (a visitor without an account: the next visitor of this
 * computer must not find the text, so only this tab has it, over reloads); "" (a shared computer: nowhere).
 */
export function openStore(meta, recall, keep) {
  let db = null;
  let opening = null;
  let works = Boolean(keep);
  // What an earlier page left, read before the first write of this one can cover it.
  let earlier = null;
  const mirrored = keep ? readMirror(meta.draft) : [];

  function open() {
    if (!opening) {
      opening = connectAndRead().catch(() => {
        works = false;
      });
    }
    return opening;
  }

  async function connectAndRead() {
    const opened = await connect(lost);
    earlier = earlier || (await getAll(opened, "fields", recordsOf(meta.draft)));
    db = opened;
    save("drafts", Object.assign({ at: Date.now() }, meta));
    for (const record of recall()) save("fields", record);
  }

  /** Closed from outside, perhaps wiped: opened anew, and everything in memory is written again. */
  function lost() {
    db = null;
    opening = null;
    if (keep === "device") setTimeout(open, 100);
  }

  function save(store, value, durability) {
    try {
      write(db, store, value, durability).then(
        () => {
          works = Boolean(keep);
        },
        () => {
          works = false; // quota, or a forced close; the next write shows whether it works again
        },
      );
    } catch (error) {
      lost();
    }
  }

  function mirror() {
    const unsent = recall().filter((record) => record.dirty);
    try {
      const session = storage("sessionStorage");
      if (unsent.length) session.setItem(MIRROR + meta.draft, JSON.stringify(unsent));
      else session.removeItem(MIRROR + meta.draft);
    } catch (error) {
      // Full or blocked: IndexedDB is the real copy.
    }
  }

  return {
    /** False when this device cannot keep text: then only the network or the Save button helps. */
    works: () => works,

    put(record, durability) {
      if (!keep) return;
      mirror();
      if (keep === "tab") return;
      if (db) save("fields", record, durability);
      if (!db) open();
    },

    /** Every record of this draft that an earlier page left; the newer one of database and mirror. */
    async load() {
      if (keep !== "device") return mirrored;
      // Some browsers never answer when their storage is broken: typing and saving must not wait for it.
      await Promise.race([open(), new Promise((resolve) => setTimeout(resolve, 3000))]);
      const found = new Map();
      for (const record of (earlier || []).concat(mirrored)) {
        const other = found.get(record.f);
        if (!other || other.seq < record.seq) found.set(record.f, record);
      }
      return Array.from(found.values());
    },

    close() {
      works = false;
      keep = "";
    },
  };
}

function readMirror(draft) {
  try {
    return JSON.parse(storage("sessionStorage").getItem(MIRROR + draft)) || [];
  } catch (error) {
    return [];
  }
}

async function withDatabase(work, otherwise) {
  try {
    const db = await connect(() => {});
    const result = await work(db);
    db.close();
    return result;
  } catch (error) {
    return otherwise;
  }
}

/** Drafts with text that the server has not got: [{ meta, records }]; forgets what nobody touched for 30 days. */
export function unsent() {
  return withDatabase(async (db) => {
    const waiting = [];
    for (const meta of await getAll(db, "drafts")) {
      const records = await getAll(db, "fields", recordsOf(meta.draft));
      const dirty = records.filter((record) => record.dirty);
      if (meta.at < Date.now() - LIFETIME) await eraseDraft(db, meta.draft);
      else if (dirty.length) waiting.push({ meta, records: dirty });
    }
    return waiting;
  }, []);
}

/** Marks records as received, unless newer text took their place. */
export function received(records) {
  return withDatabase(async (db) => {
    for (const record of records) {
      const now = await get(db, "fields", [record.draft, record.f]);
      if (now && now.seq === record.seq) await write(db, "fields", Object.assign(now, { dirty: false }));
    }
  });
}

async function eraseDraft(db, draft) {
  await erase(db, "fields", recordsOf(draft));
  await erase(db, "drafts", draft);
}

/** Erases the local copy of one draft (sent or discarded). */
export async function purge(draft) {
  forgetMirror(MIRROR + draft);
  await withDatabase((db) => eraseDraft(db, draft));
}

/** Erases everything (sign-out): also the copies in the memory of this page and of other tabs. */
export async function purgeAll() {
  window.dispatchEvent(new Event("tirek:purged"));
  forgetMirror(MIRROR);
  await withDatabase(async (db) => {
    await erase(db, "fields");
    await erase(db, "drafts");
  });
}

function forgetMirror(prefix) {
  const session = storage("sessionStorage");
  for (const key of session ? Object.keys(session) : []) if (key.indexOf(prefix) === 0) session.removeItem(key);
}
