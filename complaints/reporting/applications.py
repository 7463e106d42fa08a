"""How applications came about: at the first try or not, saved from a loss or not, how long until people had the goods.

A visit is a day on which somebody worked on the application, counted by its saves and its sending. What the portal
itself filled in is nobody's visit.
"""

from typing import Any

from django.conf import settings
from django.db import connection

from complaints.reports import Period
from marketplace.drafts.keys import VIA
from marketplace.drafts.preparing import PORTAL
from marketplace.models import Region

# An application is sent once; what a supplier declined and another one got is no second application.
# Rescued: a save came after the session had ended, the same person used another device as well, or what was put
# aside was taken up again. Saves are summed by day first: a month has millions of them.
_SENT = """
WITH sent AS (
    SELECT (e.data ->> 'draft')::uuid AS draft_id, min(e.at) AS at
    FROM marketplace_event e JOIN order_order o ON o.number = substr(e.subject, 7)
    WHERE e.kind = 'order.sent' AND e.at >= %(start)s AND e.at < %(end)s AND e.data ->> 'previous' IS NULL
        AND e.data ? 'draft' AND (%(region)s::text IS NULL OR o.region_id = %(region)s)
    GROUP BY 1),
save AS (
    SELECT s.draft_id, v.actor_id, (v.at AT TIME ZONE %(zone)s)::date AS day, bool_or(v.via = %(via)s) AS blind,
        min(v.device) AS one_device, max(v.device) AS other_device
    FROM sent s JOIN marketplace_draftsave v ON v.draft_id = s.draft_id AND v.at <= s.at AND v.device <> %(portal)s
    WHERE (SELECT count(*) FROM sent) <= %(most)s
    GROUP BY 1, 2, 3),
moved AS (SELECT draft_id FROM save GROUP BY draft_id, actor_id HAVING min(one_device) <> max(other_device)),
worked_on AS (
    SELECT draft_id, day, blind FROM save
    UNION ALL SELECT draft_id, (at AT TIME ZONE %(zone)s)::date, false FROM sent),
application AS (
    SELECT draft_id, count(DISTINCT day) AS visits, bool_or(blind) OR draft_id IN (SELECT draft_id FROM moved)
        OR 'draft:' || draft_id IN (
            SELECT subject FROM marketplace_event WHERE kind = 'draft.restored' AND at < %(end)s) AS rescued
    FROM worked_on GROUP BY draft_id)
SELECT count(*) AS sent,
    CASE WHEN count(*) <= %(most)s THEN count(*) FILTER (WHERE visits = 1) END AS at_once,
    CASE WHEN count(*) <= %(most)s THEN round(avg(visits), 1)::float END AS visits,
    CASE WHEN count(*) <= %(most)s THEN count(*) FILTER (WHERE rescued) END AS rescued
FROM application
"""
# Reading the saves of more applications would take longer than a page may: then only how many were sent is told.
MOST_APPLICATIONS = 3000
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
    """sent (applications), at_once (in one visit), visits (mean of an application), rescued; days to acceptance.

    Of more than MOST_APPLICATIONS at_once, visits and rescued are None: a region or a shorter period has them.
    """
    named: dict[str, Any] = {
        "start": period.start,
        "end": period.end,
        "region": region.pk if region else None,
        "zone": settings.TIME_ZONE,
        "via": VIA,
        "portal": PORTAL,
        "most": MOST_APPLICATIONS,
        "accepted": ["order.accepted", "order.accepted_with_remarks"],
    }
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for statement in (_SENT, _ACCEPTED):
            cursor.execute(statement, named)
            found |= dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
    return found
