"""The life of a complaint: the table of legal steps (domain 3.4) and the outcomes (domain 5.3)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.machine import Machine, Step


class ComplaintStatus(models.TextChoices):
    REGISTERED = "registered", _("Registered")
    WITH_SELLER = "with_seller", _("With the supplier")
    SETTLED_OFFER = "settled_offer", _("The supplier offers a remedy")
    REMEDY_RUNNING = "remedy_running", _("The remedy is under way")
    ANSWERED = "answered", _("Answered by the supplier")
    IGNORED = "ignored", _("Left without an answer")
    ESCALATED = "escalated", _("Passed to the state body")
    WITH_BODY = "with_body", _("Examined by the state body")
    PRETRIAL = "pretrial", _("In pre-trial settlement")
    DECIDED = "decided", _("Decided")
    COURT = "court", _("In court")
    WITH_MINISTRY = "with_ministry", _("With the ministry")
    WAITING_PERSON = "waiting_person", _("Waiting for the person")
    OUTCOME_CHECK = "outcome_check", _("The person checks the outcome")
    REFUSED_BY_LAW = "refused_by_law", _("Refused, with the reason named by law")
    DUPLICATE_LINKED = "duplicate_linked", _("Linked to an earlier complaint")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    CLOSED = "closed", _("Closed")


class Outcome(models.TextChoices):
    """The six kinds that the published reports count; every closed complaint has exactly one."""

    SATISFIED = "satisfied", _("Satisfied")
    EXPLAINED = "explained", _("Explained")
    REDIRECTED = "redirected", _("Redirected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAWSUIT = "lawsuit", _("By lawsuit")
    CARRIED_OVER = "carried_over", _("Carried over")


S = ComplaintStatus
PERSON, SELLER, BODY, CLOCK, MINISTRY, DESK = "owner", "supplier", "authority", "clock", "ministry", "desk"

COMPLAINT = Machine(
    "complaint",
    ComplaintStatus,
    [
        # first station: the seller's 10 calendar days (law 274-IV, art. 42-4)
        Step("answer", (S.WITH_SELLER,), S.ANSWERED, (SELLER,), _("Answer with reasons")),
        Step("offer", (S.WITH_SELLER,), S.SETTLED_OFFER, (SELLER,), _("Offer a remedy")),
        Step("ignore", (S.WITH_SELLER, S.REMEDY_RUNNING), S.IGNORED, (CLOCK,), _("Time is over")),
        Step("accept-offer", (S.SETTLED_OFFER,), S.REMEDY_RUNNING, (PERSON,), _("Accept the offer")),
        Step("reject-answer", (S.ANSWERED, S.SETTLED_OFFER), S.ESCALATED, (PERSON,), _("I do not agree")),
        Step("accept-answer", (S.ANSWERED,), S.CLOSED, (PERSON,), _("The answer is enough for me")),
        Step("lapse", (S.ANSWERED,), S.CLOSED, (CLOCK,), _("No objection in time")),
        Step("lapse-offer", (S.SETTLED_OFFER,), S.ESCALATED, (CLOCK,), _("The offer was not accepted in time")),
        Step("remedy-done", (S.REMEDY_RUNNING,), S.OUTCOME_CHECK, (SELLER,), _("The remedy is done")),
        # silence brings the state body in by itself
        Step("escalate", (S.IGNORED,), S.ESCALATED, (CLOCK,), _("Pass to the state body")),
        Step("take-up", (S.ESCALATED,), S.WITH_BODY, (CLOCK, BODY, MINISTRY), _("Take up the case")),
        Step("decide", (S.ESCALATED, S.WITH_BODY, S.WITH_MINISTRY), S.OUTCOME_CHECK, (BODY, MINISTRY), _("Decide")),
        Step("extend", (S.WITH_BODY, S.ESCALATED), S.WITH_BODY, (BODY, MINISTRY), _("Extend with a reason")),
        Step(
            "refuse", (S.ESCALATED, S.WITH_BODY), S.REFUSED_BY_LAW, (BODY, MINISTRY), _("Refuse on a ground of the law")
        ),
        Step(
            "redirect",
            (S.REGISTERED, S.WITH_SELLER, S.ESCALATED, S.WITH_BODY, S.WITH_MINISTRY),
            S.WITH_BODY,
            (BODY, MINISTRY, DESK),
            _("Redirect to another body"),
        ),
        Step("to-ministry", (S.ESCALATED, S.WITH_BODY), S.WITH_MINISTRY, (BODY,), _("Pass to the ministry")),
        Step("to-pretrial", (S.ESCALATED, S.WITH_BODY), S.PRETRIAL, (BODY, MINISTRY), _("To pre-trial settlement")),
        Step("pretrial-agreed", (S.PRETRIAL,), S.OUTCOME_CHECK, (BODY, MINISTRY), _("Agreement reached")),
        Step("pretrial-failed", (S.PRETRIAL,), S.WITH_BODY, (BODY, MINISTRY), _("No agreement")),
        Step("to-court", (S.ESCALATED, S.WITH_BODY, S.DECIDED, S.OUTCOME_CHECK), S.COURT, (BODY, MINISTRY), _("To court")),
        Step("court-result", (S.COURT,), S.OUTCOME_CHECK, (BODY, MINISTRY), _("Record the court's result")),
        Step("ask-person", (S.WITH_SELLER, S.WITH_BODY), S.WAITING_PERSON, (SELLER, BODY, MINISTRY), _("Ask the person")),
        Step("person-replied", (S.WAITING_PERSON,), S.WITH_BODY, (PERSON,), _("Reply")),
        # only the person (or an outcome panel) makes it satisfied
        Step("confirm-outcome", (S.OUTCOME_CHECK,), S.CLOSED, (PERSON,), _("Confirm: it is settled")),
        Step("reopen", (S.OUTCOME_CHECK, S.CLOSED), S.ESCALATED, (PERSON,), _("It is not settled: open again")),
        Step("lapse-check", (S.OUTCOME_CHECK,), S.CLOSED, (CLOCK,), _("The outcome stays unconfirmed")),
        Step("appeal-refusal", (S.REFUSED_BY_LAW,), S.WITH_MINISTRY, (PERSON,), _("Appeal against the refusal")),
        Step(
            "withdraw",
            (
                S.REGISTERED, S.WITH_SELLER, S.SETTLED_OFFER, S.REMEDY_RUNNING, S.ANSWERED, S.ESCALATED, S.WITH_BODY,
                S.PRETRIAL, S.WITH_MINISTRY, S.WAITING_PERSON,
            ),
            S.WITHDRAWN,
            (PERSON,),
            _("Withdraw the complaint"),
        ),
        Step("link-duplicate", (S.REGISTERED, S.WITH_SELLER, S.WITH_BODY), S.DUPLICATE_LINKED, (DESK, BODY), _("Link as duplicate")),
    ],
)  # fmt: skip

ENDED_STATES = [S.REFUSED_BY_LAW, S.DUPLICATE_LINKED, S.WITHDRAWN, S.CLOSED]
OPEN_STATES = [state for state in ComplaintStatus if state not in ENDED_STATES]

# Whose turn it is, by state: the party that owes the next step.
WHOSE_TURN = {
    S.REGISTERED: DESK,
    S.WITH_SELLER: SELLER,
    S.SETTLED_OFFER: PERSON,
    S.REMEDY_RUNNING: SELLER,
    S.ANSWERED: PERSON,
    S.IGNORED: CLOCK,
    S.ESCALATED: BODY,
    S.WITH_BODY: BODY,
    S.PRETRIAL: BODY,
    S.DECIDED: PERSON,
    S.COURT: BODY,
    S.WITH_MINISTRY: MINISTRY,
    S.WAITING_PERSON: PERSON,
    S.OUTCOME_CHECK: PERSON,
}
