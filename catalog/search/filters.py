"""Filters, order and exact counts, by PostgreSQL on the documents: one statement for a whole page.

A filter that has counts beside its choices (type, region, supplier, fit, parameters with choices) is a
flag of the row, not a condition: each count leaves its own filter out, so that it says what choosing it
will give. The price, intervals and the engine's hits are conditions. A product is in the list when one
offer meets region, supplier and price together; only when one of the three is asked for are offers
unpacked, because the documents' arrays answer the rest.

    kept    documents that meet the conditions, with a flag for each filter of the product
    offer   their offers, with a flag for region and supplier      (only when offers are asked about)
    found   documents of which an offer meets everything, with the lowest price that counts
    page    twenty of them in order
"""

# ruff: noqa: S608  the names in the texts are our own definitions' codes; every value is a parameter

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from catalog.search import fit_sql
from catalog.search.query import AttributeFilter, Query
from catalog.types import ProductType

FITS = ("fits", "unknown", "does_not_fit")


@dataclass(frozen=True)
class FacetValue:
    """One choice of a filter (a code, an id of a type, a rank of FITS) and how many products it gives."""

    value: str
    count: int


Facets = dict[str, list[FacetValue]]


@dataclass(frozen=True)
class Listed:
    """What a list shows of a product: the search document without its long texts."""

    pk: int
    type_id: int
    slug: str
    brand: str
    titles: dict[str, str]
    parameters: dict[str, dict[str, Any]]
    offers: list[dict[str, Any]]

    @property
    def offer_count(self) -> int:
        return len(self.offers)


@dataclass(frozen=True)
class Page:
    """The products of one page in order, the exact number of all results, counts by filter."""

    rows: list[Listed]
    count: int
    facets: Facets = field(default_factory=dict)
    engine: str = ""
    read_as: str = ""  # the text as the search understood it, when that is not as it was typed

    @property
    def ids(self) -> list[int]:
        return [row.pk for row in self.rows]


class _Statement:
    """Collects text and parameters in the order in which they stand."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.params: list[Any] = []

    def add(self, text: str, *params: Any) -> None:
        self.texts.append(text)
        self.params += params

    def __str__(self) -> str:
        return "\n".join(self.texts)


def run(query: Query, hits: Sequence[int] | None) -> Page:
    """One page of what the engine found, or of everything when nothing was searched for."""
    statement = _Statement()
    flags = _kept(statement, query, hits)
    _found(statement, query)
    _page(statement, query, flags)
    _product_counts(statement, query, flags)
    _offer_counts(statement, query, flags)
    with connection.cursor() as cursor:
        cursor.execute(str(statement), statement.params)
        return _read(cursor.fetchall())


def _read(rows: list[tuple[str, str, int, str | None]]) -> Page:
    facets: Facets = {}
    listed, count = [], 0
    for kind, value, number, data in rows:
        if kind == "product":
            listed.append((number, Listed(**json.loads(data or ""))))
        elif kind == "count":
            count = number
        else:
            facets.setdefault(kind, []).append(FacetValue(value, number))
    for values in facets.values():
        values.sort(key=lambda item: (-item.count, item.value))
    return Page([row for _position, row in sorted(listed, key=lambda item: item[0])], count, facets)


# --- Which products ------------------------------------------------------------------------------


def _kept(statement: _Statement, query: Query, hits: Sequence[int] | None) -> list[str]:
    """Returns the names of the products' flags."""
    statement.add("WITH")
    if hits is not None:
        statement.add("hit AS (SELECT * FROM unnest(%s::bigint[]) WITH ORDINALITY AS h(id, position)),", list(hits))
    statement.add(
        "kept AS MATERIALIZED (SELECT d.product_id, d.type_id, d.score, d.best_price, d.best_unit_price, d.regions,"
        f" d.suppliers, {'0' if hits is None else 'hit.position'} AS position"
    )
    expression, params = fit_sql.rank(query.product_type, query.measures)
    statement.add(f", {expression} AS fit", *params)
    flags = []
    for name, text, params in _flags(query):
        flags.append(name)
        statement.add(f', coalesce({text}, false) AS "meets {name}"', *params)
    statement.add("FROM catalogue_productdocument d")
    if hits is not None:
        statement.add("JOIN hit ON hit.id = d.product_id")
    for position, (text, params) in enumerate(_conditions(query)):
        statement.add(f"{'AND' if position else 'WHERE'} {text}", *params)
    statement.add(")")
    return [*flags, *(["fits"] if query.fits else [])]


def _flags(query: Query) -> Iterator[tuple[str, str, list[Any]]]:
    if query.product_type is not None and query.text:
        yield "type", "d.type_id = %s", [query.product_type.id]
    for asked in query.attributes:
        if asked.kind == "multi":
            text = "(d.parameters #> %s) ?| %s"
        elif asked.kind in {"choice", "flag"}:
            text = "(d.parameters #>> %s) = ANY(%s)"
        else:
            continue
        yield f"attr.{asked.code}", text, [[asked.code, "value"], list(asked.values)]


def _conditions(query: Query) -> Iterator[tuple[str, list[Any]]]:
    if query.product_type is not None and not query.text:
        # Who browses one type does not ask how many products the others have.
        yield "d.type_id = %s", [query.product_type.id]
    if query.shelf:
        yield "d.shelf_slug = %s", [query.shelf]
    for asked in query.attributes:
        if asked.kind in {"range", "number"}:
            yield from _interval(asked)
        elif asked.kind == "text":
            yield "lower(d.parameters #>> %s) = ANY(%s)", [[asked.code, "value"], [v.lower() for v in asked.values]]


def _interval(asked: AttributeFilter) -> Iterator[tuple[str, list[Any]]]:
    """A product that can be set from 45 to 62 cm meets 50–55 cm as well as 60–70 cm."""
    largest, smallest = ("max", "min") if asked.kind == "range" else ("value", "value")
    if asked.lower is not None:
        yield "(d.parameters #>> %s)::bigint >= %s", [[asked.code, largest], asked.lower]
    if asked.upper is not None:
        yield "(d.parameters #>> %s)::bigint <= %s", [[asked.code, smallest], asked.upper]


def _asks_about_offers(query: Query) -> bool:
    return bool(query.region or query.supplier or query.price != (None, None))


def _found(statement: _Statement, query: Query) -> None:
    if not _asks_about_offers(query):
        statement.add(", found AS (SELECT kept.*, best_price AS price, best_unit_price AS unit_price FROM kept)")
        return
    lower, upper = query.price
    statement.add(", offer AS MATERIALIZED (SELECT d.product_id, o.price, o.unit_price, o.supplier, o.regions")
    statement.add(", %s = '' OR o.regions @> to_jsonb(%s::text) AS \"meets region\"", query.region, query.region)
    statement.add(", %s = '' OR o.supplier = %s AS \"meets supplier\"", query.supplier, query.supplier)
    statement.add(
        "FROM kept JOIN catalogue_productdocument d USING (product_id) CROSS JOIN LATERAL jsonb_to_recordset(d.offers)"
        " AS o(supplier text, regions jsonb, price numeric, unit_price numeric)"
        " WHERE o.price >= %s AND (%s::numeric IS NULL OR o.price <= %s)",
        lower or 0,
        upper,
        upper,
    )
    if lower is None and upper is None:
        # Without a price every count that unpacks offers still asks for the region or for the supplier.
        statement.add("AND (kept.regions @> %s::varchar[] OR kept.suppliers @> %s::varchar[])")
        statement.params += [[query.region], [query.supplier]]
    statement.add(
        "), found AS (SELECT kept.*, met.price, met.unit_price FROM kept JOIN"
        " (SELECT product_id, min(price) AS price, min(unit_price) AS unit_price FROM offer"
        ' WHERE "meets region" AND "meets supplier" GROUP BY product_id) AS met USING (product_id))'
    )


def _where(flags: Sequence[str], *, without: str = "") -> str:
    tests = [("fit = 0" if flag == "fits" else f'"meets {flag}"') for flag in flags if flag != without]
    return " AND ".join(tests) or "true"


def _page(statement: _Statement, query: Query, flags: Sequence[str]) -> None:
    order = {
        # What cannot fit comes last; between the others the engine's order holds, without one what fits is first.
        "best": "(fit = 2), position, score DESC" if query.text else "fit, score DESC",
        "price": "price NULLS LAST",
        "-price": "price DESC NULLS LAST",
        "unit_price": "unit_price NULLS LAST",
    }[query.sort]
    statement.add(
        f", page AS (SELECT product_id, row_number() OVER (ORDER BY {order}, product_id) AS place"
        f" FROM found WHERE {_where(flags)} ORDER BY place LIMIT %s OFFSET %s)",
        query.size,
        (query.page - 1) * query.size,
    )
    statement.add(
        "SELECT 'product' AS kind, '' AS value, page.place AS number, jsonb_build_object("
        "'pk', product_id, 'type_id', type_id, 'slug', slug, 'brand', brand, 'titles', titles,"
        " 'parameters', parameters, 'offers', offers)::text AS data"
        " FROM page JOIN catalogue_productdocument USING (product_id)"
    )


# --- Counts --------------------------------------------------------------------------------------


def _product_counts(statement: _Statement, query: Query, flags: Sequence[str]) -> None:
    statement.add(f"UNION ALL SELECT 'count', '', count(*), NULL FROM found WHERE {_where(flags)}")
    for name, column, own in (("type", "type_id", "type"), ("fit", "fit", "fits")):
        statement.add(
            f"UNION ALL SELECT '{name}', {column}::text, count(*), NULL FROM found"
            f" WHERE {_where(flags, without=own)} GROUP BY {column}"
        )
    if query.product_type is not None:
        _parameter_counts(statement, query.product_type, flags)


def _parameter_counts(statement: _Statement, product_type: ProductType, flags: Sequence[str]) -> None:
    """Counts of the type's parameters with choices; a chosen one is counted without its own filter."""
    chosen = [flag.removeprefix("attr.") for flag in flags if flag.startswith("attr.")]
    counted = [
        attribute.code
        for attribute in product_type.attributes
        if attribute.kind in {"choice", "multi", "flag"} and not attribute.common
    ]
    groups = [([code for code in counted if code not in chosen], "")] + [([code], f"attr.{code}") for code in chosen]
    for codes, own in groups:
        if not codes:
            continue
        statement.add(
            "UNION ALL SELECT 'attr.' || stated.key, choice.value, count(*), NULL FROM found"
            " JOIN catalogue_productdocument d USING (product_id)"
            " CROSS JOIN LATERAL jsonb_each(d.parameters) AS stated"
            " CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(stated.value -> 'value')"
            " WHEN 'array' THEN stated.value -> 'value' ELSE jsonb_build_array(stated.value -> 'value') END) AS choice"
            f" WHERE {_where(flags, without=own)} AND stated.key = ANY(%s) GROUP BY stated.key, choice.value",
            codes,
        )


def _offer_counts(statement: _Statement, query: Query, flags: Sequence[str]) -> None:
    """Counts of regions and suppliers: from the documents' arrays where nothing else is asked of the offer."""
    priced = query.price != (None, None)
    for name, other, array, unpacked in (
        ("region", "supplier", "regions", "jsonb_array_elements_text(offer.regions)"),
        ("supplier", "region", "suppliers", "unnest(ARRAY[offer.supplier])"),
    ):
        if priced or getattr(query, other):
            statement.add(
                f"UNION ALL SELECT '{name}', item, count(DISTINCT product_id), NULL FROM offer JOIN kept"
                f" USING (product_id), {unpacked} AS item"
                f' WHERE "meets {other}" AND {_where(flags)} GROUP BY item'
            )
        else:
            # Few arrays are different: counted as they are, then taken apart.
            statement.add(
                f"UNION ALL SELECT '{name}', item, sum(number)::bigint, NULL FROM (SELECT {array} AS items,"
                f" count(*) AS number FROM kept WHERE {_where(flags)} GROUP BY {array}) AS same,"
                " unnest(items) AS item GROUP BY item"
            )
