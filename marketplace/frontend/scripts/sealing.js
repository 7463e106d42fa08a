// Where records pass on their way to and from the database: sealed for staff, as they are for everybody else.
import { here } from "./here.js";

// What names a person or lets write in her name; the rest of a record is of no use to a stranger.
const PRIVATE = { fields: ["v"], drafts: ["label", "titles", "key"], device: ["people"] };

let vault = null;

/** vault.js, where it is loaded: { seal(record, names), open(record) }, both asynchronous. */
export function useVault(given) {
  vault = given;
}

/** Must this person's copies be sealed? */
export const sealed = () => here.local === "sealed";

/** False when they must and cannot be: then this device keeps nothing. */
export const canKeep = () => here.local !== "off" && (!sealed() || Boolean(vault));

/** For the store of this name; a promise for staff. */
export const seal = (store, value) => (sealed() ? vault.seal({ ...value }, PRIVATE[store]) : value);

/** The readable record, or a promise of it; null when it is sealed and no key fits. */
export const open = (value) => (value && value.box ? (vault ? vault.open(value) : null) : value);
