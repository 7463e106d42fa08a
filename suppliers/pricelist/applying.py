"""One part of a price list, at most 500 rows: looked up, compared and, unless it is only checked, written.

All of a part is one durable transaction: the offers, their events, the part's results, the list's position and
the outbox row that brings the search documents up to date. Offers are locked in pk order, as orders lock them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from catalog.models import Product
from marketplace import events, outbox
from suppliers import delivery, ranking
from suppliers.models import Partner, PriceList, PriceListPart, StockRecord
from suppliers.pricelist import prices
from suppliers.pricelist.checking import Line, check
from suppliers.pricelist.columns import Layout
from suppliers.pricelist.reading import Row
from suppliers.states import OFFER

PART = 500
COLUMNS = {
    "price": "price",
    "stock": "stock",
    "pack_size": "pack_size",
    "lead_days": "lead_days",
    "warranty": "warranty_months",
    "regions": "regions",
}
UPDATE = """
UPDATE partner_stockrecord AS offer SET
    price = stated.price, num_in_stock = stated.stock + offer.num_allocated, pack_size = stated.pack_size,
    lead_days = stated.lead_days, warranty_months = stated.warranty, regions = string_to_array(stated.regions, ','),
    delivery_included = coalesce(stated.delivery = 0, false), delivery_price = nullif(stated.delivery, 0),
    status = stated.status, date_updated = %(now)s
FROM unnest(%(id)s::bigint[], %(price)s::numeric[], %(stock)s::int[], %(pack_size)s::int[], %(lead_days)s::int[],
    %(warranty)s::int[], %(regions)s::text[], %(delivery)s::numeric[], %(status)s::text[])
    AS stated(id, price, stock, pack_size, lead_days, warranty, regions, delivery, status)
WHERE offer.id = stated.id AND offer.partner_id = %(partner)s
    AND (offer.price, offer.num_in_stock - offer.num_allocated, offer.pack_size, offer.lead_days,
         offer.warranty_months, array_to_string(offer.regions, ','),
         CASE WHEN offer.delivery_included THEN 0 ELSE offer.delivery_price END, offer.status)
    IS DISTINCT FROM (stated.price, stated.stock, stated.pack_size, stated.lead_days,
         stated.warranty, stated.regions, stated.delivery, stated.status)
RETURNING offer.id
"""


# What is read of an offer; of its product only what Goods holds: whole models cost more than all else of a part.
READ = (
    "pk", "partner_sku", "product_id", "price", "num_in_stock", "num_allocated", "pack_size", "lead_days",
    "warranty_months", "regions", "delivery_included", "delivery_price", "status",
)  # fmt: skip


@dataclass(frozen=True)
class Goods:
    """A product as a price list needs it."""

    id: int
    code: str
    type_id: int | None
    on_sale: bool


@dataclass
class Outcome:
    """A line with what becomes of it: "created", "changed", "same" or "refused"."""

    line: Line
    kind: str = "refused"
    sku: str = ""
    offer: StockRecord | None = None
    product: Goods | None = None
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def as_result(self) -> list[Any]:
        return [
            self.line.row.number,
            self.sku or self.line.typed,
            self.kind,
            [*self.line.errors, *self.line.notes],
        ]


@transaction.atomic(durable=True)
def apply_part(price_list: PriceList, rows: Sequence[Row], layout: Layout, seen: dict[str, int], *, text: bool) -> bool:
    """Do the next rows. False when another worker did them meanwhile, or the list is not running any more.

    ``seen``: articles of the rows before → row number; grows by those of these rows. ``text``: of a text file.
    """
    start, end = rows[0].number, rows[-1].number
    moved = PriceList.objects.filter(
        pk=price_list.pk, status=PriceList.Status.RUNNING, position=price_list.position
    ).update(position=end)
    if not moved:
        return False
    partner = Partner.objects.get(pk=price_list.supplier_id)
    lines = [check(row, layout, strict_width=text) for row in rows]
    outcomes = _outcomes(partner, lines, seen, lock=not price_list.dry_run)
    prices.remark(outcomes)
    if not price_list.dry_run:
        _write(price_list, partner, outcomes)
    counts = {kind: sum(one.kind == kind for one in outcomes) for kind in ("created", "changed", "same", "refused")}
    PriceListPart.objects.create(
        price_list=price_list,
        start=start,
        results=[one.as_result() for one in outcomes],
        remarks=sum(bool(one.line.errors or one.line.notes) for one in outcomes),
    )
    PriceList.objects.filter(pk=price_list.pk).update(**{kind: F(kind) + count for kind, count in counts.items()})
    seen.update({one.sku: one.line.row.number for one in outcomes if one.kind != "refused"})
    price_list.position = end
    return True


def _outcomes(partner: Partner, lines: Iterable[Line], seen: dict[str, int], *, lock: bool) -> list[Outcome]:
    sound = [line for line in lines if not line.errors]
    skus, codes = {line.sku for line in sound if line.sku}, {line.product for line in sound if line.product}
    wanted = Q(partner_sku__in=skus) | Q(product__upc__in=codes)
    offers = StockRecord.objects.filter(wanted, partner=partner).only(*READ).order_by("pk")
    if lock:
        offers = offers.select_for_update(of=("self",), no_key=True)
    goods = _goods(Q(upc__in=codes) | Q(pk__in={offer.product_id for offer in offers}))
    products = {product.code: product for product in goods.values()}
    by_sku: dict[str, StockRecord] = {}
    by_code: dict[str, list[StockRecord]] = {}
    for offer in offers:
        by_sku[offer.partner_sku] = offer
        by_code.setdefault(goods[offer.product_id].code, []).append(offer)
    here: dict[str, int] = {}
    most = ranking.policy().delivery_most
    outcomes = []
    for line in lines:
        one = Outcome(line)
        if not line.errors:
            _identify(one, by_sku, by_code, products, goods)
        if not line.errors:
            first = seen.get(one.sku) or here.get(one.sku)
            if first:
                line.refuse("sku", "twice", sku=one.sku, row=first)
        if not line.errors and line.values.get("delivery", 0) > most:
            line.refuse("delivery", "delivery_most", most=f"{most:.0f}")
        if not line.errors:
            here[one.sku] = line.row.number
            _compare(one)
        outcomes.append(one)
    return outcomes


def _goods(wanted: Q) -> dict[int, Goods]:
    rows = Product.objects.filter(wanted).order_by("pk")
    return {
        pk: Goods(pk, upc or "", type_id, moderation == Product.Moderation.PUBLISHED and is_public)
        for pk, upc, type_id, moderation, is_public in rows.values_list(
            "pk", "upc", "product_class_id", "moderation", "is_public"
        )
    }


def _identify(
    one: Outcome,
    by_sku: dict[str, StockRecord],
    by_code: dict[str, list[StockRecord]],
    products: dict[str, Goods],
    goods: dict[int, Goods],
) -> None:
    """The own offer that a line means, by its article or as the only one of its product; else a new one."""
    line = one.line
    own = by_code.get(line.product, []) if line.product else []
    offer = by_sku.get(line.sku) if line.sku else (own[0] if len(own) == 1 else None)
    one.sku = offer.partner_sku if offer else line.sku
    one.offer = offer
    if offer is not None:
        one.product = goods[offer.product_id]
        if line.product and one.product.code != line.product:
            line.refuse("product", "other_product", sku=line.sku, product=one.product.code)
        return
    product = one.product = products.get(line.product) if line.product else None
    if not line.product:
        line.refuse("sku", "unknown_sku", sku=line.sku)
    elif product is None or not product.on_sale:
        line.refuse("product", "unknown_product", product=line.product)
    elif not line.sku:
        line.refuse("sku", "several" if own else "sku_needed", product=line.product)
    else:
        for column in ("price", "stock"):
            if column not in line.values:
                line.refuse(column, "needed")


def _compare(one: Outcome) -> None:
    values = one.line.values
    if one.offer is None:
        one.kind, one.after = "created", values
        return
    offer = one.offer
    one.before = {
        "price": offer.price,
        "stock": offer.net_stock_level,
        "pack_size": offer.pack_size,
        "lead_days": offer.lead_days,
        "warranty": offer.warranty_months,
        "regions": offer.regions,
        "delivery": offer.delivery,
        "status": offer.status,
    }
    one.after = one.before | values
    if "stock" in values and offer.status == StockRecord.Status.HIDDEN:
        one.after["status"] = OFFER.find("confirm-stock", offer.status, ["supplier"]).target
    if set(one.after["regions"]) == set(offer.regions):
        one.after["regions"] = offer.regions
    one.kind = "same" if one.after == one.before else "changed"


def _write(price_list: PriceList, partner: Partner, outcomes: list[Outcome]) -> None:
    now = timezone.now()
    changed = {one.offer.pk: one for one in outcomes if one.kind == "changed" and one.offer is not None}
    counted = [one.offer.pk for one in outcomes if one.offer is not None and "stock" in one.line.values and one.after]
    written: set[int] = set()
    with connection.cursor() as cursor:
        if changed:
            arrays: dict[str, Any] = {
                name: [",".join(one.after[name]) if name == "regions" else one.after[name] for one in changed.values()]
                for name in ("price", "stock", "pack_size", "lead_days", "warranty", "regions", "delivery", "status")
            }
            cursor.execute(UPDATE, {**arrays, "id": list(changed), "partner": partner.pk, "now": now})
            written = {pk for (pk,) in cursor.fetchall()}
    # A stock that is stated counts as counted now, changed or not (as in offers.change).
    StockRecord.objects.filter(pk__in=counted, partner=partner).update(stock_confirmed_at=now)
    new = _create(partner, [one for one in outcomes if one.kind == "created"], now)
    actor, about = price_list.sent_by, {"price_list": str(price_list.pk)}
    events.record_many(
        ({"subject": f"offer:{pk}", "data": about | _difference(changed[pk])} for pk in sorted(written)),
        kind="offer.updated",
        actor=actor,
        at=now,
    )
    events.record_many(
        (
            {"subject": f"offer:{pk}", "before": changed[pk].before["status"], "after": changed[pk].after["status"]}
            for pk in sorted(written)
            if changed[pk].before["status"] != changed[pk].after["status"]
        ),
        kind="offer.confirm-stock",
        actor=actor,
        at=now,
    )
    events.record_many(
        ({"subject": f"offer:{offer.pk}", "after": offer.status, "data": about} for offer in new),
        kind="offer.created",
        actor=actor,
        at=now,
    )
    products = sorted({one.offer.product_id for pk, one in changed.items() if pk in written and one.offer})
    if products:
        outbox.add("products.changed", str(price_list.pk), {"products": products})


def _create(partner: Partner, outcomes: list[Outcome], now: Any) -> list[StockRecord]:
    """New offers are drafts: nobody sees them before they were looked at."""
    home = [partner.home_region_id] if partner.home_region_id else []
    return StockRecord.objects.bulk_create(
        StockRecord(
            partner=partner,
            product_id=one.product.id if one.product else None,
            partner_sku=one.sku,
            price=one.after["price"],
            num_in_stock=one.after["stock"],
            num_allocated=0,
            status=StockRecord.Status.DRAFT,
            regions=one.after.get("regions") or home,
            stock_confirmed_at=now,
            **delivery.columns(one.after.get("delivery", delivery.NOTHING)),
            **{COLUMNS[name]: one.after[name] for name in ("pack_size", "lead_days", "warranty") if name in one.after},
        )
        for one in outcomes
    )


def _difference(one: Outcome) -> dict[str, Any]:
    """What changed, as the event keeps it."""
    names = [name for name in one.before if name != "status" and one.before[name] != one.after[name]]

    def facts(values: dict[str, Any]) -> dict[str, Any]:
        return {name: f"{value:.2f}" if isinstance(value := values[name], Decimal) else value for name in names}

    return {"before": facts(one.before), "after": facts(one.after)}
