"""The indicators of the domain (part 3.6): each with its formula, for a period and a region, down to its cases.

Everything is counted from the stored facts and from the event log, never from how rows stand today: last year's
indicator is the same whenever it is asked for. What only the market of today can say is said of the period that runs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import reports
from complaints.reporting import applications, cases, market, registered
from complaints.reporting.shares import share
from complaints.reports import Period, Reading
from marketplace import day_counts, health, replica
from marketplace.models import Region

SHARE, NUMBER, MONEY, DAYS, MINUTES, SECONDS = "per_cent", "number", "kzt", "days", "minutes", "seconds"

# Steps of the period that are no step of a complaint's report: orders of the region, callers that live in it.
_EVENTS = """
SELECT e.kind, count(*) AS times, count(*) FILTER (WHERE e.data ->> 'photo' = 'false') AS without_photo
FROM marketplace_event e
LEFT JOIN order_order o ON e.subject LIKE 'order:%%' AND o.number = substr(e.subject, 7)
LEFT JOIN marketplace_user u ON u.id = e.on_behalf_of_id AND e.kind = 'person.caller_checked'
WHERE e.kind = ANY(%(kinds)s) AND e.at >= %(start)s AND e.at < %(end)s
    AND (%(region)s::text IS NULL OR coalesce(o.region_id, u.region_id) = %(region)s)
GROUP BY e.kind
"""
_KINDS = ["order.sent", "order.delivered", "order.rejected", "person.caller_checked"]
_FILED = """
SELECT c.subject, count(*) AS cases FROM complaints_complaint c
WHERE c.id IN (SELECT complaint_id FROM stretch WHERE began_on BETWEEN %(first)s AND %(last)s AND is_first AND {region})
    AND c.subject IN ('paid_helpers', 'misfit')
GROUP BY c.subject
"""


@dataclass(frozen=True)
class Indicator:
    """One line of part 3.6. ``part`` and ``whole`` read the counted facts; a share is part ÷ whole, per cent."""

    code: str
    name: Any
    formula: Any
    part: Callable[[dict[str, Any]], Any]
    whole: Callable[[dict[str, Any]], int] | None = None
    unit: str = NUMBER
    # The figure of the report whose cases it counts; empty where it counts no cases.
    figure: dict[str, str] = field(default_factory=dict)
    # Which kinds of goods of the market watch it counts: none, one or low; empty where it counts none.
    watch: str = ""


def _bodies(name: str) -> Callable[[dict[str, Any]], int]:
    return lambda found: sum(row[name] for row in found["bodies"])


def _sellers_asked(found: dict[str, Any]) -> int:
    return int(found["seller"]["answered"] + found["seller"]["ignored"])


INDICATORS = (
    Indicator(
        "satisfied", _("Satisfied"), _("satisfied ÷ examined"),
        lambda found: found["outcomes"]["satisfied"], lambda found: found["examined"], SHARE, {"outcome": "satisfied"},
    ),
    Indicator(
        "confirmed", _("Confirmed by the person"), _("satisfied by the person's own word ÷ satisfied"),
        lambda found: found["confirmed"], lambda found: found["outcomes"]["satisfied"], SHARE,
        {"outcome": "satisfied"},
    ),
    Indicator(
        "carried_overdue", _("Carried over with a date that has passed"),
        _("open at the end, the body's date missed and none given since ÷ carried over"),
        lambda found: found["carried_overdue"], lambda found: found["outcomes"]["carried_over"], SHARE,
        {"step": "carried_overdue"},
    ),
    Indicator(
        "returned", _("Money returned to people"), _("sum of what satisfied complaints returned"),
        lambda found: found["returned_kzt"], None, MONEY, {"step": "returned"},
    ),
    Indicator(
        "court_won", _("Court cases won"), _("won in the period ÷ joined in the period"),
        lambda found: found["court"]["won"], lambda found: found["court"]["joined"], SHARE, {"step": "court_won"},
    ),
    Indicator(
        "court_recovered", _("Recovered by courts"), _("sum that courts awarded in the cases won"),
        lambda found: found["court"]["recovered_kzt"], None, MONEY, {"step": "court_won"},
    ),
    Indicator(
        "seller_in_time", _("Suppliers' answers in time"), _("answers by their date ÷ answers and silences"),
        lambda found: found["seller"]["in_time"], _sellers_asked, SHARE, {"step": "answered"},
    ),
    Indicator(
        "seller_days", _("Days to the supplier's answer"), _("median of days from filing to the answer"),
        lambda found: found["seller"]["median_days"], None, DAYS, {"step": "answered"},
    ),
    Indicator(
        "seller_silent", _("Suppliers' silence"), _("left without an answer ÷ answers and silences"),
        lambda found: found["seller"]["ignored"], _sellers_asked, SHARE, {"step": "ignored"},
    ),
    Indicator(
        "body_in_time", _("State bodies' decisions in time"), _("decided by the date ÷ decided"),
        _bodies("in_time"), _bodies("decided"), SHARE, {"step": "decided"},
    ),
    Indicator(
        "body_redirected", _("Sent on to another body"), _("sent on ÷ decided, refused and sent on"),
        _bodies("redirected"),
        lambda found: sum(row["decided"] + row["refused"] + row["redirected"] for row in found["bodies"]), SHARE,
        {"step": "redirected"},
    ),
    Indicator(
        "body_reopened", _("Opened again"), _("decisions that people did not accept ÷ decided"),
        _bodies("reopened"), _bodies("decided"), SHARE, {"step": "reopened"},
    ),
    Indicator(
        "through_the_system", _("Through the portal itself"), _("portal, QR code and kiosk ÷ examined"),
        lambda found: found["through_the_system"], lambda found: found["examined"], SHARE,
    ),
    Indicator(
        "people", _("Registered people"), _("beneficiaries and guardians at the end of the period"),
        lambda found: found["users"]["registered"],
    ),
    Indicator(
        "businesses", _("Registered businesses"), _("suppliers approved by the end of the period"),
        lambda found: found["users"]["businesses"],
    ),
    Indicator(
        "new_people", _("People who came"), _("accounts made for people in the period"),
        lambda found: found["joined"]["people"],
    ),
    Indicator(
        "new_businesses", _("Businesses that came"), _("suppliers whose application was approved in the period"),
        lambda found: found["joined"]["businesses"],
    ),
    Indicator(
        "outreach", _("Outreach"), _("sum of the outreach log of the period, without lines struck out"),
        lambda found: found["outreach"]["total"],
    ),
    Indicator(
        "rejected", _("Rejected at acceptance"), _("orders rejected ÷ orders handed over"),
        lambda found: found["events"]["order.rejected"], lambda found: found["events"]["order.delivered"], SHARE,
    ),
    Indicator(
        "misfit", _("Complaints that the goods do not fit"), _("filed about wrong parameters ÷ orders handed over"),
        lambda found: found["filed"]["misfit"], lambda found: found["events"]["order.delivered"], SHARE,
        {"step": "received", "subject": "misfit"},
    ),
    Indicator(
        "calls", _("Calls to 1414 for 100 orders"), _("callers checked ÷ orders sent, for 100"),
        lambda found: found["events"]["person.caller_checked"], lambda found: found["events"]["order.sent"], SHARE,
    ),
    Indicator(
        "paid_helpers", _("Reports of paid helpers"), _("filed about helpers who take money near an office"),
        lambda found: found["filed"]["paid_helpers"], None, NUMBER, {"step": "received", "subject": "paid_helpers"},
    ),
    Indicator(
        "first_try", _("Applications sent at the first try"),
        _("applications sent on the first day that they were worked on ÷ applications sent"),
        lambda found: found["applications"]["at_once"], lambda found: found["applications"]["sent"], SHARE,
    ),
    Indicator(
        "visits", _("Visits per application"),
        _("mean of the days on which an application was worked on until it was sent"),
        lambda found: found["applications"]["visits"],
    ),
    Indicator(
        "rescued", _("Applications rescued"),
        _("sent after the session had ended, after going on with another device or after being put aside ÷ applications sent"),
        lambda found: found["applications"]["rescued"], lambda found: found["applications"]["sent"], SHARE,
    ),
    Indicator(
        "programme_days", _("Days from the programme to the goods"),
        _("median of days from the first day of a line of a programme to its first acceptance"),
        lambda found: found["applications"]["days"], None, DAYS,
    ),
    Indicator(
        "choice_index", _("Choice index"),
        _("median of all kinds of goods in the market; as it stands in the period that runs"),
        lambda found: found["market"]["index"],
    ),
    Indicator(
        "no_supplier", _("Kinds of goods without a supplier"),
        _("kinds nobody sells ÷ kinds in the market; as it stands in the period that runs"),
        lambda found: found["market"]["none"], lambda found: found["market"]["kinds"], SHARE, watch="none",
    ),
    Indicator(
        "one_supplier", _("Kinds of goods with a single supplier"),
        _("kinds of one supplier ÷ kinds in the market; as it stands in the period that runs"),
        lambda found: found["market"]["one"], lambda found: found["market"]["kinds"], SHARE, watch="one",
    ),
    Indicator(
        "one_supplier_orders", _("Ordered where one supplier sells"),
        _("lines of orders whose kind has one supplier in the region ÷ lines of orders; in the period that runs"),
        lambda found: found["market"]["lines_of_one"], lambda found: found["market"]["lines"], SHARE,
    ),
    Indicator(
        "price_to_median", _("Price beside the median"),
        _("median of the price of a unit in orders ÷ median of the kind in the region; in the period that runs"),
        lambda found: found["market"]["to_median"], None, SHARE,
    ),
    Indicator(
        "without_photo", _("Handed over without a photo"),
        _("orders handed over with no photo of it ÷ orders handed over"),
        lambda found: found["events"]["without_photo"], lambda found: found["events"]["order.delivered"], SHARE,
    ),
    Indicator(
        "page_seconds", _("Seconds until a page is there"),
        _("95 of 100 pages were there by then, as one visit in ten tells; the same for all regions"),
        lambda found: found["portal"]["p95"], None, SECONDS,
    ),
    Indicator(
        "errors", _("Errors of the portal"), _("answers that were errors of its own ÷ answers; the same for all regions"),
        lambda found: found["portal"]["errors"], lambda found: found["portal"]["answers"], SHARE,
    ),
    Indicator(
        "trouble", _("Minutes of trouble"),
        _("minutes in which the portal, or a part of it, did not work; the same for all regions"),
        lambda found: found["portal"]["trouble"], None, MINUTES,
    ),
)  # fmt: skip
CODES = [indicator.code for indicator in INDICATORS]


def of_period(period: Period, region: Region | None) -> list[dict[str, Any]]:
    """Every indicator: code, name, formula, part, whole, value (None of nothing), unit, figure, watch.

    Raises DoesNotAddUp.
    """
    found = reports.checked(reports.facts(period, region))
    counted = Reading(period, region).rows(cases.moments(period), overdue=cases.OVERDUE_COUNTED, filed=_FILED)
    filed = {row["subject"]: row["cases"] for row in counted["filed"]}
    found |= {
        "carried_overdue": counted["overdue"][0]["cases"],
        "filed": {subject: filed.get(subject, 0) for subject in ("paid_helpers", "misfit")},
        "events": _events(period, region),
        "joined": registered.joined(start=period.start, end=period.end, region=region),
        "applications": applications.of_period(period, region),
        "market": market.of_period(period, region, runs=period.first <= timezone.localdate() <= period.last),
        "portal": _portal(period),
    }
    return [_of(indicator, found) for indicator in INDICATORS]


def _of(indicator: Indicator, found: dict[str, Any]) -> dict[str, Any]:
    part = indicator.part(found)
    whole = indicator.whole(found) if indicator.whole else None
    return {
        "code": indicator.code,
        "name": str(indicator.name),
        "formula": str(indicator.formula),
        "part": part,
        "whole": whole,
        "value": part if whole is None or part is None else share(part, whole),
        "unit": indicator.unit,
        "figure": indicator.figure,
        "watch": indicator.watch,
    }


def _events(period: Period, region: Region | None) -> dict[str, int]:
    named: dict[str, Any] = {
        "kinds": _KINDS, "start": period.start, "end": period.end, "region": region.pk if region else None,
    }  # fmt: skip
    with replica.cursor() as cursor:
        cursor.execute(_EVENTS, named)
        found = {kind: (times, bare) for kind, times, bare in cursor.fetchall()}
    times = {kind: found.get(kind, (0, 0))[0] for kind in _KINDS}
    return times | {"without_photo": found.get("order.delivered", (0, 0))[1]}


def _portal(period: Period) -> dict[str, Any]:
    """How well the portal itself worked: the same for all regions."""
    errors, answers = day_counts.answers(period.first, period.last)
    return {
        "p95": day_counts.p95(period.first, period.last),
        "errors": errors,
        "answers": answers,
        "trouble": health.trouble_between(period.start, period.end),
    }
