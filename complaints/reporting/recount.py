"""The report counted once more from the bare events, another way than the stored facts: to compare the two."""

from collections import Counter
from decimal import Decimal
from statistics import median
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.models.functions import Substr

from complaints import reports
from complaints.models import Complaint
from complaints.reports import Period
from complaints.states import ENDED_STATES, ComplaintStatus, Outcome
from marketplace.models import Event, Region

# For each case filed by the last day: its last step before the period, its last step in or before it.
# ``id`` is the order of writing, which a rehearsal with a future clock cannot upset.
_CASES = """
SELECT c.channel, c.filed_on >= %(first)s AS is_new, before.after AS state_before, at_end.after AS state,
       at_end.at >= %(start)s AS moved, at_end.data ->> 'outcome' AS outcome,
       at_end.data ->> 'returned' AS returned, at_end.data ->> 'confirmed' AS confirmed
FROM complaints_complaint c
CROSS JOIN LATERAL (
    SELECT e.after, e.at, e.data FROM marketplace_event e
    WHERE e.subject = 'complaint:' || c.number AND e.after <> '' AND e.at < %(end)s
    ORDER BY e.id DESC LIMIT 1) at_end
LEFT JOIN LATERAL (
    SELECT e.after FROM marketplace_event e
    WHERE e.subject = 'complaint:' || c.number AND e.after <> '' AND e.at < %(start)s
    ORDER BY e.id DESC LIMIT 1) before ON true
WHERE c.filed_on <= %(last)s AND (c.closed_at IS NULL OR c.closed_at >= %(start)s)
  AND (%(region)s::text IS NULL OR c.region_id = %(region)s)
"""


def recount(period: Period, region: Region | None = None) -> dict[str, Any]:
    """What ``reports.facts`` gives, computed from events; nothing stored is read."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CASES,
            {
                "first": period.first,
                "last": period.last,
                "start": period.start,
                "end": period.end,
                "region": region.pk if region else None,
            },
        )
        names = [column[0] for column in cursor.description]
        cases = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    ended = {str(state) for state in ENDED_STATES}
    # Counted from the beginning of the period …
    received = sum(1 for case in cases if case["is_new"])
    opening = sum(1 for case in cases if not case["is_new"] and case["state_before"] not in ended)
    reopened = sum(1 for case in cases if not case["is_new"] and case["state_before"] in ended and case["moved"])
    # … and from its end.
    in_scope = [case for case in cases if case["state"] not in ended or case["moved"]]
    outcomes = Counter(_outcome(case, ended) for case in in_scope)
    satisfied = [case for case in in_scope if _outcome(case, ended) == Outcome.SATISFIED]
    return {
        "examined": opening + received + reopened,
        "received": received,
        "by_channel": dict(sorted(Counter(case["channel"] for case in in_scope).items())),
        "outcomes": {outcome: outcomes.pop(outcome, 0) for outcome in Outcome.values} | dict(outcomes),
        "confirmed_share": reports.share(sum(1 for case in satisfied if case["confirmed"] == "true"), len(satisfied)),
        "returned_kzt": reports.kzt(sum((Decimal(case["returned"] or 0) for case in satisfied), Decimal(0))),
        "court": reports.court(period, region),
        "fines": reports.fined(period, region),
        "seller": _seller(period, region),
    }


def _outcome(case: dict[str, Any], ended: set[str]) -> str:
    """The one kind of the six under which a case stands at the end of the period."""
    if case["state"] in ended:
        return str(case["outcome"] or "")
    return str(Outcome.LAWSUIT if case["state"] == ComplaintStatus.COURT else Outcome.CARRIED_OVER)


def _seller(period: Period, region: Region | None) -> dict[str, Any]:
    """Clock A: answers in time, the median of days, the share of silence."""
    kinds = ("complaint.answered", "complaint.offered", "complaint.ignored")
    rows = Event.objects.filter(kind__in=kinds, at__gte=period.start, at__lt=period.end, before="with_seller")
    if region is not None:
        here = Complaint.objects.filter(region=region, number=Substr(OuterRef("subject"), len("complaint:") + 1))
        rows = rows.filter(Exists(here))
    ignored, answered = 0, []
    for kind, data in rows.values_list("kind", "data"):
        if kind == "complaint.ignored":
            ignored += 1
        else:
            answered.append(data)
    return reports.seller(
        answered=len(answered),
        in_time=sum(1 for data in answered if data.get("in_time")),
        ignored=ignored,
        median_days=median(data["days"] for data in answered) if answered else None,
    )
