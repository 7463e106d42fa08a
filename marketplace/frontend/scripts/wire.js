// One PATCH of a draft: body, idempotency key, CSRF token, receipt. Contract: /api/v1/drafts/{id}.
import { here } from "./here.js";

const TIMEOUT = 15000;
// A request that outlives its page may carry 64 KB; a little room is left for the frame of the body.
export const LIMIT = 60 * 1024;

const size = (text) => new Blob([text]).size;

/** A 53-bit hash (cyrb53): short, synchronous (a page that is closing cannot wait for SHA-256), and enough to tell the
 * batches of one device apart; the server compares the bodies themselves. */
function digest(text) {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}

/**
 * The next batch of records, oldest edit first, at most `most` of them. The key is made of the device and of the fields
 * with their counters, so the same content after a crash has the same key and is applied once.
 */
export function batch(meta, device, records, most) {
  const ops = [];
  let room = LIMIT;
  for (const record of records.slice().sort((one, other) => one.seq - other.seq)) {
    const op = { f: record.f, v: record.v, base: record.base, seq: record.seq };
    room -= size(JSON.stringify(op)) + 1;
    if (ops.length && (room < 0 || ops.length >= most)) break;
    ops.push(op);
  }
  const frame = { device, schema: meta.schema, kind: meta.kind, ops };
  if (meta.beneficiary) frame.beneficiary = meta.beneficiary;
  const body = JSON.stringify(frame);
  return { ops, body, key: `${device}.${digest(body)}`, small: room >= 0 };
}

/** The records that a batch carried. */
export const acknowledged = (parcel, records) =>
  records.filter((record) => parcel.ops.some((op) => op.f === record.f && op.seq === record.seq));

function tokenInputs() {
  return document.querySelectorAll("input[name=csrfmiddlewaretoken]");
}

let renewed = ""; // a shell has no form with a token

function token() {
  const input = tokenInputs()[0];
  return (input && input.value) || renewed;
}

/**
 * A new CSRF token, also for the plain forms of the page: a sign-in on another tab made theirs invalid. False when it
 * was somebody else who signed in: what this page holds must not become that person's.
 */
async function renewToken() {
  const response = await fetch("/api/v1/csrf", { credentials: "same-origin", cache: "no-store" });
  const fresh = await response.json();
  if (here.account && fresh.account && fresh.account !== here.account) return false;
  renewed = fresh.token;
  for (const input of tokenInputs()) input.value = renewed;
  return true;
}

/** A same-origin call with token and time limit; a refused token is renewed once. With `draftKey` without cookies. */
export async function call(method, url, options = {}) {
  const attempt = () => {
    const cancel = window.AbortController ? new AbortController() : null;
    const timer = cancel && setTimeout(() => cancel.abort(), options.timeout || TIMEOUT);
    const proof = options.draftKey ? { "Draft-Key": options.draftKey } : { "X-CSRFToken": token() };
    const headers = { Accept: "application/json", ...proof, ...options.headers };
    if (options.body && !headers["Content-Type"]) headers["Content-Type"] = "application/json";
    // Nothing is awaited before this fetch: in pagehide only a request that starts at once is sent.
    return fetch(url, {
      method,
      headers,
      body: options.body,
      credentials: options.draftKey ? "omit" : "same-origin",
      cache: "no-store",
      keepalive: Boolean(options.keepalive),
      signal: cancel ? cancel.signal : undefined,
    }).then(
      async (response) => {
        // The body belongs to the time limit too: a server may die after the headers.
        const text = await response.text();
        clearTimeout(timer);
        return { status: response.status, headers: response.headers, text };
      },
      (error) => {
        clearTimeout(timer);
        throw error;
      },
    );
  };
  const answer = await attempt();
  if (answer.status !== 403 || options.draftKey || !(await renewToken())) return answer;
  return attempt();
}

/** Seconds to wait that the server asked for (a number or a date), as milliseconds. */
export function retryAfter(headers) {
  const value = headers.get("Retry-After");
  if (!value) return 0;
  const wait = /^\d+$/.test(value) ? value * 1000 : Date.parse(value) - Date.now();
  return wait > 0 ? wait : 0;
}

/** "Saved" is true only for what the server has read: the receipt carries the digest of the bytes it got. */
async function receiptFits(receipt, body, rev) {
  if (typeof receipt.rev !== "number" || !receipt.r) return false;
  // Plain http on another host than localhost has no crypto.subtle: then only the revision can be compared.
  if (!(window.crypto && crypto.subtle && window.TextEncoder)) return receipt.rev >= rev;
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body));
  const hex = Array.from(new Uint8Array(bytes), (byte) => `0${byte.toString(16)}`.slice(-2)).join("");
  return receipt.sha256 === hex;
}

// The session is over, as far as we know: the draft key goes first until something gives reason to hope.
let signedOut = false;

/** The person is back at the page, perhaps from the sign-in page. */
export function tryCookies() {
  signedOut = false;
}

// What a refusal means; 404: somebody else signed in.
const KINDS = {
  400: "refused",
  401: "signin",
  403: "signin",
  404: "signin",
  409: "closed",
  413: "large",
  422: "refused",
};

/** By the session; without one by the draft key, which lets this device add to this one draft and read nothing. */
async function patch(meta, parcel, options) {
  const common = {
    ...options,
    body: parcel.body,
    headers: { "Idempotency-Key": parcel.key },
    keepalive: options.keepalive && parcel.small,
  };
  const byKey = async () => {
    const answer = await call("PATCH", meta.url, { draftKey: meta.key, ...common });
    if (answer.status === 401) meta.until = 0; // void: the next session asks for another
    return { ...answer, keyed: true };
  };
  if (meta.key && (signedOut || options.stranger)) {
    const answer = await byKey();
    if (answer.status === 200 || options.stranger) return answer;
    signedOut = false; // the key has run out
  }
  if (options.stranger) return { status: 401, headers: new Headers() };
  const answer = await call("PATCH", meta.url, common);
  if (!meta.key || KINDS[answer.status] !== "signin") return answer;
  const second = await byKey();
  signedOut = second.status === 200;
  return signedOut ? second : answer;
}

/**
 * Sends a batch. The outcome: { kind, … } with kind
 *   saved (results, rev, at; keyed: without a session) · closed · refused (this content, not this moment) · large
 *   signin, later: ask again, after the `wait` (ms) that the server named and a pause of our own
 * `stranger`: the draft is not of the person who is signed in.
 */
export async function send(meta, parcel, options = {}) {
  let answer;
  try {
    answer = await patch(meta, parcel, options);
  } catch (error) {
    return { kind: "later", wait: 0 };
  }
  const wait = retryAfter(answer.headers);
  if (answer.status !== 200) return { kind: KINDS[answer.status] || "later", wait };
  try {
    const receipt = JSON.parse(answer.text);
    if (await receiptFits(receipt, parcel.body, options.rev || 0)) {
      const at = Date.parse(answer.headers.get("Date")) || Date.now();
      return { kind: "saved", results: receipt.r, rev: receipt.rev, at, keyed: answer.keyed };
    }
  } catch (error) {
    // Not our JSON: some proxy answered. Nothing is known to be saved.
  }
  return { kind: "later", wait: 0 };
}

/** The draft key of this device: { key, until }; null when the server gives none. */
export async function askForKey(meta, device) {
  try {
    const answer = await call("POST", `${meta.url}/key`, { body: JSON.stringify({ device }) });
    if (answer.status >= 300) return null;
    const { key, expires_at: until } = JSON.parse(answer.text);
    return key ? { key, until: Date.parse(until) } : null;
  } catch (error) {
    return null; // without it a session that ends only means: sign in
  }
}
