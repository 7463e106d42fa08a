// The second screen keeps up with what the specialist saves. It asks whether anything is new; when it is, it takes the
// new page from the server, so that only the server's template knows how things look. Without this script the button
// "Refresh" does the same.
const EVERY = 1500;
const LONGEST = 30000;

const region = document.querySelector("[data-mirror]");
const announce = document.querySelector("[data-mirror-announce]");
const form = document.getElementById("confirm");
let etag = "";
let failures = 0;
let timer = 0;
let pressing = false;

const wait = (milliseconds) => {
  clearTimeout(timer);
  timer = setTimeout(look, milliseconds);
};

/** Ever longer, never at the same moment as everybody else, never earlier than the server asks. */
function later(response) {
  failures += 1;
  const asked = Number(response && response.headers.get("Retry-After")) || 0;
  wait(asked * 1000 + EVERY + Math.random() * Math.min(LONGEST, 1000 * 2 ** failures));
}

async function look() {
  if (document.hidden) return; // it looks again as soon as somebody sees it
  let response;
  try {
    response = await fetch(region.dataset.url, {
      cache: "no-store",
      headers: { "Accept-Language": document.documentElement.lang, ...(etag && { "If-None-Match": etag }) },
    });
  } catch (error) {
    later();
    return;
  }
  if (response.status === 404) {
    location.reload(); // closed, sent or out of time: the page says so
    return;
  }
  const renewed = response.status === 200 && (await renew());
  if (!renewed && response.status !== 304) {
    later(response);
    return;
  }
  if (renewed) etag = response.headers.get("ETag") || "";
  failures = 0;
  wait(EVERY);
}

/** Once for each change: the same words again are only heard after silence. */
function say(words) {
  announce.textContent = "";
  setTimeout(() => {
    announce.textContent = words;
  }, 100);
}

/** Puts the new page in place of the old one; false when it did not come. The focus stays where it was. */
async function renew() {
  let fresh;
  try {
    const response = await fetch(location.pathname, { cache: "no-store" });
    if (!response.ok) return false;
    fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-mirror]");
  } catch (error) {
    return false;
  }
  if (!fresh) {
    location.reload();
    return false;
  }
  if (fresh.innerHTML === region.innerHTML) return true;
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  region.innerHTML = fresh.innerHTML;
  if (focused) {
    const same = document.getElementById(focused) || document.getElementById(focused.replace("right-", "said-"));
    if (same) same.focus({ preventScroll: true });
  }
  if (!pressing) say(region.dataset.changed); // what the person did herself she knows
  return true;
}

form.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!button) return; // an old browser: the plain form does it
  event.preventDefault();
  if (pressing) return;
  pressing = true;
  clearTimeout(timer);
  const body = new URLSearchParams(new FormData(form));
  body.set(button.name, button.value);
  try {
    await fetch(form.action, { method: "POST", body });
  } catch (error) {
    // Not heard: the line stays open and the person presses again.
  }
  await renew();
  pressing = false;
  etag = "";
  wait(EVERY);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});
document.querySelector("[data-mirror-refresh]").hidden = true;
wait(EVERY);
