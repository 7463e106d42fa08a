"""The monthly report: facts of a region and a period, out of the event log, that add up or are refused.

Every case that was open at any time of the period is *examined* and stands under exactly one of the six
outcomes: how it ended, ``lawsuit`` while it is in court, else ``carried_over``. The number examined is
counted from the other side: open at the beginning, filed, opened again. Both must agree. The numbers come from the
stored facts (reporting/facts.py); reporting/recount.py counts the same from the bare events, to compare.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints.measures import fines
from complaints.models import MonthlyReport
from complaints.reporting import bodies, outreach, registered
from complaints.reporting import facts as stored
from complaints.reporting.shares import share as share
from complaints.states import Outcome
from marketplace import replica
from marketplace.errors import DomainError
from marketplace.models import Region
from marketplace.rules import in_language

OK = "ok"
# Complaints that came through the portal itself, as the published report counts them.
OWN_CHANNELS = ("portal", "qr", "kiosk")


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


# Both sides of the sum from one statement: how the period's cases stand at its end, and how they came into it.
_EXAMINED = """
SELECT 'end' AS part, outcome, channel, sum(came - went) AS cases, 0 AS confirmed, 0 AS returned
FROM total WHERE day <= %(last)s AND is_open AND {region} GROUP BY outcome, channel
UNION ALL
SELECT 'end', outcome, channel, sum(came), sum(confirmed), sum(returned)
FROM total WHERE day BETWEEN %(first)s AND %(last)s AND NOT is_open AND {region} GROUP BY outcome, channel
UNION ALL -- what ended and was opened again within the period does not stand so at its end
SELECT 'end', outcome, channel, -count(*), -count(*) FILTER (WHERE confirmed), -sum(returned)
FROM stretch WHERE began_on >= %(first)s AND until_on <= %(last)s AND {reopened} AND {region} GROUP BY outcome, channel
UNION ALL
SELECT 'opening', '', '', coalesce(sum(came - went), 0), 0, 0
FROM total WHERE day < %(first)s AND is_open AND {region}
UNION ALL
SELECT 'received', '', '', coalesce(sum(filed), 0), 0, 0
FROM total WHERE day BETWEEN %(first)s AND %(last)s AND {region}
UNION ALL
SELECT 'reopened', '', '', count(*), 0, 0
FROM stretch WHERE began_on < %(first)s AND until_on BETWEEN %(first)s AND %(last)s AND {reopened} AND {region}
"""

_SELLER = """
SELECT kind, days, in_time, sum(steps) AS steps FROM tally
WHERE kind IN ('answered', 'offered', 'ignored') AND day BETWEEN %(first)s AND %(last)s AND {region}
GROUP BY kind, days, in_time HAVING sum(steps) > 0
"""


def facts(period: Period, region: Region | None = None, *, after: int | None = None) -> dict[str, Any]:
    """Everything the report shows, from the stored facts and the events that are newer than these."""
    read = Reading(period, region, after).rows(examined=_EXAMINED, seller=_SELLER, bodies=bodies.BODIES)
    came = {row["part"]: row["cases"] for row in read["examined"] if row["part"] != "end"}
    at_end = [row for row in read["examined"] if row["part"] == "end"]
    outcomes: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    for row in at_end:
        outcomes[row["outcome"]] += row["cases"]
        channels[row["channel"]] += row["cases"]
    outcomes, channels = +outcomes, +channels  # without what the sums cancelled out
    satisfied = [row for row in at_end if row["outcome"] == Outcome.SATISFIED]
    return {
        "examined": sum(came.values()),
        "received": came["received"],
        "by_channel": dict(sorted(channels.items())),
        "outcomes": {outcome: outcomes.pop(outcome, 0) for outcome in Outcome.values} | dict(outcomes),
        "confirmed": sum(row["confirmed"] for row in satisfied),
        "confirmed_share": share(sum(row["confirmed"] for row in satisfied), sum(row["cases"] for row in satisfied)),
        "returned_kzt": kzt(sum((Decimal(row["returned"]) for row in satisfied), Decimal(0))),
        "court": court(period, region),
        "fines": fined(period, region),
        "seller": _seller(read["seller"]),
        "bodies": [bodies.with_shares(row) for row in read["bodies"]],
        "through_the_system": sum(channels[channel] for channel in OWN_CHANNELS),
        "users": registered.count(before=period.end, region=region),
        "outreach": outreach.totals(period.first, period.last, region),
    }


@dataclass(frozen=True)
class Reading:
    """SELECTs over the facts of a period and one region (their ``{region}``), or of the whole country.

    ``after`` is ``position()`` of the facts where the caller has read it before.
    """

    period: Period
    region: Region | None
    after: int | None = None

    def rows(self, named: dict[str, Any] | None = None, **selects: str) -> dict[str, list[dict[str, Any]]]:
        """The rows of each SELECT by its name, all of one moment."""
        here = "region_id = %(region)s" if self.region else "true"
        reopened = "NOT is_open AND until_on < DATE '9999-12-31'"
        values = {"first": self.period.first, "last": self.period.last, "region": self.region and self.region.pk}
        return stored.read(
            {name: select.format(region=here, reopened=reopened) for name, select in selects.items()},
            values | (named or {}),
            after=stored.position() if self.after is None else self.after,
        )


def kzt(amount: Decimal) -> int | float:
    """A sum as a number: whole tenge as an integer."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


# A case may be in court once more; each of its steps there is one of the period it was taken in.
_COURT = """
SELECT count(*) FILTER (WHERE kind = 'complaint.court_opened'), count(*) FILTER (WHERE won),
    coalesce(sum((data ->> 'recovered')::numeric) FILTER (WHERE won), 0)
FROM (SELECT *, kind = 'complaint.court_decided' AND data ->> 'result' = 'won' AS won FROM marketplace_event
      WHERE kind IN ('complaint.court_opened', 'complaint.court_decided') AND at >= %(start)s AND at < %(end)s) taken
WHERE %(region)s::text IS NULL OR EXISTS (
    SELECT FROM complaints_complaint c WHERE c.number = substr(taken.subject, 11) AND c.region_id = %(region)s)
"""


def court(period: Period, region: Region | None) -> dict[str, Any]:
    """Cases that a body joined, won, and the sum awarded in the period, by the events."""
    named = {"start": period.start, "end": period.end, "region": region.pk if region else None}
    with replica.cursor() as cursor:
        cursor.execute(_COURT, named)
        joined, won, recovered = cursor.fetchone()
    return {"joined": joined, "won": won, "recovered_kzt": kzt(recovered)}


def fined(period: Period, region: Region | None) -> dict[str, Any]:
    """Fines imposed in the period, and what of them is paid by now."""
    found = fines.totals(period.first, period.last, region)
    return {"imposed": found["imposed"], "sum_kzt": kzt(found["sum"]), "paid_kzt": kzt(found["paid"])}


def _seller(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Counted steps as the seller's part of the report."""
    answers = [row for row in rows if row["kind"] != "ignored"]
    days = sorted((row["days"], row["steps"]) for row in answers if row["days"] is not None)
    return seller(
        answered=sum(row["steps"] for row in answers),
        in_time=sum(row["steps"] for row in answers if row["in_time"]),
        ignored=sum(row["steps"] for row in rows if row["kind"] == "ignored"),
        median_days=median_of(days),
    )


def median_of(counted: list[tuple[int, int]]) -> float | None:
    """The median of values that occur so many times, sorted; nothing of nothing."""
    whole = sum(times for _value, times in counted)
    if not whole:
        return None
    passed, middle = 0, []
    for value, times in counted:
        # The two middle places; the same one twice when the number is odd.
        middle += [value for place in ((whole - 1) // 2, whole // 2) if passed <= place < passed + times]
        passed += times
    return sum(middle) / 2


def seller(*, answered: int, in_time: int, ignored: int, median_days: float | None) -> dict[str, Any]:
    """Clock A: answers in time, the median of days, the share of silence."""
    if median_days is not None:
        median_days = int(median_days) if median_days == int(median_days) else float(median_days)
    total = ignored + answered
    return {
        "answered": answered,
        "in_time": in_time,
        "median_days": median_days,
        "ignored": ignored,
        "ignored_share": share(ignored, total),
        "in_time_share": share(in_time, total),
    }


def satisfied_share(found: dict[str, Any]) -> float | None:
    """Satisfied ÷ examined, per cent (the published report of Shymkent: 87.5)."""
    return share(found["outcomes"]["satisfied"], found["examined"]) if found.get("outcomes") else None


def self_check(found: dict[str, Any]) -> str:
    """``ok``, or the difference in words: parts must equal their totals, one by one."""
    problems = []
    outreach_log = found.get("outreach") or {}
    for name, total, parts in (
        ("outcomes", found.get("examined"), found.get("outcomes")),
        ("channels", found.get("examined"), found.get("by_channel")),
        ("outreach", outreach_log.get("total"), outreach_log.get("by_kind")),
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


def of_period(period: Period, region: Region | None, *, after: int | None = None) -> dict[str, Any]:
    """The report of any span of days (contract section 3). Raises DoesNotAddUp.

    Where a published table of exactly this span and region was imported, that table is given, as such.
    """
    published = MonthlyReport.objects.filter(
        imported=True, month=period.first, until=period.last, region=region
    ).first()
    found = published.facts if published else checked(facts(period, region, after=after))
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
        "fines": found.get("fines"),
        "seller": found.get("seller"),
        "bodies": [bodies.named(row) for row in found.get("bodies") or []],
        "outreach": found.get("outreach"),
        "users": found.get("users"),
        "through_the_system": found.get("through_the_system"),
        "imported": published is not None,
        "source": in_language(found.get("source")) or None,
        "self_check": self_check(found),
    }


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
        found |= {"returned_kzt": kzt(Decimal(table["returned_kzt"]))}
        found["court"] = table["court"] | {"recovered_kzt": kzt(Decimal(table["court"]["recovered_kzt"]))}
        found |= {"through_the_system": table["through_the_system"], "users": table["users"]}
    if "outreach" in table:
        found["outreach"] = published_outreach(table["outreach"]["by_kind"], table["outreach"]["published_total"])
    return found


def published_outreach(by_kind: dict[str, int], published_total: int) -> dict[str, Any]:
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
