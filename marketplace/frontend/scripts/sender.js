// When to send: 0.8 s after the last key, at most 5 s after the first unsent one, at once when the page goes away.
// After a failure: what the server asked for plus a random part of 1, 2, 4 … 60 s ("full jitter"), so that thousands
// of forms do not come back in the same second.
import { alone } from "./tabs.js";
import { batch, send, tryCookies } from "./wire.js";

const IDLE = 800;
const LATEST = 5000;
const SLOW = 2000;
const MOST = 200;

/**
 * `unsent()` gives the records without a receipt; `on` hears what happened:
 * saved(parcel, outcome) · state(name) · refused(ops) when the server will never take this content as it is.
 */
export function createSender({ meta, device, unsent, localCopyWorks, on }) {
  let timer = 0;
  let firstUnsent = 0;
  let failures = 0;
  let retryAt = 0;
  let forbiddenUntil = 0; // the server's own Retry-After: never asked earlier
  let most = MOST;
  let rev = meta.rev;
  let running = null;
  let stopped = false;

  /** Something was typed. */
  function schedule() {
    if (stopped || !unsent().length) return;
    const now = Date.now();
    firstUnsent = firstUnsent || now;
    arm(Math.max(Math.min(now + IDLE, firstUnsent + LATEST), retryAt) - now);
  }

  function arm(wait) {
    clearTimeout(timer);
    timer = setTimeout(flush, Math.max(wait, 0));
  }

  /** One sending at a time; whoever calls meanwhile waits for the same one. */
  function flush() {
    if (!running && !stopped && unsent().length) {
      const work = () => deliver(batch(meta, device, unsent(), most));
      running = alone(`tirek-send-${meta.draft}`, work)
        .catch(() => false)
        .then((won) => {
          running = null;
          if (won) schedule();
          else arm(1000);
        });
    }
    return running;
  }

  async function deliver(parcel) {
    firstUnsent = 0;
    on.state("saving");
    const slow = setTimeout(() => on.state("local"), SLOW);
    const outcome = await send(meta, parcel, { rev });
    clearTimeout(slow);
    settle(parcel, outcome);
  }

  function settle(parcel, outcome) {
    if (stopped) return;
    switch (outcome.kind) {
      case "saved":
        failures = retryAt = forbiddenUntil = 0;
        rev = Math.max(rev, outcome.rev);
        on.saved(parcel, outcome);
        if (!unsent().length) most = MOST;
        break;
      case "closed":
        stopped = true;
        on.state("closed");
        break;
      case "large":
      case "refused":
        // Find the one field that the server does not take, so that it does not hold up the others.
        if (parcel.ops.length > 1) {
          most = 1;
        } else {
          on.refused(parcel.ops[0], outcome.kind);
        }
        break;
      default:
        failures += 1;
        retryAt = Date.now() + outcome.wait + Math.random() * Math.min(60000, 1000 * 2 ** failures);
        forbiddenUntil = Date.now() + outcome.wait;
        on.state(outcome.kind === "signin" ? "signin" : "local");
        arm(retryAt - Date.now());
    }
  }

  /** The page goes away: no lock, no waiting, a request that outlives the page. */
  function leave() {
    const records = unsent();
    if (stopped || !records.length || (Date.now() < forbiddenUntil && localCopyWorks())) return;
    const parcel = batch(meta, device, records, MOST);
    send(meta, parcel, { keepalive: true, rev }).then((outcome) => settle(parcel, outcome));
  }

  /** The connection or the person is back: try now, but not before the time the server named. */
  function wake() {
    tryCookies();
    if (stopped || !unsent().length) return;
    retryAt = forbiddenUntil;
    arm(forbiddenUntil - Date.now());
  }

  return {
    schedule,
    leave,
    wake,
    /** Sends what is waiting and tells whether all of it was received. */
    async finish() {
      await flush();
      await flush(); // what was typed during the first one
      return !unsent().length;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
