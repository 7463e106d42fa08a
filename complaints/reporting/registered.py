"""Who is registered with the portal at the end of a period: people and businesses."""

from datetime import datetime
from typing import Any

from django.db import connection

from marketplace.models import Region, Role

_COUNTS = """
SELECT
    (SELECT count(*) FROM marketplace_user WHERE role = ANY(%(roles)s) AND date_joined < %(before)s
        AND (%(region)s::text IS NULL OR region_id = %(region)s)),
    (SELECT count(*) FROM partner_partner WHERE approved_at < (%(before)s AT TIME ZONE %(zone)s)::date
        AND (%(region)s::text IS NULL OR home_region_id = %(region)s))
"""


def count(*, before: datetime, region: Region | None) -> dict[str, int]:
    """People with an account of their own or of a ward, and suppliers that were approved, before a local midnight."""
    named: dict[str, Any] = {
        "roles": [str(Role.BENEFICIARY), str(Role.GUARDIAN)],
        "before": before,
        "zone": str(before.tzinfo),
        "region": region.pk if region else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, named)
        people, businesses = cursor.fetchone()
    return {"registered": people, "businesses": businesses}
