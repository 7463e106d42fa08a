"""Why people call 1414: what the operators wrote down or helped with. Nobody writes down the reason of any other call."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import routing
from complaints.models import Complaint
from complaints.reporting.shares import share
from complaints.reports import Period, Reading
from marketplace import replica
from marketplace.models import Region, Role

APPLICATION = "application"
FORMULA = gettext_lazy("complaints that 1414 wrote down about it, or help with applications ÷ all of these")
_FILED = """
SELECT c.subject, count(*) AS cases FROM complaints_complaint c
WHERE c.id IN (SELECT complaint_id FROM stretch
    WHERE began_on BETWEEN %(first)s AND %(last)s AND is_first AND channel = %(channel)s AND {region})
GROUP BY c.subject
"""
_HELPED = """
SELECT count(*) FROM marketplace_event e
JOIN marketplace_user who ON who.id = e.actor_id AND who.role = %(role)s
LEFT JOIN marketplace_user person ON person.id = e.on_behalf_of_id
WHERE e.kind = 'draft.help_began' AND e.at >= %(start)s AND e.at < %(end)s
    AND (%(region)s::text IS NULL OR person.region_id = %(region)s)
"""


def reasons(period: Period, region: Region | None) -> list[dict[str, Any]]:
    """Subjects of the complaints that 1414 wrote down, and its help with applications, the most frequent first.

    Each with code, name, calls, whole (all of these), share (per cent), and the figure that lists its cases.
    """
    hotline = str(Complaint.Channel.HOTLINE)
    filed = Reading(period, region).rows({"channel": hotline}, filed=_FILED)["filed"]
    table = routing.table()
    found = [
        {
            "code": row["subject"],
            "name": table.subject_name(row["subject"]),
            "calls": row["cases"],
            "figure": {"step": "received", "channel": hotline, "subject": row["subject"]},
        }
        for row in filed
    ]
    if helped := _helped(period, region):
        found.append({"code": APPLICATION, "name": _("Help with an application"), "calls": helped, "figure": {}})
    whole = sum(row["calls"] for row in found)
    ordered = sorted(found, key=lambda row: (-row["calls"], row["code"]))
    return [row | {"whole": whole, "share": share(row["calls"], whole)} for row in ordered]


def _helped(period: Period, region: Region | None) -> int:
    named = {
        "start": period.start, "end": period.end, "region": region.pk if region else None, "role": str(Role.HOTLINE),
    }  # fmt: skip
    with replica.cursor() as cursor:
        cursor.execute(_HELPED, named)
        return int(cursor.fetchone()[0])
