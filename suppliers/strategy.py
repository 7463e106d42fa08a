"""Which offers count: published ones of approved suppliers whose stock was counted lately.

Oscar asks ``Selector`` for prices and availability; ours are the only answers in the whole portal.
Prices are KZT, final: nothing is added as a tax.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from oscar.apps.partner.availability import StockRequired, Unavailable
from oscar.apps.partner.strategy import NoTax, Structured

from catalog.models import Product
from suppliers import ranking
from suppliers.models import Partner, StockRecord


def purchasable(fresh_since: datetime | None = None) -> QuerySet[StockRecord]:
    """Offers that can be ordered now. ``fresh_since``: the moment of ``ranking.policy()``, asked for when missing."""
    offers: QuerySet[StockRecord] = StockRecord.objects.filter(
        status=StockRecord.Status.PUBLISHED,
        partner__status=Partner.Status.APPROVED,
        product__moderation=Product.Moderation.PUBLISHED,
        product__is_public=True,
        stock_confirmed_at__gte=fresh_since or ranking.policy().fresh_since,
        num_in_stock__gt=F("num_allocated"),
    )
    return offers


class BestValue(NoTax, Structured):
    """The best ranked offer of a product, or the given one when it can be ordered."""

    def select_stockrecord(self, product: Product) -> StockRecord | None:
        policy = ranking.policy()
        offers = list(purchasable(policy.fresh_since).filter(product=product).select_related("partner"))
        ranked = ranking.rank([candidate(offer) for offer in offers], policy)
        best = ranked[0].candidate.offer_id if ranked else None
        return next((offer for offer in offers if offer.pk == best), None)

    def availability_policy(self, product: Product, stockrecord: StockRecord | None) -> Any:
        if stockrecord is None or not purchasable().filter(pk=stockrecord.pk).exists():
            return Unavailable()
        return StockRequired(stockrecord.net_stock_level)

    def parent_pricing_policy(self, product: Product, children_stock: Any) -> Any:
        return self.pricing_policy(product, None)

    def parent_availability_policy(self, product: Product, children_stock: Any) -> Any:
        return Unavailable()


class Selector:
    """Found by Oscar's ``get_class("partner.strategy", "Selector")``."""

    def strategy(self, request: HttpRequest | None = None, user: Any = None, **kwargs: Any) -> BestValue:
        return BestValue(request)


def candidate(offer: StockRecord, *, region: str = "", fit: int = 0) -> ranking.Candidate:
    """An offer with its supplier joined, as the ranking wants it."""
    return ranking.Candidate(
        offer_id=offer.pk,
        unit_price=offer.price / offer.pack_size,
        lead_days=lead_days(offer, region),
        warranty_months=offer.warranty_months,
        delivery=offer.delivery,
        pack_size=offer.pack_size,
        standing=standing(offer.partner),
        fit=fit,
    )


def delivered_unit_price(policy: ranking.Policy) -> Combinable:
    """``ranking.delivered_price`` for the database: to put the cheapest first."""
    unstated = Coalesce(F("delivery_price"), Value(policy.delivery_most))
    delivery = Case(When(delivery_included=True, then=Value(Decimal(0))), default=unstated)
    return (F("price") + delivery) / F("pack_size")


def lead_days(offer: StockRecord, region: str) -> int:
    """Days to deliver to a region; the offer's general term where it names no other."""
    return int(offer.lead_days_by_region.get(region, offer.lead_days))


def standing(partner: Partner) -> ranking.Standing:
    return ranking.Standing(
        delivered_lines=partner.delivered_lines,
        on_time_lines=partner.on_time_lines,
        rejected_lines=partner.rejected_lines,
        complaint_load=partner.complaint_load,
        rating_sum=partner.rating_sum,
        rating_count=partner.rating_count,
    )
