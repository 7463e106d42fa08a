"""Turns a bound Django field into the context of its component template. Used by the tags in portal.py."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms import BaseForm, BoundField
from django.forms.utils import flatatt
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString

from marketplace.drawing import HERE, drawn, drawn_around
from marketplace.form_fields import DatePartsWidget, split_parts

# The first match wins: subclasses stand before their parents.
_TEMPLATES: list[tuple[type[forms.Widget], str]] = [
    (DatePartsWidget, "date_parts"),
    (forms.CheckboxSelectMultiple, "checkboxes"),
    (forms.RadioSelect, "radios"),
    (forms.Select, "select"),
    (forms.CheckboxInput, "checkbox"),
    (forms.Textarea, "textarea"),
    (forms.FileInput, "file_upload"),
    (forms.widgets.Input, "input"),
]
# The part of a component that differs where the rest is the same.
_INNER = {"select": "options", "input": "value"}
# ``type=number`` loses what it does not understand and steps on scroll: numbers are typed as text.
_INPUT_TYPES = {"number": "text", "date": "text", "datetime-local": "text", "time": "text"}


def render(field: BoundField, options: dict[str, Any], page: Context) -> SafeString:
    """The HTML of one field; a hidden field is only its input."""
    if field.is_hidden:
        return SafeString(str(field))  # nosec B703
    widget = field.field.widget
    name = next(template for kind, template in _TEMPLATES if isinstance(widget, kind))
    context = _context(field, widget) | options
    if name == "date_parts":
        context["day"], context["month"], context["year"] = split_parts(context["value"])
    if not getattr(field.form, "same_for_many", False) or context["errors"]:  # an error may name what was typed
        return render_to_string(f"components/{name}.html", context)
    # Counts beside the options change with every question, and what somebody typed is not kept: only what stands
    # around them is drawn once for all.
    inner = _INNER.get(name, "")
    if not context.get(inner):
        return drawn(f"components/{name}.html", context)
    return drawn_around(f"components/{name}.html", context | {inner: HERE}, context[inner])


def _context(field: BoundField, widget: forms.Widget) -> dict[str, Any]:
    form: BaseForm = field.form
    attrs = {**widget.attrs}
    if not isinstance(widget, forms.Select | forms.CheckboxInput | forms.FileInput | DatePartsWidget):
        for bound in ("maxlength", "minlength"):
            if field.field.widget_attrs(widget).get(bound):
                attrs.setdefault(bound, field.field.widget_attrs(widget)[bound])
    if isinstance(widget, forms.NumberInput):
        attrs = {key: value for key, value in attrs.items() if key not in {"min", "max", "step"}}
        attrs.setdefault("inputmode", "numeric" if isinstance(field.field, forms.IntegerField) else "decimal")
    if getattr(widget, "allow_multiple_selected", False) and isinstance(widget, forms.Select | forms.FileInput):
        attrs["multiple"] = True
    if field.field.disabled:
        attrs["disabled"] = True
    rows, width = attrs.pop("rows", None), attrs.pop("width", None)
    attrs.pop("cols", None)
    attrs.pop("class", None)
    input_type = getattr(widget, "input_type", "text")
    value = field.value()
    context: dict[str, Any] = {
        "id": field.auto_id,
        "name": field.html_name,
        "type": _INPUT_TYPES.get(input_type, input_type),
        "value": _shown(widget, value),
        "label": field.label,
        "hint": field.help_text,
        "errors": list(field.errors),
        "attrs": flatatt(attrs),
        "rows": rows or 5,
        "width": width,
        "ver": getattr(form, "versions", {}).get(field.name),
        "conflict": getattr(form, "conflicts", {}).get(field.name),
    }
    if isinstance(widget, forms.CheckboxInput):
        context["checked"] = widget.check_test(value)
    elif isinstance(widget, forms.Select):
        context["options"] = _options(widget, value)
    elif isinstance(widget, forms.widgets.ChoiceWidget):
        context["groups"] = _groups(field, widget, value)
        context["items"] = [item for group in context["groups"] for item in group["items"]]
    return context


def _shown(widget: forms.Widget, value: Any) -> Any:
    if isinstance(widget, forms.FileInput | forms.PasswordInput) and not getattr(widget, "render_value", False):
        return ""
    if isinstance(widget, DatePartsWidget | forms.widgets.ChoiceWidget | forms.CheckboxInput):
        return value
    shown = widget.format_value(value)
    return "" if shown is None else shown


def _options(widget: forms.Select, value: Any) -> SafeString:
    """The options of a list: there may be a hundred, on a page that everybody asks for, so no template for each."""
    chosen = {str(one) for one in widget.format_value(value)}

    def listed(choices: Any) -> Iterator[str]:
        for code, label in choices:
            if isinstance(label, list | tuple):
                yield f'<optgroup label="{escape(code)}">{"".join(listed(label))}</optgroup>'
            else:
                code = "" if code is None else str(code)
                selected = " selected" if code in chosen else ""
                yield f'<option value="{escape(code)}"{selected}>{escape(label)}</option>\n'

    return SafeString("".join(listed(widget.choices)))  # nosec B703


def _groups(field: BoundField, widget: forms.widgets.ChoiceWidget, value: Any) -> list[dict[str, Any]]:
    hints = getattr(widget, "option_hints", {})
    return [
        {
            "name": name or "",
            "items": [
                {
                    "value": option["value"],
                    "label": option["label"],
                    "checked": option["selected"],
                    "hint": hints.get(option["value"], ""),
                }
                for option in options
            ],
        }
        for name, options, _index in widget.optgroups(field.html_name, widget.format_value(value))
    ]


def errors_of(form: BaseForm) -> list[dict[str, str]]:
    """Every error with the id of the control to jump to; errors of the whole form have none."""
    listed = [{"text": str(text), "target": ""} for text in form.non_field_errors()]
    for field in form:
        suffix = "_day" if isinstance(field.field.widget, DatePartsWidget) else ""
        listed += [{"text": str(text), "target": f"{field.auto_id}{suffix}"} for text in field.errors]
    return listed
