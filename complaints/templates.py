"""Typical forms: which questions a subject and sphere ask (domain 5.2). No answer is ever required.

The law asks only which right was broken, the defect and the demand: whoever writes that in own words
has complained. Typed answers are checked for their kind, nothing else.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from complaints.models import ComplaintTemplate
from marketplace.errors import FieldError
from marketplace.rules import in_language

ANY = "any"
MAX_ANSWER = 2000


@dataclass(frozen=True)
class Question:
    """One further question in the active language; ``choices`` are (code, label)."""

    code: str
    kind: str  # text, number, money, date, flag, choice
    label: str
    choices: list[tuple[str, str]]


def all_templates() -> list[ComplaintTemplate]:
    return list(ComplaintTemplate.objects.all())


def template_for(
    subject: str, sphere: str, templates: list[ComplaintTemplate] | None = None
) -> ComplaintTemplate | None:
    """The form whose subjects and spheres name the case most exactly; the free form when none does."""
    ranked = [
        (exactness, template)
        for template in (all_templates() if templates is None else templates)
        if (exactness := _exactness(template, subject, sphere)) is not None
    ]
    return max(ranked, key=lambda item: item[0])[1] if ranked else None


def _exactness(template: ComplaintTemplate, subject: str, sphere: str) -> tuple[bool, bool] | None:
    by_subject, by_sphere = subject in template.subjects, sphere in template.spheres
    if not (by_subject or ANY in template.subjects) or not (by_sphere or ANY in template.spheres):
        return None
    return by_sphere, by_subject


def questions(template: ComplaintTemplate | None) -> list[Question]:
    """The further questions of a form, in its order."""
    return [
        Question(
            code=item["code"],
            kind=item["kind"],
            label=in_language(item["label"]),
            choices=[(choice["code"], in_language(choice["label"])) for choice in item.get("choices", [])],
        )
        for item in (template.fields if template else [])
    ]


def clean_answers(
    template: ComplaintTemplate | None, answers: dict[str, Any]
) -> tuple[dict[str, Any], list[FieldError]]:
    """Answers as they are stored, and what is wrong with the typed ones. Empty answers are left out."""
    known = {question.code: question for question in questions(template)}
    kept: dict[str, Any] = {}
    errors: list[FieldError] = []
    for code, value in answers.items():
        if value in (None, "", []):
            continue
        if code not in known:
            errors.append(FieldError(f"fields.{code}", "unknown", _("This form has no such question.")))
            continue
        try:
            kept[code] = _clean(known[code], value)
        except ValueError:
            errors.append(FieldError(f"fields.{code}", known[code].kind, _WRONG[known[code].kind]))
    return kept, errors


_WRONG = {
    "text": _("Write at most 2,000 characters here. The rest fits into “What happened”."),
    "number": _("Give a number in digits, for example 30."),
    "money": _("Give a sum in tenge, for example 12500."),
    "date": _("Give a real date, for example 2026-11-22."),
    "flag": _("Answer yes or no."),
    "choice": _("Choose one of the answers."),
}
_FLAGS = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False}


def _clean(question: Question, value: Any) -> Any:
    """The stored form of one answer. Raises ValueError for a wrong kind."""
    if question.kind == "flag":
        if isinstance(value, bool):
            return value
        if str(value).lower() not in _FLAGS:
            raise ValueError
        return _FLAGS[str(value).lower()]
    if not isinstance(value, str | int | float | Decimal) or isinstance(value, bool):
        raise ValueError
    text = str(value).strip()
    if question.kind == "text":
        if len(text) > MAX_ANSWER:
            raise ValueError
        return text
    if question.kind == "choice":
        if text not in dict(question.choices):
            raise ValueError
        return text
    if question.kind == "date":
        year, month, day = (int(part) for part in text.split("-"))
        return date(year, month, day).isoformat()
    return _number(text, whole=question.kind == "number")


def _number(text: str, *, whole: bool) -> str | int:
    """Numbers as people type them: blanks between thousands, a comma before the tiyn."""
    try:
        number = Decimal(re.sub(r"\s", "", text).replace(",", "."))
    except InvalidOperation:
        raise ValueError from None
    if not number.is_finite() or number < 0 or number >= 10**12:
        raise ValueError
    if whole:
        return int(number) if number == number.to_integral_value() else str(number)
    return f"{number:.2f}"


def shown(template: ComplaintTemplate | None, answers: dict[str, Any]) -> list[tuple[str, str]]:
    """(question, answer) in words, for pages and papers."""
    rows = []
    for question in questions(template):
        if question.code not in answers:
            continue
        value = answers[question.code]
        if question.kind == "flag":
            value = str(_("Yes") if value else _("No"))
        elif question.kind == "choice":
            value = dict(question.choices).get(value, value)
        rows.append((question.label, str(value)))
    return rows
