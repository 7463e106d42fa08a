// All drafts of this device, seen from outside their forms: the queue, the list, what is erased when.
import * as database from "./database.js";
import { here } from "./here.js";
import { open, seal } from "./sealing.js";

const { alter, erase, get, getAll, recordsOf, removeDatabase, write } = database;
const MIRROR = "tirek:";
const LIFETIME = 30 * 24 * 3600 * 1000;

/** A shared computer has no database, and nobody makes one by looking. */
const withDatabase = (work, otherwise) =>
  here.local === "off" ? Promise.resolve(otherwise) : database.withDatabase(work, otherwise);

/** Every draft of this device with its records, as they are kept: [{ meta, records }]. */
export function drafts() {
  return withDatabase(async (db) => {
    const records = await getAll(db, "fields");
    return (await getAll(db, "drafts")).map((meta) => ({
      meta,
      records: records.filter((record) => record.draft === meta.draft),
    }));
  }, []);
}

/** Erases what nobody touched for 30 days, and what a former person of this device left and has been received. */
export async function forgetOld() {
  for (const { meta, records } of await drafts()) {
    const foreign = here.account && meta.owner && meta.owner !== here.account;
    const received = !records.some((record) => record.dirty);
    if (meta.at < Date.now() - LIFETIME || (foreign && received)) await purge(meta.draft);
  }
}

/** The readable form of a draft's record and of its fields; what cannot be opened stays out. */
export async function opened({ meta, records }) {
  const readable = await open(meta);
  return readable && { meta: readable, records: (await Promise.all(records.map(open))).filter(Boolean) };
}

/** Drafts with text that the server has not got. */
export async function unsent() {
  return (await drafts())
    .map(({ meta, records }) => ({ meta, records: records.filter((record) => record.dirty) }))
    .filter(({ records }) => records.length);
}

/** Changes records of a draft, unless newer text took their place. */
export function settle(records, changes) {
  return withDatabase((db) =>
    alter(
      db,
      "fields",
      records.map((record) => [record.draft, record.f]),
      (now) => {
        const before = now && records.filter((record) => record.f === now.f)[0];
        return before && before.seq === now.seq ? Object.assign(now, changes) : null;
      },
    ),
  );
}

/** Notes something open about a draft, also of one that no form of this device knows; false when it cannot be kept. */
export function keep(meta, changes) {
  return withDatabase(async (db) => {
    let kept = false;
    await alter(db, "drafts", [meta.draft], (now) => {
      // What is not known yet would have to be sealed first.
      kept = Boolean(now) || here.local === "open";
      return kept && Object.assign(now || { at: Date.now(), owner: here.account, rev: 0, titles: {}, ...meta }, changes);
    });
    return kept;
  }, false);
}

/** Does anything on this device wait to be sent? */
export async function waits() {
  return (await drafts()).some(({ meta, records }) => meta.wish || records.some((record) => record.dirty));
}

/** `remember("people", {...})`, `recollect("people")`: facts of this device; the private ones are sealed. */
export function remember(id, facts) {
  return withDatabase(async (db) => write(db, "device", await seal("device", { id, ...facts })));
}

export function recollect(id) {
  return withDatabase(async (db) => open(await get(db, "device", id)));
}

/** A draft that does not exist anywhere else yet. */
export function begin(meta) {
  return withDatabase(async (db) => {
    const value = { at: Date.now(), owner: here.account, rev: 0, titles: {}, ...meta };
    await write(db, "drafts", await seal("drafts", value), "strict");
    return true;
  }, false);
}

/** A page for everybody does not say whose device this is: the last page of somebody who was signed in did. */
export const identified =
  here.account || here.local === "off"
    ? Promise.resolve()
    : recollect("session").then((known) => known && Object.assign(here, { account: known.account, local: known.local }));

async function eraseDraft(db, draft) {
  await erase(db, "fields", recordsOf(draft));
  await erase(db, "drafts", draft);
}

/** Erases the local copy of one draft (sent or discarded). */
export async function purge(draft) {
  forgetMirror(MIRROR + draft);
  await withDatabase((db) => eraseDraft(db, draft));
}

/** Erases everything (sign-out): also the copies in the memory of this page; account.js tells the other tabs. */
export async function purgeAll() {
  window.dispatchEvent(new Event("tirek:purged"));
  forgetMirror(MIRROR);
  // A tab that does not let go of the database holds up its removal, but not this.
  await withDatabase((db) => Promise.all(["fields", "drafts", "device"].map((store) => erase(db, store))));
  await removeDatabase();
}

function forgetMirror(prefix) {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.indexOf(prefix) === 0) sessionStorage.removeItem(key);
  } catch (error) {
    // Blocked by the browser's settings: then nothing is there.
  }
}
