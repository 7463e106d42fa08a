"""Steps of the state body and the ministry: take up, decide, extend, refuse, redirect, pre-trial, duplicates.

Court cases stand in court.py.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from complaints import misdirected, routing, selectors, shapes, standing
from complaints.measures import pretrial
from complaints.models import Complaint
from complaints.person import pause_left
from complaints.states import DECISIONS, REFUSAL_GROUNDS, Outcome
from complaints.stepping import Case, Plan, closed, dated, exact, money, required_text, take
from marketplace import calendar, rules
from marketplace.errors import DomainError, FieldError, Invalid
from marketplace.idempotency import Answer, Request
from marketplace.models import Authority, Event, User


class RefusalTooLate(DomainError):
    code = "refusal_too_late"


class NoMoreTime(DomainError):
    code = "no_more_time"
    message = _("The time cannot be extended any more. Decide on what is known.")


class WaitedEnough(DomainError):
    code = "waited_enough"
    message = _("The clock was already stopped for the longest time allowed. Decide on what is known.")


def take_up(*, number: str, actor: User, request: Request | None = None, now: datetime | None = None) -> Answer:
    """The body starts to examine; its date stays."""
    return take(number=number, action="take-up", actor=actor, plan=lambda case: Plan(), request=request, now=now)


def decide(
    *,
    number: str,
    actor: User,
    outcome: str,
    text: str,
    detail: str = "",
    returned: Any = None,
    authority: str = "",
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """A decision with its reasons and the outcome it proposes; ``returned`` is money returned, KZT.

    ``authority`` is the code of the body to which a redirected matter was handed over. The person confirms
    the decision or opens the case again. Raises Invalid.
    """
    text = required_text(text, "text", _("Write the decision and its reasons."))
    if outcome not in DECISIONS:
        raise Invalid([FieldError("outcome", "choice", _("Choose one of the outcomes."))])
    detail = detail or DECISIONS[Outcome(outcome)][0]
    if detail not in DECISIONS[Outcome(outcome)]:
        raise Invalid([FieldError("detail", "choice", _("Choose a kind that belongs to the outcome."))])
    amount = money(returned, "returned")
    other = _body(authority) if outcome == Outcome.REDIRECTED else None

    def plan(case: Case) -> Plan:
        handed: dict[str, Any] = {}
        if other is not None:
            _not_the_same(case.complaint.addressee_authority, other)
            came_to = shapes.addressee(case.complaint)["code"]
            handed = {"handed_to": other.code, "from": came_to, **misdirected.facts(case.complaint, case.today)}
        return Plan(
            changes={
                "decision": text,
                "decided_at": case.now,
                "proposed_outcome": outcome,
                "proposed_detail": detail,
                "returned_sum": amount,
                **dated(calendar.deadline("complaint.outcome_check_days", case.today)),
            },
            data={
                "outcome": outcome,
                "detail": detail,
                "returned": str(amount),
                "in_time": case.complaint.respond_by is None or case.today <= case.complaint.respond_by,
                **handed,
            },
            text=text,
        )

    return take(number=number, action="decide", actor=actor, plan=plan, request=request, now=now)


def extend(
    *, number: str, actor: User, reason: str, request: Request | None = None, now: datetime | None = None
) -> Answer:
    """More time, with a reason that is logged: the body's full term again, counted from its present date.

    Only as often as ``complaint.extensions`` allows each body. In danger the term is the same day: none is added.
    """
    reason = required_text(reason, "reason", _("Say why more time is needed. The person reads it."))

    def plan(case: Case) -> Plan:
        complaint, body = case.complaint, case.complaint.addressee_authority
        code = body.code if body else ""
        before = Event.objects.filter(
            subject=f"complaint:{complaint.number}", kind="complaint.extended", data__authority=code
        )
        if before.count() >= int(rules.get("complaint.extensions", on=case.today).value["count"]):
            raise NoMoreTime
        start = max(complaint.respond_by or case.today, case.today)
        deadline = routing.body_clock(complaint.subject, body, start)
        if complaint.respond_by is not None and deadline.respond_by <= complaint.respond_by:
            raise NoMoreTime
        return Plan(
            changes=dated(deadline),
            data={"authority": code, "respond_by": deadline.respond_by.isoformat()},
            reason=reason,
            text=reason,
        )

    return take(number=number, action="extend", actor=actor, plan=plan, request=request, now=now)


def refuse(
    *,
    number: str,
    actor: User,
    ground: str,
    text: str,
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """Refuse on a ground of the law, with reasons, within 5 working days (law 274-IV, art. 42-6)."""
    if ground not in REFUSAL_GROUNDS:
        raise Invalid([FieldError("ground", "choice", _("Choose a ground that the law names."))])
    text = required_text(text, "text", _("Give the reasons of the refusal."))

    def plan(case: Case) -> Plan:
        last = calendar.deadline("complaint.refusal_days", misdirected.received_on(case.complaint)).respond_by
        if case.today > last:
            raise RefusalTooLate(
                _("A refusal was possible until %(day)s. Decide the case instead.") % {"day": f"{last:%d.%m.%Y}"}
            )
        plan = closed(case, Outcome.EXPLAINED, "refused_by_law")
        plan.changes |= {"decision": text, "decided_at": case.now}
        plan.data["ground"] = ground
        plan.reason, plan.text = str(REFUSAL_GROUNDS[ground]), text
        return plan

    return take(number=number, action="refuse", actor=actor, plan=plan, request=request, now=now)


def redirect(
    *,
    number: str,
    actor: User,
    authority: str,
    reason: str,
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """Send the case to another body (``authority`` is its code). The clock is not started anew:

    a body's date stays; triage and the supplier had another kind of date, so the new body's one is
    counted from the day on which the complaint came.
    """
    reason = required_text(reason, "reason", _("Say why another body has to examine it. The person reads it."))
    body = _body(authority)

    def plan(case: Case) -> Plan:
        complaint = case.complaint
        before = complaint.addressee_authority
        _not_the_same(before, body)
        respond_by = complaint.respond_by
        changes: dict[str, Any] = {"addressee_authority": body, **routing.following(complaint, body)}
        if before is None or before.kind == routing.TRIAGE:
            deadline = routing.body_clock(complaint.subject, body, complaint.day_zero)
            changes |= dated(deadline) | {"escalated_at": case.now}
            respond_by = deadline.respond_by
        return Plan(
            changes=changes,
            data={
                "from": shapes.addressee(complaint)["code"],
                "authority": body.code,
                "respond_by": f"{respond_by}",
                **misdirected.facts(complaint, case.today),
            },
            reason=reason,
            text=reason,
        )

    return take(number=number, action="redirect", actor=actor, plan=plan, request=request, now=now)


def _body(code: str) -> Authority:
    """Raises Invalid."""
    body: Authority | None = Authority.objects.select_related("parent").filter(code=code).first()
    if body is None:
        raise Invalid([FieldError("authority", "unknown", _("Choose a body from the list."))])
    return body


def _not_the_same(before: Authority | None, body: Authority) -> None:
    if before == body:
        raise Invalid([FieldError("authority", "same", _("The case is already there."))])


def to_ministry(
    *, number: str, actor: User, reason: str, request: Request | None = None, now: datetime | None = None
) -> Answer:
    """A systemic case goes to the ministry, which has its own 15 working days."""
    reason = required_text(reason, "reason", _("Say why the ministry has to examine it."))

    def plan(case: Case) -> Plan:
        return ministry_plan(case, reason)

    return take(number=number, action="to-ministry", actor=actor, plan=plan, request=request, now=now)


def ministry_plan(case: Case, reason: str) -> Plan:
    """The ministry is addressed and its time begins today."""
    ministry = Authority.objects.get(code="ministry")
    deadline = calendar.deadline("complaint.ministry_days", case.today)
    return Plan(
        changes={"addressee_authority": ministry, "escalates_to": None, "joins": [], **dated(deadline)},
        data={"authority": ministry.code, "respond_by": deadline.respond_by.isoformat()},
        reason=reason,
        text=reason,
    )


def to_pretrial(
    *,
    number: str,
    actor: User,
    consent: str,
    kind: str,
    body: str,
    person_consented_on: date | None,
    supplier_consented_on: date | None,
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """Pre-trial settlement (law 274-IV, art. 42-8) before a named body of one of its four kinds.

    Needs the written consent of both sides with its days; ``consent`` names the papers. Raises Invalid.
    """
    consent = required_text(consent, "consent", _("Name the papers in which both sides agreed to settle."))
    facts = pretrial.checked(kind, body, person_consented_on, supplier_consented_on)

    def plan(case: Case) -> Plan:
        settled = pretrial.begin(case, consent, facts)
        deadline = calendar.deadline("complaint.pretrial_days", case.today)
        data = {"respond_by": deadline.respond_by.isoformat(), "pretrial": settled.pk}
        return Plan(changes=dated(deadline), data=data, reason=consent)

    return take(number=number, action="to-pretrial", actor=actor, plan=plan, request=request, now=now)


def pretrial_agreed(
    *,
    number: str,
    actor: User,
    text: str,
    returned: Any = None,
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """Both sides agreed; the person confirms that it was kept."""
    text = required_text(text, "text", _("Write what the two sides agreed."))
    amount = money(returned, "returned")

    def plan(case: Case) -> Plan:
        pretrial.end(case, "agreed", text, amount)
        return Plan(
            changes={
                "proposed_outcome": Outcome.SATISFIED,
                "proposed_detail": "pretrial",
                "returned_sum": amount,
                **dated(calendar.deadline("complaint.outcome_check_days", case.today)),
            },
            data={"returned": str(amount)},
            text=text,
        )

    return take(number=number, action="pretrial-agreed", actor=actor, plan=plan, request=request, now=now)


def pretrial_failed(
    *, number: str, actor: User, text: str = "", request: Request | None = None, now: datetime | None = None
) -> Answer:
    """No agreement: the body examines again, with its own term from today."""

    def plan(case: Case) -> Plan:
        pretrial.end(case, "not_agreed", text.strip())
        deadline = routing.body_clock(case.complaint.subject, case.complaint.addressee_authority, case.today)
        return Plan(changes=dated(deadline), data={"respond_by": deadline.respond_by.isoformat()}, text=text.strip())

    return take(number=number, action="pretrial-failed", actor=actor, plan=plan, request=request, now=now)


def ask_person(
    *,
    number: str,
    actor: User,
    question: str,
    pause: str = "",
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """Ask the person and stop the body's clock meanwhile, at most 10 days in all.

    ``pause`` is the code of a reason that ``complaint.pause_reasons`` names. Raises Invalid, WaitedEnough.
    """
    question = required_text(question, "question", _("Write the question."))

    def plan(case: Case) -> Plan:
        complaint = case.complaint
        named = rules.get("complaint.pause_reasons", on=case.today).value["reasons"]
        if pause not in {reason["code"] for reason in named}:
            raise Invalid([FieldError("pause", "choice", _("Choose why your time has to stand still."))])
        left = pause_left(complaint, case.today)
        if left <= 0:
            raise WaitedEnough
        deadline = exact("complaint.waiting_person_days", case.today, case.today + timedelta(days=left))
        return Plan(
            changes={"paused_on": case.today, "paused_respond_by": complaint.respond_by, **dated(deadline)},
            data={"pause": pause, "respond_by": deadline.respond_by.isoformat()},
            reason=question,
            text=question,
        )

    return take(number=number, action="ask-person", actor=actor, plan=plan, request=request, now=now)


def link_duplicate(
    *, number: str, actor: User, duplicate_of: str, request: Request | None = None, now: datetime | None = None
) -> Answer:
    """The same matter is examined under an earlier number: linked to it, never deleted."""
    earlier = Complaint.objects.filter(number=duplicate_of.strip().upper()).first()
    if earlier is None or earlier.number == number:
        raise Invalid([FieldError("duplicate_of", "unknown", _("Give the number of the earlier complaint."))])

    def plan(case: Case) -> Plan:
        if not selectors.same_person(earlier, case.complaint) or earlier.filed_at > case.complaint.filed_at:
            message = _("A duplicate is a later complaint of the same person, or from the same phone.")
            raise Invalid([FieldError("duplicate_of", "other_person", message)])
        standing.duplicate(case.complaint)
        plan = closed(case, Outcome.EXPLAINED, "duplicate")
        plan.changes["duplicate_of"] = earlier
        plan.data["duplicate_of"] = earlier.number
        return plan

    return take(number=number, action="link-duplicate", actor=actor, plan=plan, request=request, now=now)
