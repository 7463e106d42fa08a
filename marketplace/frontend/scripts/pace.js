// How long this page took, told by one visit in ten to the portal and nobody else: times and the path, no name, no cookie
// of its own. Nothing waits for it, and without it nothing is missing.
if (Math.random() < 0.1 && navigator.sendBeacon && performance.getEntriesByType) {
  let drawn = 0;
  try {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) drawn = entry.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
  } catch (error) {
    // This browser does not measure it.
  }
  const tell = () => {
    if (document.visibilityState !== "hidden") return;
    document.removeEventListener("visibilitychange", tell);
    const [page] = performance.getEntriesByType("navigation");
    if (!page || !page.loadEventEnd) return;
    const told = { p: location.pathname, b: Math.round(page.responseStart), l: Math.round(page.loadEventEnd) };
    if (drawn) told.d = Math.round(drawn);
    navigator.sendBeacon("/pace", JSON.stringify(told));
  };
  document.addEventListener("visibilitychange", tell);
}
