"""Loads suppliers and their offers from data files. Idempotent; a repeated run never touches stock.

Call order: regions and people, ``catalog.loading.load_types`` and ``load_products``, ``load_suppliers``,
``load_offers``, and then ``refresh`` for the search documents.
"""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from catalog import search
from catalog.loading import in_columns, read, upsert
from catalog.models import Product
from marketplace.models import User
from suppliers import delivery
from suppliers.effects import refresh_documents
from suppliers.models import Partner, StockRecord, Suspension
from suppliers.watch import cells

DATA = Path(__file__).parent / "data"
KEPT = (
    "delivered_lines",
    "on_time_lines",
    "rejected_lines",
    "complaint_load",
    "confirmed_cases",
    "silent_cases",
    "rating_sum",
    "rating_count",
    "complaints_reply",
    "complaints_reply_language",
    "declared_on",
    "licence_number",
    "licence_until",
)


def load_suppliers(path: Path = DATA / "suppliers.json") -> int:
    """Suppliers by code, with the account named by ``login`` where it exists. What happened since (counters, declarations) stays."""
    items = read(path)["suppliers"]
    rows = [
        Partner(
            code=item["code"],
            name=item["name"],
            bin=item["bin"],
            group_bin=item.get("group_bin", ""),
            status=item["status"],
            home_region_id=item["home_region"],
            address=item["address"],
            phone=item["phone"],
            email=item["email"],
            approved_at=_day(item["approved_at"]),
            suspended_until=_day(item.get("suspended_until")),
            **in_columns("about", item["about"]),
        )
        for item in items
    ]
    with transaction.atomic():
        upsert(Partner, rows, key=["code"], keep=(*KEPT, "status", "suspended_until"))
        partners = dict(Partner.objects.filter(code__in=[item["code"] for item in items]).values_list("code", "pk"))
        users = dict(User.objects.filter(username__in=[item["login"] for item in items]).values_list("username", "pk"))
        Partner.users.through.objects.bulk_create(
            [
                Partner.users.through(partner_id=partners[item["code"]], user_id=users[item["login"]])
                for item in items
                if item["login"] in users
            ],
            ignore_conflicts=True,
        )
        _load_suspensions(items, partners)
    return len(items)


def _load_suspensions(items: list[dict[str, Any]], partners: dict[str, int]) -> None:
    """The ban behind a suspended supplier, once: what the ministry does later is not written over."""
    known = set(Suspension.objects.values_list("partner_id", flat=True))
    Suspension.objects.bulk_create(
        Suspension(
            partner_id=partners[item["code"]],
            started_at=timezone.make_aware(datetime.fromisoformat(item["suspension"]["started_on"])),
            until=date.fromisoformat(item["suspended_until"]),
            reason=item["suspension"]["reason"],
            legal_basis=item["suspension"]["legal_basis"],
        )
        for item in items
        if "suspension" in item and partners[item["code"]] not in known
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def load_offers(path: Path = DATA / "offers.json") -> int:
    """Published offers by supplier and article.

    A known offer keeps its stock and its state, and counts as confirmed again: a hidden one is back on sale.
    """
    items = read(path)
    with transaction.atomic():
        products = dict(Product.objects.filter(upc__in={item["product"] for item in items}).values_list("upc", "pk"))
        partners = dict(Partner.objects.values_list("code", "pk"))
        rows = [_offer(item, products[item["product"]], partners[item["supplier"]]) for item in items]
        upsert(
            StockRecord,
            rows,
            key=["partner", "partner_sku"],
            keep=["num_in_stock", "num_allocated", "status", "date_created"],
        )
        StockRecord.objects.filter(
            status=StockRecord.Status.HIDDEN, partner_sku__in=[item["sku"] for item in items]
        ).update(status=StockRecord.Status.PUBLISHED)
    return len(items)


def _offer(item: dict[str, Any], product_id: int, partner_id: int) -> StockRecord:
    return StockRecord(
        product_id=product_id,
        partner_id=partner_id,
        partner_sku=item["sku"],
        price=Decimal(item["price"]),
        num_in_stock=item["stock"],
        num_allocated=0,
        status=StockRecord.Status.PUBLISHED,
        pack_size=item["pack_size"],
        lead_days=item["lead_days"],
        regions=item["regions"],
        lead_days_by_region=item.get("lead_days_by_region", {}),
        warranty_months=item["warranty_months"],
        **delivery.columns(delivery.NOTHING if item["delivery_included"] else Decimal(item["delivery_price"])),
        stock_confirmed_at=timezone.now(),
    )


# Goods that were loaded a moment ago, perhaps in this transaction, are unknown to the planner: it takes their tables
# for empty, and a document costs seconds.
LOADED = """
ANALYZE catalogue_product, catalogue_productattributevalue, catalogue_productattributevalue_value_multi_option,
    catalogue_attributeoption, partner_stockrecord
"""


def refresh() -> dict[str, int]:
    """All search documents, the indexes of the engines and the market's cells, at once and without the outbox's delay."""
    with connection.cursor() as cursor:
        cursor.execute(LOADED)
    return {"documents": refresh_documents(), **search.rebuild(), "kinds": cells.catch_up()}
