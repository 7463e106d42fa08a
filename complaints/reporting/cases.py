"""From a figure of the report to the cases it counts: for those who may know them, never for the public."""

from dataclasses import dataclass
from typing import Any

from complaints.models import Complaint
from complaints.reports import Period, Reading
from complaints.states import HAPPENED, Outcome
from marketplace import access
from marketplace.errors import NotFound
from marketplace.models import Region, Role, User

PAGE_SIZE = 50

_AT_END = """
FROM stretch WHERE began_on <= %(last)s AND until_on > %(last)s AND (is_open OR began_on >= %(first)s) AND {region}
    AND (%(outcome)s = '' OR outcome = %(outcome)s) AND (%(channel)s = '' OR channel = %(channel)s)
"""
_FILED = """
FROM stretch WHERE began_on BETWEEN %(first)s AND %(last)s AND is_first AND {region}
    AND (%(channel)s = '' OR channel = %(channel)s)
    AND (%(subject)s = '' OR complaint_id IN (SELECT id FROM complaints_complaint WHERE subject = %(subject)s))
"""
_MARKED = """
FROM mark WHERE "on" BETWEEN %(first)s AND %(last)s AND kind = ANY(%(kinds)s) AND {region}
    AND (%(body)s = '' OR body = %(body)s)
"""
_RETURNED = _AT_END + " AND outcome = 'satisfied' AND returned > 0"
_COURT_STEP = """
FROM (SELECT c.id AS complaint_id, c.region_id FROM marketplace_event e
      JOIN complaints_complaint c ON c.number = substr(e.subject, 11)
      WHERE e.at >= %(start)s AND e.at < %(end)s AND e.kind = {step}) taken
WHERE {{region}}
"""
_COURT = _COURT_STEP.format(step="'complaint.court_opened'")
_COURT_WON = _COURT_STEP.format(step="'complaint.court_decided' AND e.data ->> 'result' = 'won'")
# Open at the end, a body's date missed, and no step since that gave a new one: taking up and redirecting keep the date.
_OVERDUE = """
FROM stretch s WHERE began_on <= %(last)s AND until_on > %(last)s AND is_open AND outcome = 'carried_over' AND {region}
    AND complaint_id IN (SELECT complaint_id FROM mark WHERE kind = 'overdue' AND "on" <= %(last)s)
    AND NOT EXISTS (
        SELECT FROM complaints_complaint c JOIN marketplace_event e ON e.subject = 'complaint:' || c.number
        WHERE c.id = s.complaint_id AND e.after <> '' AND e.at < %(end)s AND e.before <> ''
            AND e.kind <> ALL (%(dateless)s)
            AND (e.at AT TIME ZONE %(zone)s)::date >= (
                SELECT max(m."on") FROM mark m
                WHERE m.complaint_id = s.complaint_id AND m.kind = 'overdue' AND m."on" <= %(last)s))
"""
OVERDUE_COUNTED = f"SELECT count(*) AS cases {_OVERDUE}"
# Steps that leave the date of the case as it is.
_DATELESS = [
    f"complaint.{HAPPENED[action][0]}"
    for action in ("take-up", "redirect", "instruct", "ban", "change-rule", "stop-sale")
]
# Figures of the report that are not steps in the log.
_SOURCES = {"received": _FILED, "returned": _RETURNED, "court_joined": _COURT, "court_won": _COURT_WON}
_SOURCES["carried_overdue"] = _OVERDUE
_STEPS = {
    "answered": ["answered", "offered"],
    "ignored": ["ignored"],
    "decided": ["decided"],
    "redirected": ["redirected"],
    "reopened": ["reopened"],
    "confirmed": ["confirmed"],
    "overdue": ["overdue"],
}


@dataclass(frozen=True)
class Figure:
    """A number of the report: how cases stand at the end, by which channel they came, or a step of the period.

    ``subject`` and ``channel`` narrow down what was filed (step ``received``).
    """

    outcome: str = ""
    channel: str = ""
    step: str = ""
    body: str = ""
    subject: str = ""

    def source(self) -> str:
        if not self.step:
            return _AT_END
        return _SOURCES.get(self.step, _MARKED)


def region_for(actor: User, region: Region | None) -> Region | None:
    """The region whose cases the actor may list: inspectors their own only.

    Raises Forbidden for other roles and NotFound for a foreign region.
    """
    access.require_role(actor, Role.INSPECTOR, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
    own = actor.authority.region if actor.role == Role.INSPECTOR and actor.authority else None
    if own is None:
        if actor.role == Role.INSPECTOR and not actor.authority:
            raise NotFound
        return region
    if region is not None and region != own:
        raise NotFound
    return own


def moments(period: Period) -> dict[str, Any]:
    """What the statements about events are given beside the days of the period."""
    return {"start": period.start, "end": period.end, "dateless": _DATELESS}


def counted(figure: Figure, period: Period, region: Region | None, page: int) -> tuple[int, list[Complaint]]:
    """How many cases the figure counts, and those of a page, the newest first. Raises NotFound for unknown figures."""
    if figure.outcome not in ("", *Outcome.values) or figure.channel not in ("", *Complaint.Channel.values):
        raise NotFound
    if figure.step and figure.step not in (*_STEPS, *_SOURCES):
        raise NotFound
    named: dict[str, Any] = {
        "outcome": figure.outcome,
        "channel": figure.channel,
        "body": figure.body,
        "subject": figure.subject,
        "kinds": _STEPS.get(figure.step, []),
        "limit": PAGE_SIZE,
        "offset": (max(page, 1) - 1) * PAGE_SIZE,
    } | moments(period)
    source = figure.source()
    found = Reading(period, region).rows(
        named,
        total=f"SELECT count(*) AS cases {source}",
        cases=f"SELECT complaint_id {source} ORDER BY complaint_id DESC LIMIT %(limit)s OFFSET %(offset)s",
    )
    ids = [row["complaint_id"] for row in found["cases"]]
    cases = Complaint.objects.select_related("region", "addressee_supplier", "addressee_authority").in_bulk(ids)
    return found["total"][0]["cases"], [cases[pk] for pk in ids]
