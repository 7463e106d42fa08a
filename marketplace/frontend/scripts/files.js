// Photos of a draft, on first sight: the script that sends them (photos.js) comes over a slow line only when somebody
// reaches for the button, or when a photo of an earlier visit still waits on this device.
import { keepsPhotos, waiting } from "./photo_store.js";

const root = document.querySelector("[data-photos]");

function load() {
  const address = root.dataset.script;
  if (!address) return;
  delete root.dataset.script;
  const script = document.createElement("script");
  script.type = "module";
  script.src = address;
  // Without it the plain form sends the photo with its button.
  script.onerror = () => {
    root.dataset.script = address;
  };
  document.head.append(script);
}

if (root) {
  const input = root.querySelector("input[type=file]");
  for (const event of ["focusin", "pointerover", "change"]) root.addEventListener(event, load);
  if (input && input.files.length) load(); // chosen before this script came
  if (keepsPhotos(root.closest("form"))) waiting().then((found) => found.length && load());
}
