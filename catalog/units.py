"""Amounts: whole numbers in SI units inside, people's units outside (1040 mm are 104 cm).

``FACTORS`` says how many of the stored unit make one of the shown unit.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from marketplace import formats

FACTORS: dict[tuple[str, str], Decimal] = {
    ("mm", "cm"): Decimal(10),
    ("mm", "m"): Decimal(1000),
    ("mm", "inch"): Decimal("25.4"),
    ("um", "mm"): Decimal(1000),
    ("g", "kg"): Decimal(1000),
    ("mAh", "Ah"): Decimal(1000),
    ("mA", "A"): Decimal(1000),
    ("percent", "times"): Decimal(100),
}
# Units that are counted in words ("3 months"): the plural forms live in marketplace.formats.
_COUNTED = {"piece": "piece", "day": "day", "month": "month", "h": "hour"}
LABELS: dict[str, Any] = {
    "mm": _("mm"), "cm": _("cm"), "m": _("m"), "inch": _("in"), "g": _("g"), "kg": _("kg"), "ml": _("ml"),
    "N": _("N"), "deg": "°", "dB": _("dB"), "dBSPL": _("dB SPL"), "V": _("V"), "Wh": _("Wh"), "km": _("km"),
    "Ah": _("Ah"), "A": _("A"), "s": _("s"), "min": _("min"), "h": _("h"), "percent": "%", "times": "×",
    "degC": "°C", "GB": _("GB"), "Ch": "Ch", "piece": _("pcs"), "day": _("days"), "month": _("months"),
}  # fmt: skip


def factor(unit: str, shown_unit: str) -> Decimal:
    """How many stored units make one shown unit; 1 for a pair that is shown as it is stored."""
    return FACTORS.get((unit, shown_unit), Decimal(1))


def label(shown_unit: str) -> str:
    """The unit's sign or short word in the active language; empty for plain numbers."""
    return str(LABELS.get(shown_unit, ""))


def in_people_units(value: int, unit: str, shown_unit: str) -> Decimal:
    """1040 mm → 104; at most two places."""
    return round(Decimal(value) / factor(unit, shown_unit), 2).normalize()


def to_stored(text: str, unit: str, shown_unit: str) -> int:
    """``"62,5"`` cm → 625 mm. Raises ValueError for what is not a number."""
    cleaned = text.strip().replace(formats.NO_BREAK, "").replace(" ", "").replace(",", ".")
    try:
        number = Decimal(cleaned)
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite() or abs(number) > 10**9:
        raise ValueError(text)
    return int((number * factor(unit, shown_unit)).to_integral_value())


def digits(value: int, unit: str, shown_unit: str) -> str:
    """``104``, ``1,5``: the amount without its unit."""
    shown = in_people_units(value, unit, shown_unit)
    places = max(0, -int(shown.as_tuple().exponent))
    return formats.group_digits(shown, places=places)


def _with_unit(number: str, shown_unit: str) -> str:
    sign = label(shown_unit)
    if not sign:
        return number
    return f"{number}{'' if sign in {'°', '%', '×'} else formats.NO_BREAK}{sign}"


def amount(value: int, unit: str, shown_unit: str) -> str:
    """``104 cm``, ``1,5 кг``, ``24 months``."""
    if shown_unit in _COUNTED:
        return formats.quantity(in_people_units(value, unit, shown_unit), _COUNTED[shown_unit])
    return _with_unit(digits(value, unit, shown_unit), shown_unit)


def interval(lower: int, upper: int, unit: str, shown_unit: str) -> str:
    """``45–62 cm``; one number when both ends are the same."""
    if lower == upper:
        return amount(lower, unit, shown_unit)
    return _with_unit(f"{digits(lower, unit, shown_unit)}–{digits(upper, unit, shown_unit)}", shown_unit)
