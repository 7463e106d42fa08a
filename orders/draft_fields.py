"""The fields of an order draft (contract section 3), read into typed answers.

A draft keeps whatever was typed, also half a phone number: reading never fails, it lists what is
wrong. Form values are text, programs send numbers: both are understood.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import phonenumbers
from django.utils.translation import gettext as _

from catalog import measuring, types
from marketplace import regions
from marketplace.drafts.answers import whole_number
from marketplace.errors import FieldError
from marketplace.models import Draft, User
from marketplace.regions import RegionFacts

SCHEMA = 1
# What makes a line of its own; the rest only says more about one.
CHOSEN = ("entitlement", "offer", "quantity")
RANKS = tuple(f"next{place}" for place in range(1, 10))
LONGEST_FITTING = 300
LINE = re.compile(
    r"line\.(?P<key>[A-Za-z0-9_-]{1,40})\.(?P<part>entitlement|offer|quantity|fallback|next[1-9]|fitting)"
)
MEASURE = re.compile(r"measures\.(?P<code>[a-z][a-z0-9_-]{0,49})")
CONTACT = ("contact.name", "contact.phone", "contact.channel")
DELIVERY = ("delivery.region", "delivery.address", "delivery.comment")
OWNER_CONSENT = "consent.terms"
OFFICE_CONSENT = ("consent.proof", "consent.date")
PLAIN = {*CONTACT, *DELIVERY, OWNER_CONSENT, *OFFICE_CONSENT}
# Where a prepared application comes from (orders/repeat.py): {"order", "lines": {key: what was got last time}}.
# The portal alone writes it: to devices it is an unknown field.
REPEAT = "repeat"
LONGEST = {"contact.name": 200, "delivery.address": 300, "delivery.comment": 1000}


@dataclass(frozen=True)
class LineAnswers:
    """One line as it was typed; ``quantity`` counts packs, ``fitting`` says when and where a fitting suits."""

    key: str
    entitlement: int | None
    offer: int | None
    quantity: int | None
    fallback: list[int]
    fitting: str = ""

    def name(self, part: str) -> str:
        return f"line.{self.key}.{part}"


@dataclass
class Answers:
    """Everything of a draft but the rules about goods, with every wrong field named."""

    lines: list[LineAnswers] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    name: str = ""
    phone: str = ""
    channel: str = User.Channel.SMS
    region: RegionFacts | None = None
    address: str = ""
    comment: str = ""
    measures: dict[str, int] = field(default_factory=dict)

    def wrong(self, name: str, code: str, message: str) -> None:
        self.errors.append(FieldError(name, code, message))


def knows(name: str) -> bool:
    """Is this a field of the current schema?"""
    return name in PLAIN or bool(LINE.fullmatch(name) or MEASURE.fullmatch(name))


def consent(draft: Draft) -> dict[str, Any]:
    """Who agreed to the order and when: the owner's box, or the proof that the office recorded. Ids and times only."""
    for name in (OWNER_CONSENT, OFFICE_CONSENT[0]):
        entry = draft.fields.get(name)
        if entry and entry["v"] not in (None, "", False):
            return {"field": name, "ver": entry["ver"], "by": entry["by"], "at": entry["at"]}
    return {}


def line_keys(draft: Draft) -> list[str]:
    """Lines that hold anything, in the order of their keys (short ones first: l2 before l10)."""
    found = {}
    for name, entry in draft.fields.items():
        match = LINE.fullmatch(name)
        if match and match["part"] in CHOSEN and entry["v"] not in (None, ""):
            found[match["key"]] = True
    return sorted(found, key=lambda key: (len(key), key))


def ranked(draft: Draft, key: str) -> list[Any]:
    """The next offers of a line as they were given, best first.

    Programs write the whole list (``fallback``), the page asks for each place (``next1``, ``next2``, …): of the two the
    later word counts, place by place.
    """
    whole = draft.fields.get(f"line.{key}.fallback")
    listed = whole["v"] if whole and isinstance(whole["v"], list) else []
    places = dict(enumerate(listed, 1))
    for place, part in enumerate(RANKS, 1):
        own = draft.fields.get(f"line.{key}.{part}")
        if own and (whole is None or datetime.fromisoformat(own["at"]) >= datetime.fromisoformat(whole["at"])):
            places[place] = own["v"]
    return [places[place] for place in sorted(places) if places[place] not in (None, "")]


def lines(draft: Draft) -> Iterator[LineAnswers]:
    for key in line_keys(draft):
        given = {part: draft.value(f"line.{key}.{part}") for part in CHOSEN}
        fitting = draft.value(f"line.{key}.fitting")
        yield LineAnswers(
            key,
            whole_number(given["entitlement"]),
            whole_number(given["offer"]),
            whole_number(given["quantity"]),
            [number for item in ranked(draft, key) if (number := whole_number(item)) is not None],
            str(fitting).strip() if isinstance(fitting, str | int) and not isinstance(fitting, bool) else "",
        )


def read(draft: Draft) -> Answers:
    """The draft's answers with every error of form; rules about goods are in ``review``."""
    answers = Answers(lines=list(lines(draft)))
    _read_lines(draft, answers)
    _read_contact(draft, answers)
    _read_delivery(draft, answers)
    _read_measures(draft, answers)
    return answers


def phone_number(value: Any) -> str | None:
    """A phone number in the international form; None when it cannot be one."""
    try:
        number = phonenumbers.parse(value if isinstance(value, str) else "", "KZ")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _text(draft: Draft, name: str, answers: Answers, missing: str = "") -> str:
    value = draft.value(name)
    if value in (None, ""):
        text = ""
    elif isinstance(value, str | int) and not isinstance(value, bool):
        text = str(value).strip()
    else:
        answers.wrong(name, "text", _("Give a text."))
        return ""
    if not text and missing:
        answers.wrong(name, "required", missing)
    if len(text) > LONGEST[name]:
        answers.wrong(name, "too_long", _("This answer may have %(limit)s letters at most.") % {"limit": LONGEST[name]})
    return text


def _read_lines(draft: Draft, answers: Answers) -> None:
    if not answers.lines:
        answers.wrong("line", "required", _("Choose at least one product."))
    for line in answers.lines:
        if line.entitlement is None:
            answers.wrong(line.name("entitlement"), "required", _("Choose the line of your programme."))
        if line.offer is None:
            answers.wrong(line.name("offer"), "required", _("Choose a supplier's offer."))
        if line.quantity is None:
            answers.wrong(line.name("quantity"), "number", _("Enter the number of packs in digits, for example 3."))
        elif line.quantity < 1:
            answers.wrong(line.name("quantity"), "min", _("Order 1 pack or more."))
        raw = draft.value(line.name("fallback"))
        if raw not in (None, "") and (not isinstance(raw, list) or any(whole_number(item) is None for item in raw)):
            answers.wrong(line.name("fallback"), "list", _("Give a list of offers, the best one first."))
        if len(line.fitting) > LONGEST_FITTING:
            answers.wrong(
                line.name("fitting"),
                "too_long",
                _("This answer may have %(limit)s letters at most.") % {"limit": LONGEST_FITTING},
            )


def _read_contact(draft: Draft, answers: Answers) -> None:
    answers.name = _text(draft, "contact.name", answers, _("Enter the name of the person whom the supplier calls."))
    raw = draft.value("contact.phone")
    phone = phone_number(str(raw) if isinstance(raw, int) else raw)
    if raw in (None, ""):
        answers.wrong("contact.phone", "required", _("Enter a phone number, for example 8 701 000 00 01."))
    elif phone is None:
        answers.wrong("contact.phone", "phone", _("This is not a phone number. Enter it like this: 8 701 000 00 01."))
    answers.phone = phone or ""
    channel = draft.value("contact.channel") or User.Channel.SMS
    if channel not in User.Channel.values:
        answers.wrong("contact.channel", "choice", _("Choose SMS, a phone call or e-mail."))
    else:
        answers.channel = str(channel)


def _read_delivery(draft: Draft, answers: Answers) -> None:
    raw = draft.value("delivery.region")
    answers.region = regions.find(raw) if isinstance(raw, str) else None
    if raw in (None, ""):
        answers.wrong("delivery.region", "required", _("Choose the region of delivery."))
    elif answers.region is None:
        answers.wrong("delivery.region", "choice", _("There is no such region. Choose one of the list."))
    answers.address = _text(draft, "delivery.address", answers, _("Enter the address of delivery."))
    answers.comment = _text(draft, "delivery.comment", answers)


def _read_measures(draft: Draft, answers: Answers) -> None:
    given = {}
    for name, entry in draft.fields.items():
        match = MEASURE.fullmatch(name)
        if match and entry["v"] not in (None, ""):
            given[match["code"]] = entry["v"]
    known = types.book().measures if given else {}
    for code, value in sorted(given.items()):
        number, measure = whole_number(value), known.get(code)
        if measure is None:
            answers.wrong(f"measures.{code}", "unknown", _("There is no such measure."))
        elif number is None or not measure.minimum <= number <= measure.maximum:
            answers.wrong(f"measures.{code}", "range", measuring.out_of_range(measure))
        else:
            answers.measures[code] = number
