"""Goods on their way to the catalogue, for programs: a supplier sees its own, the ministry decides.

A listing is written and sent as a draft of the kind ``listing`` (``/drafts``).
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from marketplace import access
from marketplace.api import Problem, paged
from marketplace.models import Role, User
from marketplace.money import Money, money
from suppliers.listings import deciding, selectors, words
from suppliers.listings.models import LISTING_WAITS, Listing
from suppliers.schemas import CaseOut, RefusalIn, RefusalReasonsOut, WordsIn
from suppliers.second_check import is_another
from suppliers.shapes import case_data
from suppliers.states import LISTING

router = Router(tags=["listings"])


class ListingSupplier(Schema):
    code: str
    name: str


class ListingOut(CaseOut):
    """``product`` and ``offer``: ids, null for new ones until they are published; ``unit_price`` is for one unit, beside
    ``median`` of the kind when it was sent.
    """

    supplier: ListingSupplier
    title: str
    product: int | None
    offer: int | None
    unit_price: Money
    median: Money | None
    price_reason: str


class ListingsOut(Schema):
    results: list[ListingOut]
    next: str | None
    count: int


class PublishIn(Schema):
    """``text``: why the price may be so high; asked for when it is far above the median of its kind."""

    text: str = ""


DECIDED = {200: ListingOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


@router.get("/listings", response={200: ListingsOut, 403: Problem}, operation_id="list_listings")
def list_listings(request: HttpRequest, page: int = 1) -> dict[str, Any]:
    """A supplier's own listings; for the ministry and the audit all, what waits for an answer first."""
    access.require_role(request.auth, Role.SUPPLIER, *selectors.READERS)
    return paged(request, selectors.worklist(request.auth), page, lambda row: _data(request.auth, row))


@router.get("/listings/refusal-reasons", response=RefusalReasonsOut, operation_id="list_listing_refusal_reasons")
def list_refusal_reasons(request: HttpRequest) -> dict[str, Any]:
    """Why goods may be refused, in the language of the request."""
    return {"results": [{"code": code, "name": name} for code, name in words.reasons()]}


@router.get("/listings/{int:listing_id}", response={200: ListingOut, 404: Problem}, operation_id="get_listing")
def get_listing(request: HttpRequest, listing_id: int) -> dict[str, Any]:
    """One listing."""
    return _data(request.auth, selectors.get(request.auth, listing_id))


@router.post("/listings/{int:listing_id}/publish", response=DECIDED, operation_id="publish_listing")
def publish_listing(request: HttpRequest, listing_id: int, body: PublishIn | None = None) -> dict[str, Any]:
    """The ministry puts it on sale; a price out of line with a note only."""
    return _taken(request, listing_id, deciding.publish, text=body.text if body else "")


@router.post("/listings/{int:listing_id}/refuse", response=DECIDED, operation_id="refuse_listing")
def refuse_listing(request: HttpRequest, listing_id: int, body: RefusalIn) -> dict[str, Any]:
    """The ministry refuses it for a reason of the list and in words; what is on sale stays."""
    return _taken(request, listing_id, deciding.refuse, reason=body.reason, text=body.text)


@router.post("/listings/{int:listing_id}/question-price", response=DECIDED, operation_id="question_listing_price")
def question_price(request: HttpRequest, listing_id: int, body: WordsIn) -> dict[str, Any]:
    """The ministry asks why the price is what it is."""
    return _taken(request, listing_id, deciding.question_price, text=body.text)


@router.post("/listings/{int:listing_id}/uphold", response=DECIDED, operation_id="uphold_listing_refusal")
def uphold_refusal(request: HttpRequest, listing_id: int, body: WordsIn) -> dict[str, Any]:
    """The ministry refuses after a second check, by another person than the one who refused."""
    return _taken(request, listing_id, deciding.uphold, text=body.text)


@router.post("/listings/{int:listing_id}/explain", response=DECIDED, operation_id="explain_listing_price")
def explain_price(request: HttpRequest, listing_id: int, body: WordsIn) -> dict[str, Any]:
    """The supplier says why the price is what it is."""
    return _taken(request, listing_id, deciding.explain, text=body.text)


@router.post("/listings/{int:listing_id}/appeal", response=DECIDED, operation_id="appeal_listing_refusal")
def appeal_refusal(request: HttpRequest, listing_id: int, body: WordsIn) -> dict[str, Any]:
    """The supplier asks for a second check of what was refused."""
    return _taken(request, listing_id, deciding.appeal, text=body.text)


@router.post("/listings/{int:listing_id}/withdraw", response=DECIDED, operation_id="withdraw_listing")
def withdraw_listing(request: HttpRequest, listing_id: int) -> dict[str, Any]:
    """The supplier takes it back; what is on sale stays."""
    return _taken(request, listing_id, deciding.withdraw)


def _taken(request: HttpRequest, listing_id: int, step: Callable[..., Listing], **given: str) -> dict[str, Any]:
    step(listing_id=listing_id, actor=request.auth, **given)
    return _data(request.auth, selectors.get(request.auth, listing_id))


def _data(actor: User, row: Listing) -> dict[str, Any]:
    decides = actor.role == Role.REVIEWER and is_another(row, actor)
    parties = ["supplier"] if actor.role == Role.SUPPLIER else ["ministry"] if decides else []
    return case_data(row, LISTING_WAITS) | {
        "supplier": {"code": row.partner.code, "name": row.partner.name},
        "title": row.name,
        "product": row.product_id,
        "offer": row.offer_id,
        "unit_price": money(row.unit_price),
        "median": money(row.median) if row.median is not None else None,
        "price_reason": row.price_reason,
        "allowed": LISTING.actions(row.status, parties),
    }
