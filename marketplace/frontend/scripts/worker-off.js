// The kill switch (SERVICE_WORKER=0): erases what the service worker kept and takes it out of the browser.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.indexOf("tirek-") === 0) await caches.delete(name);
      await self.registration.unregister();
    })(),
  );
});
