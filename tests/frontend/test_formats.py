"""How sums, dates and quantities read in the three languages."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils.translation import override

from marketplace import formats
from marketplace.templatetags import portal

NB = "\u00a0"
MOMENT = datetime(2026, 12, 4, 19, 30, tzinfo=UTC)  # already 5 December in Kazakhstan


@pytest.mark.parametrize(
    ("amount", "language", "expected"),
    [
        (Decimal("305374.72"), "kk", f"305{NB}374,72{NB}₸"),
        (Decimal("305374.72"), "ru", f"305{NB}374,72{NB}₸"),
        (Decimal("305374.72"), "en", f"305,374.72{NB}₸"),
        (Decimal("7350.00"), "ru", f"7{NB}350{NB}₸"),
        (Decimal("0.005"), "ru", f"0,01{NB}₸"),
        (0, "kk", f"0{NB}₸"),
        ("1234567.5", "ru", f"1{NB}234{NB}567,50{NB}₸"),
    ],
)
def test_money(amount, language, expected):
    assert formats.money(amount, language) == expected


@pytest.mark.parametrize(
    ("language", "long", "short"),
    [
        ("kk", f"2026{NB}жылғы 5{NB}желтоқсан", "05.12.2026, 00:30"),
        ("ru", f"5{NB}декабря{NB}2026", "05.12.2026, 00:30"),
        ("en", f"5{NB}December 2026", f"5{NB}Dec{NB}2026, 00:30"),
    ],
)
def test_dates_are_of_kazakhstan_and_never_of_the_browser(language, long, short):
    assert formats.date_long(MOMENT, language) == long
    assert formats.date_long(date(2026, 12, 5), language) == long
    assert formats.datetime_short(MOMENT, language) == short
    assert formats.clock(MOMENT) == "00:30"


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="naive"):
        formats.datetime_short(MOMENT.replace(tzinfo=None), "ru")


def test_quantities_in_english():
    with override("en"):
        assert formats.quantity(1, "pack") == "1 pack"
        assert formats.quantity(30) == "30 pieces"
        assert formats.quantity(Decimal("1.50"), "hour") == "1.5 hours"
        assert formats.quantity(3, "m²") == f"3{NB}m²"
        assert formats.packs(3, 30) == "3 packs (90 pieces)"
        assert formats.packs(2, 1) == "2 pieces"


def test_distance_to_a_deadline_in_english():
    today = date(2026, 12, 5)
    with override("en"):
        words = [
            formats.days_until(day, today) for day in (today, date(2026, 12, 6), date(2026, 12, 9), date(2026, 12, 3))
        ]
    assert words == ["today", "tomorrow", "in 4 days", "2 days late"]


def test_filters_show_nothing_for_nothing():
    assert [portal.money(None), portal.date_long(None), portal.datetime_short(None), portal.quantity(None)] == [""] * 4
    assert portal.is_late(None) is False
