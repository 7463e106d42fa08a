// A hint that somebody else has this draft open now. It locks nothing and saves nothing; without it nothing is lost.
const EVERY = 15000;

const hint = document.querySelector("[data-presence]");
const token = document.querySelector("[name=csrfmiddlewaretoken]");
// One name for all tabs of this visit: it only tells devices of one person apart.
const device = Math.random().toString(36).slice(2);
let timer = 0;
let csrf = token ? token.value : "";
let said = "";

async function tell(again) {
  clearTimeout(timer);
  if (document.hidden) return; // nobody looks at this page: nobody is here
  timer = setTimeout(tell, EVERY);
  let response;
  try {
    response = await fetch(hint.dataset.presence, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "Accept-Language": document.documentElement.lang,
        "X-CSRFToken": csrf,
      },
      body: JSON.stringify({ device }),
    });
    if (response.status === 403 && again !== true) {
      csrf = JSON.parse(await (await fetch("/api/v1/csrf")).text()).token;
      tell(true);
      return;
    }
    if (response.status === 404 || response.status === 401) clearTimeout(timer); // not this person's any more
    if (response.ok) show(JSON.parse(await response.text()).others);
  } catch (error) {
    // A hint that does not come is no trouble.
  }
}

/** The live region is written only when the company changes, so it speaks once for each change. */
function show(others) {
  const words = others.map(({ name }) => hint.dataset.text.replace("{who}", name)).join(" ");
  if (words === said) return;
  said = words;
  hint.textContent = words;
}

document.addEventListener("visibilitychange", tell);
tell();
