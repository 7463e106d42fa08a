"""What a delivery costs: it is in the price of the goods, or the person pays it to the supplier, once for an order.

The state never pays it: what it guarantees is a sum for a unit of the goods (``guarantees``). Zero and "in the price" are
one and the same. Offers of before this was asked may be paid separately at a price that nobody has stated; whoever states
anything about delivery now states its price.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from marketplace import formats

RULE = "listing.delivery_price"
NOTHING = Decimal(0)


# How the delivery of an order is paid, as the order keeps it; one of before this was kept says nothing.
INCLUDED, APART, UNSTATED = "included", "apart", "unstated"


@dataclass(frozen=True)
class Delivery:
    """``price``: KZT for one order, zero unless it is paid separately at a known price; ``terms``: see above."""

    terms: str
    price: Decimal = NOTHING

    @property
    def words(self) -> str:
        """What the person is told; empty for an order that says nothing of it."""
        return in_words(self.terms, self.price)

    @property
    def as_data(self) -> dict[str, str]:
        """What is signed."""
        return {"terms": self.terms, "price": f"{self.price:.2f}"}


def asked(included: bool, price: Decimal | None) -> Decimal | None:
    """KZT that are asked for the delivery of one order: zero when it is in the price, None when nobody has said."""
    return NOTHING if included else price


def columns(price: Decimal | None) -> dict[str, Any]:
    """The two columns of an offer for what is asked (``asked``)."""
    return {"delivery_included": price == NOTHING, "delivery_price": price or None}


def terms_of(price: Decimal | None) -> str:
    if price is None:
        return UNSTATED
    return APART if price else INCLUDED


def of_order(prices: Iterable[Decimal | None]) -> Delivery:
    """The delivery of one order with lines of these offers: paid once, and no more than the dearest of them states.

    Nobody has said how much only when none of them has.
    """
    found = list(prices)
    stated = max((price for price in found if price is not None), default=NOTHING)
    return Delivery(terms_of(None if None in found and not stated else stated), stated)


def of_data(content: dict[str, Any]) -> Delivery:
    """The delivery of what was signed (``as_data``), without terms where that says nothing of it."""
    found = content.get("delivery", {})
    return Delivery(found.get("terms", ""), Decimal(found.get("price", NOTHING)))


def words(price: Decimal | None) -> str:
    """What a person is told of what is asked (``asked``)."""
    return in_words(terms_of(price), price)


def in_words(terms: str, price: Decimal | None) -> str:
    """The same by how it is paid; empty for an order that says nothing of it."""
    if terms == APART:
        return _("Delivery %(price)s, paid to the supplier.") % {"price": formats.money(price or NOTHING)}
    if terms == UNSTATED:
        return _("Delivery is paid separately. The supplier has not said how much.")
    return _("Delivery is in the price.") if terms == INCLUDED else ""


def problem(price: Decimal, most: Decimal) -> str:
    """What is wrong with a price of delivery, in words; empty when nothing is. ``most``: rule ``listing.delivery_price``."""
    if not (price.is_finite() and NOTHING <= price <= most and price == round(price, 2)):
        return _("Give what one delivery costs, from 0 to %(most)s.") % {"most": formats.money(most)}
    return ""
