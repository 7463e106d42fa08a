"""How the fields of an application and their values are called: in its form, its history and its preview."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import types
from marketplace import formats, regions, rules
from marketplace.drafts.kinds import shown_plainly
from marketplace.models import Draft
from marketplace.rules import in_language
from suppliers.onboarding import answers
from suppliers.onboarding.models import Application

LABELS = {
    "bin": gettext_lazy("BIN"),
    "iin": gettext_lazy("IIN of an individual entrepreneur"),
    "name": gettext_lazy("Legal name"),
    "address": gettext_lazy("Address"),
    "home_region": gettext_lazy("Region of registration"),
    "about": gettext_lazy("What you do, in a few words (optional)"),
    "contact.name": gettext_lazy("Contact person"),
    "contact.phone": gettext_lazy("Phone"),
    "contact.email": gettext_lazy("E-mail"),
    "regions": gettext_lazy("Where do you deliver to?"),
    "licence.number": gettext_lazy("Number of the licence"),
    "licence.until": gettext_lazy("Valid until"),
    answers.CORRECTS: gettext_lazy("Corrects the application"),
}
REASONS_RULE = "supplier.refusal_reasons"


def label(name: str) -> str:
    """The question that a field answers."""
    if name in LABELS:
        return str(LABELS[name])
    first, _dot, code = name.partition(".")
    if first == "types":
        return next((shelf.name for shelf in types.book().shelves if shelf.code == code), name)
    if first == "declare":
        return next((in_language(item["name"]) for item in answers.declarations() if item["code"] == code), name)
    return name


def in_words(_draft: Draft, _ops: list[dict[str, Any]]) -> Callable[[str, Any], str]:
    """A log's values as people read them."""

    def words(field: str, value: Any) -> str:
        if field == "home_region" and isinstance(value, str):
            return regions.name_of(value) if value else shown_plainly(field, value)
        if field == "regions" and isinstance(value, list):
            return shown_plainly(field, [regions.name_of(str(code)) for code in value])
        if field.startswith("types.") and isinstance(value, list):
            return shown_plainly(field, type_names([str(code) for code in value]))
        if field.startswith("declare."):
            return shown_plainly(field, answers.is_yes(value))
        return shown_plainly(field, value)

    return words


def type_names(codes: list[str]) -> list[str]:
    """Kinds of goods in the active language; a code that is gone stays a code."""
    by_code = types.book().by_code
    return [by_code[code].name if code in by_code else code for code in codes]


def reasons() -> list[tuple[str, str]]:
    """Why an application may be refused: code and words (rule data)."""
    return [(item["code"], in_language(item["name"])) for item in rules.get(REASONS_RULE).value["reasons"]]


def reason_name(code: str) -> str:
    return dict(reasons()).get(code, code)


def summary(bin_number: str, iin_shown: str, name: str, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the preview and of the page of an application; ``data`` as ``Answers.as_data`` gives it."""
    rows: list[dict[str, Any]] = [
        {"key": LABELS["iin"], "value": iin_shown} if iin_shown else {"key": LABELS["bin"], "value": bin_number},
        {"key": LABELS["name"], "value": name},
        {"key": LABELS["address"], "value": data["address"]},
        {"key": LABELS["home_region"], "value": regions.name_of(data["home_region"])},
        {"key": _("Contact"), "lines": [data["contact_name"], data["contact_phone"], data["contact_email"]]},
        {"key": _("Delivers to"), "value": ", ".join(regions.name_of(code) for code in data["regions"])},
        {"key": _("Kinds of goods and services"), "lines": type_names(data["types"])},
    ]
    if data["about"]:
        rows.append({"key": _("About"), "value": data["about"]})
    if data["needs_licence"]:
        until = data["licence_until"]
        rows.append({"key": _("Licence"), "lines": [data["licence_number"], _until(until)]})
    declared = [in_language(item["name"]) for item in answers.declarations() if item["code"] in data["declared"]]
    rows.append({"key": _("Declared"), "lines": declared})
    return rows


def _until(text: str) -> str:
    return _("valid until %(day)s") % {"day": formats.date_long(date.fromisoformat(text))} if text else ""


def whose_turn(application: Application) -> str:
    """Who has to do something now, in words for the list."""
    return {
        Application.Status.SUBMITTED: _("The ministry checks it"),
        Application.Status.NEEDS_FIX: _("The applicant corrects it"),
        Application.Status.APPEALED: _("The ministry checks it once more"),
    }.get(Application.Status(application.status), "")
