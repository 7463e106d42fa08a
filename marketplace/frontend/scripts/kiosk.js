// A shared computer that nobody uses any more: a dialog asks, and without an answer everything is erased (kiosk.py).
// Every key, touch or turn of the wheel begins the time anew; while the question stands, only its answer does. A page also
// scrolls by itself, when a line of its own appears: that is nobody.

const box = document.querySelector("[data-idle]");
const form = document.querySelector("[data-finish]");
const left = box.querySelector("[data-left]");
const said = box.querySelector("[data-said]");
const idle = Number(box.dataset.idle) * 1000;
const grace = Number(box.dataset.grace) * 1000;
const ANNOUNCED = [30, 10]; // seconds before the end; each second would drown the screen reader
const tabs = window.BroadcastChannel ? new BroadcastChannel("kiosk") : null;
let armed = "armed" in box.dataset; // a page that nobody has touched holds nothing
let last = Date.now();
let asked = 0;
let ending = false;
let before = null;

function here(event) {
  if (asked && event) return;
  armed = true;
  last = Date.now();
  if (asked) close();
}

function open() {
  asked = Date.now();
  before = document.activeElement;
  box.hidden = false;
  if (box.showModal) box.showModal();
  else box.setAttribute("open", "");
  box.querySelector("[data-here]").focus();
}

function close() {
  asked = 0;
  said.textContent = "";
  if (box.close) box.close();
  box.removeAttribute("open");
  box.hidden = true;
  if (before && before.focus) before.focus();
}

function answered() {
  asked = 0;
  close();
  here();
  if (tabs) tabs.postMessage("here");
}

function look() {
  if (ending) return;
  const now = Date.now();
  if (!asked) {
    if (armed && now - last >= idle) open();
    return;
  }
  const seconds = Math.max(0, Math.ceil((asked + grace - now) / 1000));
  left.textContent = seconds;
  if (ANNOUNCED.indexOf(seconds) >= 0) said.textContent = `${said.dataset.said} ${seconds}`;
  if (!seconds) {
    ending = true;
    form.submit();
  }
}

for (const kind of ["keydown", "pointerdown", "touchstart", "input", "wheel"]) {
  document.addEventListener(kind, (event) => here(event), { capture: true, passive: true });
}
box.querySelector("[data-here]").addEventListener("click", answered);
box.addEventListener("cancel", (event) => {
  event.preventDefault();
  answered();
});
// What is not sent yet asks before it is left; nobody is there to answer.
window.addEventListener("beforeunload", (event) => ending && event.stopImmediatePropagation(), true);
if (tabs) tabs.onmessage = () => here();
setInterval(look, 1000);
