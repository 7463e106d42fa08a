"""Who is registered with the portal: people and businesses at the end of a period, and those that came in it."""

from datetime import datetime
from typing import Any

from marketplace import replica
from marketplace.models import Region, Role

_COUNTS = """
SELECT
    (SELECT count(*) FROM marketplace_user WHERE role = ANY(%(roles)s) AND date_joined < %(before)s
        AND (%(region)s::text IS NULL OR region_id = %(region)s)),
    (SELECT count(*) FROM partner_partner WHERE approved_at < (%(before)s AT TIME ZONE %(zone)s)::date
        AND (%(region)s::text IS NULL OR home_region_id = %(region)s))
"""

# By the event log: an account that was made for somebody, a supplier whose application was approved.
_JOINED = """
SELECT
    (SELECT count(*) FROM marketplace_event e
        JOIN marketplace_user u ON u.id = CASE WHEN e.subject LIKE 'user:%%' THEN substr(e.subject, 6)::bigint END
        WHERE e.kind IN ('admin.added', 'account.joined') AND e.at >= %(start)s AND e.at < %(end)s
            AND u.role = ANY(%(roles)s) AND (%(region)s::text IS NULL OR u.region_id = %(region)s)),
    (SELECT count(*) FROM marketplace_event e JOIN partner_partner p ON p.code = substr(e.subject, 10)
        WHERE e.kind = 'supplier.opened' AND e.at >= %(start)s AND e.at < %(end)s
            AND (%(region)s::text IS NULL OR p.home_region_id = %(region)s))
"""
_PEOPLE = [str(Role.BENEFICIARY), str(Role.GUARDIAN)]


def joined(*, start: datetime, end: datetime, region: Region | None) -> dict[str, int]:
    """Accounts of people that were made, and businesses that became suppliers, from ``start`` to before ``end``."""
    named: dict[str, Any] = {"start": start, "end": end, "roles": _PEOPLE, "region": region.pk if region else None}
    with replica.cursor() as cursor:
        cursor.execute(_JOINED, named)
        people, businesses = cursor.fetchone()
    return {"people": people, "businesses": businesses}


def count(*, before: datetime, region: Region | None) -> dict[str, int]:
    """People with an account of their own or of a ward, and suppliers that were approved, before a local midnight."""
    named: dict[str, Any] = {
        "roles": _PEOPLE,
        "before": before,
        "zone": str(before.tzinfo),
        "region": region.pk if region else None,
    }
    with replica.cursor() as cursor:
        cursor.execute(_COUNTS, named)
        people, businesses = cursor.fetchone()
    return {"registered": people, "businesses": businesses}
