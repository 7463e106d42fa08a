"""The list of every complaint for those who see them all: filtered, by keyset, as many rows read as shown.

Open cases with a date stand first, by date; then open ones without (in court); then ended ones, the latest first.
Each is one walk along an index, so the page costs the same among a hundred and among a million complaints.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.dateparse import parse_date, parse_datetime

from complaints import selectors
from complaints.models import Complaint
from complaints.states import DATED_STATES, ENDED_STATES, OPEN_STATES, ComplaintStatus
from marketplace.models import Authority, Region, User
from suppliers.models import Partner

PAGE_SIZE = 25
# Counting further would read what nobody looks at.
COUNTED = 1000
DATED, UNDATED, ENDED = "dated", "undated", "ended"
SOON_DAYS = 7
_UNDATED_STATES = set(OPEN_STATES) - set(DATED_STATES)


@dataclass(frozen=True)
class Asked:
    """What the list is narrowed to; empty stands for everything. ``due``: late, today or soon.

    ``status`` may be several states with commas between them.
    """

    status: str = ""
    subject: str = ""
    region: Region | None = None
    supplier: Partner | None = None
    authority: Authority | None = None
    due: str = ""
    number: str = ""
    today: date | None = None

    @property
    def states(self) -> set[str]:
        return {state for state in self.status.split(",") if state}

    def matching(self) -> Q:
        """Beside the state, which each part of the list asks for by itself."""
        found = Q()
        if self.subject:
            found &= Q(subject=self.subject)
        if self.region is not None:
            found &= Q(region=self.region)
        if self.authority is not None:
            found &= Q(addressee_authority=self.authority)
        if self.supplier is not None:
            # Also where a body has joined since: the complaint stays one about this supplier.
            found &= Q(addressee_supplier=self.supplier)
        if self.number:
            found &= Q(number=self.number)
        return found

    def segments(self) -> Iterator[str]:
        """Which parts of the list can hold what was asked for."""
        states = self.states
        if not states or not states.isdisjoint(OPEN_STATES):
            yield DATED
        if not self.due and (not states or not states.isdisjoint(_UNDATED_STATES)):
            yield UNDATED
        if not states.isdisjoint(ENDED_STATES) or not (states or self.due):
            yield ENDED


@dataclass(frozen=True)
class Page:
    """``next`` is the place to go on from, empty at the end; ``count`` is exact up to COUNTED, ``more`` beyond."""

    rows: list[Complaint]
    next: str
    count: int

    @property
    def more(self) -> bool:
        return self.count > COUNTED


def page(actor: User, asked: Asked, place: str = "", size: int = PAGE_SIZE) -> Page:
    """The rows after a place (``next`` of the page before; one that cannot be read is the beginning)."""
    begin, after = _read(place)
    rows: list[Complaint] = []
    reached = begin == ""
    for segment in asked.segments():
        reached = reached or segment == begin
        if not reached:
            continue
        found = segment_rows(actor, asked, segment, after if segment == begin else None)
        rows += found.select_related(*selectors.SHOWN)[: size + 1 - len(rows)]
        if len(rows) > size:
            break
    last = rows[size - 1] if len(rows) > size else None
    return Page(rows[:size], _place_of(last) if last else "", counted(actor, asked))


def segment_rows(actor: User, asked: Asked, segment: str, after: tuple[Any, int] | None) -> QuerySet[Complaint]:
    """One part of the list in its order, beyond a row when one is given: a walk along one index."""
    rows = selectors.visible(actor).filter(asked.matching(), status__in=_states(asked, segment))
    if segment == ENDED:
        return _beyond(rows, "closed_at", "<", after).order_by("-closed_at", "-pk")
    if segment == UNDATED:
        rows = rows.filter(respond_by=None)
        return (rows.filter(pk__gt=after[1]) if after else rows).order_by("respond_by", "pk")
    rows = rows.filter(respond_by__isnull=False, **_due(asked))
    return _beyond(rows, "respond_by", ">", after).order_by("respond_by", "pk")


def is_place(text: str) -> bool:
    """Whether a list can go on from there."""
    return bool(_read(text)[0])


def counted(actor: User, asked: Asked) -> int:
    """How many there are, at most COUNTED + 1."""
    rest, total = COUNTED + 1, 0
    for segment in asked.segments():
        if total < rest:
            total += segment_rows(actor, asked, segment, None).order_by()[: rest - total].count()
    return total


def _states(asked: Asked, segment: str) -> list[str]:
    states = ENDED_STATES if segment == ENDED else OPEN_STATES
    return [str(state) for state in states if not asked.status or state in asked.states]


def _due(asked: Asked) -> dict[str, date]:
    today = asked.today
    if today is None or not asked.due:
        return {}
    soon = today + timedelta(days=SOON_DAYS)
    return {
        "late": {"respond_by__lt": today},
        "today": {"respond_by": today},
        "soon": {"respond_by__gte": today, "respond_by__lte": soon},
    }[asked.due]


def _beyond(rows: QuerySet[Complaint], name: str, sign: str, after: tuple[Any, int] | None) -> QuerySet[Complaint]:
    """Both columns compared as a row: the index begins there instead of being read from the day on."""
    if after is None:
        return rows
    table = Complaint._meta.db_table
    beyond = RawSQL(  # noqa: S611 - of our own names; the values are parameters # nosec B611
        f"({table}.{name}, {table}.id) {sign} (%s, %s)", after, output_field=BooleanField()
    )
    return rows.filter(beyond)


def _place_of(row: Complaint) -> str:
    if row.status in ENDED_STATES:
        assert row.closed_at is not None
        return f"{ENDED}.{row.closed_at.isoformat()}.{row.pk}"
    return f"{DATED}.{row.respond_by}.{row.pk}" if row.respond_by else f"{UNDATED}..{row.pk}"


def _read(place: str) -> tuple[str, tuple[Any, int] | None]:
    segment, _dot, rest = place.partition(".")
    key, _dot, pk = rest.rpartition(".")
    parse = {DATED: parse_date, UNDATED: lambda _key: "", ENDED: parse_datetime}.get(segment)
    try:
        value = parse(key) if parse else None
    except ValueError:
        value = None
    if value is None or not pk.isdecimal() or len(pk) > 18:
        return "", None
    return segment, (value, int(pk))


def known_states() -> list[tuple[str, Any]]:
    """States for the filter, in the order of the table of steps."""
    return [(state.value, state.label) for state in ComplaintStatus if state != ComplaintStatus.REGISTERED]
