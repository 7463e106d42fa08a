// Small things on every page; all of them work without this script, only less comfortably.
import "./focus.js";

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// Filters stand beside the results where there is room, folded above them where there is not.
if (window.matchMedia("(min-width: 48em)").matches) {
  for (const details of document.querySelectorAll("details[data-open-wide]")) details.open = true;
}

// A visitor's form was sent: this tab forgets it (account.js does it for those who are signed in).
for (const done of document.querySelectorAll("[data-draft-done]")) {
  try {
    sessionStorage.removeItem(`tirek:${done.dataset.draftDone}`);
  } catch (error) {
    // Blocked: then nothing was kept either.
  }
}
