"""`/api/v1/complaints/{number}/<step>`: every legal step, one address each; the answer is the complaint after it.

An ``Idempotency-Key`` is welcome: a step that is sent again with its key happens once.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from complaints import bodies, confirming, court, parallels, person, routing, selectors, seller, shapes
from complaints.measures import deciding
from complaints.measures.schemas import BanIn, ChangeRuleIn, InstructIn, StopSaleIn
from complaints.schemas import ComplaintOut
from complaints.schemas_of_steps import (
    AgreedIn,
    CalledIn,
    CourtIn,
    CourtResultIn,
    DecideIn,
    DuplicateIn,
    OfferIn,
    PretrialIn,
    QuestionIn,
    RedirectIn,
    RefuseIn,
    RemedyIn,
    VoteIn,
    WithdrawIn,
    Words,
)
from marketplace import events, idempotency
from marketplace.api import Problem
from marketplace.idempotency import Answer

router = Router(tags=["complaint steps"])


# What every step may answer with.
_ANSWERS = {200: ComplaintOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


def words_of(body: Words | None) -> str:
    """A step whose words may be left out may come without a body."""
    return body.words if body else ""


def _step(
    request: HttpRequest, response: HttpResponse, number: str, service: Callable[..., Answer], **given: Any
) -> dict[str, Any]:
    """Take the step, then read the complaint as it stands now."""
    key = request.headers.get("Idempotency-Key", "")[:255]
    once = None
    if key:
        action = f"complaint:{number}:{service.__name__}"
        once = idempotency.request_of(user=request.auth, key=key, action=action, body=request.body)
    answer = service(number=number, actor=request.auth, request=once, **given)
    if answer.replayed:
        response["Idempotent-Replayed"] = "true"
    complaint = selectors.read(request.auth, number)
    happened = events.of_subject(f"complaint:{number}")
    return shapes.detail(request.auth, complaint, routing.table(complaint.rule_version), happened)


# --- The supplier ---------------------------------------------------------------------------------


@router.post("/complaints/{number}/answer", response=_ANSWERS)
def answer(request: HttpRequest, response: HttpResponse, number: str, body: Words) -> dict[str, Any]:
    """The supplier answers with reasons."""
    return _step(request, response, number, seller.answer, text=body.words)


@router.post("/complaints/{number}/offer", response=_ANSWERS)
def offer(request: HttpRequest, response: HttpResponse, number: str, body: OfferIn) -> dict[str, Any]:
    """The supplier offers a remedy by a day, at most 30 days ahead."""
    return _step(
        request, response, number, seller.offer,
        text=body.words, remedy=body.remedy, promised_on=body.promised_on, amount=body.amount,
    )  # fmt: skip


@router.post("/complaints/{number}/remedy-done", response=_ANSWERS)
def remedy_done(request: HttpRequest, response: HttpResponse, number: str, body: RemedyIn) -> dict[str, Any]:
    """The supplier says what was done, when, what it is worth, and by which picture it is proved, or why by none."""
    return _step(request, response, number, seller.remedy_done, **body.record())


# --- Whoever is addressed beside the addressee ----------------------------------------------------


@router.post("/complaints/{number}/parallel-done", response=_ANSWERS)
def parallel_done(request: HttpRequest, response: HttpResponse, number: str, body: Words) -> dict[str, Any]:
    """A supplier or a body that is addressed beside the addressee tells what it did; the case stays where it is."""
    return _step(request, response, number, parallels.report, text=body.words)


# --- The person ------------------------------------------------------------------------------------


@router.post("/complaints/{number}/accept-offer", response=_ANSWERS)
def accept_offer(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """The person takes the offer; the promised day becomes the supplier's date."""
    return _step(request, response, number, person.accept_offer)


@router.post("/complaints/{number}/accept-answer", response=_ANSWERS)
def accept_answer(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """The answer is enough for the person: closed as explained."""
    return _step(request, response, number, person.accept_answer)


@router.post("/complaints/{number}/reject-answer", response=_ANSWERS)
def reject_answer(
    request: HttpRequest, response: HttpResponse, number: str, body: Words | None = None
) -> dict[str, Any]:
    """The person disagrees with an answer or an offer: the state body joins."""
    return _step(request, response, number, person.reject_answer, text=words_of(body))


@router.post("/complaints/{number}/withdraw", response=_ANSWERS)
def withdraw(
    request: HttpRequest, response: HttpResponse, number: str, body: WithdrawIn | None = None
) -> dict[str, Any]:
    """The person takes the complaint back."""
    return _step(
        request, response, number, person.withdraw, reason=body.kind if body else "own_will", text=words_of(body)
    )


@router.post("/complaints/{number}/confirm-outcome", response=_ANSWERS)
def confirm_outcome(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """The person confirms the proposed outcome; only this makes a complaint satisfied."""
    return _step(request, response, number, person.confirm_outcome)


@router.post("/complaints/{number}/reopen", response=_ANSWERS)
def reopen(request: HttpRequest, response: HttpResponse, number: str, body: Words | None = None) -> dict[str, Any]:
    """It is not settled: the body examines again. Once, within 30 days after closing."""
    return _step(request, response, number, person.reopen, text=words_of(body))


@router.post("/complaints/{number}/appeal-refusal", response=_ANSWERS)
def appeal_refusal(
    request: HttpRequest, response: HttpResponse, number: str, body: Words | None = None
) -> dict[str, Any]:
    """The person appeals against a refusal: one level up."""
    return _step(request, response, number, person.appeal_refusal, text=words_of(body))


@router.post("/complaints/{number}/reply", response=_ANSWERS)
def reply(request: HttpRequest, response: HttpResponse, number: str, body: Words) -> dict[str, Any]:
    """The person answers the body's question; its clock runs on."""
    return _step(request, response, number, person.reply, text=body.words)


# --- The person's word, asked by the hotline or given by a panel ----------------------------------------


@router.post("/complaints/{number}/confirm-by-phone", response=_ANSWERS)
def confirm_by_phone(request: HttpRequest, response: HttpResponse, number: str, body: CalledIn) -> dict[str, Any]:
    """The hotline: the person says that it is settled; ``facts`` show that it is she."""
    return _step(request, response, number, confirming.confirm_by_phone, facts=body.facts, text=body.words)


@router.post("/complaints/{number}/reopen-by-phone", response=_ANSWERS)
def reopen_by_phone(request: HttpRequest, response: HttpResponse, number: str, body: CalledIn) -> dict[str, Any]:
    """The hotline: the person says that it is not settled."""
    return _step(request, response, number, confirming.reopen_by_phone, facts=body.facts, text=body.words)


@router.post("/complaints/{number}/not-reached", response=_ANSWERS)
def not_reached(request: HttpRequest, response: HttpResponse, number: str, body: Words) -> dict[str, Any]:
    """The hotline could not reach the person; the text names the calls. A panel votes."""
    return _step(request, response, number, confirming.not_reached, text=body.words)


@router.post("/complaints/{number}/vote", response=_ANSWERS)
def vote(request: HttpRequest, response: HttpResponse, number: str, body: VoteIn) -> dict[str, Any]:
    """A reviewer who took no part in the case votes on its outcome."""
    return _step(request, response, number, confirming.vote, agrees=body.agrees, text=body.words)


# --- The body and the ministry ------------------------------------------------------------------------


@router.post("/complaints/{number}/take-up", response=_ANSWERS)
def take_up(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """The body starts to examine."""
    return _step(request, response, number, bodies.take_up)


@router.post("/complaints/{number}/decide", response=_ANSWERS)
def decide(request: HttpRequest, response: HttpResponse, number: str, body: DecideIn) -> dict[str, Any]:
    """The body decides with reasons and proposes an outcome; the person confirms it."""
    return _step(
        request, response, number, bodies.decide,
        outcome=body.outcome, detail=body.detail, text=body.words, returned=body.returned, authority=body.authority,
    )  # fmt: skip


@router.post("/complaints/{number}/extend", response=_ANSWERS)
def extend(request: HttpRequest, response: HttpResponse, number: str, body: Words) -> dict[str, Any]:
    """More time, with a reason that the person reads."""
    return _step(request, response, number, bodies.extend, reason=body.words)


@router.post("/complaints/{number}/refuse", response=_ANSWERS)
def refuse(request: HttpRequest, response: HttpResponse, number: str, body: RefuseIn) -> dict[str, Any]:
    """Refuse on a ground of the law, with reasons, within 5 working days."""
    return _step(request, response, number, bodies.refuse, ground=body.ground, text=body.words)


@router.post("/complaints/{number}/redirect", response=_ANSWERS)
def redirect(request: HttpRequest, response: HttpResponse, number: str, body: RedirectIn) -> dict[str, Any]:
    """Send the case to another body; its clock is not started anew."""
    return _step(request, response, number, bodies.redirect, authority=body.authority, reason=body.words)


@router.post("/complaints/{number}/to-ministry", response=_ANSWERS)
def to_ministry(request: HttpRequest, response: HttpResponse, number: str, body: Words) -> dict[str, Any]:
    """A systemic case goes to the ministry."""
    return _step(request, response, number, bodies.to_ministry, reason=body.words)


@router.post("/complaints/{number}/to-pretrial", response=_ANSWERS)
def to_pretrial(request: HttpRequest, response: HttpResponse, number: str, body: PretrialIn) -> dict[str, Any]:
    """Pre-trial settlement before a named body; the text names the papers with the written consent of both sides."""
    return _step(
        request, response, number, bodies.to_pretrial, consent=body.words, kind=body.kind, body=body.body,
        person_consented_on=body.person_consented_on, supplier_consented_on=body.supplier_consented_on,
    )  # fmt: skip


@router.post("/complaints/{number}/pretrial-agreed", response=_ANSWERS)
def pretrial_agreed(request: HttpRequest, response: HttpResponse, number: str, body: AgreedIn) -> dict[str, Any]:
    """Both sides agreed; the person confirms that it was kept."""
    return _step(request, response, number, bodies.pretrial_agreed, text=body.words, returned=body.returned)


@router.post("/complaints/{number}/pretrial-failed", response=_ANSWERS)
def pretrial_failed(
    request: HttpRequest, response: HttpResponse, number: str, body: Words | None = None
) -> dict[str, Any]:
    """No agreement: the body examines again."""
    return _step(request, response, number, bodies.pretrial_failed, text=words_of(body))


@router.post("/complaints/{number}/ask-person", response=_ANSWERS)
def ask_person(request: HttpRequest, response: HttpResponse, number: str, body: QuestionIn) -> dict[str, Any]:
    """Ask the person; the body's clock stops meanwhile for a named reason, at most 10 days in all."""
    return _step(request, response, number, bodies.ask_person, question=body.words, pause=body.pause)


@router.post("/complaints/{number}/link-duplicate", response=_ANSWERS)
def link_duplicate(request: HttpRequest, response: HttpResponse, number: str, body: DuplicateIn) -> dict[str, Any]:
    """The same matter is examined under an earlier number."""
    return _step(request, response, number, bodies.link_duplicate, duplicate_of=body.duplicate_of)


@router.post("/complaints/{number}/to-court", response=_ANSWERS)
def to_court(request: HttpRequest, response: HttpResponse, number: str, body: CourtIn) -> dict[str, Any]:
    """The case goes to court, with the body's role there."""
    return _step(request, response, number, court.to_court, reason=body.words, role=body.role)


@router.post("/complaints/{number}/court-result", response=_ANSWERS)
def court_result(request: HttpRequest, response: HttpResponse, number: str, body: CourtResultIn) -> dict[str, Any]:
    """How the court decided, and the sum awarded."""
    return _step(
        request, response, number, court.court_result, result=body.result, recovered=body.recovered, text=body.words
    )


# --- What goes beyond the case ------------------------------------------------------------------------


@router.post("/complaints/{number}/instruct", response=_ANSWERS)
def instruct(request: HttpRequest, response: HttpResponse, number: str, body: InstructIn) -> dict[str, Any]:
    """The ministry tells a body what to do until a day."""
    return _step(
        request, response, number, deciding.instruct, authority=body.authority, text=body.words,
        legal_basis=body.legal_basis, respond_by=body.respond_by,
    )  # fmt: skip


@router.post("/complaints/{number}/ban", response=_ANSWERS)
def ban(request: HttpRequest, response: HttpResponse, number: str, body: BanIn) -> dict[str, Any]:
    """The ministry suspends the supplier of the case until a day; the ban lifts itself."""
    return _step(
        request, response, number, deciding.ban, until=body.until, reason=body.words, legal_basis=body.legal_basis
    )


@router.post("/complaints/{number}/change-rule", response=_ANSWERS)
def change_rule(request: HttpRequest, response: HttpResponse, number: str, body: ChangeRuleIn) -> dict[str, Any]:
    """The ministry links the version of a rule that follows from the case."""
    return _step(
        request, response, number, deciding.change_rule, rule=body.rule, valid_from=body.valid_from, text=body.words,
        legal_basis=body.legal_basis,
    )  # fmt: skip


@router.post("/complaints/{number}/stop-sale", response=_ANSWERS)
def stop_sale(request: HttpRequest, response: HttpResponse, number: str, body: StopSaleIn) -> dict[str, Any]:
    """While somebody is in danger the body or the ministry takes the product off the market at once."""
    return _step(
        request, response, number, deciding.stop_sale, text=body.words, legal_basis=body.legal_basis,
        product=body.product, lot=body.lot, everywhere=body.everywhere,
    )  # fmt: skip
