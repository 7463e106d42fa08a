"""The life of a complaint: the table of legal steps (domain 3.4) and the outcomes (domain 5.3)."""

from typing import Any

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
    OUTCOME_CALL = "outcome_call", _("The hotline calls the person about the outcome")
    OUTCOME_PANEL = "outcome_panel", _("A panel looks at the outcome")
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


# Kinds of outcome, each under exactly one of the six (domain 5.3). The person confirms; nobody types them in freely.
OUTCOME_DETAILS = {
    Outcome.SATISFIED: {
        "full": _("In full"),
        "partial": _("In part"),
        "by_seller": _("By the supplier"),
        "after_authority": _("After the state body joined"),
        "pretrial": _("In pre-trial settlement"),
    },
    Outcome.EXPLAINED: {
        "no_breach": _("No breach was found"),
        "within_norm": _("Within the norm"),
        "advice": _("Advice was given"),
        "data_corrected": _("Data were corrected"),
        "accepted_answer": _("The answer was enough for the person"),
        "no_objection": _("The person did not object in time"),
        "unconfirmed": _("The person did not confirm the outcome"),
        "refused_by_law": _("Refused on a ground of the law"),
        "duplicate": _("Examined under an earlier number"),
    },
    Outcome.REDIRECTED: {"other_body": _("Handed over to another body")},
    Outcome.WITHDRAWN: {
        "own_will": _("Of the person's own will"),
        "settled_outside": _("Settled outside"),
        "pressure": _("Under pressure, as the person says"),
    },
    Outcome.LAWSUIT: {
        "pending": _("The case is in court"),
        "won": _("Won"),
        "lost": _("Lost"),
        "settled": _("Settled in court"),
    },
    Outcome.CARRIED_OVER: {"in_time": _("In time"), "overdue": _("Overdue")},
}

# What a body may propose when it decides: withdrawal is the person's, a lawsuit ends by its result.
DECISIONS = {
    Outcome.SATISFIED: ("after_authority", "full", "partial"),
    Outcome.EXPLAINED: ("no_breach", "within_norm", "advice", "data_corrected"),
    Outcome.REDIRECTED: ("other_body",),
}

# Grounds on which a body may refuse to examine (law 274-IV, art. 42-6): the matter was decided already.
REFUSAL_GROUNDS = {
    "decided_by_court": _("A court has already decided the same matter"),
    "decided_before_trial": _("A pre-trial body has already decided the same matter"),
}

S = ComplaintStatus
PERSON, SELLER, BODY, CLOCK, MINISTRY, DESK = "owner", "supplier", "authority", "clock", "ministry", "desk"
PANEL = "panel"
# Where a proposed outcome waits for the person's word.
_CHECKED = (S.DECIDED, S.OUTCOME_CHECK, S.OUTCOME_CALL, S.OUTCOME_PANEL)
# Whoever may stop a sale while somebody is in danger: the ministry, the body of the case, one that acts beside it.
SAFETY = "safety"
_IN_DANGER = (
    S.WITH_SELLER, S.SETTLED_OFFER, S.REMEDY_RUNNING, S.ANSWERED, S.ESCALATED, S.WITH_BODY, S.WAITING_PERSON,
    S.WITH_MINISTRY, S.PRETRIAL, *_CHECKED,
)  # fmt: skip

# The state body has it: from here it may go to the ministry.
ESCALATED_STATES = (S.ESCALATED, S.WITH_BODY)

COMPLAINT = Machine(
    "complaint",
    ComplaintStatus,
    [
        # the router acts in the transaction that registers: nothing ever waits in "registered"
        Step("to-seller", (S.REGISTERED,), S.WITH_SELLER, (CLOCK,), _("Send to the supplier")),
        Step("to-body", (S.REGISTERED,), S.WITH_BODY, (CLOCK,), _("Send to the state body")),
        # first station: the seller's 10 calendar days (law 274-IV, art. 42-4)
        Step("answer", (S.WITH_SELLER,), S.ANSWERED, (SELLER,), _("Answer with reasons")),
        Step("offer", (S.WITH_SELLER,), S.SETTLED_OFFER, (SELLER,), _("Offer a remedy")),
        Step("ignore", (S.WITH_SELLER, S.REMEDY_RUNNING), S.IGNORED, (CLOCK,), _("Time is over")),
        Step("accept-offer", (S.SETTLED_OFFER,), S.REMEDY_RUNNING, (PERSON,), _("Accept the offer")),
        Step("accept-answer", (S.ANSWERED,), S.CLOSED, (PERSON,), _("The answer is enough for me")),
        Step("reject-answer", (S.ANSWERED, S.SETTLED_OFFER), S.ESCALATED, (PERSON,), _("I do not agree")),
        Step("lapse", (S.ANSWERED,), S.CLOSED, (CLOCK,), _("No objection in time")),
        Step("lapse-offer", (S.SETTLED_OFFER,), S.ESCALATED, (CLOCK,), _("The offer was not accepted in time")),
        Step("remedy-done", (S.REMEDY_RUNNING,), S.OUTCOME_CHECK, (SELLER,), _("The remedy is done")),
        # silence brings the state body in by itself
        Step("escalate", (S.IGNORED,), S.ESCALATED, (CLOCK,), _("Pass to the state body")),
        Step(
            "pass-up", (S.ESCALATED, S.WITH_BODY, S.WITH_MINISTRY), S.ESCALATED, (CLOCK,), _("Pass to the next body")
        ),
        Step("take-up", (S.ESCALATED,), S.WITH_BODY, (BODY, MINISTRY), _("Take up the case")),
        Step("decide", (S.ESCALATED, S.WITH_BODY, S.WITH_MINISTRY), S.DECIDED, (BODY, MINISTRY), _("Decide")),
        Step("extend", (S.WITH_BODY, S.ESCALATED), S.WITH_BODY, (BODY, MINISTRY), _("Extend with a reason")),
        Step(
            "refuse", (S.ESCALATED, S.WITH_BODY), S.REFUSED_BY_LAW, (BODY, MINISTRY), _("Refuse on a ground of the law")
        ),
        Step(
            "redirect",
            (S.WITH_SELLER, S.ESCALATED, S.WITH_BODY, S.WITH_MINISTRY),
            S.WITH_BODY,
            (BODY, MINISTRY, DESK),
            _("Redirect to another body"),
        ),
        Step("to-ministry", ESCALATED_STATES, S.WITH_MINISTRY, (BODY, MINISTRY), _("Pass to the ministry")),
        Step("to-pretrial", (S.ESCALATED, S.WITH_BODY), S.PRETRIAL, (BODY, MINISTRY), _("To pre-trial settlement")),
        Step("pretrial-agreed", (S.PRETRIAL,), S.OUTCOME_CHECK, (BODY, MINISTRY), _("Agreement reached")),
        Step("pretrial-failed", (S.PRETRIAL,), S.WITH_BODY, (BODY, MINISTRY, CLOCK), _("No agreement")),
        Step(
            "to-court",
            (S.ESCALATED, S.WITH_BODY, S.WITH_MINISTRY, S.DECIDED, S.OUTCOME_CHECK),
            S.COURT,
            (BODY, MINISTRY),
            _("To court"),
        ),
        Step("court-result", (S.COURT,), S.OUTCOME_CHECK, (BODY, MINISTRY), _("Record the court's result")),
        # what goes beyond the case: written down as measures, the case stays where it is
        Step("instruct", (S.WITH_MINISTRY,), S.WITH_MINISTRY, (MINISTRY,), _("Instruct a body")),
        Step("ban", (S.WITH_MINISTRY,), S.WITH_MINISTRY, (MINISTRY,), _("Suspend the supplier")),
        Step("change-rule", (S.WITH_MINISTRY,), S.WITH_MINISTRY, (MINISTRY,), _("Link a changed rule")),
        *(Step("stop-sale", (state,), state, (SAFETY,), _("Stop the sale")) for state in _IN_DANGER),
        # the body's clock stops only with a named reason, for a capped time
        Step("ask-person", (S.WITH_BODY,), S.WAITING_PERSON, (BODY, MINISTRY), _("Ask the person")),
        Step("reply", (S.WAITING_PERSON,), S.WITH_BODY, (PERSON,), _("Reply to the question")),
        Step("resume", (S.WAITING_PERSON,), S.WITH_BODY, (CLOCK,), _("The waiting time is over")),
        # only the person (asked by phone in the end, or a panel in her place) makes it satisfied
        Step("confirm-outcome", _CHECKED, S.CLOSED, (PERSON,), _("Confirm: it is settled")),
        Step("reopen", (*_CHECKED, S.CLOSED, S.WITHDRAWN), S.ESCALATED, (PERSON,), _("It is not settled: open again")),
        Step("call-person", (S.DECIDED, S.OUTCOME_CHECK), S.OUTCOME_CALL, (CLOCK,), _("Call the person")),
        Step("confirm-by-phone", (S.OUTCOME_CALL,), S.CLOSED, (DESK,), _("The person says: it is settled")),
        Step("reopen-by-phone", (S.OUTCOME_CALL,), S.ESCALATED, (DESK,), _("The person says: it is not settled")),
        Step("not-reached", (S.OUTCOME_CALL,), S.OUTCOME_PANEL, (DESK,), _("The person cannot be reached")),
        Step("to-panel", (S.DECIDED, S.OUTCOME_CHECK), S.OUTCOME_PANEL, (CLOCK,), _("Ask a panel")),
        Step("vote", (S.OUTCOME_PANEL,), S.OUTCOME_PANEL, (PANEL,), _("Vote on the outcome")),
        Step("confirm-by-panel", (S.OUTCOME_PANEL,), S.CLOSED, (CLOCK,), _("The panel confirms")),
        Step("lapse-check", _CHECKED, S.CLOSED, (CLOCK,), _("The outcome stays unconfirmed")),
        Step("appeal-refusal", (S.REFUSED_BY_LAW,), S.WITH_MINISTRY, (PERSON,), _("Appeal against the refusal")),
        Step(
            "withdraw",
            (
                S.WITH_SELLER, S.SETTLED_OFFER, S.REMEDY_RUNNING, S.ANSWERED, S.ESCALATED, S.WITH_BODY,
                S.PRETRIAL, S.WITH_MINISTRY, S.WAITING_PERSON,
            ),
            S.WITHDRAWN,
            (PERSON,),
            _("Withdraw the complaint"),
        ),
        Step(
            "link-duplicate",
            (S.WITH_SELLER, S.ESCALATED, S.WITH_BODY),
            S.DUPLICATE_LINKED,
            (DESK, BODY, MINISTRY),
            _("Link as duplicate"),
        ),
    ],
)  # fmt: skip

# What the log and the outbox call a step that was taken: "complaint.<word>", with the words people read.
HAPPENED = {
    "to-seller": ("filed", _("The complaint was registered and sent")),
    "to-body": ("filed", _("The complaint was registered and sent")),
    "answer": ("answered", _("The supplier answered")),
    "offer": ("offered", _("The supplier offered a remedy")),
    "ignore": ("ignored", _("The supplier was silent")),
    "accept-offer": ("offer_accepted", _("The person accepted the offer")),
    "accept-answer": ("answer_accepted", _("The answer was enough for the person")),
    "reject-answer": ("answer_rejected", _("The person does not agree; the state body joins")),
    "lapse": ("answer_lapsed", _("The person did not object in time")),
    "lapse-offer": ("offer_lapsed", _("The offer was not accepted in time; the state body joins")),
    "remedy-done": ("remedy_done", _("The supplier says that the remedy is done")),
    "escalate": ("escalated", _("The state body joined by itself")),
    "pass-up": ("passed_up", _("The body did not decide in time; the next one joined by itself")),
    "take-up": ("taken_up", _("The state body took up the case")),
    "decide": ("decided", _("The state body decided")),
    "extend": ("extended", _("The time was extended")),
    "refuse": ("refused", _("The state body refused on a ground of the law")),
    "redirect": ("redirected", _("The complaint was redirected")),
    "to-ministry": ("passed_to_ministry", _("The complaint was passed to the ministry")),
    "to-pretrial": ("pretrial_opened", _("Pre-trial settlement began")),
    "pretrial-agreed": ("pretrial_agreed", _("The two sides agreed")),
    "pretrial-failed": ("pretrial_failed", _("The two sides did not agree")),
    "to-court": ("court_opened", _("The case went to court")),
    "court-result": ("court_decided", _("The court decided")),
    "instruct": ("instructed", _("The ministry instructed a body")),
    "ban": ("banned", _("The ministry suspended the supplier")),
    "change-rule": ("rule_changed", _("A rule was changed")),
    "stop-sale": ("sale_stopped", _("The sale of the product was stopped")),
    "ask-person": ("asked", _("The state body asked the person")),
    "reply": ("replied", _("The person replied")),
    "resume": ("resumed", _("The time for the reply is over")),
    "confirm-outcome": ("confirmed", _("The person confirmed the outcome")),
    "reopen": ("reopened", _("The person opened the complaint again")),
    "call-person": ("call_due", _("Nobody confirmed the outcome in time; the hotline calls the person")),
    "confirm-by-phone": ("confirmed", _("The person confirmed the outcome")),
    "reopen-by-phone": ("reopened", _("The person opened the complaint again")),
    "not-reached": ("unreached", _("The person could not be reached; a panel looks at the outcome")),
    "to-panel": ("unreached", _("The person could not be reached; a panel looks at the outcome")),
    "vote": ("voted", _("A member of the panel voted")),
    "confirm-by-panel": ("confirmed_by_panel", _("The panel confirmed the outcome")),
    "lapse-check": ("unconfirmed", _("The outcome stays unconfirmed")),
    "appeal-refusal": ("refusal_appealed", _("The person appealed against the refusal")),
    "withdraw": ("withdrawn", _("The person withdrew the complaint")),
    "link-duplicate": ("linked", _("Linked to an earlier complaint")),
}

ENDED_STATES = [S.REFUSED_BY_LAW, S.DUPLICATE_LINKED, S.WITHDRAWN, S.CLOSED]
OPEN_STATES = [state for state in ComplaintStatus if state not in ENDED_STATES]
# Every open state has a date by which somebody owes a step; only a court keeps its own time.
DATED_STATES = [state for state in OPEN_STATES if state not in {S.REGISTERED, S.IGNORED, S.COURT}]

# Whose turn it is, by state: the party that owes the next step.
WHOSE_TURN: dict[str, str] = {
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
    S.OUTCOME_CALL: DESK,
    S.OUTCOME_PANEL: PANEL,
}
TURN_LABELS: dict[str, Any] = {
    PERSON: _("The person"),
    SELLER: _("The supplier"),
    BODY: _("The state body"),
    MINISTRY: _("The ministry"),
    SAFETY: _("The state body"),
    CLOCK: _("The portal"),
    DESK: _("The hotline"),
    PANEL: _("The panel"),
}
