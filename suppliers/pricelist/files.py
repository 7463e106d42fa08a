"""Price lists that go out: templates to fill in, and results row by row, as csv or xlsx.

No cell that we write is a formula to a spreadsheet: texts that could be one begin with an apostrophe, which
``checking`` takes off again.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from catalog.models import Product
from marketplace.errors import NotFound
from suppliers.models import Partner, PriceList, StockRecord
from suppliers.pricelist import selectors, words
from suppliers.pricelist.columns import CODES, LABELS

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", '"', "'")
MOST = 100_000
WIDTHS = {"sku": 18, "product": 22, "title": 42, "regions": 30, "delivery": 22}


def safe(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    return f"'{value}" if value.startswith(DANGEROUS) else value


def template(partner: Partner, kind: str, product_type: str = "") -> bytes:
    """Names of the columns in the reader's language, their codes, and what is there already: the own offers,
    or all products of a type to be offered."""
    offers = StockRecord.objects.filter(partner=partner).select_related("product").order_by("product__title", "pk")
    head = [[str(LABELS[code]) for code in CODES], list(CODES)]
    if not product_type:
        return write(kind, _("Price list"), chain(head, map(_offer_row, offers[:MOST].iterator(2000))))
    products = Product.objects.filter(
        product_class__code=product_type, moderation=Product.Moderation.PUBLISHED, is_public=True
    ).order_by("title", "pk")
    if not products.exists():
        raise NotFound
    own: dict[int, list[StockRecord]] = {}
    for offer in offers.filter(product__in=products):
        own.setdefault(offer.product_id, []).append(offer)
    rows = (
        row
        for product in products[:MOST].iterator(2000)
        for row in ([_offer_row(offer) for offer in own.get(product.pk, [])] or [_product_row(product)])
    )
    return write(kind, _("Price list"), chain(head, rows))


def _offer_row(offer: StockRecord) -> list[Any]:
    return [
        offer.partner_sku,
        offer.product.upc or "",
        offer.product.title,
        offer.price,
        offer.net_stock_level,
        offer.pack_size,
        offer.lead_days,
        offer.warranty_months,
        ", ".join(offer.regions),
        "" if offer.delivery is None else offer.delivery,
    ]


def _product_row(product: Product) -> list[Any]:
    return ["", product.upc or "", product.title, *[""] * (len(CODES) - 3)]


def result(price_list: PriceList, kind: str) -> bytes:
    """What became of each row, in the reader's language."""
    head = [_("Row"), _("Article"), _("Result"), _("Remarks")]
    rows = (
        [
            number,
            sku,
            words.kind(outcome, dry_run=price_list.dry_run),
            " ".join(words.remark(cell, code, params) for cell, code, params in remarks),
        ]
        for number, sku, outcome, remarks in selectors.results(price_list)
    )
    return write(kind, _("Result"), chain([head], rows))


def write(kind: str, title: str, rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as a file. The csv is what a spreadsheet of our region opens by itself: UTF-8 with its mark, semicolons."""
    return _xlsx(title, rows) if kind == "xlsx" else _csv(rows)


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerows([_shown(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _shown(cell: Any) -> Any:
    return safe(cell) if isinstance(cell, str) else str(cell).replace(".", ",")


def _xlsx(title: str, rows: Iterable[Sequence[Any]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    for place, code in enumerate(CODES):
        sheet.column_dimensions["ABCDEFGHIJ"[place]].width = WIDTHS.get(code, 14)
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append(list(_cells(sheet, row)))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cells(sheet: Any, row: Sequence[Any]) -> Iterator[Any]:
    for value in row:
        if not isinstance(value, str):
            yield value
            continue
        cell = WriteOnlyCell(sheet, value=safe(value))
        cell.data_type = "s"  # whatever it looks like
        cell.number_format = "@"
        yield cell
