// What was typed, on this device, safe against a killed browser.
//
// IndexedDB, one record per field, written in the task of the keystroke with an explicit commit: a reload right after
// a key would abort an open transaction. localStorage is not used for text: browsers flush it too late. A synchronous
// mirror of the unsent records in sessionStorage serves browsers without commit() and the moments before the database
// is open.
//
// A record: { draft, f, v, base, seq, dirty, at, stuck }. `base` is the version the value was typed over, `seq` grows
// with every edit on this device, `dirty` means that no receipt for it has come, `stuck` that none will. Copies of
// staff are sealed (vault.js): the values encrypted, the rest as here. Then there is no mirror, because nothing can
// encrypt within the task of a key.
import { alter, connect, get, getAll, write } from "./database.js";
import { here } from "./here.js";
import { canKeep, open, seal, sealed } from "./sealing.js";

const MIRROR = "tirek:";

function storage(name) {
  try {
    return window[name];
  } catch (error) {
    return null; // blocked by the browser's settings
  }
}

/** A stable name of this browser: the server never sets a device in conflict with its own lost answer. */
export function deviceId() {
  const local = here.local === "off" ? null : storage("localStorage");
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

/** Where the text of a form stays: "device"; "tab" (a visitor: see openStore); "" (a shared computer: nowhere). */
export function placeFor(form) {
  if (form.dataset.local === "off" || !canKeep()) return "";
  return form.dataset.patchUrl ? "device" : "tab";
}

/**
 * The local copy of one draft. `recall` gives every record in memory: they are written again whenever the database
 * had to be opened anew. `keep` says where: "device"; "tab" (a visitor without an account: the next visitor of this
 * computer must not find the text, so only this tab has it, over reloads); "" (nowhere).
 */
export function openStore(meta, recall, keep) {
  let db = null;
  let opening = null;
  let works = Boolean(keep);
  // What an earlier page left, read before the first write of this one can cover it.
  let earlier = null;
  let order = Promise.resolve();
  let others = false;
  const mirrored = keep ? readMirror(meta.draft) : [];

  function openDatabase() {
    if (!opening) {
      opening = connectAndRead().catch(() => {
        works = false;
      });
    }
    return opening;
  }

  async function connectAndRead() {
    const opened = await connect(lost);
    if (!earlier) {
      const known = await open(await get(opened, "drafts", meta.draft));
      // A key is its owner's: who goes on with the same draft under another name gets one of her own.
      if (known && known.owner !== here.account) delete known.key;
      for (const name of known ? Object.keys(known) : []) if (meta[name] === undefined) meta[name] = known[name];
      const all = await getAll(opened, "fields");
      others = all.some((record) => record.dirty && record.draft !== meta.draft);
      earlier = (await Promise.all(all.filter((record) => record.draft === meta.draft).map(open))).filter(Boolean);
    }
    db = opened;
    saveMeta();
    // A shell, which is the same for everybody, reads here whose device this is.
    if (here.account) write(db, "device", { id: "session", account: here.account, local: here.local });
    for (const record of recall()) save("fields", record);
  }

  /** Closed from outside, perhaps wiped: opened anew, and everything in memory is written again. */
  function lost() {
    db = null;
    opening = null;
    if (keep === "device") setTimeout(openDatabase, 100);
  }

  function saveMeta() {
    save("drafts", { ...meta, at: Date.now(), owner: here.account });
  }

  function save(store, value, durability) {
    if (!sealed()) {
      commit(store, value, durability);
      return;
    }
    // Encrypting starts now; the writes keep the order of the keys.
    const closed = seal(store, value);
    order = order
      .then(() => closed)
      .then(
        (result) => {
          if (db) commit(store, result, durability);
        },
        () => {
          works = false; // no key: this device cannot keep anything for this person
        },
      );
  }

  function commit(store, value, durability) {
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
    if (sealed()) return;
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
      if (!db) openDatabase();
    },

    /** Did other drafts of this device wait to be sent when this one was opened? */
    others: () => others,

    /** More is known of the draft: its key, its open questions. */
    amend(changes) {
      Object.assign(meta, changes);
      if (keep === "device" && db) saveMeta();
    },

    /** What the server has: for the time without it, and never over something typed. */
    async learn(records) {
      if (keep !== "device" || !db) return;
      try {
        const fresh = new Map();
        for (const record of records) fresh.set(record.f, await seal("fields", record));
        if (!db) return;
        await alter(
          db,
          "fields",
          records.map((record) => [meta.draft, record.f]),
          (old, key) => (old && (old.dirty || old.base >= fresh.get(key[1]).base) ? null : fresh.get(key[1])),
        );
      } catch (error) {
        // Only a comfort: nothing typed is in here.
      }
    },

    /** Every record of this draft that an earlier page left; the newer one of database and mirror. */
    async load() {
      if (keep !== "device") return mirrored;
      // Some browsers never answer when their storage is broken: typing and saving must not wait for it.
      await Promise.race([openDatabase(), new Promise((resolve) => setTimeout(resolve, 3000))]);
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
      delete meta.key;
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
