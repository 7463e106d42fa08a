"""A mark of its own in every personal column of every row, so that whatever comes out says whose and what it is.

Texts get a word behind them, phones and addresses of e-mail become others of the same form; JSON gets the word behind
each of its free texts; dates of birth become days of another century. Identity numbers, which stand encrypted, are looked
for as they are. Codes, states and keys stay: they are compared, not read.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import CharField, Field, JSONField, Model, TextField

from marketplace import crypto, files
from marketplace.models import Event, PersonRecord, StoredFile, User
from suppliers.models import Partner
from suppliers.onboarding.models import Application
from tests.rights.data_classes import columns, register

WORD = re.compile(r"zq([a-j]{6})q")  # letters for digits: lines of the log lose their numbers
LETTERS, DIGITS = "abcdefghij", "0123456789"
PHONE = re.compile(r"(?<![\d.])7\s?799\s?(\d{3})\s?(\d{2})\s?(\d{2})(?!\d)")  # not the middle of a long number
NUMBER = re.compile(r"\b\d{12}\b")  # of identity
BORN_ON = re.compile(r"\b190\d-\d\d-\d\d\b|\b\d{1,2}\s[^\W\d]+\s190\d\b|\b190\d\sжылғы\s\d{1,2}\s[^\W\d]+")
PHONES = {"phone", "contact_phone", "phone_number"}
MAILS = {"email"}
# Compared by the code, or of another length than a marked text may have; why each is looked for in another way or not at all.
CODES = {
    ("marketplace.User", "username"),  # how one signs in; marked where it is a name: full_name
    ("marketplace.User", "vision"),  # font size and contrast, one of a few
    ("order.Order", "contact_channel"), ("order.Entitlement", "unit"), ("order.Entitlement", "period"),
    ("order.Entitlement", "status"), ("catalogue.MeasuredValue", "code"), ("complaints.Complaint", "demands"),
    ("marketplace.StoredFile", "file"),  # a random name
    ("marketplace.PersonRecord", "measures"), ("partner.UnmetNeed", "sizes"),  # numbers
    ("marketplace.DraftSave", "answer"), ("complaints.Complaint", "fields"),  # names and choices of a form, by their codes
    ("marketplace.Draft", "conflicts"),  # empty here; the same values as in fields
    ("order.PaperSignature", "content"), ("order.PaperSignature", "signer"),  # signed: another text would be no signature
}  # fmt: skip
# Free texts that the demo leaves empty or fills with a code.
FILLED = {
    "marketplace.DraftFile.name", "marketplace.EmergencyAccess.reason", "marketplace.StoredFile.transcript",
    "marketplace.Notice.otherwise", "marketplace.User.first_name", "marketplace.User.last_name", "marketplace.User.email",
    "marketplace.Guardianship.basis", "order.Entitlement.source", "order.Order.delivery_comment", "order.Line.fitting_wish",
    "order.Line.partner_line_notes", "complaints.Feedback.reply", "complaints.Feedback.action", "complaints.Measure.result",
    "complaints.MysteryVisitor.contract", "complaints.PretrialCase.agreed_text", "complaints.Complaint.demand",
    "complaints.ComplaintParallel.done",
}  # fmt: skip
FREE = re.compile(r"[^\W\d_]{2,}.*\s|[а-яәіңғүұқөһ]{3,}", re.IGNORECASE)
BORN = date(1900, 1, 1)
WHOSE = (
    "complainant",
    "beneficiary",
    "recipient",
    "person",
    "ward",
    "on_behalf_of",
    "user",
    "order.user",
    "draft.beneficiary",
    "complaint.complainant",
)


@dataclass(frozen=True)
class Mark:
    """Where a mark was put, and about whom the row is."""

    column: str
    person: int | None


@dataclass
class Marks:
    put: dict[str, Mark] = field(default_factory=dict)

    def word(self, column: str, person: int | None) -> str:
        number = f"{len(self.put) + 1:06d}"
        self.put[number] = Mark(column, person)
        return number

    def known(self, text: str, column: str, person: int | None) -> None:
        """A value that stays what it is."""
        self.put[text] = Mark(column, person)

    def found_in(self, text: str) -> set[Mark]:
        """The marks in an answer, a message, a line of a log."""
        found = {word.translate(str.maketrans(LETTERS, DIGITS)) for word in WORD.findall(text)} | {
            f"{int(''.join(parts)):06d}" for parts in PHONE.findall(text)
        }
        found |= set(NUMBER.findall(text))
        if "190" in text:
            found |= set(BORN_ON.findall(text))
        return {self.put[one] for one in (" ".join(text.split()) for text in found) if one in self.put}


def put_everywhere() -> Marks:
    """Mark what is there; returns where."""
    marks, classes = Marks(), register()
    with connection.cursor() as cursor:  # the log of events lets nobody update it
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE marketplace_event DISABLE TRIGGER append_only_rows")
    for model, column in columns():
        at = (model._meta.label, column.name)
        if classes[at] in {"P2", "P3"} and at not in CODES and _is_text(column):
            for row in model._default_manager.all():
                _mark(row, column, marks)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE marketplace_event ENABLE TRIGGER append_only_rows; SET CONSTRAINTS ALL DEFERRED")
    _mark_births(marks)
    _know_numbers(marks)
    return marks


def _is_text(column: Field) -> bool:
    return isinstance(column, CharField | TextField | JSONField) and not column.choices


def _mark(row: Model, column: Field, marks: Marks) -> None:
    old, label = getattr(row, column.attname), f"{row._meta.label}.{column.name}"
    if label in FILLED:
        old = "own words"
    new = _marked(old, column.name, lambda: marks.word(label, person_of(row)))
    limit = getattr(column, "max_length", None)
    if new == old or (limit is not None and len(new) > limit):
        return
    row._meta.default_manager.filter(pk=row.pk).update(**{column.attname: new})


def _marked(value: Any, name: str, word: Callable[[], str]) -> Any:
    if isinstance(value, dict):
        return {key: _marked(item, str(key), word) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, name, word) for item in value]
    if not isinstance(value, str) or not value:
        return value
    last = name.rpartition(".")[2]
    if last in PHONES or re.fullmatch(r"\+7[\d ]{10,14}", value):
        return f"+7799{int(word()):07d}"
    if last in MAILS:
        return f"{_word(word())}@example.kz"
    return f"{value} {_word(word())}" if FREE.search(value) else value


def _word(number: str) -> str:
    return f"zq{number.translate(str.maketrans(DIGITS, LETTERS))}q"


def _mark_births(marks: Marks) -> None:
    from marketplace import formats

    for place, record in enumerate(PersonRecord.objects.exclude(birth_date=None).order_by("pk")):
        day = BORN + timedelta(days=place)
        PersonRecord.objects.filter(pk=record.pk).update(birth_date=day)
        for text in (day.isoformat(), *(formats.date_long(day, language) for language in ("kk", "ru", "en"))):
            marks.known(" ".join(text.split()), "marketplace.PersonRecord.birth_date", record.user_id)


def _know_numbers(marks: Marks) -> None:
    """Identity numbers of people, and of entrepreneurs, who are nobody's clients."""
    for record in PersonRecord.objects.exclude(iin_encrypted=None):
        number = crypto.decrypt(bytes(record.iin_encrypted or b""), bound_to=crypto.place_of_iin(record.user_id))
        marks.known(number, "marketplace.PersonRecord.iin_encrypted", record.user_id)
    for model in (Partner, Application):
        for row in model._default_manager.exclude(iin_encrypted=None):
            marks.known(row.iin, f"{model._meta.label}.iin_encrypted", None)


def person_of(row: Model) -> int | None:
    """About whom the row is; staff's and suppliers' own names are nobody's here."""
    if isinstance(row, User):
        return row.pk if row.role in {"beneficiary", "guardian"} else None
    if isinstance(row, StoredFile):
        return files._person_of(row)
    if isinstance(row, Event):
        kind, _colon, key = row.subject.partition(":")
        about = files._about[kind](key) if kind in files._about else None
        return about or row.on_behalf_of_id
    for path in WHOSE:
        found: Any = row
        for part in path.split("."):
            found = getattr(found, part, None)
            if found is None:
                break
        if isinstance(found, User):
            return found.pk
    return None


def unmarked(marks: Marks) -> Iterator[str]:
    """Personal columns of texts that had rows, none of which could be marked: the crawl says nothing of them."""
    classes, marked = register(), {mark.column for mark in marks.put.values()}
    for model, column in columns():
        label = f"{model._meta.label}.{column.name}"
        at = (model._meta.label, column.name)
        if classes[at] not in {"P2", "P3"} or at in CODES or label in marked or not _is_text(column):
            continue
        if model._default_manager.exclude(**{column.name: None}).exists():
            yield label
