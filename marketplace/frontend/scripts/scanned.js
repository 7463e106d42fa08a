// The complaint of a printed code: what is typed stays in this tab, and is sent when the line
// is back. It stands alone: with the page's other scripts the path would weigh more than its 25 KB.
const RETRY_MS = 4000;
const DROPPED = "csrfmiddlewaretoken";
const place = `tirek:scanned:${location.pathname}`;
let waiting = 0;

const form = () => document.querySelector("form[data-scanned]");

function store(read) {
  try {
    return read(sessionStorage);
  } catch (error) {
    return null; // blocked: then the page works as it does without this script
  }
}

function keep() {
  if (form().dataset.scanned !== "keep") return;
  const typed = [...new FormData(form())].filter(([name]) => name !== DROPPED);
  store((tab) => tab.setItem(place, JSON.stringify(typed)));
}

// Only what is empty is filled in: what the server sent back is newer. The key comes back, too: one complaint, one key.
function restore() {
  for (const [name, value] of JSON.parse(store((tab) => tab.getItem(place)) || "[]")) {
    for (const box of form().querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (box.type === "radio") box.checked = box.checked || (box.value === value && !form().querySelector(":checked"));
      else if (name === "key" || (box.type !== "hidden" && !box.value)) box.value = value;
    }
  }
}

function say(word) {
  const note = document.querySelector("[data-scanned-note]");
  note.hidden = !word;
  note.textContent = word ? note.dataset.scannedNote : "";
}

// Each try takes what stands in the form by then, and the button that was pressed.
async function send(button) {
  clearTimeout(waiting);
  try {
    const body = new URLSearchParams(new FormData(form()));
    if (button && button.name) body.append(button.name, button.value);
    const answer = await fetch(location.href, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    if (!main || answer.status >= 500) throw new Error(answer.status);
    if (answer.redirected) {
      store((tab) => tab.removeItem(place));
      location.replace(answer.url);
      return;
    }
    document.title = page.title;
    document.querySelector("main").replaceWith(main);
    (main.querySelector(".govuk-error-summary") || main).focus();
    start();
  } catch (error) {
    say(true);
    waiting = setTimeout(send, RETRY_MS, button);
  }
}

function start() {
  if (!form()) return;
  restore();
  form().addEventListener("input", keep);
  form().addEventListener("submit", (event) => {
    event.preventDefault();
    keep();
    say(false);
    send(event.submitter || document.activeElement);
  });
}

start();
