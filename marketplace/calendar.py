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

COUNTING_RULES = ("deadline.last_day_moves", "deadline.count_from")


@dataclass(frozen=True)
class Deadline:
    """``respond_by`` is the last day; ``due_at`` the end of that day; ``explained`` says how it came."""

    respond_by: date
    due_at: datetime
    rule: str
    explained: dict[str, Any]


class Calendar:
    """Working days of a span, with holidays and moved days read once.

    ``without`` and ``also`` are days as they would be: one struck, one added (the preview of a change).
    """

    def __init__(self, first: date, last: date, *, without: date | None = None, also: CalendarDay | None = None):
        rows = CalendarDay.objects.filter(day__gte=first, day__lte=last, struck_at=None)
        self._special = {row.day: row for row in rows if row.day != without}
        if also is not None:
            self._special[also.day] = also

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

    def told(self, day: date) -> dict[str, Any]:
        """The day as a deadline keeps it: why it is free or worked, by which decree, instead of which day."""
        found: dict[str, Any] = {"day": day.isoformat(), "why": self.why_free(day)}
        special = self._special.get(day)
        if special is not None:
            found["name"] = {code: getattr(special, f"name_{code}") or "" for code in ("kk", "ru", "en")}
            if special.basis:
                found["basis"] = special.basis
            if special.instead_of:
                found["instead_of"] = special.instead_of.isoformat()
        return found


@dataclass(frozen=True)
class Counting:
    """How days are counted: whether a last day off moves on, whether the day of filing is day one."""

    moves: bool
    counts_itself: bool


@dataclass(frozen=True)
class Counted:
    """Where counting ended, and the days on the way that differ from the week's plan."""

    last: date
    skipped: list[dict[str, Any]]
    worked: list[dict[str, Any]]


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or of an earlier one; the 31st becomes the last day of a shorter one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def end_of_day(day: date) -> datetime:
    """The last second of a local day, aware."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


def span_of(start: date, span: dict[str, Any]) -> tuple[date, date]:
    """The days that counting may touch: what a Calendar has to know."""
    return start, start + timedelta(days=int(span["days"]) * 3 + 40)


def count(start: date, span: dict[str, Any], how: Counting, calendar: Calendar) -> Counted:
    """Count ``{"days": …, "kind": …}`` from ``start`` (day zero)."""
    days = int(span["days"])
    # No days at all are the day itself, however the others are counted: never one that is over already.
    day = zero = start - timedelta(days=1) if how.counts_itself and days else start
    skipped: list[dict[str, Any]] = []
    worked: list[dict[str, Any]] = []
    if span.get("kind", "calendar") == "working":
        counted = 0
        while counted < days:
            day += timedelta(days=1)
            if not calendar.is_working(day):
                skipped.append(calendar.told(day))
                continue
            counted += 1
            if day.weekday() >= 5:
                worked.append(calendar.told(day))
    else:
        day = zero + timedelta(days=days)
        while how.moves and not calendar.is_working(day):
            skipped.append(calendar.told(day))
            day += timedelta(days=1)
    return Counted(day, skipped, worked)


def counting(found: dict[str, rules.InForce]) -> Counting:
    """The setting out of the rules ``COUNTING_RULES``."""
    moves, starts = (found[code].value for code in COUNTING_RULES)
    return Counting(moves=moves["enabled"], counts_itself=starts["day"] == "same")


def deadline(rule_code: str, start: date, *, value: dict[str, Any] | None = None) -> Deadline:
    """The deadline of a rule counted from ``start`` (day zero).

    ``value`` replaces the rule's own number of days (an extension, a promised date), the legal
    basis stays the rule's.
    """
    found = rules.several(rule_code, *COUNTING_RULES, on=start)
    rule = found[rule_code]
    span = value or rule.value
    counted = count(start, span, counting(found), Calendar(*span_of(start, span)))
    explained = {
        "rule": rule.code,
        "days": int(span["days"]),
        "kind": span.get("kind", "calendar"),
        "from": start.isoformat(),
        "until": counted.last.isoformat(),
        "skipped": counted.skipped,
        "mark": rule.mark,
        "basis": rule.legal_basis,
        "valid_from": rule.valid_from.isoformat(),
    }
    if counted.worked:
        explained["worked"] = counted.worked
    return Deadline(respond_by=counted.last, due_at=end_of_day(counted.last), rule=rule.code, explained=explained)


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


def in_words(explained: dict[str, Any], *, short: bool = False) -> str:
    """«10 calendar days from 22.11.2026, the day of filing not counted; …» in the active language.

    ``short`` (a message to a phone) leaves out why single days are free or worked.
    """
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
    skipped, worked = explained["skipped"], explained.get("worked", [])
    if skipped:
        words += " " + str(_("Days off that do not count: %(days)s.")) % {"days": _days(skipped, short)}
    if worked:
        words += " " + str(_("Week-end days that were worked and count: %(days)s.")) % {"days": _days(worked, short)}
    if not short:
        bases = dict.fromkeys(rules.in_language(item.get("basis")) for item in [*skipped, *worked])
        words = " ".join([words, *filter(None, bases)])
    return f"{words} {rules.in_language(explained.get('basis'))}".strip()


def _days(items: list[dict[str, Any]], short: bool) -> str:
    """«23.03.2026 (Nauryz, instead of 21.03.2026), 28.03.2026»."""
    told = []
    for item in items:
        why = [] if short else [rules.in_language(item.get("name"))]
        if item.get("instead_of") and not short:
            other = date.fromisoformat(item["instead_of"])
            why.append(str(_("instead of %(day)s")) % {"day": f"{other:%d.%m.%Y}"})
        note = ", ".join(filter(None, why))
        told.append(f"{date.fromisoformat(item['day']):%d.%m.%Y}" + (f" ({note})" if note else ""))
    return ", ".join(told)
