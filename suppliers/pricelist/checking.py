"""Cells of one row as values, or what is wrong with each of them. Asks no database."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace import regions
from suppliers.offers import HIGHEST_PRICE, MOST_STOCK
from suppliers.pricelist.columns import Layout
from suppliers.pricelist.reading import Row

MOST_PACK = 100_000
MOST_LEAD_DAYS = 365
MOST_WARRANTY = 600
LONGEST_SKU = 128
SPACES = re.compile(r"[\s\u00a0\u202f\u2009]+")
CURRENCY = re.compile(r"(₸|тг\.?|тенге|теңге|kzt)$", re.IGNORECASE)
GROUPS = re.compile(r"\d{1,3}([.,]\d{3})+")

Remark = tuple[str, str, dict[str, Any]]  # cell, code of ``words``, facts


class Wrong(Exception):
    def __init__(self, code: str, **params: Any):
        self.code, self.params = code, params
        super().__init__(code)


@dataclass
class Line:
    """A row of the list: what was stated, and what is said about it."""

    row: Row
    layout: Layout
    sku: str = ""
    product: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    def cell(self, column: str) -> str:
        """The name of the cell of a column; that of the row's first cell when the list has no such column."""
        return self.row.name(self.layout.places.get(column, 0))

    @property
    def typed(self) -> str:
        """What stands in the article's cell when it is a text, else the product's code: how people find the row."""
        cell = self.row.cell(self.layout.places["sku"]) if "sku" in self.layout.places else None
        return cell[:LONGEST_SKU] if isinstance(cell, str) else self.sku or self.product

    def refuse(self, column: str, code: str, **params: Any) -> None:
        self.errors.append((self.cell(column), code, params))


def check(row: Row, layout: Layout, *, strict_width: bool = False) -> Line:
    """``strict_width``: a value behind the last column means that the row was cut at the wrong signs (text files)."""
    line = Line(row, layout)
    for column, place in layout.places.items():
        cell = row.cell(place)
        if cell is None or column not in READERS:
            continue
        try:
            value = READERS[column](_stated(cell))
        except Wrong as wrong:
            line.refuse(column, wrong.code, **wrong.params)
            continue
        if column in ("sku", "product"):
            setattr(line, column, value)
        else:
            line.values[column] = value
    if strict_width:
        extra = next((place for place in range(layout.last + 1, len(row.cells)) if row.cells[place]), None)
        if extra is not None:
            line.errors.append((row.name(extra), "extra", {}))
    if not line.sku and not line.product and not line.errors:
        line.refuse("sku" if "sku" in layout.places else "product", "nameless")
    if not line.values and not line.errors:
        line.refuse("price" if "price" in layout.places else "stock", "nothing")
    return line


def _stated(cell: Any) -> Any:
    """A text or a number; everything else a cell may hold is wrong in every column."""
    if isinstance(cell, dict):
        kind, value = next(iter(cell.items()))
        raise Wrong(kind, found=str(value))
    return cell


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).strip()
    # What our own files put before signs that a spreadsheet would take for a formula.
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@\"'") else text


def _sku(cell: Any) -> str:
    text = _text(cell)
    if len(text) > LONGEST_SKU:
        raise Wrong("long", most=LONGEST_SKU)
    if text.startswith(("=", "+", "@")) or "<" in text or ">" in text or not text.isprintable():
        raise Wrong("signs")
    return text


def _decimal(cell: Any) -> Decimal:
    """``142 000,50 ₸``, ``1,234.50``, 142000.5; what may be read in two ways is not guessed."""
    if isinstance(cell, int | float):
        try:
            exact = Decimal(repr(cell))
            near = round(exact, 2)  # a formula's 1420.0000000001
            return near if abs(exact - near) < Decimal("0.000001") * max(Decimal(1), abs(near)) else exact
        except InvalidOperation:
            raise Wrong("number", found=str(cell)) from None
    found = str(cell)
    text = CURRENCY.sub("", SPACES.sub("", found).replace("\u2212", "-"))
    if GROUPS.fullmatch(text) and len(set(text) & set(".,")) == 1 and len(re.split("[.,]", text)) == 2:
        raise Wrong("two_ways", found=found, whole=re.sub("[.,]", "", text))
    if "," in text and "." in text:
        point = max(text.rfind(","), text.rfind("."))
        text = re.sub("[.,]", "", text[:point]) + "." + text[point + 1 :]
    elif GROUPS.fullmatch(text):
        text = re.sub("[.,]", "", text)
    text = text.replace(",", ".")
    if not re.fullmatch(r"[+-]?\d{1,20}(\.\d{1,10})?", text):
        raise Wrong("number", found=found[:60])
    return Decimal(text)


def _price(cell: Any) -> Decimal:
    price = _decimal(cell)
    if not price.is_finite() or not 0 < price <= HIGHEST_PRICE:
        raise Wrong("price_range")
    if price != round(price, 2):
        raise Wrong("price_places", found=str(cell)[:60])
    return round(price, 2)


def _delivery(cell: Any) -> Decimal:
    """KZT; how much may be asked is a rule, looked up where the database is."""
    price = _decimal(cell)
    if not price.is_finite() or not 0 <= price <= HIGHEST_PRICE:
        raise Wrong("delivery_range")
    if price != round(price, 2):
        raise Wrong("price_places", found=str(cell)[:60])
    return round(price, 2)


def _whole(code: str, least: int, most: int) -> Callable[[Any], int]:
    def read(cell: Any) -> int:
        number = _decimal(cell)
        if not number.is_finite() or number != int(number):
            raise Wrong("whole", found=str(cell)[:60])
        if not least <= number <= most:
            raise Wrong(code, least=least, most=most)
        return int(number)

    return read


def _regions(cell: Any) -> list[str]:
    found = set()
    for text in re.split(r"[,;\n]", _text(cell)):
        if text.strip():
            region = regions.find(text) or _by_name(text)
            if region is None:
                raise Wrong("region", found=text.strip()[:60])
            found.add(region.code)
    return sorted(found)


def _by_name(text: str) -> regions.RegionFacts | None:
    wanted = text.strip().casefold()
    return next((one for one in regions.listed() if wanted in {name.casefold() for name in one.names.values()}), None)


READERS: dict[str, Callable[[Any], Any]] = {
    "sku": _sku,
    "product": _sku,
    "price": _price,
    "stock": _whole("stock_range", 0, MOST_STOCK),
    "pack_size": _whole("pack_range", 1, MOST_PACK),
    "lead_days": _whole("lead_range", 1, MOST_LEAD_DAYS),
    "warranty": _whole("warranty_range", 0, MOST_WARRANTY),
    "regions": _regions,
    "delivery": _delivery,
}
