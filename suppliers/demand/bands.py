"""Body measures in round numbers: how wide a band is (rule ``market.size_bands``)."""

from catalog import units
from catalog.types import BodyMeasure
from marketplace import rules


def band_width(measure: BodyMeasure) -> int:
    """In stored units; 0 where the rule names no width for the unit."""
    width = rules.get("market.size_bands").value.get(measure.shown_unit, 0)
    return int(width * units.factor(measure.unit, measure.shown_unit))
