"""The API of price lists: send one, ask how far it is, read what became of each row."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile

from marketplace import idempotency
from marketplace.api import Problem, caller
from marketplace.errors import BadRequest
from suppliers.models import PriceList
from suppliers.pricelist import jobs, selectors, words
from suppliers.pricelist.selectors import Result
from suppliers.selectors import own_supplier

router = Router(tags=["market"])
PAGE = 500
ERRORS_SHOWN = 100


class RemarkOut(Schema):
    cell: str
    code: str
    message: str


class RowOut(Schema):
    """``result``: created, changed, same or refused; of a dry run what would become of the row."""

    row: int
    sku: str
    result: str
    remarks: list[RemarkOut]


class PriceListOut(Schema):
    """``status``: waiting, running, done or refused (then ``problem`` says why and nothing was changed).

    ``errors``: the first 100 rows that are refused or remarked; ``rows_url`` lists them all.
    """

    id: UUID
    name: str
    dry_run: bool
    status: str
    problem: str
    rows: int
    done: int
    accepted: int
    created: int
    changed: int
    same: int
    refused: int
    created_at: datetime
    finished_at: datetime | None
    url: str
    rows_url: str
    errors: list[RowOut]


class RowsOut(Schema):
    results: list[RowOut]
    next: str | None
    count: int


@router.post(
    "/supplier/price-list",
    response={200: PriceListOut, 202: PriceListOut, 400: Problem, 403: Problem, 409: Problem, 422: Problem},
    operation_id="send_price_list",
    openapi_extra={
        "parameters": [{"in": "header", "name": "Idempotency-Key", "required": False, "schema": {"type": "string"}}]
    },
)
def send_price_list(
    request: HttpRequest, response: HttpResponse, file: File[UploadedFile], dry_run: Form[bool] = False
) -> Any:
    """Send a price list (xlsx, ods or csv) and apply it, or with ``dry_run`` only check it.

    200 when it is done, 202 with the address to ask at while it is being read. The same file again changes
    nothing and gives the same result.
    """
    supplier = own_supplier(caller(request))
    asked = _once(request, file, dry_run)

    def work() -> tuple[int, dict[str, Any]]:
        found = jobs.receive(
            supplier_id=supplier.pk, sent_by=request.auth, upload=file, name=file.name or "", dry_run=dry_run
        )
        return 200, {"id": str(found.pk)}

    answer = idempotency.once(asked, work)
    if answer.replayed:
        response["Idempotent-Replayed"] = "true"
    found = jobs.at_once(selectors.own_list(request.auth, UUID(answer.body["id"])))
    return 200 if found.is_finished else 202, _data(request, found)


def _once(request: HttpRequest, file: UploadedFile, dry_run: bool) -> idempotency.Request | None:
    """Without a key the content itself tells a repeated request."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return None
    if len(key) > 255:
        raise BadRequest(_("Send an Idempotency-Key header of 1 to 255 characters."), code="idempotency_key_missing")
    # The parts of a multipart body are divided by another text each time.
    body = file.read() + (b"check" if dry_run else b"apply")
    return idempotency.request_of(user=request.auth, key=key, action="price-list:send", body=body)


@router.get(
    "/supplier/price-list/{uuid:price_list_id}",
    response={200: PriceListOut, 403: Problem, 404: Problem},
    operation_id="get_price_list",
)
def get_price_list(request: HttpRequest, price_list_id: UUID) -> dict[str, Any]:
    """How far an own price list is, and what became of it."""
    return _data(request, selectors.own_list(caller(request), price_list_id))


@router.get(
    "/supplier/price-list/{uuid:price_list_id}/rows",
    response={200: RowsOut, 403: Problem, 404: Problem},
    operation_id="list_price_list_rows",
)
def list_rows(request: HttpRequest, price_list_id: UUID, page: int = 1) -> dict[str, Any]:
    """Every row that is done, with what became of it; 500 on a page."""
    found = selectors.own_list(caller(request), price_list_id)
    start = (min(max(page, 1), jobs.MOST_ROWS) - 1) * PAGE
    following = None
    if start + PAGE < found.done:
        following = request.build_absolute_uri(f"{request.path}?page={max(page, 1) + 1}")
    results = [_row(row) for row in selectors.results(found, start, PAGE)]
    return {"results": results, "next": following, "count": found.done}


def _row(row: Result) -> dict[str, Any]:
    number, sku, kind, remarks = row
    said = [{"cell": cell, "code": code, "message": words.said(code, params)} for cell, code, params in remarks]
    return {"row": number, "sku": sku, "result": kind, "remarks": said}


def _data(request: HttpRequest, found: PriceList) -> dict[str, Any]:
    address = request.build_absolute_uri(f"/api/v1/supplier/price-list/{found.pk}")
    counts = {name: getattr(found, name) for name in ("rows", "done", "accepted", *words.KINDS)}
    return counts | {
        "id": found.pk,
        "name": found.name,
        "dry_run": found.dry_run,
        "status": found.status,
        "problem": words.said(found.refusal["code"], found.refusal["params"]) if found.refusal else "",
        "created_at": found.created_at,
        "finished_at": found.finished_at,
        "url": address,
        "rows_url": f"{address}/rows",
        "errors": [_row(row) for row in selectors.remarked(found, ERRORS_SHOWN)],
    }
