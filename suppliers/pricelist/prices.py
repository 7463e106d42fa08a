"""Prices that look wrong: said to the supplier before it applies them, never a reason to refuse a row.

Whether a published price is too high is the market watch's question; here a supplier is saved from a slip of
the keyboard, by the median price of a unit among the published offers of the type (rule ``price.anomaly``).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection

from marketplace import rules
from marketplace.remembered import Remembered

if TYPE_CHECKING:
    from suppliers.pricelist.applying import Outcome

MEDIANS = """
SELECT product.product_class_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY offer.price / offer.pack_size), count(*)
FROM partner_stockrecord AS offer JOIN catalogue_product AS product ON product.id = offer.product_id
WHERE offer.status = 'published' GROUP BY 1
"""


def _medians() -> dict[int, Decimal]:
    """Type → median KZT of a unit, for types with enough offers for one."""
    least = rules.get("price.anomaly").value["min_offers"]
    with connection.cursor() as cursor:
        cursor.execute(MEDIANS)
        return {type_id: Decimal(str(median)) for type_id, median, count in cursor.fetchall() if count >= least}


_remembered = Remembered(_medians)
forget = _remembered.forget


def median_of(type_id: int) -> Decimal | None:
    """The median KZT of a unit of this type, None while too few sell it."""
    return _remembered.get().get(type_id)


def out_of_line(unit_price: Decimal, median: Decimal | None) -> bool:
    """Is this so far above the median that somebody has to ask (rule ``price.anomaly``)?"""
    return median is not None and unit_price > median * Decimal(
        str(rules.get("price.anomaly").value["over_median_ratio"])
    )


def remark(outcomes: Iterable["Outcome"]) -> None:
    """Note the lines whose new price of a unit is far above the median of the type."""
    priced = [one for one in outcomes if one.kind in ("created", "changed") and "price" in one.line.values]
    for one, facts in suspicious(priced):
        one.line.notes.append((one.line.cell("price"), "price_high", facts))


def suspicious(outcomes: Iterable["Outcome"]) -> list[tuple["Outcome", dict[str, Any]]]:
    """Lines with a price that asks for a second look, each with what it is compared to."""
    medians = _remembered.get()
    ratio = Decimal(str(rules.get("price.anomaly").value["over_median_ratio"]))
    found = []
    for one in outcomes:
        median = medians.get(one.product.type_id) if one.product and one.product.type_id else None
        unit = one.after["price"] / one.after.get("pack_size", 1)
        if median and unit > median * ratio and one.before.get("price") != one.after["price"]:
            found.append((one, {"unit": f"{unit:.2f}", "median": f"{median:.2f}"}))
    return found
