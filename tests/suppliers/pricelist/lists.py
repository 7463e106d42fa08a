"""What the tests of price lists share: a shop with offers, files made by code, and what came of them."""

import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from django.core.files.base import ContentFile

from marketplace.models import Event, OutboxRow, User
from suppliers.models import PriceList, StockRecord
from suppliers.pricelist import jobs, prices, reading, selectors
from tests import factories as make

HEAD = ["sku", "product", "price", "stock"]


@pytest.fixture
def media(settings, monkeypatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(jobs, "SECONDS_OF_SENDER", reading.SECONDS)  # a busy machine is no fault of the rule under test
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def shop(db, media, index_folder) -> SimpleNamespace:
    """Jarqyn Med (account yerlan) sells A1, three of ten promised, and A2, which is hidden; Qadam Orto (natalya) Q1."""
    make.make_rules()
    for code in make.REGIONS:
        make.make_region(code)
    prices.forget()
    kind = make.make_type()
    bota, qulyn = make.make_product(kind, "Bota 50", upc="bota-50"), make.make_product(kind, "Qulyn S", upc="qulyn-s")
    make.make_product(kind, "Secret", upc="secret", moderation="draft")
    jarqyn, qadam = make.make_supplier("jarqyn-med", login="yerlan"), make.make_supplier("qadam-orto", login="natalya")
    return SimpleNamespace(
        jarqyn=jarqyn,
        qadam=qadam,
        yerlan=User.objects.get(username="yerlan"),
        bota=bota,
        qulyn=qulyn,
        a1=make.make_offer(bota, jarqyn, partner_sku="A1", price="142000.00", stock=10, num_allocated=3),
        a2=make.make_offer(qulyn, jarqyn, partner_sku="A2", price="99000.00", stock=4, status="hidden"),
        q1=make.make_offer(bota, qadam, partner_sku="Q1", price="149500.00", stock=5),
    )


def csv_of(rows: Sequence[Sequence[Any]], *, separator: str = ";", encoding: str = "utf-8") -> bytes:
    return "\r\n".join(separator.join(str(cell) for cell in row) for row in [HEAD, *rows]).encode(encoding)


def xlsx_of(rows: Sequence[Sequence[Any]], head: Sequence[Any] = HEAD, **more: Any) -> bytes:
    book = openpyxl.Workbook()
    for row in [head, *rows]:
        book.active.append(list(row))
    for merged in more.get("merged", ()):
        book.active.merge_cells(merged)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def send(shop: SimpleNamespace, content: bytes, *, dry_run: bool = False, name: str = "prices.csv") -> PriceList:
    """Send a list as Jarqyn Med and do all of it."""
    found = jobs.send(
        supplier_id=shop.jarqyn.pk, sent_by=shop.yerlan, upload=ContentFile(content, name), name=name, dry_run=dry_run
    )
    while not found.is_finished:
        found = jobs.advance(found.pk, found.slice)
    return found


def results(found: PriceList) -> list[tuple[Any, ...]]:
    """(article, what became of it, ["cell code", …]) of every row."""
    return [
        (sku, kind, [f"{cell} {code}" for cell, code, _params in remarks])
        for _number, sku, kind, remarks in selectors.results(found)
    ]


def stored(offer: StockRecord) -> tuple[Decimal, int, int, str]:
    row = StockRecord.objects.get(pk=offer.pk)
    return row.price, row.net_stock_level, row.num_allocated, row.status


def everything() -> tuple[list[tuple[Any, ...]], int, int]:
    """All offers, and how many events of offers and refreshes of documents there are."""
    return (
        list(StockRecord.objects.order_by("pk").values_list()),
        Event.objects.filter(kind__startswith="offer.").count(),
        OutboxRow.objects.filter(topic="products.changed").count(),
    )
