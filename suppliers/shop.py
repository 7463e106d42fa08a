"""The parts of a supplier's desk that this layer knows: stock, prices, rating. Bounded: the first few of each."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import timezone

from catalog import types
from marketplace import rules
from marketplace.desk import Part, register_shop
from marketplace.models import User
from suppliers import complaint_facts, improving, ranking
from suppliers.models import Partner, PriceFlag, StockRecord
from suppliers.selectors import own_supplier
from suppliers.watch import prices

SHOWN = 5


@register_shop
def parts(actor: User) -> list[Part]:
    """Seven queries at most, whatever the supplier has."""
    supplier = own_supplier(actor)
    counts = complaint_facts.counts(supplier.pk)
    return [
        Part("supplier/desk_stock.html", _stock(supplier), 20),
        Part("supplier/desk_prices.html", _prices(supplier), 30),
        Part("supplier/desk_rating.html", {"rating": improving.rating_of(supplier, counts)}, 60),
    ]


def _stock(supplier: Partner) -> dict[str, Any]:
    """Offers that are hidden because nobody counted, that soon will be, and those of which little is left."""
    rule = rules.several("listing.low_stock", "listing.stale_reminder_days")
    days = max(rule["listing.stale_reminder_days"].value["days"])
    fresh_since = ranking.policy().fresh_since
    own = StockRecord.objects.filter(partner=supplier)
    hidden = Q(status=StockRecord.Status.HIDDEN)
    soon = Q(status=StockRecord.Status.PUBLISHED, stock_confirmed_at__lt=fresh_since + timedelta(days=days))
    low = Q(
        status=StockRecord.Status.PUBLISHED,
        num_in_stock__lte=F("num_allocated") + rule["listing.low_stock"].value["packs"],
    )
    counts = own.aggregate(
        hidden=Count("pk", filter=hidden), soon=Count("pk", filter=soon), low=Count("pk", filter=low)
    )
    first = own.filter(hidden | soon | low).select_related("product").order_by("stock_confirmed_at", "pk")[:SHOWN]
    return counts | {
        "offers": list(first) if any(counts.values()) else [],
        "url": reverse("suppliers:offers"),
        "lists_url": reverse("suppliers:price_lists"),
        "hides_before": timezone.localdate(fresh_since),
    }


def _prices(supplier: Partner) -> dict[str, Any]:
    """Prices that are out of line, with what they are compared to."""
    open_flags = PriceFlag.objects.filter(offer__partner=supplier, state=PriceFlag.State.OPEN)
    flags = open_flags.select_related("offer__product").order_by("-times", "pk")[: SHOWN + 1]
    book = types.book()
    items = [
        {
            "title": flag.offer.product.title,
            "words": prices.in_words(flag, book.by_id[flag.offer.product.product_class_id].unit),
        }
        for flag in flags
        if flag.offer.product.product_class_id in book.by_id
    ]
    return {"items": items[:SHOWN], "more": len(items) > SHOWN, "url": reverse("suppliers:offers")}
