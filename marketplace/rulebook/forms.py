"""Forms of the rules and of the calendar. The form of a rule is made from the shape of its value.

Fields are named by their place in the value (``value.days``, ``value.steps.0.kk``) and ask only for the right kind of
thing; whether the whole is right is said by the services, which name the same places.
"""

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.form_fields import DatePartsField
from marketplace.rule_shapes import LANGUAGES, Place, Spec, kind_of, of
from marketplace.rulebook.versions import MARKS
from marketplace.rulebook.wording import label, path_label

NAMES = {"kk": _("Kazakh"), "ru": _("Russian"), "en": _("English")}
_ROOT: Place = ("value",)
_LONG = forms.Textarea
_WHOLE = re.compile(r"-?\d{1,9}")


class VersionForm(forms.Form):
    """A new version: the value, from when, by which law, and why."""

    valid_from = DatePartsField(label=_("From which day does it apply?"))
    mark = forms.ChoiceField(
        label=_("What is the source?"), choices=[*MARKS.items()], widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the answers.")},
    )  # fmt: skip

    def __init__(self, data: Any, *, code: str, value: dict[str, Any], **kwargs: Any):
        super().__init__(data, **kwargs)
        self.spec, self.value = of(code, value), value
        own = {
            _name(path): _field(path, kind, limits)
            for path, kind, limits, _current in _leaves(self.spec, value, _ROOT, self.data or None)
        }
        texts = {f"basis_{language}": _basis(language) for language in LANGUAGES}
        reason = {"reason": _reason(_("Why does the rule change?"))}
        self.fields = {**own, **self.fields, **texts, **reason}
        for path, kind, limits, current in _leaves(self.spec, value, _ROOT, None):
            self.initial.setdefault(_name(path), _shown(kind, limits, current))

    def typed_value(self) -> dict[str, Any]:
        """What was typed as a value of the rule; what is not a number stays the text that was typed."""
        built: dict[str, Any] = _built(self.spec, _ROOT, self)
        return built

    def place_of(self, field: str) -> str:
        """The form's field for a field of the service: the first one inside it when it has several boxes."""
        inside = (name for name in self.fields if name.startswith(f"{field}."))
        return field if field in self.fields else next(inside, "")

    def legal_basis(self) -> dict[str, str]:
        return {language: self.cleaned_data.get(f"basis_{language}", "").strip() for language in LANGUAGES}


def _basis(language: str) -> forms.CharField:
    return forms.CharField(
        label=_("Legal basis (%(language)s)") % {"language": NAMES[language]}, max_length=1000,
        widget=_LONG(attrs={"rows": 2}), error_messages={"required": _("Give the legal basis in this language.")},
    )  # fmt: skip


def _reason(question: Any) -> forms.CharField:
    return forms.CharField(
        label=question, max_length=1000, widget=_LONG(attrs={"rows": 3}), help_text=_("It stays in the history."),
        error_messages={"required": _("Say why.")},
    )  # fmt: skip


def _knowing(hint: Any) -> forms.BooleanField:
    return forms.BooleanField(
        label=_("I know that dates which are already fixed stay as they are"), required=False, help_text=hint
    )


def _name(path: Place) -> str:
    return ".".join(map(str, path))


Leaf = tuple[Place, str, Any, Any]


def _leaves(spec: Spec, value: Any, path: Place, data: Any) -> Iterator[Leaf]:
    """Every field of the form with its kind, limits and present value.

    A list shows its lines and an empty one for the next; of a sent form, the lines that were sent.
    """
    kind, limits = kind_of(spec)
    if kind == "fields":
        for name, part in limits.items():
            yield from _leaves(part, value.get(name) if isinstance(value, dict) else None, (*path, name), data)
    elif kind == "list" and "whole" in limits:
        yield path, "wholes", limits["whole"], value
    elif kind == "list":
        rows = value if isinstance(value, list) else []
        count = _rows_sent(path, data) if data is not None else len(rows) + 1
        for place in range(count):
            yield from _leaves(limits, rows[place] if place < len(rows) else None, (*path, place), data)
    elif kind in {"text", "words"}:
        for language in LANGUAGES:
            current = value.get(language) if isinstance(value, dict) else None
            yield (*path, language), "lines" if kind == "words" else "text", limits, current
    else:
        yield path, kind, limits, value


def _rows_sent(path: Place, data: Any) -> int:
    prefix = f"{_name(path)}."
    places = {
        int(name.removeprefix(prefix).split(".")[0])
        for name in data
        if re.match(re.escape(prefix) + r"\d{1,3}(\.|$)", name)
    }
    return max(places, default=-1) + 1


def _field(path: Place, kind: str, limits: Any) -> forms.Field:
    last = path[-1]
    words = path_label(path[1:-1] if last in LANGUAGES else path[1:])
    if last in NAMES:
        words = _("%(what)s (%(language)s)") % {"what": words, "language": NAMES[str(last)]}
    common: dict[str, Any] = {"label": words, "required": False}
    if kind == "flag":
        return forms.BooleanField(**common)
    if kind == "one_of":
        return forms.ChoiceField(**common, choices=[(code, label(code)) for code in limits], widget=forms.RadioSelect)
    if kind == "codes" and isinstance(limits, list):
        choices = [(code, label(code)) for code in limits]
        return forms.MultipleChoiceField(**common, choices=choices, widget=forms.CheckboxSelectMultiple)
    if kind in {"text", "lines"}:
        hint = _("One word on each line.") if kind == "lines" else ""
        return forms.CharField(**common, max_length=4000, help_text=hint, widget=_LONG(attrs={"rows": 2}))
    limited = isinstance(limits, list) and kind in {"whole", "number", "money", "wholes"}
    hint = _("From %(least)s to %(most)s.") % {"least": limits[0], "most": limits[1]} if limited else ""
    if kind == "wholes":
        hint = _("Numbers with commas between. Each from %(least)s to %(most)s.") % {
            "least": limits[0],
            "most": limits[1],
        }
    elif kind == "codes":
        hint = _("Codes with spaces between.")
    wide = {"wholes": 20, "codes": 30, "word": 20, "money": 10}.get(kind, 5)
    attrs = {"width": wide} | ({"inputmode": "numeric"} if kind == "whole" else {})
    return forms.CharField(**common, max_length=400, help_text=hint, widget=forms.TextInput(attrs=attrs))


def _shown(kind: str, limits: Any, value: Any) -> Any:
    """A part of the value as its box shows it."""
    if not isinstance(value, list):
        return value
    if kind == "codes":
        return value if isinstance(limits, list) else " ".join(value)
    return "\n".join(value) if kind == "lines" else ", ".join(map(str, value))


def _built(spec: Spec, path: Place, form: VersionForm) -> Any:
    kind, limits = kind_of(spec)
    if kind == "fields":
        return {name: _built(part, (*path, name), form) for name, part in limits.items()}
    if kind == "list" and "whole" in limits:
        return [_number(text) for text in form.cleaned_data.get(_name(path), "").replace(",", " ").split()]
    if kind == "list":
        rows = [_built(limits, (*path, place), form) for place in range(_rows_sent(path, form.data))]
        return [row for row in rows if not _is_blank(row)]
    if kind == "text":
        return {language: form.cleaned_data.get(_name((*path, language)), "").strip() for language in LANGUAGES}
    if kind == "words":
        sent = {language: form.cleaned_data.get(_name((*path, language)), "") for language in LANGUAGES}
        return {
            language: [word.strip() for word in text.splitlines() if word.strip()] for language, text in sent.items()
        }
    typed = form.cleaned_data.get(_name(path), "")
    if kind in {"whole", "number"}:
        return _number(typed)
    if kind == "codes" and isinstance(typed, str):
        return typed.replace(",", " ").split()
    return typed.strip() if isinstance(typed, str) else typed


def _number(text: str) -> Any:
    """The number that was typed, with a decimal point or comma; else the text itself, which the check refuses."""
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


def _is_blank(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_blank(item) for item in value.values())
    return value in ("", [], False, None)


class DayForm(forms.Form):
    """A holiday, or a day that a decree moved."""

    day = DatePartsField(label=_("Which day?"))
    working = forms.ChoiceField(
        label=_("Do people work on this day?"), widget=forms.RadioSelect,
        choices=[("no", _("No, it is a day off")), ("yes", _("Yes, it is a working day"))],
        error_messages={"required": _("Choose one of the answers.")},
    )  # fmt: skip
    instead_of = DatePartsField(
        label=_("Instead of which day?"), required=False,
        help_text=_("Only for a moved day: the day it was exchanged for."),
    )  # fmt: skip
    estimated = forms.BooleanField(label=_("The date is not certain yet"), required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for language in LANGUAGES:
            self.fields[f"name_{language}"] = forms.CharField(
                label=_("Name (%(language)s)") % {"language": NAMES[language]}, max_length=120,
                error_messages={"required": _("Give the name in this language.")},
            )  # fmt: skip
        self.fields |= {f"basis_{language}": _basis(language) for language in LANGUAGES}
        self.fields["reason"] = _reason(_("Why is the day added?"))
        self.fields["knowing"] = _knowing(_("Only for a day that has begun or is over."))

    def typed(self) -> dict[str, Any]:
        """As the service takes it."""
        data = self.cleaned_data
        return {
            "day": data["day"],
            "working": data["working"] == "yes",
            "instead_of": data["instead_of"],
            "estimated": data["estimated"],
            "name": {language: data[f"name_{language}"].strip() for language in LANGUAGES},
            "basis": {language: data[f"basis_{language}"].strip() for language in LANGUAGES},
        }


class StrikeForm(forms.Form):
    """Why a day does not apply any more."""

    def __init__(self, *args: Any, begun: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["reason"] = _reason(_("Why is the day struck?"))
        if begun:
            self.fields["knowing"] = _knowing(_("This day has begun or is over."))
