"""What if the lowest price alone decided: who would stand first, against the ranking by best value that is in force.

Counted from the search documents, whose offers carry the parts of their score, over products that have a choice. The price
is that of one unit with its delivery, as the ranking compares it; a delivery without a known price counts as nothing, as it
would for somebody who looks at prices alone.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from catalog import types
from suppliers.ranking import PARTS

_FIRST = """
WITH offered AS (
    SELECT d.type_id, d.product_id, o.id, o.supplier, o.score, o.parts,
        o.unit_price + coalesce(o.delivery_price, 0) / o.pack_size AS unit_price
    FROM catalogue_productdocument d CROSS JOIN LATERAL jsonb_to_recordset(d.offers)
        AS o(id bigint, supplier text, unit_price numeric, delivery_price numeric, pack_size int, score float8, parts jsonb, regions jsonb)
    WHERE d.offer_count > 1 AND (%(region)s = '' OR o.regions ? %(region)s)
), placed AS (
    SELECT offered.*,
        row_number() OVER (PARTITION BY product_id ORDER BY score DESC, unit_price, id) AS by_value,
        row_number() OVER (PARTITION BY product_id ORDER BY unit_price, score DESC, id) AS by_price,
        count(*) OVER (PARTITION BY product_id) AS offers
    FROM offered
)
SELECT v.type_id, count(*), count(*) FILTER (WHERE v.supplier <> p.supplier),
    count(DISTINCT v.supplier), count(DISTINCT p.supplier), sum(p.unit_price) / sum(v.unit_price) - 1
    {parts}
FROM placed v JOIN placed p USING (product_id)
WHERE v.by_value = 1 AND p.by_price = 1 AND v.offers > 1
GROUP BY GROUPING SETS ((v.type_id), ())
"""


@dataclass(frozen=True)
class Part:
    """The mean of one part of the score among those who stand first, between 0 and 1: now, and by price alone."""

    name: str
    now: float
    by_price: float


@dataclass(frozen=True)
class Outcome:
    """What would change for the products of one kind, or for all (``type_id`` is None).

    ``cheaper``: by how much the sum of the first places' unit prices would change, as a share of the present one.
    """

    type_id: int | None
    products: int
    changed: int
    suppliers_now: int
    suppliers_by_price: int
    cheaper: float
    parts: tuple[Part, ...]


def lowest_price_alone(region: str = "") -> tuple[Outcome | None, list[Outcome]]:
    """All products with a choice in a region (anywhere when empty), and kind by kind, most changes first. One query."""
    # The names of the parts are our own constants.
    parts = "".join(f", avg((v.parts ->> '{name}')::float8), avg((p.parts ->> '{name}')::float8)" for name in PARTS)
    with connection.cursor() as cursor:
        cursor.execute(_FIRST.format(parts=parts), {"region": region})
        outcomes = [_outcome(row) for row in cursor.fetchall()]
    known = types.book().by_id
    kinds = [outcome for outcome in outcomes if outcome.type_id in known]
    kinds.sort(key=lambda outcome: (-outcome.changed, known[outcome.type_id or 0].name))
    whole = next((outcome for outcome in outcomes if outcome.type_id is None and outcome.products), None)
    return whole, kinds


def _outcome(row: tuple[Any, ...]) -> Outcome:
    type_id, products, changed, now, by_price, cheaper, *means = row
    pairs = zip(PARTS, means[::2], means[1::2], strict=True)
    parts = tuple(Part(name, float(first or 0), float(lowest or 0)) for name, first, lowest in pairs)
    return Outcome(type_id, products, changed, now, by_price, float(cheaper or 0), parts)
