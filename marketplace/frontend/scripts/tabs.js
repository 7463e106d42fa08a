// The same draft in several tabs: each keystroke is mirrored, one tab sends at a time.
import { here } from "./here.js";

/** Messages to the other tabs of this browser; older browsers get them through the storage event. */
export function createChannel(name, receive) {
  if (window.BroadcastChannel) {
    const channel = new BroadcastChannel(name);
    channel.onmessage = (event) => receive(event.data);
    return { post: (message) => channel.postMessage(message) };
  }
  // What may not be kept openly does not pass through localStorage either.
  if (here.local !== "open") return { post() {} };
  window.addEventListener("storage", (event) => {
    if (event.key === name && event.newValue) receive(JSON.parse(event.newValue));
  });
  return {
    post(message) {
      try {
        localStorage.setItem(name, JSON.stringify(message));
        localStorage.removeItem(name); // it passes by: nothing typed stays there
      } catch (error) {
        // No channel: two tabs then meet on the server, as two devices do.
      }
    },
  };
}

/** Runs `work` while no other tab does; false when one does. Double sends are harmless, the lock only saves traffic. */
export async function alone(name, work) {
  if (navigator.locks) {
    return navigator.locks.request(name, { ifAvailable: true }, async (lock) => (lock ? (await work(), true) : false));
  }
  try {
    if (Number(localStorage.getItem(name)) > Date.now()) return false;
    localStorage.setItem(name, Date.now() + 20000); // a dead tab's lock expires
  } catch (error) {
    // No storage, no other tab that could see the lock.
  }
  try {
    await work();
  } finally {
    try {
      localStorage.removeItem(name);
    } catch (error) {
      // As above.
    }
  }
  return true;
}
