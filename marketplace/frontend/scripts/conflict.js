// The question at a field that two people changed. Both values are on the server; a person decides which one lives.
import { find, place } from "./fields.js";

const shown = (value) => {
  if (value === true) return "✓";
  if (value === false || value === null || value === undefined || value === "") return "–";
  return [].concat(value).join(", ");
};

const box = (form, name) =>
  Array.from(form.querySelectorAll("[data-draft-conflict]")).filter(
    (element) => element.getAttribute("data-draft-conflict") === name,
  )[0];

/** Shows the question, or brings the one on the page up to date. */
export function ask(form, name, yours, theirs) {
  const field = find(form, name);
  if (!field) return;
  let question = box(form, name);
  if (!question) {
    const template = form.querySelector("[data-draft-conflict-template]");
    if (!template) return;
    question = document.importNode(template.content, true).querySelector("[data-draft-conflict]");
    question.setAttribute("data-draft-conflict", name);
    for (const button of question.querySelectorAll("[data-draft-pick]")) {
      button.value = `${button.getAttribute("data-draft-pick")}:${name}`;
    }
    for (const radio of question.querySelectorAll("[data-draft-reason]")) {
      radio.name = `_reason_${name}`;
      radio.id = `${name}-reason-${radio.value}`;
      radio.nextElementSibling.htmlFor = radio.id;
    }
    const around = place(field);
    const inner = Array.from(around.children).filter((child) => child.contains(field.controls[0]))[0];
    around.insertBefore(question, inner || null);
  }
  question.querySelector("[data-draft-yours]").textContent = shown(yours);
  question.querySelector("[data-draft-theirs]").textContent = shown(theirs);
}

/** The question is answered. The focus would be lost with the button, so it goes to the field. */
export function settle(form, name) {
  const question = box(form, name);
  if (!question) return;
  const had = question.contains(document.activeElement);
  question.remove();
  const field = find(form, name);
  if (had && field) field.controls[0].focus();
}

/** Names of the fields with an open question on this page. */
export const open = (form) =>
  Array.from(form.querySelectorAll("[data-draft-conflict]"), (element) => element.getAttribute("data-draft-conflict"));

/**
 * Calls `decide(name, pick, reason)` when a button of a question is pressed; without this script the button posts the
 * form. A specialist also says how the person takes part: without that her answer is not taken.
 */
export function listen(form, decide) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-draft-pick]");
    if (!button) return;
    event.preventDefault();
    const question = button.closest("[data-draft-conflict]");
    const reasons = Array.from(question.querySelectorAll("[data-draft-reason]"));
    const reason = reasons.filter((radio) => radio.checked)[0];
    const missing = question.querySelector("[data-draft-reason-missing]");
    if (missing) missing.hidden = Boolean(reason);
    if (reasons.length && !reason) reasons[0].focus();
    else
      decide(
        question.getAttribute("data-draft-conflict"),
        button.getAttribute("data-draft-pick"),
        reason ? reason.value : "",
      );
  });
}
