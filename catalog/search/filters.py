"""Filters, order and exact counts, on the columns of all documents; the rows of a page come from PostgreSQL.

A filter that has counts beside its choices (type, region, supplier, fit, parameters with choices) is a
flag of the document, not a condition: each count leaves its own filter out, so that it says what choosing it
will give. The price, intervals and the engine's hits are conditions. A product is in the list when one
offer meets region, supplier and price together.

    kept    documents that meet the conditions
    flags   for each filter of the product: who meets it
    met     documents of which one offer meets region, supplier and price, with the lowest price that counts
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import F, JSONField
from django.db.models.expressions import RawSQL

from catalog.models import ProductDocument
from catalog.search import columns as held
from catalog.search import fit_columns
from catalog.search.columns import NO_AMOUNT, NO_PRICE, Columns, Integers, Mask
from catalog.search.query import AttributeFilter, Query
from catalog.types import ProductType

FITS = ("fits", "unknown", "does_not_fit")
# A question that finds more than one in so many is answered sooner by looking at all than by copying what it found.
FEW = 30
LAST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class FacetValue:
    """One choice of a filter (a code, an id of a type, a rank of FITS) and how many products it gives."""

    value: str
    count: int


Facets = dict[str, list[FacetValue]]


@dataclass(frozen=True)
class Listed:
    """What a list shows of a product: the search document without its long texts.

    ``offers``: all of them, or in a ``brief`` list what each costs, for how many, by whom, where, and since when.
    """

    pk: int
    type_id: int
    slug: str
    brand: str
    titles: dict[str, str]
    parameters: dict[str, dict[str, Any]]
    offers: list[dict[str, Any]]


_LISTED = ("pk", "type_id", "slug", "brand", "titles", "parameters")
# The reasons of their places in three languages are most of the offers' bytes.
_SHORT_OFFERS: RawSQL = RawSQL(
    "(SELECT coalesce(jsonb_agg(jsonb_build_object('supplier', o -> 'supplier', 'regions', o -> 'regions',"
    " 'price', o -> 'price', 'pack_size', o -> 'pack_size', 'confirmed_at', o -> 'confirmed_at',"
    " 'delivery_included', o -> 'delivery_included', 'delivery_price', o -> 'delivery_price') ORDER BY number), '[]')"
    " FROM jsonb_array_elements(offers) WITH ORDINALITY AS listed(o, number))",
    [],
    output_field=JSONField(),
)


@dataclass(frozen=True)
class Page:
    """The products of one page in order, the exact number of all results, counts by filter."""

    ids: list[int]
    count: int
    facets: Facets = field(default_factory=dict)
    engine: str = ""
    read_as: str = ""  # the text as the search understood it, when that is not as it was typed
    brief: bool = False

    @cached_property
    def rows(self) -> list[Listed]:
        """What is listed of each product; one that has gone meanwhile is left out. One query."""
        return self.read(self.ids)

    def read(self, ids: list[int]) -> list[Listed]:
        """The same of some of them."""
        return _listed(ids, self.brief) if ids else []

    def versions(self) -> dict[int, int]:
        """The version of each product's document, for who knows already what is listed of some. One query."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT product_id, version FROM catalogue_productdocument WHERE product_id = ANY(%s)", [self.ids]
            )
            found = dict(cursor.fetchall())
        return {pk: found[pk] for pk in self.ids if pk in found}


def run(query: Query, hits: Sequence[int] | None, *, brief: bool = False) -> Page:
    """One page of what the engine found, or of everything when nothing was searched for."""
    answer = _Answer(held.current(), query, hits)
    return Page(answer.page(), answer.count, answer.facets(), brief=brief)


def products_by_type() -> dict[int, int]:
    """How many products each type has, by the type's id."""
    return _counted(held.current().type)


def _listed(ids: list[int], brief: bool) -> list[Listed]:
    offers = _SHORT_OFFERS if brief else F("offers")
    rows = ProductDocument.objects.filter(pk__in=ids).order_by().values(*_LISTED, listed_offers=offers)
    found = {row["pk"]: Listed(offers=row.pop("listed_offers"), **row) for row in rows}
    return [found[product_id] for product_id in ids if product_id in found]


def _counted(numbers: Integers) -> dict[int, int]:
    """How often each number occurs. They are small: ids of types, numbers of names."""
    return {number: int(count) for number, count in enumerate(np.bincount(numbers)) if count}


class _Answer:
    """One question put to the columns: to all of them, or to those of the engine's hits."""

    def __init__(self, columns: Columns, query: Query, hits: Sequence[int] | None) -> None:
        self.query, self.everything = query, columns
        self.rows = self.place = None  # of the hits in ``everything``; their places in the engine's order
        self.marked: Mask | None = None  # the hits, where nothing else of ``everything`` was left out
        self.columns = columns
        if hits is not None:
            found = columns.rows(hits)
            if len(found) * FEW > len(columns):
                self.marked = columns.mask(found)
                self.place = np.zeros(len(columns), dtype=np.int64)
                self.place[found] = np.arange(len(found))
            else:
                self.place = np.argsort(found)
                self.rows = found[self.place]
                self.columns = columns.taken(self.rows)
        elif query.product_type is not None:
            # Who browses one type does not ask how many products the others have.
            self.columns = columns.of_type(query.product_type.id)
        self.kept = self._kept()
        self.flags = dict(self._flags())

    # Which products ............................................................................

    def _kept(self) -> Mask:
        columns, query = self.columns, self.query
        kept = np.ones(len(columns), dtype=bool) if self.marked is None else self.marked
        if query.shelf:
            kept &= columns.shelf == columns.book.shelves.get(query.shelf)
        for asked in query.attributes:
            if asked.kind in {"range", "number"}:
                kept &= self._within(asked)
            elif asked.kind == "text":
                wanted = {value.lower() for value in asked.values}
                same = [number for number, text in enumerate(columns.book.values.texts) if text.lower() in wanted]
                kept &= self._states(asked.code, same)
        return kept

    def _within(self, asked: AttributeFilter) -> Mask:
        """A product that can be set from 45 to 62 cm meets 50–55 cm as well as 60–70 cm."""
        entry = self.columns.stated.get(asked.code)
        if entry is None:
            return self.columns.mask()
        meets = entry.low != NO_AMOUNT
        if asked.lower is not None:
            meets &= entry.high >= asked.lower
        if asked.upper is not None:
            meets &= entry.low <= asked.upper
        return self.columns.mask(entry.row[meets])

    def _states(self, code: str, values: Sequence[int]) -> Mask:
        entry = self.columns.stated.get(code)
        return self.columns.mask(None if entry is None else entry.row[np.isin(entry.value, values)])

    def _flags(self) -> Iterator[tuple[str, Mask]]:
        query = self.query
        if query.product_type is not None and self.place is not None:
            yield "type", self.columns.type == query.product_type.id
        for asked in query.attributes:
            if asked.kind in {"choice", "flag", "multi"}:
                values = [self.columns.book.values.get(value) for value in asked.values]
                yield f"attr.{asked.code}", self._states(asked.code, [value for value in values if value >= 0])
        if query.fits:
            yield "fits", self.fit == fit_columns.FITS

    @cached_property
    def fit(self) -> Integers:
        if self.rows is None or self.query.measures:
            return fit_columns.ranks(self.columns, self.query.product_type, self.query.measures)
        return fit_columns.ranks(self.everything, self.query.product_type, {})[self.rows]  # worked out once for all

    def _flagged(self, without: str = "") -> Mask:
        """Kept documents that meet all filters of the product but one."""
        if without not in self.flags:
            return self._flagged_all
        found = self.kept
        for name, flag in self.flags.items():
            if name != without:
                found = found & flag
        return found

    @cached_property
    def _flagged_all(self) -> Mask:
        return np.logical_and.reduce([self.kept, *self.flags.values()])

    def found(self, without: str = "") -> Mask:
        """Documents of the list, with all filters of the product but one."""
        return self._met(self._flagged(without)) if without in self.flags else self._found_all

    @cached_property
    def _found_all(self) -> Mask:
        return self._met(self._flagged_all)

    def _met(self, documents: Mask) -> Mask:
        """Those of which one offer meets region, supplier and price, when one of these was asked for."""
        return documents & self.met if self._asks_about_offers else documents

    # Their offers ..............................................................................

    @property
    def _asks_about_offers(self) -> bool:
        return bool(self.query.region or self.query.supplier or self.query.price != (None, None))

    @cached_property
    def _priced(self) -> Mask:
        """Offers within the price that was asked for."""
        lower, upper = self.query.price
        prices = self.columns.offer_price
        meets = prices >= (0 if lower is None else _tiyn(lower, ROUND_CEILING))
        return meets if upper is None else meets & (prices <= _tiyn(upper, ROUND_FLOOR))

    @cached_property
    def _in_region(self) -> Mask:
        if not self.query.region:
            return np.ones(len(self.columns.offer_row), dtype=bool)
        bit = self.columns.book.regions.get(self.query.region)
        regions = self.columns.offer_regions if bit >= 0 else np.zeros_like(self.columns.offer_regions)
        return (regions & (1 << max(bit, 0))) != 0

    @cached_property
    def _by_supplier(self) -> Mask:
        if not self.query.supplier:
            return np.ones(len(self.columns.offer_row), dtype=bool)
        return self.columns.offer_supplier == self.columns.book.suppliers.get(self.query.supplier)

    @cached_property
    def _meeting(self) -> Mask:
        return self._priced & self._in_region & self._by_supplier

    @cached_property
    def met(self) -> Mask:
        return self.columns.mask(self.columns.offer_row[self._meeting])

    def _lowest(self, of_document: Integers, of_offer: Integers) -> Integers:
        """The lowest price of each document, of the offers that count."""
        if not self._asks_about_offers:
            return np.where(of_document == NO_PRICE, LAST, of_document)
        lowest, rows = np.full(len(self.columns), LAST), self.columns.offer_row[self._meeting]
        starts = _starts(rows)
        lowest[rows[starts]] = np.minimum.reduceat(of_offer[self._meeting], starts) if len(starts) else LAST
        return lowest

    # The page ..................................................................................

    @cached_property
    def count(self) -> int:
        return int(np.count_nonzero(self.found()))

    def page(self) -> list[int]:
        """Product ids of the page in order."""
        rows = np.flatnonzero(self.found())
        keys = self._order()[rows]
        end = self.query.page * self.query.size
        start = end - self.query.size
        if start >= len(rows):
            return []
        if end < len(rows):  # nobody needs the order of what comes after this page
            first = keys <= np.partition(keys, end - 1)[end - 1]
            rows, keys = rows[first], keys[first]
        ordered = rows[np.argsort(keys, kind="stable")]  # of equals the older product
        return self.columns.id[ordered[start:end]].tolist()

    def _order(self) -> Integers:
        """Lower stands first."""
        columns = self.columns
        if self.query.sort == "best":
            # What cannot fit comes last, before it what nobody delivers to the person's region.
            late = 2 * (self.fit == fit_columns.DOES_NOT_FIT) + self._far
            if self.place is not None:  # between the others the engine's order holds
                return late * len(columns) + self.place
            return (late * len(FITS) + self.fit) * len(columns) + columns.best_first
        if self.query.sort == "unit_price":
            return self._lowest(columns.unit_price, columns.offer_unit_price)
        lowest = self._lowest(columns.price, columns.offer_price)
        return lowest if self.query.sort == "price" else np.where(lowest == LAST, LAST, -lowest)

    @cached_property
    def _far(self) -> Mask:
        """Documents of which no offer is delivered to the person's region."""
        if not self.query.near:
            return self.columns.mask()
        bit = self.columns.book.regions.get(self.query.near)
        return (self.columns.regions & (1 << bit)) == 0 if bit >= 0 else ~self.columns.mask()

    # Counts ....................................................................................

    def facets(self) -> Facets:
        found: dict[str, dict[str, int]] = {
            "type": _texts(_counted(self.columns.type[self.found("type")])),
            "fit": _texts(_counted(self.fit[self.found("fits")])),
            "region": self._regions(),
            "supplier": self._suppliers(),
        }
        if self.query.product_type is not None:
            found |= self._choices(self.query.product_type)
        return {
            name: [
                FacetValue(value, count)
                for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            ]
            for name, counts in found.items()
            if counts
        }

    def _choices(self, product_type: ProductType) -> dict[str, dict[str, int]]:
        """Counts of the type's parameters with choices; a chosen one is counted without its own filter."""
        texts, everything, found = self.columns.book.values.texts, self.found(), {}
        for attribute in product_type.attributes:
            entry = self.columns.stated.get(attribute.code)
            if entry is None or attribute.common or attribute.kind not in {"choice", "multi", "flag"}:
                continue
            own = f"attr.{attribute.code}"
            among = self.found(own) if own in self.flags else everything
            counted = _counted(entry.value[among[entry.row] & (entry.value >= 0)])
            found[own] = {texts[number]: count for number, count in counted.items()}
        return found

    def _unpacked(self, other: str) -> bool:
        """Whether a count of regions or suppliers asks something of the offer, so that documents cannot answer."""
        return self.query.price != (None, None) or bool(getattr(self.query, other))

    def _regions(self) -> dict[str, int]:
        columns, among = self.columns, self._flagged()
        if not self._unpacked("supplier"):
            return _bits(columns.regions[among], columns.book.regions.texts)
        chosen = self._priced & self._by_supplier & among[columns.offer_row]
        starts = _starts(columns.offer_row[chosen])
        sets = np.bitwise_or.reduceat(columns.offer_regions[chosen], starts) if len(starts) else starts
        return _bits(sets, columns.book.regions.texts)

    def _suppliers(self) -> dict[str, int]:
        columns, among = self.columns, self._flagged()
        texts = columns.book.suppliers.texts
        if self._unpacked("region"):
            chosen = self._priced & self._in_region & among[columns.offer_row]
            # A supplier with two offers of one product counts once.
            pairs = columns.offer_row[chosen] * len(texts) + columns.offer_supplier[chosen]
            numbers = columns.offer_supplier[chosen][_starts(pairs)]
        else:
            numbers = columns.supplier[among[columns.supplier_row]]
        return {texts[number]: count for number, count in _counted(numbers).items()}


def _starts(ordered: Integers) -> Integers:
    """Where each run of equal numbers begins."""
    begins = np.ones(len(ordered), dtype=bool)
    begins[1:] = ordered[1:] != ordered[:-1]
    return np.flatnonzero(begins)


def _tiyn(amount: Decimal, rounding: str) -> int:
    return int((amount * 100).to_integral_value(rounding))


def _texts(counts: dict[int, int]) -> dict[str, int]:
    return {str(number): count for number, count in counts.items()}


def _bits(sets: Integers, names: Sequence[str]) -> dict[str, int]:
    """How many of the sets hold each name, counted byte by byte: each byte has 256 values at most."""
    octets = np.ascontiguousarray(sets).view(np.uint8).reshape(-1, 8)
    counts: dict[str, int] = {}
    for first in range(0, len(names), 8):
        of_value = np.bincount(octets[:, first // 8], minlength=256)
        for bit, name in enumerate(names[first : first + 8]):
            count = int(of_value[(np.arange(256) & (1 << bit)) != 0].sum())
            if count:
                counts[name] = count
    return counts
