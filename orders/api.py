"""`/api/v1/entitlements` and `/api/v1/orders`: the programme, and every step of an order's life."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from marketplace import api_document
from marketplace.api import Problem, paged
from marketplace.models import User
from orders import act, fulfilment, holders, reading, schemas, selectors, shapes
from orders.schemas import DeliverIn, ReasonIn

router = Router(tags=["orders"])

REFUSALS = {403: Problem, 404: Problem, 409: Problem, 422: Problem}
ANSWER = {200: schemas.OrderOut, **REFUSALS}
PDF_ANSWER = api_document.file_of("application/pdf", binary=True)


@router.get("/entitlements", response={200: schemas.EntitlementList, 404: Problem})
def list_entitlements(request: HttpRequest, beneficiary: int | None = None) -> Any:
    """What the programme entitles to: remaining quantity and sum, next date, and why not when nothing is left."""
    found = reading.open_programme(request.auth, person_id=beneficiary)
    rows = [shapes.entitlement(standing) for standing in found]
    return {"results": rows, "next": None, "count": len(rows)}


@router.get("/orders", response=schemas.OrderList, exclude_unset=True)
def list_orders(request: HttpRequest, status: str = "", page: int = 1) -> Any:
    """Orders that the caller may see, the latest first."""
    actor = request.auth
    orders = selectors.detailed(selectors.visible(actor)).order_by("-date_placed", "-pk")
    if status:
        orders = orders.filter(status=status)
    return paged(request, orders, page, lambda order: shapes.order_row(actor, order))


@router.get("/orders/{number}", response={200: schemas.OrderOut, 404: Problem}, exclude_unset=True)
def read_order(request: HttpRequest, number: str) -> Any:
    """One order with its history, its next steps and, for the owner, the delivery code."""
    return _order(request.auth, number)


@router.get("/orders/{number}/act.pdf", response={404: Problem}, openapi_extra=PDF_ANSWER)
def read_act(request: HttpRequest, number: str) -> HttpResponse:
    """The acceptance act as PDF, in Kazakh and Russian."""
    found = reading.open_act(request.auth, number)
    return HttpResponse(
        act.pdf(found),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="act-{number}.pdf"'},
    )


# --- The supplier's steps -------------------------------------------------------------------------


@router.post("/orders/{number}/confirm", response=ANSWER, exclude_unset=True)
def confirm(request: HttpRequest, number: str) -> Any:
    """The supplier takes the order."""
    fulfilment.confirm(number=number, actor=request.auth)
    return _order(request.auth, number)


@router.post("/orders/{number}/decline", response=ANSWER, exclude_unset=True)
def decline(request: HttpRequest, number: str, body: ReasonIn | None = None) -> Any:
    """The supplier declines with a reason; norm and stock are free again."""
    fulfilment.decline(number=number, actor=request.auth, reason=_reason(body))
    return _order(request.auth, number)


@router.post("/orders/{number}/ship", response=ANSWER, exclude_unset=True)
def ship(request: HttpRequest, number: str) -> Any:
    """The goods are on the way."""
    fulfilment.ship(number=number, actor=request.auth)
    return _order(request.auth, number)


@router.post("/orders/{number}/deliver", response=ANSWER, exclude_unset=True)
def deliver(request: HttpRequest, number: str, body: DeliverIn) -> Any:
    """Hand over against the person's code; lot or serial numbers by line id."""
    fulfilment.deliver(number=number, actor=request.auth, code=body.code, lots=body.lots, note=body.note)
    return _order(request.auth, number)


@router.post("/orders/{number}/fail-delivery", response=ANSWER, exclude_unset=True)
def fail_delivery(request: HttpRequest, number: str, body: ReasonIn | None = None) -> Any:
    """Nobody took the goods."""
    fulfilment.fail_delivery(number=number, actor=request.auth, reason=_reason(body))
    return _order(request.auth, number)


@router.post("/orders/{number}/replace", response=ANSWER, exclude_unset=True)
def replace(request: HttpRequest, number: str, body: ReasonIn | None = None) -> Any:
    """Other goods are on the way for the rejected ones."""
    fulfilment.replace(number=number, actor=request.auth, reason=_reason(body))
    return _order(request.auth, number)


@router.post("/orders/{number}/take-back", response=ANSWER, exclude_unset=True)
def take_back(request: HttpRequest, number: str, body: ReasonIn | None = None) -> Any:
    """The rejected goods were taken back; the norm is free again."""
    fulfilment.take_back(number=number, actor=request.auth, reason=_reason(body))
    return _order(request.auth, number)


@router.post("/orders/{number}/sign-act", response=ANSWER, exclude_unset=True)
def sign_act(request: HttpRequest, number: str) -> Any:
    """The supplier signs the acceptance act."""
    fulfilment.sign_act(number=number, actor=request.auth)
    return _order(request.auth, number)


# --- The person's steps -----------------------------------------------------------------------------


@router.post("/orders/{number}/accept", response=ANSWER, exclude_unset=True)
def accept(request: HttpRequest, number: str) -> Any:
    """The person accepts the goods; the act is drawn up."""
    fulfilment.accept(number=number, actor=request.auth)
    return _order(request.auth, number)


@router.post("/orders/{number}/accept-with-remarks", response=ANSWER, exclude_unset=True)
def accept_with_remarks(request: HttpRequest, number: str, body: ReasonIn | None = None) -> Any:
    """The person accepts the goods with remarks, which stand in the act."""
    fulfilment.accept_with_remarks(number=number, actor=request.auth, reason=_reason(body))
    return _order(request.auth, number)


@router.post("/orders/{number}/reject", response=ANSWER, exclude_unset=True)
def reject(request: HttpRequest, number: str, body: ReasonIn | None = None) -> Any:
    """The person rejects the goods with a reason."""
    fulfilment.reject(number=number, actor=request.auth, reason=_reason(body))
    return _order(request.auth, number)


@router.post("/orders/{number}/cancel", response=ANSWER, exclude_unset=True)
def cancel(request: HttpRequest, number: str, body: ReasonIn | None = None) -> Any:
    """The person, or the office with a reason, calls the order off."""
    fulfilment.cancel(number=number, actor=request.auth, reason=_reason(body))
    return _order(request.auth, number)


# --- The state's steps --------------------------------------------------------------------------------


@router.post("/orders/{number}/pay", response=ANSWER, exclude_unset=True)
def pay(request: HttpRequest, number: str) -> Any:
    """The payment to the supplier is recorded."""
    fulfilment.pay(number=number, actor=request.auth)
    return _order(request.auth, number)


@router.post("/orders/{number}/hold", response=ANSWER, exclude_unset=True)
def hold(request: HttpRequest, number: str, body: ReasonIn | None = None) -> Any:
    """The ministry stops the payment with a reason."""
    fulfilment.hold(number=number, actor=request.auth, reason=_reason(body))
    return _order(request.auth, number)


@router.post("/orders/{number}/release", response=ANSWER, exclude_unset=True)
def release(request: HttpRequest, number: str, body: ReasonIn | None = None) -> Any:
    """The ministry lets the payment go on."""
    fulfilment.release(number=number, actor=request.auth, reason=_reason(body))
    return _order(request.auth, number)


# --- Lots that are called back ------------------------------------------------------------------------


@router.get("/orders/{number}/recalls", response={200: schemas.HoldersOut, 404: Problem})
def recalls_of_order(request: HttpRequest, number: str) -> Any:
    """What of an order is called back, and what the person wants."""
    rows = [shapes.holder(row) for row in holders.of_order(selectors.get(request.auth, number))]
    return {"results": rows, "next": None, "count": len(rows)}


@router.post("/orders/{number}/recalls/{int:holder_id}", response={200: schemas.HolderOut, **REFUSALS})
def answer_recall(request: HttpRequest, number: str, holder_id: int, body: schemas.WishIn) -> Any:
    """The person, or her office, says what she wants: replacement, refund or keep."""
    return shapes.holder(holders.answer(holder_id=holder_id, number=number, actor=request.auth, wish=body.wish))


@router.get("/recalls/{int:recall_id}/progress", response={200: schemas.ProgressOut, 404: Problem})
def recall_progress(request: HttpRequest, recall_id: int) -> Any:
    """How far a recall is: for its supplier, the ministry and the audit."""
    return vars(holders.progress(holders.recall_of(request.auth, recall_id).pk))


@router.get("/recalls/{int:recall_id}/holders", response={200: schemas.HoldersOut, 404: Problem})
def list_holders(request: HttpRequest, recall_id: int, page: int = 1) -> Any:
    """Orders with the lot, those first to whom something is owed; no names."""
    recall = holders.recall_of(request.auth, recall_id)
    return paged(request, holders.listed(request.auth, recall), page, shapes.holder)


@router.post("/recalls/{int:recall_id}/holders/{int:holder_id}/served", response={200: schemas.HolderOut, **REFUSALS})
def serve_holder(request: HttpRequest, recall_id: int, holder_id: int) -> Any:
    """The supplier did what was wished; the person is told."""
    return shapes.holder(holders.serve(holder_id=holder_id, recall_id=recall_id, actor=request.auth))


@router.post("/recalls/{int:recall_id}/holders/{int:holder_id}/returned", response={204: None, **REFUSALS})
def record_money_back(request: HttpRequest, recall_id: int, holder_id: int) -> tuple[int, None]:
    """The ministry: the supplier paid the state's share of goods back that the state had paid for."""
    holders.record_return(holder_id=holder_id, recall_id=recall_id, actor=request.auth)
    return 204, None


@router.post("/recalls/{int:recall_id}/close", response={204: None, **REFUSALS})
def close_recall(request: HttpRequest, recall_id: int, body: schemas.RecallResultIn) -> tuple[int, None]:
    """End a recall; while somebody waits only the ministry may."""
    holders.close(recall_id=recall_id, actor=request.auth, result=body.result)
    return 204, None


def _reason(body: ReasonIn | None) -> str:
    return body.reason if body else ""


def _order(actor: User, number: str) -> dict[str, Any]:
    opened = reading.open_order(actor, number)
    return shapes.order(actor, opened.order, opened.events)
