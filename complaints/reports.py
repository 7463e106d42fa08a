"""The monthly report: facts of a region and a period, rebuilt from the event log, that add up or are refused.

Every case that was open at any time of the period is *examined* and stands under exactly one of the six
outcomes: how it ended, ``lawsuit`` while it is in court, else ``carried_over``. The number examined is
counted from the other side: open at the beginning, filed, opened again. Both must agree.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Substr
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints.models import Complaint, CourtCase, MonthlyReport
from complaints.states import ENDED_STATES, ComplaintStatus, Outcome
from marketplace.errors import DomainError
from marketplace.models import Event, Region
from marketplace.rules import in_language

OK = "ok"


class DoesNotAddUp(DomainError):
    """A report whose parts differ from its total is not published; the difference is named."""

    code = "does_not_add_up"

    def __init__(self, difference: str):
        super().__init__(
            _("The report was refused: %(difference)s.") % {"difference": difference}, self_check=difference
        )


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both counted."""

    first: date
    last: date

    @classmethod
    def month(cls, day: date) -> "Period":
        first = day.replace(day=1)
        return cls(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1))

    @property
    def start(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.first, time.min))

    @property
    def end(self) -> datetime:
        """The moment after the last day."""
        return timezone.make_aware(datetime.combine(self.last + timedelta(days=1), time.min))


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


def facts(period: Period, region: Region | None = None) -> dict[str, Any]:
    """Everything the report shows, computed from events; nothing is stored."""
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
        "confirmed_share": _share(sum(1 for case in satisfied if case["confirmed"] == "true"), len(satisfied)),
        "returned_kzt": _kzt(sum((Decimal(case["returned"] or 0) for case in satisfied), Decimal(0))),
        "court": _court(period, region),
        "seller": _seller(period, region),
    }


def _kzt(amount: Decimal) -> int | float:
    """A sum as a number: whole tenge as an integer."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _outcome(case: dict[str, Any], ended: set[str]) -> str:
    """The one kind of the six under which a case stands at the end of the period."""
    if case["state"] in ended:
        return str(case["outcome"] or "")
    return str(Outcome.LAWSUIT if case["state"] == ComplaintStatus.COURT else Outcome.CARRIED_OVER)


def _court(period: Period, region: Region | None) -> dict[str, Any]:
    """Cases that a body joined, won, and the sum awarded in the period."""
    cases = CourtCase.objects.filter(complaint__region=region) if region else CourtCase.objects.all()
    decided = cases.filter(decided_on__range=(period.first, period.last))
    won = decided.filter(result=CourtCase.Result.WON)
    recovered = sum(decided.values_list("recovered", flat=True), Decimal(0))
    return {
        "joined": cases.filter(opened_on__range=(period.first, period.last)).count(),
        "won": won.count(),
        "recovered_kzt": _kzt(recovered),
    }


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
    total = ignored + len(answered)
    return {
        "answered": len(answered),
        "in_time": sum(1 for data in answered if data.get("in_time")),
        "median_days": median(data["days"] for data in answered) if answered else None,
        "ignored": ignored,
        "ignored_share": _share(ignored, total),
        "in_time_share": _share(sum(1 for data in answered if data.get("in_time")), total),
    }


def _share(part: int, whole: int) -> float | None:
    """Per cent with one decimal; nothing of nothing."""
    return round(part * 100 / whole, 1) if whole else None


def satisfied_share(found: dict[str, Any]) -> float | None:
    """Satisfied ÷ examined, per cent (the published report of Shymkent: 87.5)."""
    return _share(found["outcomes"]["satisfied"], found["examined"]) if found.get("outcomes") else None


def self_check(found: dict[str, Any]) -> str:
    """``ok``, or the difference in words: parts must equal their totals, one by one."""
    problems = []
    for name, total, parts in (
        ("outcomes", found.get("examined"), found.get("outcomes")),
        ("channels", found.get("examined"), found.get("by_channel")),
    ):
        if total is None or not parts:
            continue
        if sum(parts.values()) != total:
            problems.append(
                f"{name} sum to {sum(parts.values())}, not to {total} (difference {total - sum(parts.values())})"
            )
    unknown = set(found.get("outcomes", {})) - set(Outcome.values)
    if unknown:
        problems.append(f"unknown outcomes: {', '.join(sorted(unknown))}")
    return "; ".join(problems) or OK


def checked(found: dict[str, Any]) -> dict[str, Any]:
    """The facts, when they add up. Raises DoesNotAddUp naming the difference."""
    verdict = self_check(found)
    if verdict != OK:
        raise DoesNotAddUp(verdict)
    return found


# --- Stored months ---------------------------------------------------------------------------------


def build(*, period: Period, region: Region | None) -> MonthlyReport:
    """Rebuild the stored facts of a period; the same events give the same row. Raises DoesNotAddUp."""
    with transaction.atomic(durable=True):
        found = checked(facts(period, region))
        report, _created = MonthlyReport.objects.update_or_create(
            month=period.first,
            until=period.last,
            region=region,
            imported=False,
            defaults={"facts": found, "self_check": OK},
        )
    return report


def of_period(period: Period, region: Region | None) -> dict[str, Any]:
    """The report of any span of days (contract section 3). Raises DoesNotAddUp.

    Where a published table of exactly this span and region was imported, that table is given, as such.
    """
    published = MonthlyReport.objects.filter(
        imported=True, month=period.first, until=period.last, region=region
    ).first()
    found = published.facts if published else checked(facts(period, region))
    return {
        "first": period.first,
        "last": period.last,
        "region": region.pk if region else None,
        "examined": found["examined"],
        "received": found.get("received"),
        "by_channel": found.get("by_channel", {}),
        "outcomes": found.get("outcomes"),
        "satisfied_share": satisfied_share(found),
        "confirmed_share": found.get("confirmed_share"),
        "returned_kzt": found.get("returned_kzt"),
        "court": found.get("court"),
        "seller": found.get("seller"),
        "outreach": found.get("outreach"),
        "users": found.get("users"),
        "imported": published is not None,
        "source": in_language(found.get("source")) or None,
        "self_check": self_check(found),
    }


def received_by_region(period: Period) -> dict[str, int]:
    """How many complaints each region got."""
    rows = Complaint.objects.filter(filed_on__range=(period.first, period.last)).order_by()
    return dict(rows.values_list("region").annotate(count=Count("pk")))


# --- Published history -------------------------------------------------------------------------------


def history() -> QuerySet[MonthlyReport]:
    """Published tables of other years, the latest first."""
    return MonthlyReport.objects.filter(imported=True).select_related("region").order_by("-month")


def imported_facts(table: dict[str, Any]) -> dict[str, Any]:
    """A published table as facts. Sums are computed here; a published total that differs is named as such."""
    found: dict[str, Any] = {name: table[name] for name in ("code", "title", "source")}
    if "by_channel" in table:
        found |= {"by_channel": table["by_channel"], "examined": sum(table["by_channel"].values())}
        found |= {"labels": table["labels"], "published_total": table["published_total"]}
    if "outcomes" in table:
        found |= {"examined": table["examined"], "outcomes": table["outcomes"]}
        found |= {"returned_kzt": _kzt(Decimal(table["returned_kzt"]))}
        found["court"] = table["court"] | {"recovered_kzt": _kzt(Decimal(table["court"]["recovered_kzt"]))}
        found |= {"through_the_system": table["through_the_system"], "users": table["users"]}
    if "outreach" in table:
        found["outreach"] = outreach(table["outreach"]["by_kind"], table["outreach"]["published_total"])
    return found


def outreach(by_kind: dict[str, int], published_total: int) -> dict[str, Any]:
    """The outreach log with its computed total; a published total that differs is refused, not shown as the sum."""
    total = sum(by_kind.values())
    return {
        "by_kind": by_kind,
        "total": total,
        "published_total": published_total,
        "difference": published_total - total,
        "self_check": OK if published_total == total else f"published {published_total}, the parts sum to {total}",
    }


def title(report: MonthlyReport) -> str:
    return in_language(report.facts.get("title"))
