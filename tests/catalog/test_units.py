"""Amounts: whole SI numbers inside, people's units outside."""

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from catalog import units

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("value", "unit", "shown_unit", "text"),
    [
        (1040, "mm", "cm", f"104{NBSP}cm"),
        (625, "mm", "cm", f"62.5{NBSP}cm"),
        (17000, "g", "kg", f"17{NBSP}kg"),
        (1234567, "g", "kg", f"1,234.57{NBSP}kg"),
        (15, "deg", "deg", "15°"),
        (350, "percent", "times", "3.5×"),
        (42, "", "", "42"),
        (12, "Ch", "Ch", f"12{NBSP}Ch"),
    ],
)
def test_an_amount_is_shown_in_peoples_units(value, unit, shown_unit, text):
    with translation.override("en"):
        assert units.amount(value, unit, shown_unit) == text


def test_kazakh_and_russian_write_a_comma_and_the_digits_apart():
    with translation.override("ru"):
        assert units.amount(1234567, "mm", "cm").startswith(f"123{NBSP}456,7")


def test_counted_units_stand_in_words():
    with translation.override("en"):
        assert units.amount(24, "month", "month") == "24 months"
        assert units.amount(1, "day", "day") == "1 day"


def test_an_interval_names_the_unit_once():
    with translation.override("en"):
        assert units.interval(450, 620, "mm", "cm") == f"45–62{NBSP}cm"
        assert units.interval(620, 620, "mm", "cm") == f"62{NBSP}cm"


@pytest.mark.parametrize("text", ["62,5", "62.5", " 62,5 ", f"6{NBSP}2,5"])
def test_what_people_type_is_stored_in_si(text):
    assert units.to_stored(text, "mm", "cm") == 625


@pytest.mark.parametrize("text", ["", "sixty", "6 см", "nan", "inf", "1e999", "--5"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError):
        units.to_stored(text, "mm", "cm")


@given(st.integers(min_value=0, max_value=10**8))
def test_millimetres_survive_the_way_to_centimetres_and_back(value):
    shown = units.in_people_units(value, "mm", "cm")
    assert shown == Decimal(value) / 10
    assert units.to_stored(str(shown), "mm", "cm") == value
