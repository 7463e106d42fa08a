"""Deadlines: real dates of the real calendar, worked out by hand."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation

from marketplace import calendar, rules
from marketplace.models import CalendarDay, Rule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _data(master_data: None) -> None:
    pass


def rule(code: str, value: dict[str, object], valid_from: str = "2024-01-01") -> None:
    Rule.objects.create(code=code, valid_from=valid_from, value=value, mark="D", legal_basis={"ru": "Основание"})


@pytest.mark.parametrize(
    ("start", "days", "last", "why"),
    [
        # 10 calendar days, the day of filing is day zero
        ("2026-11-02", 10, "2026-11-12", "a Thursday"),
        ("2026-11-22", 10, "2026-12-02", "filed on a Sunday"),
        ("2026-11-05", 10, "2026-11-16", "the 15th is a Sunday"),
        ("2026-11-04", 10, "2026-11-16", "the 14th is a Saturday"),
        ("2026-12-06", 10, "2026-12-17", "the 16th is Independence Day"),
        ("2025-12-22", 10, "2026-01-05", "1 and 2 January, then a week-end"),
        ("2026-02-18", 10, "2026-03-02", "28 February is a Saturday"),
        ("2024-02-19", 10, "2024-02-29", "leap day"),
        ("2024-02-20", 10, "2024-03-01", "over the leap day"),
        ("2023-12-31", 1, "2024-01-03", "1 and 2 January"),
        ("2026-03-11", 10, "2026-03-26", "Nauryz, and the two days moved from its week-end"),
        ("2024-02-24", 10, "2024-03-05", "over 1 March 2024, when the country went to one time zone"),
        ("2026-02-26", 10, "2026-03-10", "8 March is a Sunday and moves to Monday"),
        ("2026-05-17", 10, "2026-05-28", "27 May is Kurban Ait, estimated"),
        ("2026-11-02", 0, "2026-11-02", "today"),
    ],
)
def test_calendar_days(start: str, days: int, last: str, why: str) -> None:
    rule("test.days", {"days": days, "kind": "calendar"}, valid_from="2023-01-01")
    Rule.objects.filter(code__startswith="deadline.").update(valid_from=date(2023, 1, 1))

    found = calendar.deadline("test.days", date.fromisoformat(start))

    assert found.respond_by == date.fromisoformat(last), why


@pytest.mark.parametrize(
    ("start", "days", "last", "why"),
    [
        ("2026-11-02", 3, "2026-11-05", "Monday to Thursday"),
        ("2026-11-06", 1, "2026-11-09", "Friday to Monday"),
        ("2026-11-07", 1, "2026-11-09", "filed on a Saturday"),
        ("2026-12-14", 3, "2026-12-18", "over Independence Day"),
        ("2026-12-31", 1, "2027-01-05", "1 January, 2 January on a Saturday, moved to Monday the 4th"),
        ("2026-03-20", 1, "2026-03-26", "21 to 25 March are free"),
        ("2024-05-03", 1, "2024-05-04", "Saturday 4 May 2024 was a working day by order"),
        ("2024-05-06", 2, "2024-05-13", "7 and 9 May are holidays, 8 May was free by order"),
        ("2026-10-23", 1, "2026-10-27", "Republic Day on Sunday moves to Monday"),
        ("2026-11-02", 0, "2026-11-02", "today"),
    ],
)
def test_working_days(start: str, days: int, last: str, why: str) -> None:
    rule("test.days", {"days": days, "kind": "working"})
    assert calendar.deadline("test.days", date.fromisoformat(start)).respond_by == date.fromisoformat(last), why


def test_the_deadline_is_the_end_of_the_local_day() -> None:
    rule("test.days", {"days": 10})
    found = calendar.deadline("test.days", date(2026, 11, 2))
    assert found.due_at == datetime(2026, 11, 12, 18, 59, 59, tzinfo=UTC), "23:59:59 at +05:00"


def test_an_extension_replaces_the_days_and_keeps_the_basis() -> None:
    rule("test.days", {"days": 10})
    found = calendar.deadline("test.days", date(2026, 11, 2), value={"days": 5, "kind": "working"})
    assert found.respond_by == date(2026, 11, 9)
    assert found.explained["basis"] == {"ru": "Основание"}


def test_whether_a_last_day_off_moves_is_a_rule() -> None:
    rule("test.days", {"days": 10})
    Rule.objects.create(code="deadline.last_day_moves", valid_from=date(2026, 11, 1), value={"enabled": False})
    assert calendar.deadline("test.days", date(2026, 10, 29)).respond_by == date(2026, 11, 9)
    assert calendar.deadline("test.days", date(2026, 11, 5)).respond_by == date(2026, 11, 15), (
        "a Sunday, from November on"
    )


def test_whether_the_day_of_filing_counts_is_a_rule() -> None:
    rule("test.days", {"days": 10})
    Rule.objects.create(code="deadline.count_from", valid_from=date(2026, 11, 1), value={"day": "same"})
    assert calendar.deadline("test.days", date(2026, 11, 3)).respond_by == date(2026, 11, 12)


def test_the_ministry_corrects_an_estimated_day() -> None:
    rule("test.days", {"days": 10})
    assert calendar.deadline("test.days", date(2026, 5, 17)).respond_by == date(2026, 5, 28)
    CalendarDay.objects.filter(day=date(2026, 5, 27)).delete()
    CalendarDay.objects.create(day=date(2026, 5, 28), working=False, name_kk="Құрбан айт")
    assert calendar.deadline("test.days", date(2026, 5, 17)).respond_by == date(2026, 5, 27)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            "10 calendar days after 05.11.2026; the last day is 16.11.2026. Days off that do not count: 15.11.2026.",
        ),
        ("ru", "Основание"),
    ],
)
def test_a_deadline_explains_itself_in_the_readers_language(
    language: str, words: str, django_assert_num_queries: object
) -> None:
    rule("test.days", {"days": 10})
    explained = calendar.deadline("test.days", date(2026, 11, 5)).explained
    with translation.override(language), django_assert_num_queries(0):
        assert words in calendar.in_words(explained)
    assert calendar.in_words({}) == ""


def test_the_rule_in_force_on_a_day_is_the_latest_that_has_started() -> None:
    rule("test.norm", {"quantity": 1})
    rule("test.norm", {"quantity": 2}, valid_from="2026-07-01")
    assert rules.get("test.norm", on=date(2026, 6, 30)).value == {"quantity": 1}
    assert rules.get("test.norm", on=date(2026, 7, 1)).value == {"quantity": 2}
    assert rules.get("test.norm", on=date(2030, 1, 1)).valid_from == date(2026, 7, 1)


@pytest.mark.parametrize(("code", "on"), [("test.norm", date(2023, 12, 31)), ("no.such", None)])
def test_a_rule_that_has_not_started_is_a_fault_of_the_installation(code: str, on: date | None) -> None:
    rule("test.norm", {"quantity": 1})
    with pytest.raises(ImproperlyConfigured, match=code):
        rules.get(code, on=on)


def test_several_rules_are_one_query(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):
        found = rules.several("deadline.last_day_moves", "order.confirm_days", on=date(2026, 11, 2))
    assert found["order.confirm_days"].value == {"days": 3, "kind": "working"}


@pytest.mark.parametrize(
    ("texts", "language", "shown"),
    [
        ({"kk": "бір", "ru": "один", "en": "one"}, "en", "one"),
        ({"kk": "бір", "ru": "один"}, "en", "бір"),
        ({"ru": "один"}, "kk", "один"),
        ({}, "kk", ""),
        (None, "kk", ""),
        ("plain", "kk", "plain"),
    ],
)
def test_texts_fall_back_to_kazakh_then_russian(texts: object, language: str, shown: str) -> None:
    with translation.override(language):
        assert rules.in_language(texts) == shown
