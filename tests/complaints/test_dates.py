"""Dates by hand: month ends, the leap day, Nauryz, moved working days, weekends. The day of filing is day zero."""

from datetime import date

import pytest
from django.utils import translation

from complaints.models import Complaint
from marketplace import calendar
from tests.complaints.factories import at, make_complaint


@pytest.mark.parametrize(
    ("filed", "respond_by"),
    [
        ("2026-11-22", "2026-12-02"),  # a month end in between
        ("2026-11-18", "2026-11-30"),  # the last day is a Saturday
        ("2024-02-19", "2024-02-29"),  # the leap day itself
        ("2024-02-20", "2024-03-01"),  # over the leap day
        ("2025-02-18", "2025-02-28"),  # the same days of a common year
        ("2026-03-11", "2026-03-26"),  # Nauryz: Saturday to Monday, then two days that the law moves
        ("2024-04-24", "2024-05-04"),  # a Saturday that was made a working day
        ("2024-04-28", "2024-05-10"),  # the Wednesday given for it, then Victory Day
        ("2025-12-22", "2026-01-05"),  # New Year, then a weekend
        ("2026-12-22", "2027-01-05"),  # New Year, a weekend, a day that the law moves
    ],
)
def test_ten_days_for_the_supplier(filed, respond_by):
    make_complaint(now=at(f"{filed} 10:00"))
    complaint = Complaint.objects.get()
    assert (str(complaint.filed_on), str(complaint.respond_by)) == (filed, respond_by)


@pytest.mark.parametrize("moment", ["2026-11-22 00:00:00", "2026-11-22 23:59:59"])
def test_the_hour_of_filing_does_not_matter(moment):
    make_complaint(now=at(moment))
    assert str(Complaint.objects.get().respond_by) == "2026-12-02"


@pytest.mark.parametrize(
    ("rule", "start", "last"),
    [
        ("complaint.decision_days", date(2026, 12, 3), "2026-12-25"),  # Independence Day does not count
        ("complaint.decision_days", date(2024, 2, 9), "2024-03-01"),
        ("complaint.refusal_days", date(2024, 5, 3), "2024-05-14"),  # a working Saturday, three days off
        ("complaint.triage_days", date(2026, 11, 20), "2026-11-23"),  # Friday to Monday
        ("complaint.person_decision_days", date(2026, 12, 12), "2027-01-05"),
    ],
)
def test_other_terms(rule, start, last):
    assert str(calendar.deadline(rule, start).respond_by) == last


@pytest.mark.parametrize(
    ("language", "words"),
    [("kk", "42-4-бап"), ("ru", "статья 42-4"), ("en", "article 42-4")],
)
def test_how_the_date_was_computed_is_told(language, words):
    make_complaint(now=at("2026-11-18 10:00"))
    explained = Complaint.objects.get().due_explained
    assert (explained["days"], explained["kind"], explained["from"], explained["until"]) == (
        10, "calendar", "2026-11-18", "2026-11-30",
    )  # fmt: skip
    assert [item["day"] for item in explained["skipped"]] == ["2026-11-28", "2026-11-29"]
    with translation.override(language):
        text = calendar.in_words(explained)
    assert "30.11.2026" in text
    assert "28.11.2026, 29.11.2026" in text
    assert words in text
