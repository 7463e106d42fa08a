"""The ministry's board: what is not one person's bad luck. Cases of one kind are counted, drilled into, taken up as one.

Three ways of grouping, each with its threshold as rule data (``board.systemic``): the same subject with one
supplier, with one type of product, in one region. A duplicate counts with its earlier case, not again.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import ProductClass
from complaints import bodies, misdirected, routing, selectors
from complaints.measures.models import Measure, SystemicMatter
from complaints.models import Complaint
from complaints.states import BODY, ESCALATED_STATES, MINISTRY, OPEN_STATES, WHOSE_TURN, ComplaintStatus
from complaints.stepping import Case, Plan, required_text, take
from marketplace import access, rules
from marketplace.errors import DomainError, NotFound
from marketplace.models import Authority, Region, Role, User
from marketplace.time import database_now
from suppliers.models import Partner, Suspension
from suppliers.watch import reading as market
from suppliers.watch.reading import RegionChoice

RULE = "board.systemic"
OVERSEERS = (Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
SHOWN = 10

By = SystemicMatter.By
_KEYS = {
    By.SUPPLIER: Coalesce("supplier", "addressee_supplier"),
    By.TYPE: Coalesce("order_line__product__product_class", "order_line__product__parent__product_class"),
    By.REGION: F("region"),
}


class AlreadySystemic(DomainError):
    code = "already_systemic"
    message = _("The ministry already examines these cases as one.")


class NothingToTake(DomainError):
    code = "nothing_to_take"
    message = _("No case of this group is with a state body yet. It joins by itself when a supplier is silent.")


@dataclass(frozen=True)
class Group:
    """Cases of one subject with one supplier, type or region; ``many``: at or above the threshold."""

    by: str
    key: str
    subject: str
    name: str
    subject_name: str
    cases: int
    open: int
    many: bool
    lead: str = ""


@dataclass(frozen=True)
class Board:
    """``late``: bodies with cases whose date has passed. ``days``: how far back cases count.

    ``passed_on_late``: bodies that told people too late that a case was not theirs. ``choice``: for how many kinds of
    goods a region has one supplier or none, as the market watch counted.
    """

    days: int
    groups: dict[str, list[Group]]
    late: list[dict[str, Any]]
    passed_on_late: list[dict[str, Any]]
    bans: list[Suspension]
    instructions: list[Measure]
    stops: list[Measure]
    choice: list[RegionChoice]


def board(actor: User, now: datetime | None = None) -> Board:
    """Everything the ministry's board shows; a fixed number of queries. Raises Forbidden for who oversees nothing."""
    access.require_role(actor, *OVERSEERS)
    today = timezone.localdate(now or database_now())
    rule = rules.get(RULE, on=today).value
    leads = {
        (matter.by, matter.key, matter.subject): matter.lead.number
        for matter in SystemicMatter.objects.filter(lead__closed_at=None).select_related("lead")
    }
    measures = Measure.objects.filter(done_at=None).select_related("complaint", "addressee", "product", "supplier")
    return Board(
        days=int(rule["days"]),
        groups={by: _groups(actor, by, today, rule, leads) for by in By.values},
        late=_late(actor, today),
        passed_on_late=misdirected.late_since(today - timedelta(days=int(rule["days"])))[:SHOWN],
        bans=list(Suspension.objects.filter(ended_at=None).select_related("partner").order_by("until", "pk")),
        instructions=list(measures.filter(kind=Measure.Kind.INSTRUCTION).order_by("respond_by", "pk")),
        stops=list(measures.filter(kind=Measure.Kind.STOP_SALE).order_by("made_at", "pk")),
        choice=market.by_region(market.alarm()),
    )


def cases_of(actor: User, *, by: str, key: str, subject: str, now: datetime | None = None) -> QuerySet[Complaint]:
    """The cases that a group counts, open and urgent ones first. Raises NotFound for a way of grouping that is none."""
    access.require_role(actor, *OVERSEERS)
    if by not in By.values:
        raise NotFound
    counted = _counted(actor, by, timezone.localdate(now or database_now()))
    if by != By.REGION and not (key.isdecimal() and len(key) < 18):
        raise NotFound
    found: QuerySet[Complaint] = (
        counted.filter(Q(key=key), subject=subject)
        .select_related("region", "supplier", "addressee_supplier", "addressee_authority")
        .order_by(*selectors.BY_DUE)
    )
    return found


def make_systemic(
    *, by: str, key: str, subject: str, reason: str, actor: User, now: datetime | None = None
) -> SystemicMatter:
    """Take the earliest case of the group that is with a body to the ministry; all cases of the group are linked to it.

    Every case keeps its own clock. Raises Forbidden, NotFound, Invalid, AlreadySystemic, NothingToTake.
    """
    access.require_role(actor, Role.REVIEWER)
    reason = required_text(reason, "reason", _("Say why the ministry has to examine it."))
    now = now or database_now()
    found = cases_of(actor, by=by, key=key, subject=subject, now=now)
    lead = found.filter(status__in=ESCALATED_STATES).order_by("filed_at", "pk").first()
    if lead is None:
        raise NothingToTake if found.exists() else NotFound
    members = list(found.filter(status__in=OPEN_STATES).values_list("pk", flat=True))
    made: list[SystemicMatter] = []

    def plan(case: Case) -> Plan:
        SystemicMatter.objects.filter(by=by, key=key, subject=subject, ended_at=None).exclude(
            lead__closed_at=None
        ).update(ended_at=now)
        try:
            with transaction.atomic():
                matter = SystemicMatter.objects.create(
                    by=by, key=key, subject=subject, lead=case.complaint, made_by=actor, made_at=now
                )
        except IntegrityError:
            raise AlreadySystemic from None
        matter.cases.set(members)
        made.append(matter)
        passed = bodies.ministry_plan(case, reason)
        passed.data |= {"systemic": matter.pk, "cases": len(members)}
        return passed

    take(number=lead.number, action="to-ministry", actor=actor, plan=plan, now=now)
    return made[0]


def _counted(actor: User, by: str, today: date) -> Any:
    """Cases that are open, or were filed lately, with the ``key`` of their group."""
    since = today - timedelta(days=int(rules.get(RULE, on=today).value["days"]))
    rows = selectors.visible(actor).filter(Q(status__in=OPEN_STATES) | Q(filed_on__gte=since))
    rows = rows.exclude(status__in=(ComplaintStatus.DUPLICATE_LINKED, ComplaintStatus.WITHDRAWN))
    return rows.annotate(key=_KEYS[By(by)]).exclude(Q(key=None))


def _groups(actor: User, by: str, today: date, rule: dict[str, Any], leads: dict[Any, str]) -> list[Group]:
    rows = list(
        _counted(actor, by, today)
        .order_by()
        .values("key", "subject")
        .annotate(number=Count("pk", distinct=True), still=Count("pk", distinct=True, filter=Q(status__in=OPEN_STATES)))
        .filter(number__gte=2)
        .order_by("-number", "key", "subject")[:SHOWN]
    )
    table, names = routing.table(today), _names(by, [row["key"] for row in rows])
    return [
        Group(
            by=by,
            key=str(row["key"]),
            subject=row["subject"],
            name=names.get(row["key"], str(row["key"])),
            subject_name=table.subject_name(row["subject"]),
            cases=row["number"],
            open=row["still"],
            many=row["number"] >= int(rule[by]),
            lead=leads.get((by, str(row["key"]), row["subject"]), ""),
        )
        for row in rows
    ]


def _names(by: str, keys: list[Any]) -> dict[Any, str]:
    model: Any = {By.SUPPLIER: Partner, By.TYPE: ProductClass, By.REGION: Region}[By(by)]
    return {row.pk: row.name for row in model.objects.filter(pk__in=keys)}


def name_of(by: str, key: str) -> str:
    """The supplier, type or region of a group, in words."""
    return next(iter(_names(by, [key]).values()), key)


def _late(actor: User, today: date) -> list[dict[str, Any]]:
    """Bodies with open cases whose date has passed, those with the most first."""
    states = [state for state, turn in WHOSE_TURN.items() if turn in {BODY, MINISTRY}]
    rows = (
        selectors.visible(actor)
        .filter(status__in=states, respond_by__lt=today, addressee_authority__isnull=False)
        .order_by()
        .values("addressee_authority")
        .annotate(number=Count("pk", distinct=True), oldest=Min("respond_by"))
        .order_by("-number", "oldest")[:SHOWN]
    )
    found = list(rows)
    names = {
        body.pk: body.name for body in Authority.objects.filter(pk__in=[row["addressee_authority"] for row in found])
    }
    return [
        {"name": names[row["addressee_authority"]], "cases": row["number"], "oldest": row["oldest"]} for row in found
    ]
