"""What a person can take instead when stock or norm ran out: values to put into fields of the draft."""

from typing import Any

from marketplace.money import money
from orders.review import Review, why_not_offered
from suppliers import strategy
from suppliers.models import StockRecord

MOST = 3


def of(found: Review) -> list[dict[str, Any]]:
    """``[{"field", "value", …}]``, fewer packs first, then other offers, then the next date of the norm."""
    listed: list[dict[str, Any]] = []
    for shortage in found.shortages:
        if shortage.fits:
            listed.append({"field": shortage.line.name("quantity"), "value": shortage.fits})
        if shortage.code == "stock_ran_out":
            assert shortage.offer is not None and shortage.line.quantity is not None
            units = shortage.line.quantity * shortage.offer.pack_size
            listed += [
                _as_data(offer, shortage.line.name("offer"), units)
                for offer in other_offers(found, shortage.offer, units)
            ]
        if shortage.next_date:
            listed.append({"field": shortage.field, "next_date": shortage.next_date.isoformat()})
    return listed


def other_offers(found: Review, gone: StockRecord, units: int) -> list[StockRecord]:
    """Offers for the same product first, then for the same type, the cheapest per unit, brought, first."""
    assert found.policy is not None
    rows = (
        strategy.purchasable(found.fresh_since)
        .filter(product__product_class=gone.product.product_class_id)
        .exclude(pk=gone.pk)
        .select_related("partner", "product")
        .order_by(strategy.delivered_unit_price(found.policy), "pk")[:50]
    )
    fitting = [
        offer
        for offer in rows
        if why_not_offered(offer, found.answers.region, found.fresh_since) is None
        and packs_for(units, offer) <= offer.num_in_stock - offer.num_allocated
    ]
    fitting.sort(key=lambda offer: offer.product_id != gone.product_id)
    return fitting[:MOST]


def _as_data(offer: StockRecord, field: str, units: int) -> dict[str, Any]:
    return {
        "field": field,
        "value": offer.pk,
        "quantity": packs_for(units, offer),
        "product": {"id": offer.product_id, "title": offer.product.title},
        "supplier": {"code": offer.partner.code, "name": offer.partner.name},
        "price": money(offer.price),
        "delivery_included": offer.delivery_included,
        "delivery_price": offer.delivery_price and money(offer.delivery_price),
        "pack_size": offer.pack_size,
        "stock": offer.num_in_stock - offer.num_allocated,
    }


def packs_for(units: int, offer: StockRecord) -> int:
    """Whole packs that hold no more than so many units, at least one."""
    return max(1, units // offer.pack_size)
