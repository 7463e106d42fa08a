"""What filters, order and counts need of all documents, column by column in the process's memory.

Exact counts beside every choice of a filter mean looking at each product that a question finds, and a common word
finds a third of the catalogue: PostgreSQL needs seconds for that at 100,000 products, these arrays a few milliseconds.
PostgreSQL stays the truth: the rows of a page are read from it, and the columns follow it. They are brought up
to date when something that pages are made of has changed (marketplace/page_changes.py): which documents have another
version is asked for all of them, so nothing can be missed. Asking takes time that grows with the catalogue (some 60 ms
for 100,000), so it is done at most as often as costs ``SHARE`` of a processor. A request waits for a few changes; for
more of them, or when it is too early to ask again, lists go on with what there is, a thread of the process catches up,
and the pages that were made meanwhile are made anew.

A row is a document; rows stand in the order of the products' ids. A product's suppliers, offers and stated parameters
are entries of their own, each with the row that it belongs to and sorted by it; offers of one product by supplier. Prices
are whole tiyn (a hundredth of a tenge), unit prices a hundredth of that.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import structlog
from cachetools import LRUCache
from django.db import DatabaseError, connection
from numpy.typing import NDArray

from catalog import types
from marketplace import page_changes

log = structlog.get_logger(__name__)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BATCH = 2_000  # well within the statement timeout
SHARE = 0.05
NO_PRICE = -1
NO_AMOUNT = np.iinfo(np.int64).min
MOST_TYPES = 16  # apart from the others, each a copy of its part
MOST_REGIONS = 63  # a bit each

_DOCUMENTS = """
SELECT product_id, version, type_id, shelf_slug, score, (best_price * 100)::bigint, (best_unit_price * 10000)::bigint,
    array_to_string(suppliers, ' '), array_to_string(regions, ' ')
FROM catalogue_productdocument d WHERE {which} ORDER BY product_id
"""
_PARAMETERS = """
SELECT d.product_id, stated.key, stated.value ->> 'kind', stated.value ->> 'min', stated.value ->> 'max', choice.text
FROM catalogue_productdocument d CROSS JOIN LATERAL jsonb_each(d.parameters) AS stated
CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(stated.value -> 'value')
    WHEN 'array' THEN stated.value -> 'value' ELSE jsonb_build_array(stated.value -> 'value') END) AS choice(text)
WHERE {which}
"""
_OFFERS = """
SELECT d.product_id, o.supplier, array_to_string(o.regions, ' '), (o.price * 100)::bigint, (o.unit_price * 10000)::bigint
FROM catalogue_productdocument d CROSS JOIN LATERAL jsonb_to_recordset(d.offers)
    AS o(supplier text, regions text[], price numeric, unit_price numeric)
WHERE {which}
"""


class Names:
    """Numbers for texts, given in the order of meeting them and never taken back."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return found

    def get(self, text: str) -> int:
        """-1 for a text that nothing has."""
        return self._numbers.get(text, -1)


@dataclass(frozen=True)
class Book:
    """The texts behind the numbers; one for all columns of a process."""

    shelves: Names = field(default_factory=Names)
    suppliers: Names = field(default_factory=Names)
    regions: Names = field(default_factory=Names)
    values: Names = field(default_factory=Names)
    # Few sets are different.
    _bits: dict[str, int] = field(default_factory=dict)

    def bits(self, regions: str) -> int:
        """A set of regions, written with spaces between, as one number."""
        found = self._bits.get(regions)
        if found is None:
            found = 0
            for code in regions.split():
                bit = self.regions.number(code)
                if bit >= MOST_REGIONS:
                    raise ValueError(f"more than {MOST_REGIONS} regions")
                found |= 1 << bit
            self._bits[regions] = found
        return found


@dataclass(frozen=True)
class Stated:
    """One parameter: who states it, and what. ``low`` and ``high`` are NO_AMOUNT unless it is an amount."""

    row: Integers
    low: Integers
    high: Integers
    value: Integers


@dataclass(frozen=True)
class Columns:
    """All documents, or those that a question finds; nothing in it is ever changed."""

    book: Book
    id: Integers
    version: Integers
    type: Integers
    shelf: Integers
    score: Floats
    price: Integers
    unit_price: Integers
    regions: Integers
    supplier_row: Integers
    supplier: Integers
    offer_row: Integers
    offer_supplier: Integers
    offer_regions: Integers
    offer_price: Integers
    offer_unit_price: Integers
    stated: Mapping[str, Stated]
    # By type (None for all): the types that it was worked out with, and the verdicts without any measure.
    fit_of_nobody: dict[int | None, tuple[types.Book, Integers]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.id)

    def mask(self, rows: Integers | Mask | None = None) -> Mask:
        """Which documents: none, or those with these rows."""
        found = np.zeros(len(self), dtype=bool)
        if rows is not None:
            found[rows] = True
        return found

    def rows(self, ids: Sequence[int]) -> Integers:
        """The rows of these products, in their order; products without a document are left out."""
        wanted = np.asarray(ids, dtype=np.int64)
        at = np.searchsorted(self.id, wanted)
        at = np.where(at < len(self), at, 0) if len(self) else at[:0]
        return at[self.id[at] == wanted[: len(at)]]

    def taken(self, rows: Integers) -> "Columns":
        """The documents of these rows alone, which must ascend: a question that finds few should not count all."""
        kept: dict[str, Any] = {name: getattr(self, name)[rows] for name in _OF_ROWS}
        for row, others in _WITH_ROW.items():
            begins = self._begins[row]
            kept[row], entries = _entries(begins[rows], begins[rows + 1])
            kept |= {name: getattr(self, name)[entries] for name in others}
        return Columns(book=self.book, stated=_StatedOf(self.stated, rows), **kept)

    def of_type(self, number: int) -> "Columns":
        """The documents of one type: who browses it need not have the others looked at."""
        with _taking:
            found = self._of_types.get(number)
            if found is None:
                found = self._of_types[number] = self.taken(np.flatnonzero(self.type == number))
        return found

    @cached_property
    def _of_types(self) -> LRUCache[int, "Columns"]:
        """Those that were browsed last."""
        return LRUCache(MOST_TYPES)

    @cached_property
    def _begins(self) -> dict[str, Integers]:
        """Where the entries of each row begin, and the end of the last one's."""
        return {row: np.searchsorted(getattr(self, row), np.arange(len(self) + 1)) for row in _WITH_ROW}

    @cached_property
    def best_first(self) -> Integers:
        """The place of each row when the highest score stands first."""
        places = np.empty(len(self), dtype=np.int64)
        places[np.lexsort((self.id, -self.score))] = np.arange(len(self))
        return places


_taking = threading.Lock()
_OF_ROWS = ("id", "version", "type", "shelf", "score", "price", "unit_price", "regions")
_WITH_ROW = {
    "supplier_row": ("supplier",),
    "offer_row": ("offer_supplier", "offer_regions", "offer_price", "offer_unit_price"),
}


def _entries(first: Integers, end: Integers) -> tuple[Integers, Integers]:
    """The entries from ``first`` to ``end`` of some rows: which of these rows each is of, and its own place."""
    counts = end - first
    rows = np.repeat(np.arange(len(first)), counts)
    begins = np.cumsum(counts) - counts
    return rows, np.arange(len(rows)) + (first - begins)[rows]


class _StatedOf(Mapping[str, Stated]):
    """What some documents state, looked up for the parameters that are asked for."""

    def __init__(self, stated: Mapping[str, Stated], rows: Integers) -> None:
        self._stated, self._rows = stated, rows
        self._taken: dict[str, Stated] = {}

    def __getitem__(self, code: str) -> Stated:
        found = self._taken.get(code)
        if found is None:
            entry = self._stated[code]
            first, end = (np.searchsorted(entry.row, self._rows, side=side) for side in ("left", "right"))
            rows, entries = _entries(first, end)
            found = self._taken[code] = Stated(rows, entry.low[entries], entry.high[entries], entry.value[entries])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._stated)

    def __len__(self) -> int:
        return len(self._stated)


def _integers(values: Iterable[int]) -> Integers:
    return np.fromiter(values, dtype=np.int64)


def _read(book: Book, which: str, params: Sequence[Any]) -> Columns:
    """The columns of the documents that the condition names."""
    with connection.cursor() as cursor:

        def rows(statement: str) -> list[tuple[Any, ...]]:
            cursor.execute(statement.format(which=which), params)
            return cursor.fetchall()

        documents, parameters, offers = rows(_DOCUMENTS), rows(_PARAMETERS), rows(_OFFERS)
    ids = _integers(row[0] for row in documents)
    at = {product_id: number for number, product_id in enumerate(ids.tolist())}
    # A document that came between the statements is read next time.
    parameters = [row for row in parameters if row[0] in at]
    offers = [row for row in offers if row[0] in at]
    sellers = [(number, code) for number, row in enumerate(documents) for code in row[7].split()]
    return Columns(
        book=book,
        id=ids,
        version=_integers(row[1] for row in documents),
        type=_integers(row[2] for row in documents),
        shelf=_integers(book.shelves.number(row[3]) for row in documents),
        score=np.fromiter((row[4] for row in documents), dtype=np.float64),
        price=_integers(NO_PRICE if row[5] is None else row[5] for row in documents),
        unit_price=_integers(NO_PRICE if row[6] is None else row[6] for row in documents),
        regions=_integers(book.bits(row[8]) for row in documents),
        supplier_row=_integers(number for number, _code in sellers),
        supplier=_integers(book.suppliers.number(code) for _number, code in sellers),
        offer_row=_integers(at[row[0]] for row in offers),
        offer_supplier=_integers(book.suppliers.number(row[1]) for row in offers),
        offer_regions=_integers(book.bits(row[2]) for row in offers),
        offer_price=_integers(NO_PRICE if row[3] is None else row[3] for row in offers),
        offer_unit_price=_integers(NO_PRICE if row[4] is None else row[4] for row in offers),
        stated=_stated(book, [(at[row[0]], *row[1:]) for row in parameters]),
    )


def _stated(book: Book, parameters: list[tuple[Any, ...]]) -> dict[str, Stated]:
    by_code: dict[str, list[tuple[int, int, int, int]]] = {}
    for row, code, kind, low, high, text in parameters:
        if kind == "number":
            low = high = text
        elif kind != "range":
            low = high = None
        by_code.setdefault(code, []).append(
            (
                row,
                NO_AMOUNT if low is None else int(low),
                NO_AMOUNT if high is None else int(high),
                -1 if low is not None or text is None else book.values.number(text),
            )
        )
    return {
        code: Stated(*(np.array(column, dtype=np.int64) for column in zip(*entries, strict=True)))
        for code, entries in by_code.items()
    }


def _joined(book: Book, parts: Sequence[Columns]) -> Columns:
    """The documents of all parts; no product may be in two of them."""
    ids = np.concatenate([part.id for part in parts])
    order = np.argsort(ids, kind="stable")
    places = np.empty(len(ids), dtype=np.int64)
    places[order] = np.arange(len(ids))
    starts = np.cumsum([0, *(len(part) for part in parts)])

    def column(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    def rows_of(found: Sequence[tuple[int, Integers]]) -> Integers:
        return places[np.concatenate([rows + starts[number] for number, rows in found])]

    columns = {name: column(name)[order] for name in _OF_ROWS}
    for row, others in _WITH_ROW.items():
        of = rows_of([(number, getattr(part, row)) for number, part in enumerate(parts)])
        entries = {row: of, **{name: column(name) for name in others}}
        ordered = np.lexsort((entries[others[0]], of))
        columns |= {name: values[ordered] for name, values in entries.items()}
    stated = {}
    for code in {code for part in parts for code in part.stated}:
        have = [(number, part.stated[code]) for number, part in enumerate(parts) if code in part.stated]
        of = rows_of([(number, entry.row) for number, entry in have])
        ordered = np.argsort(of, kind="stable")
        low, high, value = (
            np.concatenate([getattr(entry, name) for _number, entry in have])[ordered]
            for name in ("low", "high", "value")
        )
        stated[code] = Stated(of[ordered], low, high, value)
    return Columns(book=book, stated=stated, **columns)


def _without(columns: Columns, gone: Mask) -> Columns:
    """The documents that are not ``gone``."""
    stay = ~gone
    places = np.cumsum(stay) - 1
    kept: dict[str, Any] = {name: getattr(columns, name)[stay] for name in _OF_ROWS}
    for row, others in _WITH_ROW.items():
        chosen = stay[getattr(columns, row)]
        kept[row] = places[getattr(columns, row)[chosen]]
        kept |= {name: getattr(columns, name)[chosen] for name in others}
    stated = {}
    for code, entry in columns.stated.items():
        chosen = stay[entry.row]
        if chosen.any():
            stated[code] = Stated(places[entry.row[chosen]], entry.low[chosen], entry.high[chosen], entry.value[chosen])
    return Columns(book=columns.book, stated=stated, **kept)


def _all(book: Book) -> Columns:
    parts, last = [], -1
    while True:
        ids = _next_ids(last)
        if not ids:
            break
        parts.append(_read(book, "d.product_id = ANY(%s)", [ids]))
        last = ids[-1]
    return _joined(book, parts or [_read(book, "false", [])])


def _next_ids(last: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT product_id FROM catalogue_productdocument WHERE product_id > %s ORDER BY product_id LIMIT %s",
            [last, BATCH],
        )
        return [product_id for (product_id,) in cursor.fetchall()]


def _behind(columns: Columns) -> tuple[Mask, list[int]]:
    """The rows that are still as they were, and the products whose documents are new or other ones."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT product_id, version FROM catalogue_productdocument ORDER BY product_id")
        now = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
    ids, versions = now[:, 0], now[:, 1]
    same = np.zeros(len(ids), dtype=bool)
    if len(columns):
        at = np.searchsorted(columns.id, ids)
        at[at == len(columns)] = 0
        same = (columns.id[at] == ids) & (columns.version[at] == versions)
    return columns.mask(columns.rows(ids[same].tolist())), ids[~same].tolist()


def _followed(columns: Columns, stays: Mask, changed: Sequence[int]) -> Columns:
    """The columns with all that has changed in the documents."""
    if not changed and stays.all():
        return columns
    parts = [_without(columns, ~stays)]
    for start in range(0, len(changed), BATCH):
        begun = time.monotonic()
        parts.append(_read(columns.book, "d.product_id = ANY(%s)", [changed[start : start + BATCH]]))
        if len(changed) > BATCH:  # nobody waits for so many, and those who ask meanwhile want the processor
            time.sleep(time.monotonic() - begun)
    return _joined(columns.book, parts)


class _Held:
    """The columns of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._columns: Columns | None = None
        self._moment = 0
        self._not_before = 0.0
        self._later: threading.Timer | None = None

    def get(self) -> Columns:
        """One thread brings them up to date; the others go on with what there is."""
        moment = page_changes.moment()
        held = self._columns
        if held is None:
            with self._lock:
                return self._columns or self._read(moment)
        if moment <= self._moment:
            return held
        if time.monotonic() >= self._not_before and self._lock.acquire(blocking=False):
            try:
                return self._follow(held, moment, most=BATCH)
            finally:
                self._lock.release()
        self._catch_up_later()
        return held

    # With the lock held .......................................................................

    def _read(self, moment: int) -> Columns:
        begun = time.monotonic()
        held = self._columns = _all(Book())
        log.info("search_columns_read", products=len(held), seconds=round(time.monotonic() - begun, 2))
        self._moment = moment
        self._rest(begun)
        return held

    def _follow(self, held: Columns, moment: int, most: float) -> Columns:
        """The columns as they are now, or the old ones when more than ``most`` documents changed."""
        begun = time.monotonic()
        try:
            stays, changed = _behind(held)
            if len(changed) > most:
                self._catch_up_later()
                return held
            held = self._columns = _followed(held, stays, changed)
            self._moment = moment
        except DatabaseError as error:
            # Counts that are a little old are better than no list.
            log.warning("search_columns_not_followed", reason=type(error).__name__)
        finally:
            self._rest(begun)
        return held

    def _rest(self, begun: float) -> None:
        ended = time.monotonic()
        self._not_before = ended + (ended - begun) / SHARE

    # ..........................................................................................

    def _catch_up_later(self) -> None:
        """As soon as it may be asked again; once, however many want it."""
        if self._later is None:
            later = self._later = threading.Timer(max(0.0, self._not_before - time.monotonic()), self._catch_up)
            later.daemon = True
            later.start()

    def _catch_up(self) -> None:
        """Follow all there is, and have the lists made anew that showed less."""
        self._later = None
        try:
            with self._lock:
                moment = page_changes.moment()
                if self._columns is None:
                    return
                if moment > self._moment:
                    self._follow(self._columns, moment, most=float("inf"))
                # Also when a request has followed meanwhile: somebody was shown less. Unless something changed since,
                # there is nothing to follow in what is renewed now.
                if self._moment >= moment and page_changes.renew_lists() == self._moment + 1:
                    self._moment += 1
        except DatabaseError as error:
            log.warning("search_columns_not_followed", reason=type(error).__name__)
        finally:
            connection.close()

    def forget(self) -> None:
        with self._lock:
            if self._later is not None:
                self._later.cancel()
            self._columns, self._moment, self._not_before, self._later = None, 0, 0.0, None


_held = _Held()
current = _held.get
forget = _held.forget


def warm() -> None:
    """Read everything before the first visitor comes; a database that is not there yet is no reason to wait."""
    try:
        current()
    except DatabaseError as error:
        log.warning("search_columns_not_read", reason=type(error).__name__)
    finally:
        connection.close()
