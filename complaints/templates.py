"""Typical forms: which questions a subject and sphere ask (domain 5.2). No answer is ever required.

The law asks only which right was broken, the defect and the demand: whoever writes that in own words
has complained. An answer of another kind than its question asks for is kept as it was said, and shown as such.
"""

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from complaints.models import ComplaintTemplate
from marketplace import formats, rules
from marketplace.errors import FieldError
from marketplace.rules import in_language

ANY = "any"
# Answers that name one delivery or a relative, and by it the person.
TRACES = {"lot", "serial", "act_number", "promised", "representative", "representative_basis"}
COMMON_RULE = "complaint.common_questions"
MAX_ANSWER = 2000
# The key of an answer that is kept as it was said.
SAID = "said"


@dataclass(frozen=True)
class Question:
    """One further question in the active language; ``choices`` are (code, label)."""

    code: str
    kind: str  # text, number, money, date, flag, choice
    label: str
    choices: list[tuple[str, str]]
    common: bool = False  # asked by every form (domain 5.1)


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
    """The further questions of a form, in its order, then those that every form asks."""
    return [*(_question(item) for item in (template.fields if template else [])), *common()]


def common() -> list[Question]:
    """The common block of domain 5.1, as the ministry has it: since when, until when, who was told, who writes."""
    return [_question(item, common=True) for item in rules.get(COMMON_RULE).value["fields"]]


def by_code() -> dict[str, Question]:
    """Every question that some form asks."""
    own = [_question(item) for template in all_templates() for item in template.fields]
    return {question.code: question for question in [*own, *common()]}


def _question(item: dict[str, Any], *, common: bool = False) -> Question:
    return Question(
        code=item["code"],
        kind=item["kind"],
        label=in_language(item["label"]),
        choices=[(choice["code"], in_language(choice["label"])) for choice in item.get("choices", [])],
        common=common,
    )


def clean_answers(
    template: ComplaintTemplate | None, answers: dict[str, Any]
) -> tuple[dict[str, Any], list[FieldError]]:
    """Answers as they are stored, and what cannot be stored: too long, or to no question. Empty ones are left out.

    "About thirty" to a question for a number is kept in the person's words, ``{"said": "about thirty"}``.
    """
    known = {question.code: question for question in questions(template)}
    kept: dict[str, Any] = {}
    errors: list[FieldError] = []
    for code, value in answers.items():
        if isinstance(value, dict) and set(value) == {SAID}:
            value = value[SAID]  # kept in its words before, and sent back by a program
        if value in (None, "", []):
            continue
        if code not in known:
            errors.append(FieldError(f"fields.{code}", "unknown", _("This form has no such question.")))
            continue
        if len(_words(value)) > MAX_ANSWER:
            errors.append(FieldError(f"fields.{code}", "too_long", _TOO_LONG))
            continue
        try:
            kept[code] = _clean(known[code], value)
        except (ValueError, OverflowError):
            kept[code] = {SAID: _words(value)}
    return kept, errors


_TOO_LONG = _("Write at most 2,000 characters here. The rest fits into “What happened”.")
_FLAGS = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False}


def _words(value: Any) -> str:
    """What was said, as text."""
    return str(value).strip() if isinstance(value, str | int | float | Decimal) else json.dumps(value, default=str)


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
    return [(question.label, words) for question, words in answered(template, answers)]


def answered(template: ComplaintTemplate | None, answers: dict[str, Any]) -> list[tuple[Question, str]]:
    """Each question that has an answer, with the answer in words."""
    return [
        (question, _in_words(question, answers[question.code]))
        for question in questions(template)
        if question.code in answers
    ]


def typed_in_words(question: Question, value: Any) -> str:
    """An answer as it was typed, in words; one of the wrong kind stays as it is."""
    try:
        return _in_words(question, _clean(question, value))
    except (ValueError, OverflowError):
        return _words(value)


def _in_words(question: Question, value: Any) -> str:
    if isinstance(value, dict):
        return _("“%(words)s” (in the person’s own words)") % {"words": value.get(SAID, "")}
    if question.kind == "flag":
        return str(_("Yes") if value else _("No"))
    if question.kind == "choice":
        return dict(question.choices).get(value, str(value))
    if question.kind == "date":
        return formats.date_long(date.fromisoformat(value))
    return str(value)
