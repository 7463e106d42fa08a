"""The ministry keeps the calendar: holidays and days that a decree moved. A day is struck, never changed or deleted.

Dates are fixed when something begins, so a change reaches only what begins later. A day that has begun or is over can
still be corrected by a reviewer who says that he or she knows it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from marketplace import events
from marketplace.errors import DomainError, FieldError, Invalid, NotFound
from marketplace.models import CalendarDay, Event, User
from marketplace.rule_shapes import LANGUAGES
from marketplace.rulebook.versions import require_editor
from marketplace.time import database_now

_SUBJECT = "calendar:"


class StruckAlready(DomainError):
    code = "struck_already"
    message = _("This day was struck already. Look at the calendar again.")


@dataclass(frozen=True)
class Told:
    """A day with who added or struck it and why; both None for what came with the portal."""

    day: CalendarDay
    added: Event | None
    struck: Event | None


def years() -> list[int]:
    """Years that have special days."""
    return [day.year for day in CalendarDay.objects.dates("day", "year")]


def of_year(actor: User, year: int) -> list[Told]:
    """All days of a year with their story, struck ones too."""
    require_editor(actor)
    rows = list(CalendarDay.objects.filter(day__year=year))
    told = Event.objects.filter(subject__in=[_subject(row) for row in rows]).select_related("actor")
    story = {(event.subject, event.kind): event for event in told}
    return [
        Told(row, story.get((_subject(row), "calendar.added")), story.get((_subject(row), "calendar.struck")))
        for row in rows
    ]


def one(actor: User, day_id: int) -> CalendarDay:
    """A day that is not struck. Raises NotFound."""
    require_editor(actor)
    found = CalendarDay.objects.filter(pk=day_id, struck_at=None).first()
    if found is None:
        raise NotFound
    return found


def proposed(
    *, day: date, working: bool, name: dict[str, str], basis: dict[str, str], instead_of: date | None, estimated: bool
) -> CalendarDay:
    """The day as it would be, not saved."""
    names = {f"name_{language}": name.get(language, "") for language in LANGUAGES}
    return CalendarDay(
        day=day, working=working, instead_of=instead_of, basis=basis, mark="L", estimated=estimated, **names
    )


def add(
    *, actor: User, day: CalendarDay, reason: str, knowing: bool = False, now: datetime | None = None
) -> CalendarDay:
    """Put a day (of ``proposed``) into the calendar. ``knowing`` is needed for a day that has begun or is over."""
    require_editor(actor)
    now = now or database_now()
    errors = problems(day, reason, knowing=knowing, today=timezone.localdate(now))
    if errors:
        raise Invalid(errors)
    day.author = actor
    try:
        # The untranslated column takes the text of the active language: always Kazakh.
        with translation.override("kk"), transaction.atomic(durable=True):
            day.save(force_insert=True)
            facts: dict[str, Any] = {"working": day.working, "basis": day.basis, "estimated": day.estimated}
            if day.instead_of:
                facts["instead_of"] = day.instead_of.isoformat()
            _log("added", day, actor, reason, facts, now)
    except IntegrityError:
        raise Invalid([_taken()]) from None
    return day


def strike(*, actor: User, day_id: int, reason: str, knowing: bool = False, now: datetime | None = None) -> CalendarDay:
    """Take a day out of the calendar; it stays to be read. Raises StruckAlready, NotFound, Invalid."""
    require_editor(actor)
    now = now or database_now()
    with transaction.atomic(durable=True):
        found = CalendarDay.objects.select_for_update().filter(pk=day_id).first()
        if found is None:
            raise NotFound
        if found.struck_at is not None:
            raise StruckAlready
        errors = [*_reason(reason), *_knowing(found.day, knowing, timezone.localdate(now))]
        if errors:
            raise Invalid(errors)
        found.struck_at = now
        found.save(update_fields=["struck_at"])
        _log("struck", found, actor, reason, {"working": found.working}, now)
    return found


def problems(day: CalendarDay, reason: str, *, knowing: bool, today: date) -> list[FieldError]:
    """Everything that stands in the way of adding the day."""
    errors = _reason(reason)
    plain = day.day.weekday() < 5
    if CalendarDay.objects.filter(day=day.day, struck_at=None).exists():
        errors.append(_taken())
    elif day.working and plain:
        errors.append(FieldError("working", "plain", _("People work on this day anyway: it is not a week-end.")))
    if day.working and day.instead_of is None:
        errors.append(FieldError("instead_of", "required", _("Name the day that is free instead.")))
    if day.instead_of == day.day:
        errors.append(FieldError("instead_of", "same", _("Name another day than the moved one.")))
    for language in LANGUAGES:
        if not (getattr(day, f"name_{language}") or "").strip():
            errors.append(FieldError(f"name_{language}", "required", _("Give the name in this language.")))
        if not day.basis.get(language, "").strip():
            errors.append(FieldError(f"basis_{language}", "required", _("Give the legal basis in this language.")))
    return [*errors, *_knowing(day.day, knowing, today)]


def _reason(reason: str) -> list[FieldError]:
    return [] if reason.strip() else [FieldError("reason", "required", _("Say why."))]


def _knowing(day: date, knowing: bool, today: date) -> list[FieldError]:
    if day > today or knowing:
        return []
    message = _("This day has begun or is over. Confirm that dates which are already fixed stay.")
    return [FieldError("knowing", "required", message)]


def _taken() -> FieldError:
    return FieldError("day", "taken", _("The calendar has this day already. Strike it first, then add the right one."))


def _subject(day: CalendarDay) -> str:
    return f"{_SUBJECT}{day.day.isoformat()}-{day.pk}"


def _log(word: str, day: CalendarDay, actor: User, reason: str, data: dict[str, Any], now: datetime) -> None:
    events.record(kind=f"calendar.{word}", subject=_subject(day), actor=actor, reason=reason.strip(), data=data, at=now)
