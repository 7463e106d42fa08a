// What every page of somebody who is signed in does: service worker, and the queue where it is needed. Signing out,
// sending an application and what other pages left unsent are queue.js, fetched only by a page that has to.

const page = document.body.dataset;

/** Fetches queue.js, once; device.js has it on board, then there is no address. */
export function loadQueue() {
  if (!page.queue) return;
  const script = document.createElement("script");
  script.type = "module";
  script.src = page.queue;
  // Without it the server tells the browser to erase (marketplace/local_copies.py).
  script.onerror = () => {
    const form = document.querySelector("form[data-leaving]");
    if (form) form.submit();
  };
  delete page.queue;
  document.head.append(script);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!page.queue || !form.matches("[data-erases],[data-send]")) return;
  event.preventDefault();
  form.setAttribute("data-leaving", "");
  loadQueue();
});

if (navigator.serviceWorker && page.worker === "on") {
  window.addEventListener("load", () => {
    navigator.serviceWorker.register("/sw.js").catch(() => {}); // forbidden by the browser: the pages work without
  });
}
