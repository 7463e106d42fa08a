"""Every term of a complaint, by every setting, against a calendar made from the law's own words, without our tables.

Law on Holidays, articles 3 and 4; Labour Code, articles 84 and 85: a holiday that falls on a day off gives the next
working day off; Orthodox Christmas and Kurban Ait do not. The government's orders move single days.
"""

import itertools
import random
from datetime import date, timedelta

import pytest

from marketplace import calendar, rules
from marketplace.models import Rule

YEARS = range(2024, 2029)
HOLIDAYS = [(1, 1), (1, 2), (3, 8), (3, 21), (3, 22), (3, 23), (5, 1), (5, 7), (5, 9), (7, 6), (10, 25), (12, 16)]
KURBAN_AIT = [date(2024, 6, 16), date(2025, 6, 6), date(2026, 5, 27), date(2027, 5, 16), date(2028, 5, 5)]
# Day that was made a working one: day off given for it.
ORDERS = {date(2024, 5, 4): date(2024, 5, 8), date(2025, 1, 5): date(2025, 1, 3)}
# Terms of complaints by the domain, part 3.4: days and whether only working ones count.
CALENDAR, WORKING = "calendar", "working"
TERMS = {
    "complaint.misdirected_days": (3, WORKING),
    "complaint.triage_days": (1, WORKING),
    "complaint.seller_answer_days": (10, CALENDAR),
    "complaint.offer_acceptance_days": (5, CALENDAR),
    "complaint.person_decision_days": (20, CALENDAR),
    "complaint.remedy_days": (30, CALENDAR),
    "complaint.refusal_days": (5, WORKING),
    "complaint.appeal_days": (30, CALENDAR),
    "complaint.decision_days": (15, WORKING),
    "complaint.ministry_days": (15, WORKING),
    "complaint.pretrial_days": (30, CALENDAR),
    "complaint.waiting_person_days": (10, CALENDAR),
    "complaint.outcome_check_days": (20, CALENDAR),
    "complaint.outcome_call_days": (10, CALENDAR),
    "complaint.outcome_panel_days": (10, CALENDAR),
    "complaint.reopen_days": (30, CALENDAR),
    "complaint.safety_body_days": (0, CALENDAR),
}
# Numbers of days that are no terms: reminders, how far back something is looked for, how long a photo is kept.
NO_TERMS = {
    "complaint.seller_reminder_days", "complaint.duplicate_days", "complaint.received_back_days",
    "complaint.visitor_photo_days",
}  # fmt: skip
# One of each kind, for what the portal asks with its own queries.
ASKED = ["complaint.seller_answer_days", "complaint.refusal_days", "complaint.safety_body_days"]
SETTINGS = list(itertools.product([True, False], ["next", "same"]))
HARD = [
    date(2024, 2, 9), date(2024, 2, 28), date(2024, 2, 29), date(2025, 2, 28), date(2028, 2, 29),  # leap days
    date(2024, 1, 31), date(2024, 12, 31), date(2026, 4, 30), date(2026, 11, 30), date(2026, 12, 31),  # month ends
    date(2024, 3, 11), date(2025, 3, 10), date(2026, 3, 11), date(2026, 3, 20), date(2027, 3, 13),  # Nauryz
    date(2024, 4, 24), date(2024, 5, 3), date(2024, 5, 4), date(2024, 5, 8), date(2025, 1, 3), date(2025, 1, 5),  # moved
]  # fmt: skip


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


def last_day(start: date, days: int, kind: str, off: set[date], *, moves: bool, first: str) -> date:
    """By the calendar on the wall: day one is the next day, or by the setting the day itself."""
    if days == 0:
        day = start
    elif kind == WORKING:
        counted = (start + timedelta(days=n) for n in range(0 if first == "same" else 1, days * 4 + 30))
        return list(itertools.islice((day for day in counted if day not in off), days))[-1]
    else:
        day = start + timedelta(days=days - (first == "same"))
    while moves and day in off:
        day += timedelta(days=1)
    return day


def settle(moves: bool, first: str) -> None:
    """The ministry's two settings, in force from the first day."""
    Rule.objects.filter(code="deadline.last_day_moves").update(value={"enabled": moves})
    Rule.objects.filter(code="deadline.count_from").update(value={"day": first})


def test_every_term_of_a_complaint_is_looked_at():
    """A new term is missing here until somebody writes down what the domain says of it."""
    shipped = {
        code for code, row in rules.shipped().items() if "days" in row["value"] and code.startswith("complaint.")
    }
    assert shipped - NO_TERMS == set(TERMS)
    assert {code: (row.value["days"], row.value["kind"]) for code, row in rules.several(*TERMS).items()} == TERMS


@pytest.mark.parametrize(("moves", "first"), SETTINGS)
def test_the_hard_dates_agree(moves: bool, first: str):
    """Month ends, leap days, Nauryz, moved days, as the portal asks for a deadline, with its own queries."""
    settle(moves, first)
    off = days_off()
    differences = [
        f"{code} from {start}: {ours}, by the law {theirs}"
        for code, start in itertools.product(ASKED, HARD)
        if (ours := calendar.deadline(code, start).respond_by)
        != (theirs := last_day(start, *TERMS[code], off, moves=moves, first=first))
    ]
    assert not differences, "\n".join(differences[:20])


def test_ten_thousand_random_dates_agree():
    off, chance = days_off(), random.Random(20261122)
    known = calendar.Calendar(date(2024, 1, 1), date(2028, 12, 31))
    span = (date(2028, 10, 15) - date(2024, 1, 1)).days
    cases = list(itertools.product(TERMS, SETTINGS))
    drawn = {
        (*case, date(2024, 1, 1) + timedelta(days=day)) for case in cases for day in chance.sample(range(span), 180)
    } | {(*case, day) for case in cases for day in HARD}
    assert len(drawn) > 12_000
    hows = {}
    for moves, first in SETTINGS:
        settle(moves, first)
        hows[moves, first] = calendar.counting(rules.several(*calendar.COUNTING_RULES))
    spans = {code: rule.value for code, rule in rules.several(*TERMS).items()}
    differences = []
    for code, (moves, first), start in sorted(drawn):
        ours = calendar.count(start, spans[code], hows[moves, first], known).last
        theirs = last_day(start, *TERMS[code], off, moves=moves, first=first)
        if ours != theirs:
            differences.append(f"{code} from {start}: {ours}, by the law {theirs}")
    assert not differences, "\n".join(differences[:20])


def test_control_a_forgotten_transfer_is_seen():
    off = days_off() - {date(2026, 3, 24)}
    assert last_day(date(2026, 3, 14), 10, CALENDAR, off, moves=True, first="next") == date(2026, 3, 24)
    assert calendar.deadline("complaint.seller_answer_days", date(2026, 3, 14)).respond_by == date(2026, 3, 26)
