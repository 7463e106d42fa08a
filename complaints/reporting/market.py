"""How much choice there is and what people pay beside the median, from the cells of the market watch.

Cells say how the market stands now, so these numbers belong to a period that runs; of one that is over nothing is said.
"""

from typing import Any

from complaints.reports import Period
from marketplace import replica
from marketplace.models import Region
from suppliers.watch import reading

# Each line of the period's orders beside the cell of its kind in its region; a price is that of one unit.
_ORDERED = """
SELECT count(*) AS lines, count(*) FILTER (WHERE c.suppliers = 1) AS lines_of_one,
    round((percentile_cont(0.5) WITHIN GROUP (
        ORDER BY l.unit_price_incl_tax / l.pack_size / c.median) * 100)::numeric, 1)::float AS to_median
FROM marketplace_event e
JOIN order_order o ON o.number = substr(e.subject, 7)
JOIN order_line l ON l.order_id = o.id
JOIN catalogue_product p ON p.id = l.product_id
JOIN partner_marketcell c ON c.type_id = p.product_class_id AND c.region = o.region_id
WHERE e.kind = 'order.sent' AND e.at >= %(start)s AND e.at < %(end)s AND e.data ->> 'previous' IS NULL
    AND (%(region)s::text IS NULL OR o.region_id = %(region)s)
"""


def of_period(period: Period, region: Region | None, *, runs: bool) -> dict[str, Any]:
    """kinds, none, one (kinds without, with one supplier), index (median), lines, lines_of_one, to_median (per cent)."""
    if not runs:
        return {"kinds": 0, "none": 0, "one": 0, "index": None, "lines": 0, "lines_of_one": 0, "to_median": None}
    named = {"start": period.start, "end": period.end, "region": region.pk if region else None}
    with replica.cursor() as cursor:
        cursor.execute(_ORDERED, named)
        ordered = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
    return vars(reading.standing(region.pk if region else "")) | ordered
