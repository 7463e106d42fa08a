"""The person's word when she does not give it herself: asked by the hotline, or a panel in her place (domain 3.4, F20).

When nobody confirms in time the clock has the hotline call. Who cannot be reached gets a panel of reviewers
who took no part in the case. When both stay silent the outcome is "unconfirmed", never "satisfied".
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from complaints import person
from complaints.models import Complaint, PanelVote
from complaints.states import CLOCK
from complaints.stepping import Case, Plan, advance, dated, required_text, take
from marketplace import calendar, rules
from marketplace.errors import DomainError, FieldError, Invalid
from marketplace.idempotency import Answer, Request
from marketplace.models import User

CALL_DAYS, PANEL_DAYS = "complaint.outcome_call_days", "complaint.outcome_panel_days"
# What a caller can name to show who she is; only the kind of the fact is kept.
CALLER_FACTS = {
    "name": _("Her full name"),
    "phone": _("The phone number in the complaint"),
    "code": _("The tracking code"),
    "order": _("The number of the order"),
    "filed": _("The day of the complaint and what it is about"),
}


class AlreadyVoted(DomainError):
    code = "voted_before"
    message = _("You have voted on this outcome. Wait for the others of the panel.")


def confirm_by_phone(
    *,
    number: str,
    actor: User,
    facts: Iterable[str],
    text: str = "",
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """The person says on the phone that it is settled. Raises Invalid when too few facts show that it is she."""

    def plan(case: Case) -> Plan:
        plan = _called(case, facts, text)
        settled = person.settled(case, "phone")
        return Plan(changes=settled.changes, data=settled.data | plan.data, text=plan.text)

    return take(number=number, action="confirm-by-phone", actor=actor, plan=plan, request=request, now=now)


def reopen_by_phone(
    *,
    number: str,
    actor: User,
    facts: Iterable[str],
    text: str = "",
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """The person says on the phone that it is not settled. Raises Invalid, AlreadyReopened."""

    def plan(case: Case) -> Plan:
        plan = _called(case, facts, text)
        again = person.opened_again(case)
        return Plan(changes=again.changes, data=again.data | plan.data, text=plan.text)

    return take(number=number, action="reopen-by-phone", actor=actor, plan=plan, request=request, now=now)


def _called(case: Case, facts: Iterable[str], text: str) -> Plan:
    """The check of the caller: enough facts that this case has. Which ones is kept, never what was said."""
    told = list(dict.fromkeys(facts))
    known = _facts_of(case.complaint)
    unknown = [fact for fact in told if fact not in known]
    if unknown:
        names = ", ".join(str(CALLER_FACTS.get(fact, fact)) for fact in unknown)
        message = _("This complaint has no such fact: %(facts)s. Ask for another one.") % {"facts": names}
        raise Invalid([FieldError("facts", "unknown", message)])
    count = int(rules.get("complaint.caller_facts", on=case.today).value["count"])
    if len(told) < count:
        message = _("Ask for at least %(count)s facts before you go on.") % {"count": count}
        raise Invalid([FieldError("facts", "too_few", message)])
    return Plan(data={"by": "phone", "facts": told}, text=text.strip())


def _facts_of(complaint: Complaint) -> set[str]:
    known = {"code", "filed"}
    if complaint.contact.get("name") or complaint.complainant_id:
        known.add("name")
    if complaint.contact.get("phone"):
        known.add("phone")
    if complaint.order_line_id:
        known.add("order")
    return known


def not_reached(
    *, number: str, actor: User, text: str, request: Request | None = None, now: datetime | None = None
) -> Answer:
    """The hotline tried in vain; ``text`` says when. A panel has its own time. Raises Invalid without it."""
    text = required_text(text, "text", _("Write on which days and at what time you called."))

    def plan(case: Case) -> Plan:
        return Plan(changes=dated(calendar.deadline(PANEL_DAYS, case.today)), text=text)

    return take(number=number, action="not-reached", actor=actor, plan=plan, request=request, now=now)


def vote(
    *,
    number: str,
    actor: User,
    agrees: bool,
    text: str = "",
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """A reviewer's vote; with enough that agree (rule ``complaint.panel_votes``) the outcome stands.

    Raises Forbidden (who examined the case, other roles), AlreadyVoted, IllegalStep.
    """

    def plan(case: Case) -> Plan:
        votes = votes_of(case.complaint)
        if votes.filter(voter=actor).exists():
            raise AlreadyVoted
        votes.create(complaint=case.complaint, round=case.complaint.reopened, voter=actor, agrees=agrees, at=case.now)
        return Plan(data={"agrees": agrees}, text=text.strip())

    def then(case: Case) -> None:
        if votes_of(case.complaint).filter(agrees=True).count() >= votes_needed(case):
            advance(case, "confirm-by-panel", [CLOCK], actor=None, plan=person.settled(case, "panel"))

    return take(number=number, action="vote", actor=actor, plan=plan, request=request, now=now, then=then)


def votes_of(complaint: Complaint) -> QuerySet[PanelVote]:
    """The votes of this round."""
    return PanelVote.objects.filter(complaint=complaint, round=complaint.reopened)


def votes_needed(case: Case) -> int:
    """How many must agree: one reviewer alone is no panel."""
    return max(2, int(rules.get("complaint.panel_votes", on=case.today).value["count"]))


def unheard(case: Case) -> tuple[str, Plan]:
    """What the clock does when nobody confirmed in time that a complaint is satisfied: a call, else the panel."""
    reachable = bool(case.complaint.contact.get("phone"))
    action, rule = ("call-person", CALL_DAYS) if reachable else ("to-panel", PANEL_DAYS)
    deadline = calendar.deadline(rule, case.today)
    return action, Plan(changes=dated(deadline), data={"respond_by": deadline.respond_by.isoformat()})
