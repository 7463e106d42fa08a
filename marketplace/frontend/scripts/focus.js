// Small things that forms need, too; all of them work without this script, only less comfortably.

// Focus goes to the summary of errors, or to the news that something is done.
const important = document.querySelector("[data-focus]");
if (important) important.focus();

// A link of the error summary leads to its field with the label in view.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".govuk-error-summary a");
  const target = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!target) return;
  event.preventDefault();
  (target.closest("fieldset, .govuk-form-group") || target).scrollIntoView();
  target.focus({ preventScroll: true });
});

// A shaking hand presses twice: the second press within a second sends nothing.
let pressed = -Infinity;
document.addEventListener("submit", (event) => {
  if (event.timeStamp - pressed < 1000 && !event.defaultPrevented) event.preventDefault();
  else pressed = event.timeStamp;
});
