"""One step of a complaint: lock, check, write, log, announce — in this order, in one transaction.

The verbs stand in seller.py, person.py, bodies.py and court.py, the clock's in clocks.py. Each says
what its step changes; nothing else writes a complaint after it was filed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import holds, routing, selectors
from complaints.models import Complaint
from complaints.selectors import Viewer
from complaints.states import COMPLAINT, ENDED_STATES, HAPPENED
from complaints.tracking import Holder
from marketplace import calendar, events, idempotency, outbox, rules
from marketplace.calendar import Deadline
from marketplace.errors import FieldError, Forbidden, Invalid
from marketplace.idempotency import Answer
from marketplace.models import Authority, User
from marketplace.time import database_now

MAX_TEXT = 10_000


@dataclass
class Case:
    """A locked complaint in the moment of a step. ``today`` is the local day of ``now``."""

    complaint: Complaint
    now: datetime

    @property
    def today(self) -> date:
        return timezone.localdate(self.now)


@dataclass
class Plan:
    """What a step changes beside the state. ``text`` is what people read, kept out of the log."""

    changes: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    reason: str = ""


def take(
    *,
    number: str,
    action: str,
    actor: Viewer,
    plan: Callable[[Case], Plan],
    request: idempotency.Request | None = None,
    now: datetime | None = None,
    then: Callable[[Case], None] | None = None,
) -> Answer:
    """A person's step, and ``then`` what the portal does at once because of it. Raises NotFound (foreign), Forbidden (never this role's), IllegalStep, Invalid."""

    def work() -> tuple[int, dict[str, Any]]:
        case = Case(selectors.lock(actor, number), now or database_now())
        held = selectors.parties(actor, case.complaint)
        if not any(step.action == action and held & set(step.parties) for step in COMPLAINT.steps):
            raise Forbidden
        COMPLAINT.find(action, case.complaint.status, held)
        done = plan(case)
        if isinstance(actor, Holder):
            done.data["by"] = "code"
        advance(case, action, held, actor=actor if isinstance(actor, User) else None, plan=done)
        if then is not None:
            then(case)
        return 200, {"number": number, "status": case.complaint.status}

    return idempotency.once(request, work)


def advance(case: Case, action: str, held: Iterable[str], *, actor: User | None, plan: Plan) -> None:
    """Move the locked complaint by one step inside the running transaction."""
    complaint, held = case.complaint, set(held)
    step = COMPLAINT.find(action, complaint.status, held)
    word, before = HAPPENED[action][0], complaint.status
    event = events.record(
        kind=f"complaint.{word}",
        subject=f"complaint:{complaint.number}",
        actor=actor,
        on_behalf_of=complaint.complainant
        if actor and "owner" in held and actor.pk != complaint.complainant_id
        else None,
        before=before,
        after=step.target,
        reason=plan.reason,
        data={"party": next(party for party in step.parties if party in held), **plan.data},
        at=case.now,
    )
    changes = dict(plan.changes)
    if plan.text:
        changes["texts"] = {**complaint.texts, str(event.pk): plan.text}
    COMPLAINT.take(Complaint.objects.filter(pk=complaint.pk), step, before, **changes)
    for name, value in {**changes, "status": step.target}.items():
        setattr(complaint, name, value)
    if body := changes.get("addressee_authority"):
        # It has the whole case now, so it owes nothing beside it.
        complaint.parallels.filter(authority=body, done_at=None).update(done_at=case.now)
    if complaint.hold_payment and (before in ENDED_STATES) != (step.target in ENDED_STATES):
        (holds.release if step.target in ENDED_STATES else holds.hold)(complaint, case.now)
    outbox.add(f"complaint.{word}", complaint.number, {"event": event.pk})


# --- What several verbs need -----------------------------------------------------------------


def dated(deadline: Deadline) -> dict[str, Any]:
    """The columns of a new date."""
    return {
        "respond_by": deadline.respond_by,
        "due_at": deadline.due_at,
        "due_explained": deadline.explained,
    }


def exact(rule_code: str, start: date, last: date) -> Deadline:
    """A last day that counts as it is, also when it is a day off: one that was promised, the end of a pause."""
    rule = rules.get(rule_code, on=start)
    explained = {
        "rule": rule.code,
        "days": (last - start).days,
        "kind": "calendar",
        "from": start.isoformat(),
        "until": last.isoformat(),
        "skipped": [],
        "mark": rule.mark,
        "valid_from": rule.valid_from.isoformat(),
    }
    return Deadline(last, calendar.end_of_day(last), rule.code, explained)


UNDATED: dict[str, Any] = {"respond_by": None, "due_at": None, "due_explained": {}}


def passed(now: datetime) -> Q:
    """Rows with the columns of a date whose time is over at ``now``.

    A last day counts to its end and until the hour at which silence is acted on (``complaint.escalation_time``),
    a clock of hours to its second.
    """
    today = timezone.localdate(now)
    hour, minute = map(int, rules.get("complaint.escalation_time", on=today).value["time"].split(":"))
    acted_on = timezone.localdate(now - timedelta(hours=hour, minutes=minute))
    hours = Q(due_explained__kind="hours")
    return ~hours & Q(respond_by__lt=acted_on) | hours & Q(respond_by__lte=today, due_at__lt=now)


def joined(case: Case, **changes: Any) -> Plan:
    """The state body joins: it is addressed now and its own time starts today."""
    body = case.complaint.addressee_authority
    return _addressed(case, body, **changes) if body is not None else passed_on(case, **changes)


def passed_on(case: Case, **changes: Any) -> Plan:
    """The next body of the chain joins."""
    complaint = case.complaint
    return _addressed(case, complaint.escalates_to, **routing.onwards(complaint.joins), **changes)


def _addressed(case: Case, body: Authority | None, **changes: Any) -> Plan:
    deadline = routing.body_clock(case.complaint.subject, body, case.today)
    return Plan(
        changes={"addressee_authority": body, "escalated_at": case.now, **dated(deadline), **changes},
        data={"authority": body.code if body else "", "respond_by": deadline.respond_by.isoformat()},
    )


def closed(case: Case, outcome: str, detail: str, *, confirmed_by: str = "") -> Plan:
    """The case ends with exactly one of the six kinds of outcome; ``confirmed_by`` is whose word ended it."""
    complaint = case.complaint
    return Plan(
        changes={
            "outcome": outcome,
            "outcome_detail": detail,
            "confirmed_by": confirmed_by,
            "closed_at": case.now,
            **UNDATED,
        },
        data={
            "outcome": outcome,
            "detail": detail,
            # Reports count the person's own word; a panel speaks in her place.
            "confirmed": confirmed_by in {"person", "phone"},
            "confirmed_by": confirmed_by,
            "returned": str(complaint.returned_sum),
        },
    )


def required_text(text: str, field_name: str, message: Any) -> str:
    """Trimmed text. Raises Invalid when it is empty or longer than 10,000 characters."""
    text = (text or "").strip()
    if not text:
        raise Invalid([FieldError(field_name, "required", message)])
    if len(text) > MAX_TEXT:
        raise Invalid([FieldError(field_name, "too_long", _("Write at most 10,000 characters."))])
    return text


def money(value: Any, field_name: str) -> Decimal:
    """A sum in KZT, zero when nothing was given. Raises Invalid for anything that is not a sum."""
    try:
        amount = Decimal(str(value if value not in (None, "") else 0).replace(" ", "").replace(",", "."))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount < 10**10:
        raise Invalid([FieldError(field_name, "money", _("Give a sum in tenge, for example 12500."))])
    return amount.quantize(Decimal("0.01"))
