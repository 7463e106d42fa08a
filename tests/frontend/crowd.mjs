// Many forms wait for a dead server: how hard do they knock when it is back? The real sender.js and wire.js in simulated
// time, one sender for each form, all of them failing from the first second on.
//
//   node crowd.mjs <folder of scripts> <forms> <seconds dead> <jitter: yes|no>
//
// Prints {"peak": most requests in one second after the return, "last": seconds from the return until the last form was
// saved, "saved", "requests"}.
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [folder, forms, dead, jitter] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4]), process.argv[5] !== "no"];
const START = 1_000_000;
const BACK = START + dead * 1000;

// --- Simulated time: timers in a heap, microtasks run dry between two of them ---
let now = START;
let serial = 0;
const heap = [];
const cancelled = new Set();

function earlier(one, other) {
  return one.at - other.at || one.id - other.id;
}

function push(timer) {
  heap.push(timer);
  for (let i = heap.length - 1; i > 0; ) {
    const parent = (i - 1) >> 1;
    if (earlier(heap[parent], heap[i]) <= 0) break;
    [heap[parent], heap[i]] = [heap[i], heap[parent]];
    i = parent;
  }
}

function pop() {
  const top = heap[0];
  const last = heap.pop();
  if (heap.length) {
    heap[0] = last;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (child < heap.length && earlier(heap[child], heap[least]) < 0) least = child;
      if (least === i) break;
      [heap[least], heap[i]] = [heap[i], heap[least]];
      i = least;
    }
  }
  return top;
}

const drain = setImmediate;
const random = seeded(1);
globalThis.setTimeout = (work, wait = 0) => {
  serial += 1;
  push({ at: now + Math.max(wait, 0), id: serial, work });
  return serial;
};
globalThis.clearTimeout = (id) => cancelled.add(id);
Date.now = () => now;
Math.random = () => (jitter ? random() : 1);

function seeded(seed) {
  // mulberry32: the run is the same every time
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// --- A browser, as far as sending needs one ---
globalThis.window = { AbortController: undefined };
globalThis.document = { body: { dataset: {} }, querySelectorAll: () => [] };
Object.defineProperty(globalThis, "navigator", {
  value: { onLine: true, locks: { request: async (_name, _options, work) => work({}) } },
});

const perSecond = new Map();
let requests = 0;
globalThis.fetch = (_url, options) => {
  requests += 1;
  if (now < BACK) return Promise.reject(new TypeError("Failed to fetch"));
  const second = Math.floor((now - BACK) / 1000);
  perSecond.set(second, (perSecond.get(second) || 0) + 1);
  const r = Object.fromEntries(JSON.parse(options.body).ops.map((op) => [op.f, { s: "applied", ver: 1 }]));
  const headers = { get: () => null };
  return Promise.resolve({ status: 200, headers, text: async () => JSON.stringify({ rev: 1, r }) });
};

// --- The crowd: everybody typed one field within the same second, when the server was just gone ---
const { createSender } = await import(pathToFileURL(join(folder, "sender.js")));
let saved = 0;
let lastSaved = BACK;

for (let number = 0; number < forms; number += 1) {
  const record = { f: "contact.name", v: "Әлия", base: 0, seq: 1, dirty: true };
  const sender = createSender({
    meta: { draft: `form-${number}`, url: `/api/v1/drafts/${number}`, kind: "order", schema: 1, rev: 0 },
    device: `device-${number}`,
    unsent: () => (record.dirty ? [record] : []),
    localCopyWorks: () => true,
    on: {
      saved() {
        record.dirty = false;
        saved += 1;
        lastSaved = now;
      },
      state() {},
      refused() {},
    },
  });
  globalThis.setTimeout(sender.schedule, random() * 1000);
}

const end = BACK + 600_000;
while (heap.length && saved < forms) {
  const timer = pop();
  if (timer.at > end) break;
  if (cancelled.delete(timer.id)) continue;
  now = timer.at;
  timer.work();
  // Promises of this event, and of those that they start, before the next event.
  if (!heap.length || heap[0].at > now || heap.length < 3) await new Promise((done) => drain(done));
}
const peak = Math.max(0, ...perSecond.values());
console.log(JSON.stringify({ peak, last: (lastSaved - BACK) / 1000, saved, requests }));
