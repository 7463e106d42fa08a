"""What the portal keeps of one person, part by part: for her own page and file, and for who may look in an emergency.

Each app registers what it keeps. A part is a list of rows, a row a list of labels with values, ready to read.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import access, crypto, formats
from marketplace.errors import NotFound
from marketplace.models import Draft, Guardianship, Notice, PersonRecord, User

Row = list[tuple[str, str]]
Rows = Callable[[User], Iterable[Row]]
# What nobody but the person and her guardian reads, in an emergency neither.
IDENTITY = "identity"
NOTICES_SHOWN = 200


@dataclass(frozen=True)
class Part:
    """``code`` names it for programs, ``title`` for people."""

    code: str
    title: Any
    rows: Rows


@dataclass(frozen=True)
class Told:
    """A part with its rows, without values that are empty."""

    code: str
    title: str
    rows: list[Row]


_parts: dict[str, Part] = {}


def part(code: str, title: Any) -> Callable[[Rows], Rows]:
    """Register what an app keeps of a person."""

    def register(rows: Rows) -> Rows:
        _parts[code] = Part(code, title, rows)
        return rows

    return register


def of(person: User, *, without: Iterable[str] = ()) -> list[Told]:
    """All parts in the order of the layers, in the reader's language. Whether somebody may read them is asked before."""
    left_out = set(without)
    return [
        Told(
            one.code,
            str(one.title),
            [[(str(label), str(value)) for label, value in row if value not in ("", None)] for row in one.rows(person)],
        )
        for one in _parts.values()
        if one.code not in left_out
    ]


def subject(actor: User, person_id: int | None) -> User:
    """Whose data the actor asks for: the own ones, or those of a ward. Raises NotFound for anybody else's."""
    if person_id is None or person_id == actor.pk:
        return actor
    ward = actor.wards.filter(ward=person_id).exists() and access.people_of(actor).filter(pk=person_id).first()
    if not ward:
        raise NotFound
    return ward


def as_file(person: User) -> str:
    """The same as JSON that people can read too: ``{"account": {"title": …, "rows": [{label: value}]}}``."""
    told = {one.code: {"title": one.title, "rows": [dict(row) for row in one.rows]} for one in of(person)}
    return json.dumps(told, ensure_ascii=False, indent=2)


def as_text(value: Any) -> str:
    """A list or an object as one line; the rest as it is."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


# --- What this layer keeps ---------------------------------------------------------------------


@part("account", gettext_lazy("Your account"))
def _account(person: User) -> list[Row]:
    rows = [
        (_("Name"), str(person)),
        (_("User name"), person.username),
        (_("Phone"), person.phone),
        (_("E-mail"), person.email),
        (_("How do we reach you?"), person.get_channel_display()),
        (_("Region"), str(person.region.name) if person.region else ""),
        (_("Social office"), str(person.office.name) if person.office else ""),
    ]
    record = PersonRecord.objects.defer("iin_encrypted", "iin_index").filter(user=person).first()
    if record is not None:
        born = formats.date_long(record.birth_date) if record.birth_date else ""
        rows += [(_("Date of birth"), born), (_("Address"), record.address)]
    return [rows]


@part(IDENTITY, gettext_lazy("Identity number"))
def _identity(person: User) -> list[Row]:
    record = PersonRecord.objects.filter(user=person).exclude(iin_encrypted=None).first()
    if record is None or record.iin_encrypted is None:
        return []
    try:
        return [[(_("IIN"), crypto.decrypt(bytes(record.iin_encrypted), bound_to=crypto.place_of_iin(person.pk)))]]
    except (InvalidTag, KeyError):  # under a key that is no more: said, since the person has a right to know
        return [[(_("IIN"), _("It is kept, but cannot be read now. Call 1414."))]]


@part("guardians", gettext_lazy("Who acts for whom"))
def _guardians(person: User) -> list[Row]:
    rows = Guardianship.objects.filter(ward=person).select_related("guardian", "ward")
    rows |= Guardianship.objects.filter(guardian=person).select_related("guardian", "ward")
    return [
        [
            (_("Guardian"), str(row.guardian)),
            (_("Ward"), str(row.ward)),
            (_("Basis"), row.basis),
            (_("Valid to"), formats.date_long(row.valid_to) if row.valid_to else ""),
        ]
        for row in rows.order_by("pk")
    ]


@part("drafts", gettext_lazy("What was begun and not sent"))
def _drafts(person: User) -> list[Row]:
    rows = Draft.objects.filter(beneficiary=person).exclude(status=Draft.Status.SUBMITTED).order_by("created_at")
    return [
        [
            (_("Began"), formats.datetime_short(row.created_at)),
            (_("State"), row.get_status_display()),
            *((name, as_text(entry["v"])) for name, entry in row.fields.items()),
        ]
        for row in rows
    ]


@part("notices", gettext_lazy("Messages to you"))
def _notices(person: User) -> list[Row]:
    rows = Notice.objects.filter(recipient=person).order_by("-pk")[:NOTICES_SHOWN]
    return [
        [(_("When"), formats.datetime_short(row.created_at)), (_("To"), row.address), (_("Text"), row.text)]
        for row in rows
    ]


@part("looks", gettext_lazy("Who opened your data"))
def _looks(person: User) -> list[Row]:
    return [
        [
            (_("When"), formats.datetime_short(row["at"])),
            (_("Who"), f"{row['who']} ({row['body']})"),
            (_("What for"), str(row["purpose"])),
        ]
        for row in access.reads_in_words(access.reads_of(person)[:NOTICES_SHOWN])
    ]
