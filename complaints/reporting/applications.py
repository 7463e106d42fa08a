"""How applications came about: at the first try or not, saved from a loss or not, how long until people had the goods.

What a visit is and what was rescued, the sending of the application says (marketplace/drafts/story.py).
"""

from typing import Any

from django.conf import settings

from complaints.reports import Period
from marketplace import replica
from marketplace.models import Region

# An application is sent once, and the first of its orders tells its story; what a supplier declined and another one
# got is no second application.
_SENT = """
SELECT count(*) AS sent,
    count(*) FILTER (WHERE story ->> 'visits' = '1') AS at_once,
    round(avg((story ->> 'visits')::int), 1)::float AS visits,
    count(*) FILTER (WHERE (story ->> 'rescued')::bool) AS rescued
FROM (
    SELECT e.data -> 'application' AS story
    FROM marketplace_event e JOIN order_order o ON o.number = substr(e.subject, 7)
    WHERE e.kind = 'order.sent' AND e.at >= %(start)s AND e.at < %(end)s AND e.data ? 'application'
        AND (%(region)s::text IS NULL OR o.region_id = %(region)s)) AS application
"""
# The first acceptance of each line of a programme, when it is one of the period.
_ACCEPTED = """
WITH accepted AS (
    SELECT l.entitlement_id, min(e.at) AS at
    FROM marketplace_event e
    JOIN order_order o ON o.number = substr(e.subject, 7)
    JOIN order_line l ON l.order_id = o.id
    WHERE e.kind = ANY(%(accepted)s) AND e.at >= %(start)s AND e.at < %(end)s AND l.entitlement_id IS NOT NULL
        AND (%(region)s::text IS NULL OR o.region_id = %(region)s)
    GROUP BY 1)
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY (a.at AT TIME ZONE %(zone)s)::date - n.valid_from) AS days
FROM accepted a JOIN order_entitlement n ON n.id = a.entitlement_id
WHERE NOT EXISTS (
    SELECT FROM order_line l JOIN order_order o ON o.id = l.order_id
    JOIN marketplace_event e ON e.subject = 'order:' || o.number
    WHERE l.entitlement_id = a.entitlement_id AND e.kind = ANY(%(accepted)s) AND e.at < %(start)s)
"""


def of_period(period: Period, region: Region | None) -> dict[str, Any]:
    """sent (applications), at_once (in one visit), visits (mean of an application), rescued; days to acceptance."""
    named: dict[str, Any] = {
        "start": period.start,
        "end": period.end,
        "region": region.pk if region else None,
        "zone": settings.TIME_ZONE,
        "accepted": ["order.accepted", "order.accepted_with_remarks"],
    }
    found: dict[str, Any] = {}
    with replica.cursor() as cursor:
        for statement in (_SENT, _ACCEPTED):
            cursor.execute(statement, named)
            found |= dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
    return found
