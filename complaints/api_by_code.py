"""`/api/v1/complaints/track`: the case and the person's steps for whoever shows its number and code.

The doors of people without an account: scanned codes, visitors, callers of the hotline.
"""

from collections.abc import Callable
from typing import Any, Literal

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from ninja import Router

from complaints import person, routing, selectors, shapes
from complaints.schemas import TrackedOut
from complaints.schemas_of_steps import TrackedStepIn, TrackIn
from complaints.tracking import Holder
from marketplace import events, idempotency
from marketplace.api import Problem, anyone
from marketplace.errors import Forbidden
from marketplace.idempotency import Answer

router = Router(tags=["complaints by number and code"])

Service = Callable[..., Answer]
# The step, its service, and what of the body the service is given.
STEPS: dict[str, tuple[Service, Callable[[TrackedStepIn], dict[str, Any]]]] = {
    "accept-offer": (person.accept_offer, lambda body: {}),
    "accept-answer": (person.accept_answer, lambda body: {}),
    "confirm-outcome": (person.confirm_outcome, lambda body: {}),
    "reject-answer": (person.reject_answer, lambda body: {"text": body.words}),
    "reopen": (person.reopen, lambda body: {"text": body.words}),
    "appeal-refusal": (person.appeal_refusal, lambda body: {"text": body.words}),
    "reply": (person.reply, lambda body: {"text": body.words}),
    "withdraw": (person.withdraw, lambda body: {"reason": body.kind, "text": body.words}),
}
StepName = Literal[
    "accept-offer", "accept-answer", "confirm-outcome", "reject-answer", "reopen", "appeal-refusal", "reply", "withdraw"
]


@router.get("/complaints/track", auth=anyone, response={200: TrackedOut, 404: Problem, 429: Problem})
def track(request: HttpRequest, number: str = "", code: str = "") -> dict[str, Any]:
    """Where a case stands. Better use POST: addresses are written down on the way."""
    return _shown(_holder(request, number, code))


@router.post("/complaints/track", auth=anyone, response={200: TrackedOut, 404: Problem, 429: Problem})
def track_by_body(request: HttpRequest, body: TrackIn) -> dict[str, Any]:
    """Where a case stands, what the other side wrote, and which steps the person may take now."""
    return _shown(_holder(request, body.number, body.code))


@router.post(
    "/complaints/track/{step}",
    auth=anyone,
    response={200: TrackedOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem, 429: Problem},
)
def step_by_code(request: HttpRequest, response: HttpResponse, step: StepName, body: TrackedStepIn) -> dict[str, Any]:
    """A step of the person, by number and code. An Idempotency-Key is welcome."""
    holder = _holder(request, body.number, body.code)
    if not holder.acts:
        raise Forbidden
    service, given = STEPS[step]
    key = request.headers.get("Idempotency-Key", "")[:255]
    once = None
    if key:
        action = f"complaint:{holder.number}:{service.__name__}"
        once = idempotency.request_of(
            user=None, owner=f"code:{holder.number}", key=key, action=action, body=request.body
        )
    answer = service(number=holder.number, actor=holder, request=once, **given(body))
    if answer.replayed:
        response["Idempotent-Replayed"] = "true"
    return _shown(holder)


def _holder(request: HttpRequest, number: str, code: str) -> Holder:
    address = get_adapter().get_client_ip(request)
    return selectors.holder(number=number, code=code, address=address, viewer=request.user)


def _shown(holder: Holder) -> dict[str, Any]:
    complaint = selectors.read(holder, holder.number)
    table = routing.table(complaint.rule_version)
    return shapes.detail(holder, complaint, table, events.of_subject(f"complaint:{holder.number}"))
