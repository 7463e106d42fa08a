"""The one scale and its facets, as rule data; and what is wrong with an answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from marketplace import rules
from marketplace.errors import FieldError, Invalid
from marketplace.rules import in_language

MAX_TEXT = 2_000
YES, NO = "yes", "no"
# What a published text may not hold: identity and phone numbers, card numbers, e-mail addresses.
_NUMBER = re.compile(r"\d(?:[\s().-]*\d){6,}")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_TAG = re.compile(r"<[a-zA-Z/!]")


@dataclass(frozen=True)
class Facet:
    code: str
    label: str


@dataclass(frozen=True)
class Form:
    """What is asked about a supplier or an office, in the active language; the same in all channels."""

    scale: list[tuple[int, str]]
    facets: list[Facet]


@dataclass(frozen=True)
class Answer:
    """A checked answer."""

    mark: int
    facets: dict[str, str]
    text: str


def form_about(what: str) -> Form:
    """The questions about a ``supplier`` or an ``office``. One query."""
    value = rules.get("feedback.form").value
    return Form(
        scale=[(int(item["mark"]), in_language(item["label"])) for item in value["scale"]],
        facets=[Facet(item["code"], in_language(item["label"])) for item in value["facets"] if what in item["about"]],
    )


def check(what: str, *, mark: Any, facets: Mapping[str, Any], text: str) -> Answer:
    """Raises Invalid, naming every field that is wrong."""
    form, errors = form_about(what), []
    known = {facet.code for facet in form.facets}
    if not str(mark).isdecimal() or int(mark) not in dict(form.scale):
        errors.append(FieldError("mark", "choice", _("Choose a mark from 1 to 5.")))
    given = {code: answer for code, answer in facets.items() if answer not in (None, "")}
    for code, answer in given.items():
        if code not in known or answer not in (YES, NO):
            errors.append(FieldError(f"facets.{code}", "choice", _("Answer yes or no.")))
    if len(text) > MAX_TEXT:
        errors.append(FieldError("text", "too_long", _("Write at most 2,000 characters.")))
    if errors:
        raise Invalid(errors)
    return Answer(int(mark), given, text.strip())


def why_flagged(answer: Answer) -> str:
    """``mark`` for a low mark, ``keyword`` for words that need a look, nothing otherwise. One query."""
    value = rules.get("feedback.flag").value
    if answer.mark <= int(value["most"]):
        return "mark"
    said = answer.text.casefold()
    found = any(word.casefold() in said for words in value["keywords"].values() for word in words)
    return "keyword" if found else ""


def publishable(text: str) -> str:
    """Plain words without anybody's numbers or addresses. Raises Invalid."""
    words = text.strip()
    if not words:
        raise Invalid([FieldError("public_text", "required", _("Write the words to publish."))])
    if len(words) > MAX_TEXT:
        raise Invalid([FieldError("public_text", "too_long", _("Write at most 2,000 characters."))])
    if _NUMBER.search(words) or _ADDRESS.search(words) or _TAG.search(words):
        message = _("Take out phone numbers, identity numbers, addresses of mail and markup: everybody will read this.")
        raise Invalid([FieldError("public_text", "personal", message)])
    return words
