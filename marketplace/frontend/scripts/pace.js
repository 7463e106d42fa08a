// How long this page took, told by a few visits to the portal and nobody else: the page's name (not its address), the kind
// of line and the language; no name, no cookie of its own. Whoever saves data tells nothing. Nothing waits for it.
const me = document.querySelector("script[data-route]");
const line = navigator.connection || {};
const saves = line.saveData || matchMedia("(prefers-reduced-data: reduce)").matches;
if (me && !saves && Math.random() < me.dataset.share && navigator.sendBeacon && performance.getEntriesByType) {
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
    const told = {
      r: me.dataset.route,
      c: line.effectiveType,
      g: document.documentElement.lang,
      b: Math.round(page.responseStart),
      l: Math.round(page.loadEventEnd),
    };
    if (drawn) told.d = Math.round(drawn);
    navigator.sendBeacon("/pace", JSON.stringify(told));
  };
  document.addEventListener("visibilitychange", tell);
}
