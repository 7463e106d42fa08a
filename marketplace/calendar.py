"""Deadlines as local dates: the day of filing is day zero, dates are compared, never seconds.

A deadline rule is ``{"days": 10, "kind": "calendar" | "working"}`` or ``{"hours": 24}``.
Whether a last day off moves to the next working day is the rule ``deadline.last_day_moves``, whether
the day of filing itself counts is ``deadline.count_from``.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from marketplace import rules
from marketplace.models import CalendarDay


@dataclass(frozen=True)
class Deadline:
    """``respond_by`` is the last day; ``due_at`` the end of that day; ``explained`` says how it came."""

    respond_by: date
    due_at: datetime
    rule: str
    explained: dict[str, Any]


class Calendar:
    """Working days of a span, with holidays and moved days read once."""

    def __init__(self, first: date, last: date):
        self._special = {row.day: row for row in CalendarDay.objects.filter(day__gte=first, day__lte=last)}

    def is_working(self, day: date) -> bool:
        special = self._special.get(day)
        return special.working if special else day.weekday() < 5

    def why_free(self, day: date) -> str:
        """The Kazakh name of the holiday, or "weekend": stored with a deadline, so in no reader's language."""
        special = self._special.get(day)
        if special is None or special.working:
            return "weekend"
        with translation.override("kk"):
            return special.name


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or of an earlier one; the 31st becomes the last day of a shorter one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def end_of_day(day: date) -> datetime:
    """The last second of a local day, aware."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


def deadline(rule_code: str, start: date, *, value: dict[str, Any] | None = None) -> Deadline:
    """The deadline of a rule counted from ``start`` (day zero).

    ``value`` replaces the rule's own number of days (an extension, a promised date), the legal
    basis stays the rule's.
    """
    found = rules.several(rule_code, "deadline.last_day_moves", "deadline.count_from", on=start)
    rule, moves = found[rule_code], found["deadline.last_day_moves"].value["enabled"]
    span = value or rule.value
    days, kind = int(span["days"]), span.get("kind", "calendar")
    calendar = Calendar(start, start + timedelta(days=days * 3 + 40))
    skipped: list[dict[str, str]] = []
    counts_itself = found["deadline.count_from"].value["day"] == "same"
    day = zero = start - timedelta(days=1) if counts_itself else start
    if kind == "working":
        counted = 0
        while counted < days:
            day += timedelta(days=1)
            if calendar.is_working(day):
                counted += 1
            else:
                skipped.append({"day": day.isoformat(), "why": calendar.why_free(day)})
    else:
        day = zero + timedelta(days=days)
        while moves and not calendar.is_working(day):
            skipped.append({"day": day.isoformat(), "why": calendar.why_free(day)})
            day += timedelta(days=1)
    return Deadline(
        respond_by=day,
        due_at=end_of_day(day),
        rule=rule.code,
        explained={
            "rule": rule.code,
            "days": days,
            "kind": kind,
            "from": start.isoformat(),
            "until": day.isoformat(),
            "skipped": skipped,
            "mark": rule.mark,
            "basis": rule.legal_basis,
            "valid_from": rule.valid_from.isoformat(),
        },
    )


def hours_deadline(rule_code: str, start: datetime) -> Deadline:
    """The deadline of a rule that counts hours from a moment: an emergency knows no days off."""
    rule = rules.get(rule_code, on=timezone.localdate(start))
    hours = int(rule.value["hours"])
    due_at = start + timedelta(hours=hours)
    return Deadline(
        respond_by=timezone.localdate(due_at),
        due_at=due_at,
        rule=rule.code,
        explained={
            "rule": rule.code,
            "hours": hours,
            "kind": "hours",
            "from": timezone.localtime(start).isoformat(timespec="seconds"),
            "until": timezone.localtime(due_at).isoformat(timespec="seconds"),
            "skipped": [],
            "mark": rule.mark,
            "basis": rule.legal_basis,
            "valid_from": rule.valid_from.isoformat(),
        },
    )


def in_words(explained: dict[str, Any]) -> str:
    """«10 calendar days from 22.11.2026, the day of filing not counted; …» in the active language."""
    if not explained:
        return ""
    if explained["kind"] == "hours":
        begin, end = datetime.fromisoformat(explained["from"]), datetime.fromisoformat(explained["until"])
        words = str(_("%(hours)s hours after %(begin)s; the time is over at %(end)s.")) % {
            "hours": explained["hours"],
            "begin": f"{begin:%d.%m.%Y %H:%M}",
            "end": f"{end:%d.%m.%Y %H:%M}",
        }
        return f"{words} {rules.in_language(explained.get('basis'))}".strip()
    first, last = date.fromisoformat(explained["from"]), date.fromisoformat(explained["until"])
    if explained["kind"] == "working":
        text = _("%(days)s working days after %(first)s; the last day is %(last)s.")
    else:
        text = _("%(days)s calendar days after %(first)s; the last day is %(last)s.")
    words = str(text) % {"days": explained["days"], "first": f"{first:%d.%m.%Y}", "last": f"{last:%d.%m.%Y}"}
    if explained["skipped"]:
        free = ", ".join(f"{date.fromisoformat(item['day']):%d.%m.%Y}" for item in explained["skipped"])
        words += " " + str(_("Days off that do not count: %(days)s.")) % {"days": free}
    return f"{words} {rules.in_language(explained.get('basis'))}".strip()
