"""Ten thousand random deadlines against a calendar made from the law's own words, without our tables.

Law on Holidays, articles 3 and 4; Labour Code, articles 84 and 85: a holiday that falls on a day off gives the next
working day off; Orthodox Christmas and Kurban Ait do not. The government's orders move single days.
"""

import random
from datetime import date, timedelta

import pytest

from marketplace import calendar, rules

YEARS = range(2024, 2029)
HOLIDAYS = [(1, 1), (1, 2), (3, 8), (3, 21), (3, 22), (3, 23), (5, 1), (5, 7), (5, 9), (7, 6), (10, 25), (12, 16)]
KURBAN_AIT = [date(2024, 6, 16), date(2025, 6, 6), date(2026, 5, 27), date(2027, 5, 16), date(2028, 5, 5)]
# Day that was made a working one: day off given for it.
ORDERS = {date(2024, 5, 4): date(2024, 5, 8), date(2025, 1, 5): date(2025, 1, 3)}
TERMS = ["complaint.seller_answer_days", "complaint.refusal_days", "complaint.decision_days", "complaint.pretrial_days"]


def constitution_day(year: int) -> list[date]:
    """30 August until the new Constitution; its day, 15 March, from 2027 on."""
    if year <= 2025:
        return [date(year, 8, 30)]
    return [date(year, 3, 15)] if year >= 2027 else []


def days_off() -> set[date]:
    """Every day off of YEARS and of the weeks after them."""
    weekends = {
        day
        for day in (date(2024, 1, 1) + timedelta(days=n) for n in range(366 * 6))
        if day.weekday() >= 5 and day not in ORDERS
    }
    holidays = {date(year, month, day) for year in YEARS for month, day in HOLIDAYS}
    holidays |= {day for year in YEARS for day in constitution_day(year)}
    off = weekends | holidays | set(KURBAN_AIT) | {date(year, 1, 7) for year in YEARS} | set(ORDERS.values())
    for holiday in sorted(holidays & weekends):
        moved = holiday
        while moved in off:
            moved += timedelta(days=1)
        off.add(moved)
    return off


def last_day(start: date, days: int, kind: str, off: set[date]) -> date:
    """By the calendar on the wall: day zero is the day of filing."""
    if kind == "calendar":
        return next(
            day for n in range(60) if (day := start + timedelta(days=days + n)) not in off
        )  # a last day off moves on
    working = [day for n in range(1, days * 4 + 30) if (day := start + timedelta(days=n)) not in off]
    return working[days - 1]


@pytest.mark.parametrize("seed", [20261122])
def test_ten_thousand_dates_agree(seed: int):
    off, chance = days_off(), random.Random(seed)
    span = (date(2028, 10, 15) - date(2024, 1, 1)).days
    wanted = {code: rules.get(code).value for code in TERMS}
    drawn = {
        (chance.choice(TERMS), date(2024, 1, 1) + timedelta(days=chance.randrange(span))) for _n in range(10_000)
    }  # what was drawn twice is looked at once
    differences = []
    for code, start in sorted(drawn):
        ours = calendar.deadline(code, start).respond_by
        theirs = last_day(start, wanted[code]["days"], wanted[code]["kind"], off)
        if ours != theirs:
            differences.append(f"{code} from {start}: {ours}, by the law {theirs}")
    assert not differences, "\n".join(differences[:20])


def test_control_a_forgotten_transfer_is_seen():
    off = days_off() - {date(2026, 3, 24)}
    assert last_day(date(2026, 3, 14), 10, "calendar", off) == date(2026, 3, 24)
    assert calendar.deadline("complaint.seller_answer_days", date(2026, 3, 14)).respond_by == date(2026, 3, 26)
