"""The parts of a supplier's desk that this layer knows: stock, prices, rating. Bounded: the first few of each."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, F, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from catalog import types
from marketplace import rules
from marketplace.desk import Part, register_shop
from marketplace.models import User
from suppliers import improving, ranking
from suppliers.models import Partner, PriceFlag, StockRecord
from suppliers.selectors import own_supplier
from suppliers.watch import prices

SHOWN = 5
NEXT = ("stock_confirmed_at", "pk")  # whose stock was counted longest ago
# Each is found in the order of its index: of those on sale, few have little left, and a shop may have a million.
FIRST = {"hidden": NEXT, "soon": NEXT, "low": (F("num_in_stock") - F("num_allocated"), "pk")}


@register_shop
def parts(actor: User) -> list[Part]:
    """Six queries at most, whatever the supplier has."""
    supplier = own_supplier(actor)
    return [
        Part("supplier/desk_stock.html", _stock(supplier), 20),
        Part("supplier/desk_prices.html", _prices(supplier), 30),
        Part("supplier/desk_rating.html", {"rating": improving.rating_of(supplier)}, 60),
    ]


def _stock(supplier: Partner) -> dict[str, Any]:
    """Offers that are hidden because nobody counted, that soon will be, and those of which little is left."""
    rule = rules.several("listing.low_stock", "listing.stale_reminder_days")
    days = max(rule["listing.stale_reminder_days"].value["days"])
    fresh_since = ranking.policy().fresh_since
    own = StockRecord.objects.filter(partner=supplier)
    on_sale = own.filter(status=StockRecord.Status.PUBLISHED)
    # One question for each, because each has an index of its own: a shop may have a hundred thousand offers.
    wanting = {
        "hidden": own.filter(status=StockRecord.Status.HIDDEN),
        "soon": on_sale.filter(stock_confirmed_at__lt=fresh_since + timedelta(days=days)),
        "low": on_sale.annotate(free=F("num_in_stock") - F("num_allocated")).filter(
            free__lte=rule["listing.low_stock"].value["packs"]
        ),
    }
    numbers = {name: _number(of) for name, of in wanting.items()}
    counts: dict[str, Any] = dict(**Partner.objects.values(**numbers).get(pk=supplier.pk))
    first = [
        of.order_by(*FIRST[name]).values_list("pk", flat=True)[:SHOWN] for name, of in wanting.items() if counts[name]
    ]
    found = first[0].union(*first[1:]) if first else []
    return counts | {
        "offers": list(
            StockRecord.objects.filter(pk__in=list(found)).select_related("product").order_by(*NEXT)[:SHOWN]
        ),
        "url": reverse("suppliers:offers"),
        "lists_url": reverse("suppliers:price_lists"),
        "hides_before": timezone.localdate(fresh_since),
    }


def _number(offers: QuerySet[StockRecord]) -> Coalesce:
    counted = offers.order_by().values("partner").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


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
