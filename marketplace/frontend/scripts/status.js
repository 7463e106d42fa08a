// The state of the draft in words. The texts stand in data attributes of the status line, so that they are translated
// with the page. A screen reader hears a change of state once, never every single save.

// Kazakhstan has one time, UTC+5; the device's own clock and zone may be wrong, the server's Date header is not.
const OFFSET = 5 * 3600 * 1000;
const QUIET = { saving: true, idle: true };

export const hours = (moment) => new Date(moment + OFFSET).toISOString().slice(11, 16);

export function createStatus(root) {
  const line = root.querySelector("[data-draft-status]") || document.querySelector("[data-draft-status]");
  const voice = root.querySelector("[data-draft-announce]") || document.querySelector("[data-draft-announce]");
  let told = "";
  let state = "";

  /** idle · saving · saved, keyed (at: milliseconds) · kept · local · signin · conflict · blocked · closed · toolong */
  function show(next, at) {
    state = next;
    if (!line) return;
    const text = (line.getAttribute(`data-text-${next}`) || "").replace("{time}", at ? hours(at) : "");
    line.setAttribute("data-state", next);
    line.firstElementChild.textContent = text;
    const old = line.querySelector("a");
    if (old) old.remove();
    if ((next === "signin" || next === "keyed") && line.dataset.signInUrl) line.append(" ", signInLink());
    if (QUIET[next] || next === told) return;
    told = next;
    if (voice) voice.textContent = line.getAttribute(`data-say-${next}`) || text;
  }

  function signInLink() {
    const link = document.createElement("a");
    link.className = "govuk-link";
    link.href = `${line.dataset.signInUrl}?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = line.dataset.signIn;
    return link;
  }

  return { show, state: () => state };
}
