// The form on the page as fields of a draft: reading and writing values, versions, text typed before this script came.
//
// A field is { name, controls, group }: one text box, the radios of a question, a group of checkboxes (a list), one
// checkbox (true or false), or the three boxes of a date ("2026-12-5").

const SKIPPED = /^(hidden|file|password|submit|button|reset|image)$/;

function nameOf(control) {
  const group = control.closest("[data-date-parts]");
  return group ? group.getAttribute("data-date-parts") : control.name;
}

function belongs(control) {
  return Boolean(control.name) && control.name[0] !== "_" && !SKIPPED.test(control.type) && control.tagName !== "FIELDSET";
}

/** The field that a control belongs to, or null. */
export function fieldOf(form, control) {
  return belongs(control) ? find(form, nameOf(control)) : null;
}

/** The field with this name, or null when it is not on this page. */
export function find(form, name) {
  const controls = Array.from(form.elements).filter((control) => belongs(control) && nameOf(control) === name);
  return controls.length ? { name, controls, group: controls[0].closest("[data-date-parts]") } : null;
}

/** Every field of the form. */
export function all(form) {
  const names = new Set(Array.from(form.elements).filter(belongs).map(nameOf));
  return Array.from(names, (name) => find(form, name));
}

const isList = (field) => field.controls[0].hasAttribute("data-list") || field.controls.length > 1;

function value(field, valueOf, isOn, isChosen) {
  const first = field.controls[0];
  if (field.group) {
    const part = (name) => valueOf(field.group.querySelector(`[data-part=${name}]`)).trim();
    const [day, month, year] = ["day", "month", "year"].map(part);
    return day || month || year ? `${year}-${month}-${day}` : "";
  }
  if (first.type === "radio") {
    const chosen = field.controls.filter(isOn)[0];
    return chosen ? chosen.value : "";
  }
  if (first.type === "checkbox") {
    return isList(field) ? field.controls.filter(isOn).map((control) => control.value) : isOn(first);
  }
  if (first.tagName === "SELECT") {
    const chosen = Array.from(first.options).filter(isChosen);
    if (first.multiple) return chosen.map((option) => option.value);
    // Nothing marked in the HTML: the browser shows the first option.
    return chosen.length ? chosen[0].value : first.options.length ? first.options[0].value : "";
  }
  return valueOf(first);
}

/** What the person sees now. */
export const read = (field) =>
  value(
    field,
    (control) => control.value,
    (control) => control.checked,
    (option) => option.selected,
  );

/** What the server sent: another value now means that it was typed before the script arrived. */
export const sent = (field) =>
  value(
    field,
    (control) => control.defaultValue,
    (control) => control.defaultChecked,
    (option) => option.defaultSelected,
  );

/** Shows a value. */
export function write(field, shown) {
  const first = field.controls[0];
  if (field.group) {
    const [year, month, day] = String(shown || "").split("-");
    for (const [part, text] of Object.entries({ day, month, year })) {
      field.group.querySelector(`[data-part=${part}]`).value = text || "";
    }
  } else if (first.type === "radio") {
    for (const control of field.controls) control.checked = control.value === String(shown);
  } else if (first.type === "checkbox") {
    const on = [].concat(shown).map(String);
    for (const control of field.controls) {
      control.checked = isList(field) ? on.indexOf(control.value) >= 0 : shown === true;
    }
  } else if (first.multiple) {
    for (const option of first.options) option.selected = [].concat(shown).map(String).indexOf(option.value) >= 0;
  } else {
    first.value = shown === null || shown === undefined ? "" : shown;
  }
}

export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** The same to a reader: a program may have stored the number 2 where the page has the text "2". */
export const looksSame = (one, other) =>
  same(one, other) || (typeof one !== "object" && typeof other !== "object" && String(one) === String(other));

const holder = (field) => field.group || field.controls[0];

/** The version of the field that this page shows. */
export const version = (field) => Number(holder(field).getAttribute("data-ver")) || 0;

export function setVersion(form, field, ver) {
  for (const control of field.group ? [field.group] : field.controls) control.setAttribute("data-ver", ver);
  const twin = form.elements[`_ver_${field.name}`];
  if (twin) twin.value = ver;
}

/** True while the person is in the field: then nothing from elsewhere may change it. */
export const focused = (field) => field.controls.indexOf(document.activeElement) >= 0;

/** The form group around the field, where a question about it is shown. */
export const place = (field) => holder(field).closest("fieldset, .govuk-form-group") || holder(field).parentNode;
