"""What a change of a rule or of a day would do: dates of new filings before and after, and who keeps the old date."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from marketplace import calendar, rule_shapes, rules
from marketplace.calendar import Calendar, Counting
from marketplace.models import CalendarDay, Rule
from marketplace.rulebook import dated, wording

# What stands for all terms when the way of counting itself, or a day, changes.
EXAMPLES = ({"days": 10, "kind": "calendar"}, {"days": 5, "kind": "working"})


@dataclass(frozen=True)
class Example:
    """One filing: its day, the term, and the last day (or moment) before and after the change."""

    filed: date
    term: str
    before: date | datetime
    after: date | datetime

    @property
    def differs(self) -> bool:
        return self.before != self.after

    @property
    def is_moment(self) -> bool:
        """Does an hour matter, not only a day?"""
        return isinstance(self.before, datetime)


@dataclass(frozen=True)
class Preview:
    """``changes`` are (name, before, after) of what differs in the value."""

    changes: list[tuple[str, str, str]]
    examples: list[Example]
    kept: list[dated.Kept]


def of_version(code: str, value: dict[str, Any], valid_from: date) -> Preview:
    """What a version would do from its day on, compared with what would apply without it."""
    present = rules.get(code, on=valid_from).value if _starts_by(code, valid_from) else {}
    old, new = dict(wording.pairs(code, present)), dict(wording.pairs(code, value))
    changes = [(name, old.get(name, "–"), new.get(name, "–")) for name in dict.fromkeys([*old, *new])]
    return Preview(
        changes=[change for change in changes if change[1] != change[2]],
        examples=_examples(code, present, value, valid_from),
        kept=dated.kept_by_rule(*_terms(code)),
    )


def of_day(*, also: CalendarDay | None = None, without: date | None = None, today: date) -> Preview:
    """What an added or a struck day would do to new filings around it."""
    day = also.day if also else without
    assert day is not None
    how = calendar.counting(rules.several(*calendar.COUNTING_RULES, on=max(today, day)))
    starts = sorted({day - timedelta(days=back) for back in (10, 7, 5, 1)} | {day})
    examples = []
    for span in EXAMPLES:
        for start in starts:
            first, last = calendar.span_of(start, span)
            before = calendar.count(start, span, how, Calendar(first, last)).last
            after = calendar.count(start, span, how, Calendar(first, last, also=also, without=without)).last
            examples.append(Example(start, wording.term(span), before, after))
    return Preview([], examples, dated.kept_from(day))


def _starts_by(code: str, day: date) -> bool:
    return Rule.objects.filter(code=code, valid_from__lte=day).exists()


def _terms(code: str) -> list[str]:
    """Rules whose dates the change touches: the way of counting touches all."""
    if code in calendar.COUNTING_RULES:
        return sorted(set(Rule.objects.values_list("code", flat=True)))
    return [code]


def _examples(code: str, before: dict[str, Any], after: dict[str, Any], first: date) -> list[Example]:
    found = rules.several(*calendar.COUNTING_RULES, on=first)
    how = calendar.counting(found)
    if code in calendar.COUNTING_RULES:
        changed = calendar.counting({**found, code: _with_value(found[code], after)})
        return [
            Example(day, wording.term(span), _last(day, span, how), _last(day, span, changed))
            for span in EXAMPLES
            for day in _days(first)
        ]
    if not rule_shapes.is_term(after) or not rule_shapes.is_term(before):
        return []
    due: Callable[[date, dict[str, Any]], date | datetime] = (
        (lambda day, span: _moment(day) + timedelta(hours=span["hours"]))
        if "hours" in after
        else (lambda day, span: _last(day, span, how))
    )
    return [Example(day, wording.term(after), due(day, before), due(day, after)) for day in _days(first)]


def _with_value(found: rules.InForce, value: dict[str, Any]) -> rules.InForce:
    return rules.InForce(found.code, value, found.valid_from, found.mark, found.legal_basis)


def _last(start: date, span: dict[str, Any], how: Counting) -> date:
    return calendar.count(start, span, how, Calendar(*calendar.span_of(start, span))).last


def _moment(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(10)))


def _days(first: date) -> Iterable[date]:
    """The first day, the Friday after it, the end of its month, and the day before the next holiday."""
    month_end = (first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    days = {first, first + timedelta(days=(4 - first.weekday()) % 7), month_end}
    holiday = CalendarDay.objects.filter(day__gt=first, working=False, struck_at=None).order_by("day").first()
    if holiday is not None:
        days.add(holiday.day - timedelta(days=1))
    return sorted(days)
