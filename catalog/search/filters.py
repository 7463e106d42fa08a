"""Filters, order and exact counts, by PostgreSQL on the documents: one statement for a whole page.

A filter that has counts beside its choices (type, region, supplier, fit, parameters with choices) is a
flag of the row, not a condition: each count leaves its own filter out, so that it says what choosing it
will give. The price, intervals and the engine's hits are conditions. Offers are rows of their own: a
product is in the list when one offer meets region, supplier and price together.
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
    """One choice of a filter and how many products it gives; ``label`` only where the value is a bare code."""

    value: str
    count: int
    label: str = ""


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
    flags = _rows(statement, query, hits)
    _results(statement, query, flags)
    _counts(statement, query, flags)
    with connection.cursor() as cursor:
        cursor.execute(str(statement), statement.params)
        return _read(cursor.fetchall())


def _read(rows: list[tuple[str, str, str, int, str | None]]) -> Page:
    facets: Facets = {}
    listed, count = [], 0
    for kind, value, label, number, data in rows:
        if kind == "product":
            listed.append((number, Listed(**json.loads(data or ""))))
        elif kind == "count":
            count = number
        else:
            facets.setdefault(kind, []).append(FacetValue(value, number, label or ""))
    for values in facets.values():
        values.sort(key=lambda item: (-item.count, item.value))
    return Page([row for _position, row in sorted(listed, key=lambda item: item[0])], count, facets)


def _rows(statement: _Statement, query: Query, hits: Sequence[int] | None) -> list[str]:
    """WITH row AS: products × offers that meet the conditions, and the names of their flags."""
    statement.add("WITH")
    if hits is not None:
        statement.add("hit AS (SELECT * FROM unnest(%s::bigint[]) WITH ORDINALITY AS h(id, position)),", list(hits))
    statement.add(
        "row AS MATERIALIZED (SELECT d.product_id, d.type_id, d.score, o.price, o.unit_price, o.supplier,"
        " o.supplier_name, o.regions"
    )
    statement.add(", hit.position" if hits is not None else ", 0 AS position")
    expression, params = fit_sql.rank(query.product_type, query.measures)
    statement.add(f", {expression} AS fit", *params)
    flags = []
    for name, text, params in _flags(query):
        flags.append(name)
        statement.add(f', coalesce({text}, false) AS "meets {name}"', *params)
    statement.add("FROM catalogue_productdocument d")
    if hits is not None:
        statement.add("JOIN hit ON hit.id = d.product_id")
    statement.add(
        "LEFT JOIN LATERAL jsonb_to_recordset(d.offers) AS o"
        "(supplier text, supplier_name text, regions jsonb, price numeric, unit_price numeric) ON true"
    )
    conditions = list(_conditions(query))
    for position, (text, params) in enumerate(conditions):
        statement.add(f"{'AND' if position else 'WHERE'} {text}", *params)
    statement.add(")")
    return [*flags, *(["fits"] if query.fits else [])]


def _flags(query: Query) -> Iterator[tuple[str, str, list[Any]]]:
    if query.product_type is not None:
        yield "type", "d.type_id = %s", [query.product_type.id]
    if query.region:
        yield "region", "o.regions @> to_jsonb(%s::text)", [query.region]
    if query.supplier:
        yield "supplier", "o.supplier = %s", [query.supplier]
    for asked in query.attributes:
        if asked.kind in {"choice", "multi", "flag"}:
            yield f"attr.{asked.code}", *_chosen(asked)


def _chosen(asked: AttributeFilter) -> tuple[str, list[Any]]:
    if asked.kind == "multi":
        return "(d.parameters #> %s) ?| %s", [[asked.code, "value"], list(asked.values)]
    return "(d.parameters #>> %s) = ANY(%s)", [[asked.code, "value"], list(asked.values)]


def _conditions(query: Query) -> Iterator[tuple[str, list[Any]]]:
    if query.shelf:
        yield "d.shelf_slug = %s", [query.shelf]
    lower, upper = query.price
    if lower is not None:
        yield "o.price >= %s", [lower]
    if upper is not None:
        yield "o.price <= %s", [upper]
    for asked in query.attributes:
        if asked.kind in {"range", "number"}:
            # A product that can be set from 45 to 62 cm meets 50–55 cm as well as 60–70 cm.
            largest, smallest = ("max", "min") if asked.kind == "range" else ("value", "value")
            if asked.lower is not None:
                yield "(d.parameters #>> %s)::bigint >= %s", [[asked.code, largest], asked.lower]
            if asked.upper is not None:
                yield "(d.parameters #>> %s)::bigint <= %s", [[asked.code, smallest], asked.upper]
        elif asked.kind == "text":
            yield "lower(d.parameters #>> %s) = ANY(%s)", [[asked.code, "value"], [v.lower() for v in asked.values]]


def _where(flags: Sequence[str], *, without: str = "") -> str:
    tests = [("fit = 0" if flag == "fits" else f'"meets {flag}"') for flag in flags if flag != without]
    return " AND ".join(tests) or "true"


def _results(statement: _Statement, query: Query, flags: Sequence[str]) -> None:
    order = {
        # What cannot fit comes last; between the others the engine's order holds, without one what fits is first.
        "best": "(min(fit) = 2), min(position), max(score) DESC" if query.text else "min(fit), max(score) DESC",
        "price": "min(price) NULLS LAST",
        "-price": "min(price) DESC NULLS LAST",
        "unit_price": "min(unit_price) NULLS LAST",
    }[query.sort]
    statement.add(
        f", page AS (SELECT product_id, row_number() OVER (ORDER BY {order}, product_id) AS position"
        f" FROM row WHERE {_where(flags)} GROUP BY product_id ORDER BY position LIMIT %s OFFSET %s)",
        query.size,
        (query.page - 1) * query.size,
    )
    statement.add(
        "SELECT 'product' AS kind, '' AS value, '' AS label, page.position AS number, jsonb_build_object("
        "'pk', product_id, 'type_id', type_id, 'slug', slug, 'brand', brand, 'titles', titles,"
        " 'parameters', parameters, 'offers', offers)::text AS data"
        " FROM page JOIN catalogue_productdocument USING (product_id)"
    )
    statement.add(f"UNION ALL SELECT 'count', '', '', count(DISTINCT product_id), NULL FROM row WHERE {_where(flags)}")


def _counts(statement: _Statement, query: Query, flags: Sequence[str]) -> None:
    number = "count(DISTINCT product_id)"
    statement.add(
        f"UNION ALL SELECT 'type', type_id::text, '', {number}, NULL FROM row"
        f" WHERE {_where(flags, without='type')} GROUP BY type_id"
    )
    statement.add(
        f"UNION ALL SELECT 'region', region, '', {number}, NULL FROM row, jsonb_array_elements_text(regions) AS region"
        f" WHERE {_where(flags, without='region')} GROUP BY region"
    )
    statement.add(
        f"UNION ALL SELECT 'supplier', supplier, max(supplier_name), {number}, NULL FROM row"
        f" WHERE supplier IS NOT NULL AND {_where(flags, without='supplier')} GROUP BY supplier"
    )
    statement.add(
        f"UNION ALL SELECT 'fit', fit::text, '', {number}, NULL FROM row WHERE {_where(flags, without='fits')} GROUP BY fit"
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
            "UNION ALL SELECT 'attr.' || stated.key, choice.value, '', count(*), NULL FROM"
            f" (SELECT DISTINCT product_id FROM row WHERE {_where(flags, without=own)}) AS met"
            " JOIN catalogue_productdocument d USING (product_id)"
            " CROSS JOIN LATERAL jsonb_each(d.parameters) AS stated"
            " CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(stated.value -> 'value')"
            " WHEN 'array' THEN stated.value -> 'value' ELSE jsonb_build_array(stated.value -> 'value') END) AS choice"
            " WHERE stated.key = ANY(%s) GROUP BY stated.key, choice.value",
            codes,
        )
