"""The person's steps. Only they make a complaint "satisfied".

The person is the complainant, a guardian of a ward, or whoever shows the number and the code of the case.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import filing, standing
from complaints.models import Complaint
from complaints.selectors import Viewer
from complaints.states import OUTCOME_DETAILS, Outcome
from complaints.stepping import Case, Plan, closed, dated, exact, joined, required_text, take
from marketplace import calendar, rules
from marketplace.errors import DomainError, FieldError, Invalid
from marketplace.idempotency import Answer, Request
from marketplace.models import Authority


class TooLate(DomainError):
    code = "too_late"


class AlreadyReopened(DomainError):
    code = "reopened_before"
    message = _("A complaint can be opened again only once. File a new one if something new happened.")


def accept_offer(*, number: str, actor: Viewer, request: Request | None = None, now: datetime | None = None) -> Answer:
    """Take the supplier's offer; the promised day becomes the supplier's date."""

    def plan(case: Case) -> Plan:
        promised = date.fromisoformat(case.complaint.remedy["promised_on"])
        deadline = exact("complaint.remedy_days", case.today, promised)
        return Plan(changes=dated(deadline), data={"respond_by": promised.isoformat()})

    return take(number=number, action="accept-offer", actor=actor, plan=plan, request=request, now=now)


def accept_answer(*, number: str, actor: Viewer, request: Request | None = None, now: datetime | None = None) -> Answer:
    """The answer is enough: closed as explained."""
    return take(
        number=number,
        action="accept-answer",
        actor=actor,
        plan=lambda case: closed(case, Outcome.EXPLAINED, "accepted_answer", confirmed_by="person"),
        request=request,
        now=now,
    )


def reject_answer(
    *, number: str, actor: Viewer, text: str = "", request: Request | None = None, now: datetime | None = None
) -> Answer:
    """Disagree with an answer or an offer: the state body joins at once."""

    def plan(case: Case) -> Plan:
        plan = joined(case)
        plan.text = text.strip()
        return plan

    return take(number=number, action="reject-answer", actor=actor, plan=plan, request=request, now=now)


def withdraw(
    *,
    number: str,
    actor: Viewer,
    reason: str = "own_will",
    text: str = "",
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """Take the complaint back; ``reason`` is a kind of withdrawal, pressure among them."""
    if reason not in OUTCOME_DETAILS[Outcome.WITHDRAWN]:
        raise Invalid([FieldError("reason", "choice", _("Choose one of the reasons."))])

    def plan(case: Case) -> Plan:
        plan = closed(case, Outcome.WITHDRAWN, reason)
        plan.text = text.strip()
        return plan

    return take(number=number, action="withdraw", actor=actor, plan=plan, request=request, now=now)


def confirm_outcome(
    *, number: str, actor: Viewer, request: Request | None = None, now: datetime | None = None
) -> Answer:
    """It is settled, says the person: the proposed outcome becomes the outcome.

    A satisfied complaint counts against the supplier's record: it was justified.
    """
    return take(
        number=number,
        action="confirm-outcome",
        actor=actor,
        plan=lambda case: settled(case, "person"),
        request=request,
        now=now,
    )


def settled(case: Case, confirmed_by: str) -> Plan:
    """The proposed outcome becomes the outcome, by the word of the person or of who speaks in her place."""
    complaint = case.complaint
    if complaint.proposed_outcome == Outcome.SATISFIED:
        standing.confirmed(complaint, case.today)
    return closed(case, complaint.proposed_outcome, complaint.proposed_detail, confirmed_by=confirmed_by)


def reopen(
    *, number: str, actor: Viewer, text: str = "", request: Request | None = None, now: datetime | None = None
) -> Answer:
    """Not settled, or withdrawn too early: the body examines again. Once, within 30 days after the end.

    Raises TooLate, AlreadyReopened, and AlreadyOpen when the same matter was filed anew meanwhile.
    """

    def plan(case: Case) -> Plan:
        plan = opened_again(case)
        plan.text = text.strip()
        return plan

    return take(number=number, action="reopen", actor=actor, plan=plan, request=request, now=now)


def opened_again(case: Case) -> Plan:
    """The body examines again. Raises AlreadyReopened, TooLate, AlreadyOpen."""
    complaint = case.complaint
    if complaint.reopened >= int(rules.get("complaint.reopen_count", on=case.today).value["count"]):
        raise AlreadyReopened
    if complaint.closed_at is not None:
        message = _("An ended complaint could be opened again until %(day)s. File a new one.")
        _in_time("complaint.reopen_days", complaint.closed_at, case.today, message)
    _only_one_open(complaint)
    standing.reopened(complaint)
    return joined(
        case,
        reopened=complaint.reopened + 1,
        outcome="",
        outcome_detail="",
        proposed_outcome="",
        proposed_detail="",
        confirmed_by="",
        returned_sum=0,
        closed_at=None,
    )


def appeal_refusal(
    *, number: str, actor: Viewer, text: str = "", request: Request | None = None, now: datetime | None = None
) -> Answer:
    """A refusal goes one level up: to the body above the one that refused, else to the ministry.

    Raises TooLate after the days of ``complaint.appeal_days``, AlreadyOpen like ``reopen``.
    """

    def plan(case: Case) -> Plan:
        assert case.complaint.closed_at is not None
        message = _("An appeal was possible until %(day)s. File a new complaint.")
        _in_time("complaint.appeal_days", case.complaint.closed_at, case.today, message)
        _only_one_open(case.complaint)
        refused = case.complaint.addressee_authority
        body = (refused.parent if refused else None) or Authority.objects.get(code="ministry")
        deadline = calendar.deadline("complaint.ministry_days", case.today)
        return Plan(
            changes={
                "addressee_authority": body,
                "escalates_to": body.parent,
                "joins": [],
                "escalated_at": case.now,
                "outcome": "",
                "outcome_detail": "",
                "closed_at": None,
                **dated(deadline),
            },
            data={"authority": body.code, "respond_by": deadline.respond_by.isoformat()},
            text=text.strip(),
        )

    return take(number=number, action="appeal-refusal", actor=actor, plan=plan, request=request, now=now)


def _in_time(rule_code: str, ended_at: datetime, today: date, message: Any) -> None:
    """Raises TooLate with the last day that the rule allowed after the end."""
    last = calendar.deadline(rule_code, timezone.localdate(ended_at)).respond_by
    if today > last:
        raise TooLate(message % {"day": f"{last:%d.%m.%Y}"})


def _only_one_open(complaint: Complaint) -> None:
    """One open complaint per line and subject, also when an ended one comes back."""
    number = filing.open_number(complaint.order_line_id, complaint.subject) if complaint.order_line_id else ""
    if number and number != complaint.number:
        raise filing.AlreadyOpen(number)


def reply(
    *, number: str, actor: Viewer, text: str, request: Request | None = None, now: datetime | None = None
) -> Answer:
    """Answer the body's question; its clock runs on, later by the days it waited."""
    text = required_text(text, "text", _("Write your reply."))

    def plan(case: Case) -> Plan:
        plan = resumed(case)
        plan.text = text
        return plan

    return take(number=number, action="reply", actor=actor, plan=plan, request=request, now=now)


def pause_left(complaint: Complaint, on: date) -> int:
    """For how many days more the body's clock may stand still."""
    return int(rules.get("complaint.waiting_person_days", on=on).value["days"]) - complaint.waited_days


def resumed(case: Case) -> Plan:
    """The stopped date of the body, moved by the days of waiting, but never by more than the rule allows."""
    complaint = case.complaint
    assert complaint.paused_on is not None and complaint.paused_respond_by is not None
    latest = complaint.paused_on + timedelta(days=pause_left(complaint, complaint.paused_on))
    until = min(case.today, latest)
    waited = (until - complaint.paused_on).days
    days = (complaint.paused_respond_by - complaint.paused_on).days
    deadline = calendar.deadline("complaint.decision_days", until, value={"days": max(days, 0), "kind": "calendar"})
    return Plan(
        changes={
            "paused_on": None,
            "paused_respond_by": None,
            "waited_days": complaint.waited_days + waited,
            **dated(deadline),
        },
        data={"waited": waited, "respond_by": deadline.respond_by.isoformat()},
    )
