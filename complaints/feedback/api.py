"""`/api/v1/feedback`: give a mark by a link's or a code's token, read what everybody may read."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema
from pydantic import Field

from complaints.feedback import figures, giving
from complaints.feedback.giving import Said
from marketplace.api import Problem, anyone
from marketplace.errors import BadRequest, FieldError, Invalid, NotFound
from marketplace.models import Office
from suppliers import selectors as suppliers

router = Router(tags=["feedback"])


class FeedbackIn(Schema):
    """One of ``token`` (from a message), ``qr`` (from a printed code) and ``office`` (a code from the map);

    facets: code → yes or no.
    """

    token: str = ""
    qr: str = ""
    office: str = ""
    mark: int
    facets: dict[str, str] = Field(default_factory=dict)
    text: str = ""


class FeedbackOut(Schema):
    """``reply_by`` when a low mark was sent to its owner."""

    mark: int
    reply_by: str | None = None


class SummaryOut(Schema):
    """``mean`` is null below ``shown_from`` marks; ``mark`` and ``marks`` are the prior it starts from."""

    about: str
    name: str
    count: int | None
    mean: float | None
    shown_from: int
    prior: dict[str, float]
    weights: dict[str, float]


@router.post(
    "/feedback",
    auth=anyone,
    response={201: FeedbackOut, 400: Problem, 404: Problem, 409: Problem, 410: Problem, 422: Problem, 429: Problem},
)
def give_feedback(request: HttpRequest, body: FeedbackIn) -> Any:
    """Rate a visit or delivery once. By ``qr`` or ``office`` it needs an Idempotency-Key: it stands for the visitor."""
    said = Said(body.mark, body.facets, body.text)
    if [bool(body.token), bool(body.qr), bool(body.office)].count(True) != 1:
        raise Invalid([FieldError("token", "one_of", _("Send either a token, a printed code or an office."))])
    if body.token:
        given = giving.by_link(token=body.token, said=said)
    else:
        key = request.headers.get("Idempotency-Key", "")
        if not key or len(key) > 255:
            raise BadRequest(
                _("Send an Idempotency-Key header of 1 to 255 characters."), code="idempotency_key_missing"
            )
        address = get_adapter().get_client_ip(request)
        if body.office:
            given = giving.on_map(office=body.office, visitor=key, address=address, said=said)
        else:
            given = giving.by_code(token=body.qr, visitor=key, address=address, said=said)
    return 201, {"mark": given.mark, "reply_by": given.reply_by.isoformat() if given.reply_by else None}


@router.get("/feedback/summary", auth=anyone, response={200: SummaryOut, 404: Problem, 422: Problem})
def feedback_summary(request: HttpRequest, office: str = "", supplier: str = "") -> dict[str, Any]:
    """The mean of an office or a supplier as everybody may see it, and how it is computed."""
    if bool(office) == bool(supplier):
        raise Invalid([FieldError("office", "one_of", _("Name either an office or a supplier."))])
    if office:
        place = Office.objects.filter(code=office).first()
        if place is None:
            raise NotFound
        found, name = figures.of(office=place), place.name
    else:
        partner = suppliers.supplier(supplier)
        found, name = figures.of(supplier=partner), partner.name
    shown = found.public_mean is not None
    return {
        "about": office or supplier,
        "name": name,
        "count": found.count if shown else None,
        "mean": found.public_mean,
        "shown_from": found.policy.shown_from,
        "prior": {"mark": found.policy.prior_mark, "marks": found.policy.prior_marks},
        "weights": dict(found.policy.weights),
    }
