"""Who answers a complaint first, who beside, and who joins when the answer does not come (domain part 4).

The table is rule data (``complaint.routing``), read from the top: the first row whose subject and
sphere match applies. Urgent rows stand first and so beat all others. Tie rules: a row may hide the
complainant from the supplier; the region is that of the delivery, else of the person; a body that is
itself the subject of the complaint is replaced by the one above it; what no row knows goes to triage.
Silence passes a case along the row's whole chain, but never to those that the law lets join only by the
will of the two sides (``complaint.joins_by_will``: pre-trial bodies, courts).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints.models import Complaint, ComplaintParallel
from marketplace import calendar, rules
from marketplace.calendar import Deadline
from marketplace.models import Authority, Office, Region
from marketplace.rules import in_language
from orders.models import Line
from suppliers.models import Partner

RULE = "complaint.routing"
SELLER = "seller"
TRIAGE = "triage_desk"
ANY = "any"
# Stands for the code of a body: the complaint is against whichever would get it.
ADDRESSEE = "addressee"
# The safety track: the supplier has 24 hours, a body the same day.
SAFETY = "danger"
# Ministry desks have the ministry's own clock, triage a day, every other body the one for decisions.
_CLOCKS = {
    TRIAGE: "complaint.triage_days",
    "ministry": "complaint.ministry_days",
    "market_desk": "complaint.ministry_days",
}


@dataclass(frozen=True)
class Table:
    """One version of the routing table with its vocabulary."""

    valid_from: date
    rows: list[dict[str, Any]]
    subjects: dict[str, Any]
    spheres: dict[str, Any]
    demands: dict[str, Any]

    def subject_name(self, code: str) -> str:
        return in_language(self.subjects.get(code)) or code

    def sphere_name(self, code: str) -> str:
        return in_language(self.spheres.get(code)) or code

    def demand_name(self, code: str) -> str:
        return in_language(self.demands.get(code)) or code

    def subjects_of(self, sphere: str) -> list[str]:
        """Subjects that some row names for the sphere, in the vocabulary's order."""
        asked = {row["subject"] for row in self.rows if {sphere, ANY} & set(row["spheres"])}
        return [code for code in self.subjects if code in asked and code != ANY]


Why = ComplaintParallel.Why


@dataclass(frozen=True)
class Parallel:
    """Somebody addressed beside the addressee; ``deadline`` is None for whoever is only told."""

    to: Authority | Partner
    why: str
    deadline: Deadline | None = None

    @property
    def why_label(self) -> str:
        return str(Why(self.why).label)

    @property
    def due_words(self) -> str:
        return calendar.in_words(self.deadline.explained) if self.deadline else ""

    @property
    def addressee(self) -> dict[str, str]:
        return named(self.to)


def named(to: Authority | Partner) -> dict[str, str]:
    """Code, name and kind of a body or a supplier."""
    return {"code": to.code, "name": to.name, "kind": "supplier" if isinstance(to, Partner) else "authority"}


@dataclass(frozen=True)
class Route:
    """The decision, with everything that explains it before anything is sent.

    ``joins`` are the bodies that silence brings in, in their order; ``above`` is told when the last is silent.
    """

    rule: str
    version: date
    supplier: Partner | None
    authority: Authority | None
    joins: list[Authority]
    above: Authority | None
    parallels: list[Parallel]
    region: Region
    priority: int
    hide_name: bool
    hold_payment: bool
    why: str
    legal_basis: str
    deadline: Deadline
    notes: list[str] = field(default_factory=list)

    @property
    def addressee(self) -> dict[str, str]:
        """Code and name of whoever has to answer."""
        to = self.supplier or self.authority
        assert to is not None
        return named(to)

    @property
    def escalates_to(self) -> Authority | None:
        """Who joins first."""
        return self.joins[0] if self.joins else None

    @property
    def informed(self) -> list[Authority]:
        """Bodies that the rule tells at once."""
        told = (Why.INFORMED, Why.SAFETY)
        return [one.to for one in self.parallels if one.why in told and isinstance(one.to, Authority)]


def table(on: date | None = None) -> Table:
    """The version in force on a day (today by default)."""
    rule = rules.get(RULE, on=on)
    value = rule.value
    return Table(rule.valid_from, value["table"], value["subjects"], value["spheres"], value["demands"])


def may_be_about_addressee(rows: list[dict[str, Any]], subject: str, sphere: str) -> bool:
    """Can the complaint be against the body that would get it? Asked where that is a body of a region, no desk."""
    first = decide(rows, subject, sphere)["first"]
    return first != SELLER and Authority.objects.filter(kind=first, region__isnull=False).exists()


def decide(rows: list[dict[str, Any]], subject: str, sphere: str) -> dict[str, Any]:
    """The row that applies: the first match from the top, pure."""
    for row in rows:
        if row["subject"] in (subject, ANY) and (ANY in row["spheres"] or sphere in row["spheres"]):
            return row
    raise LookupError(f"the routing table has no row for {subject} × {sphere} and no last row for everything")


def route(
    *,
    subject: str,
    sphere: str,
    region: Region | None = None,
    supplier: Partner | None = None,
    line: Line | None = None,
    office: Office | None = None,
    about: Authority | None = None,
    about_addressee: bool = False,
    now: datetime,
    in_force: Table | None = None,
) -> Route:
    """Who gets the complaint, why, by which rule and law, and until when.

    ``region`` is the person's; the place of delivery of ``line`` comes first. ``about`` is a state
    body that the complaint is against; ``about_addressee`` says that it is the one the row names first.
    """
    today = timezone.localdate(now)
    in_force = in_force or table(today)
    row = decide(in_force.rows, subject, sphere)
    place = line.order.region if line else region or (office.region if office else None)
    if place is None:
        raise ValueError("a complaint needs a region")
    seller = line.order.partner if line else supplier
    bodies = _Bodies(place, office or (line.order.office if line else None), about)
    notes: list[str] = []
    if about_addressee:
        bodies.about = bodies.find(row["first"])

    by_will = rules.get("complaint.joins_by_will", on=today).value["kinds"]
    joining = bodies.all_of(kind for kind in row["escalates_to"] if kind not in by_will)
    addressee_seller = seller if row["first"] == SELLER else None
    if addressee_seller is not None:
        authority = None
    elif row["first"] == SELLER:
        notes.append(_("The supplier is not known to the portal, so the state body examines at once."))
        authority = joining.pop(0) if joining else bodies.find(TRIAGE)
    else:
        authority = bodies.find(row["first"]) or bodies.find(TRIAGE)
    if bodies.raised:
        notes.append(_("The body is itself the subject of the complaint, so it goes one level up."))
    joining = [body for body in joining if body != authority]
    if not joining:
        joining = [body for body in [bodies.above(authority)] if body is not None and body != authority]
    return Route(
        rule=row["rule"],
        version=in_force.valid_from,
        supplier=addressee_seller,
        authority=authority,
        joins=joining,
        above=bodies.above(joining[-1] if joining else authority),
        parallels=_beside(row, subject, bodies, authority, seller if addressee_seller is None else None, now),
        region=place,
        priority=Complaint.Priority[row["priority"].upper()],
        hide_name=row["hide_person"],
        hold_payment=row["hold_payment"],
        why=in_language(row["why"]),
        legal_basis=in_language(row["legal_basis"]),
        deadline=seller_clock(subject, now) if addressee_seller else body_clock(subject, authority, today),
        notes=notes,
    )


def _beside(
    row: dict[str, Any], subject: str, bodies: "_Bodies", first: Authority | None, seller: Partner | None, now: datetime
) -> list[Parallel]:
    """Whom the row addresses at once: bodies act the same day in danger, else they are told; a supplier answers."""
    found: list[Parallel] = []
    if SELLER in row["also"] and seller is not None and not row["hide_person"]:
        found.append(Parallel(seller, Why.RULE, seller_clock(subject, now)))
    for body in bodies.all_of(kind for kind in row["also"] if kind != SELLER):
        if body == first:
            continue
        if subject == SAFETY:
            found.append(Parallel(body, Why.SAFETY, body_clock(subject, body, timezone.localdate(now))))
        else:
            found.append(Parallel(body, Why.INFORMED))
    return found


def following(complaint: Complaint, body: Authority) -> dict[str, Any]:
    """The columns that say who joins after ``body``: the rest of the chain when it belongs to it, else who is above."""
    chain = [*([complaint.escalates_to.code] if complaint.escalates_to else []), *complaint.joins]
    if body.code not in chain:
        return {"escalates_to": body.parent, "joins": []}
    return onwards(chain[chain.index(body.code) + 1 :])


def onwards(codes: list[str]) -> dict[str, Any]:
    """The columns of a chain of codes that is still to come."""
    next_body = Authority.objects.filter(code=codes[0]).first() if codes else None
    return {"escalates_to": next_body, "joins": codes[1:]}


def seller_clock(subject: str, now: datetime) -> Deadline:
    """10 calendar days (law 274-IV, art. 42-4); 24 hours when somebody is in danger."""
    if subject == SAFETY:
        return calendar.hours_deadline("complaint.safety_seller_hours", now)
    return calendar.deadline("complaint.seller_answer_days", timezone.localdate(now))


def body_clock(subject: str, authority: Authority | None, start: date) -> Deadline:
    """Until when a body has to decide, counted from a local day; the same day when somebody is in danger."""
    if subject == SAFETY:
        return calendar.deadline("complaint.safety_body_days", start)
    kind = authority.kind if authority else ""
    return calendar.deadline(_CLOCKS.get(kind, "complaint.decision_days"), start)


class _Bodies:
    """Finds the body of a kind for a place: the office's first, then the region's, then the country's."""

    def __init__(self, region: Region, office: Office | None, about: Authority | None):
        self.region, self.office, self.about = region, office, about
        self.raised = False
        self._known: dict[str, list[Authority]] = {}
        near = Authority.objects.filter(Q(region=region) | Q(region=None)).select_related("parent").order_by("pk")
        for body in near:
            self._known.setdefault(body.kind, []).append(body)

    def all_of(self, kinds: Iterable[str]) -> list[Authority]:
        """The bodies of several kinds, each once, in the order of the kinds; kinds without a body are left out."""
        return list(dict.fromkeys(body for body in map(self.find, kinds) if body is not None))

    def above(self, body: Authority | None) -> Authority | None:
        """One level up; above the highest stands the ministry, above which stands nobody."""
        higher = (body.parent if body is not None else None) or next(self._nearest("ministry"), None)
        return higher if higher != body else None

    def find(self, kind: str) -> Authority | None:
        body = next(self._nearest(kind), None)
        if body is not None and body == self.about:
            self.raised = True
            return self.above(body) or body
        return body

    def _nearest(self, kind: str) -> Iterator[Authority]:
        bodies = self._known.get(kind, [])
        if self.office is not None:
            yield from (body for body in bodies if body.office_id == self.office.pk)
        yield from (body for body in bodies if body.region_id == self.region.pk)
        yield from (body for body in bodies if body.region_id is None)
