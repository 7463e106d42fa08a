"""`/api/v1/drafts`: create, save, read, settle conflicts, submit."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema, Status
from pydantic import Field, ValidationError

from marketplace import idempotency, payloads
from marketplace.api import paged
from marketplace.drafts import kinds, reading, saving
from marketplace.errors import BadRequest, FieldError, Invalid, TooLarge

router = Router(tags=["drafts"])


class OpIn(Schema):
    f: str
    v: Any = None
    base: int = 0
    seq: int = 0


class SaveIn(Schema):
    device: str
    schema_version: Annotated[int, Field(ge=1, le=32767)] = 1
    ops: list[OpIn]
    beneficiary: int | None = None
    kind: str = "order"


class SaveOut(Schema):
    rev: int
    sha256: str
    r: dict[str, Any]


class ResolveIn(Schema):
    f: str
    pick: str
    base: int
    v: Any = None
    device: str = ""
    reason: str = ""


def read_save(body: bytes) -> SaveIn:
    """The save in a request's body. Raises TooLarge, BadRequest (no JSON), Invalid (wrong shape)."""
    if len(body) > saving.MAX_BODY:
        raise TooLarge
    try:
        data = payloads.read(body)
    except ValueError:
        raise BadRequest(_("The request could not be read: send valid JSON.")) from None
    if not isinstance(data, dict):
        raise BadRequest(_("The request could not be read: send a JSON object."))
    data = {**data, "schema_version": data.get("schema", 1)}
    try:
        return SaveIn(**data)
    except ValidationError as error:
        raise Invalid(
            [
                FieldError(
                    ".".join(str(part) for part in item["loc"]), item["type"], _("This field has the wrong form.")
                )
                for item in error.errors()
            ]
        ) from None


SAVE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["device", "ops"],
                    "properties": {
                        "device": {"type": "string"},
                        "schema": {"type": "integer", "default": 1},
                        "kind": {"type": "string", "default": "order"},
                        "beneficiary": {"type": ["integer", "null"]},
                        "ops": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["f"],
                                "properties": {
                                    "f": {"type": "string"},
                                    "v": {},
                                    "base": {"type": "integer", "default": 0},
                                    "seq": {"type": "integer", "default": 0},
                                },
                            },
                        },
                    },
                }
            }
        },
    },
    "parameters": [
        {"in": "header", "name": "Idempotency-Key", "required": True, "schema": {"type": "string", "maxLength": 255}}
    ],
}


@router.patch("/drafts/{uuid:draft_id}", response=SaveOut, openapi_extra=SAVE_BODY)
def save_draft(request: HttpRequest, response: HttpResponse, draft_id: UUID) -> Any:
    """Create a draft under an id of the client's making, or save the changed fields."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise BadRequest(_("Send an Idempotency-Key header of 1 to 255 characters."), code="idempotency_key_missing")
    save = read_save(request.body)
    receipt = saving.save(
        draft_id=draft_id,
        actor=request.auth,
        key=key,
        body=request.body,
        device=save.device,
        schema=save.schema_version,
        kind=save.kind,
        beneficiary_id=save.beneficiary,
        ops=[saving.Op(op.f, op.v, op.base, op.seq) for op in save.ops],
    )
    response["ETag"] = f'"{receipt.rev}"'
    if receipt.replayed:
        response["Idempotent-Replayed"] = "true"
    return receipt.answer


@router.get("/drafts")
def list_drafts(request: HttpRequest, status: str = "open", page: int = 1) -> dict[str, Any]:
    """Drafts that the caller may fill in, the latest first."""
    drafts = reading.visible(request.auth)
    if status != "all":
        drafts = drafts.filter(status=status)
    return paged(
        request, drafts.order_by("-updated_at", "pk"), page, lambda draft: reading.as_data(request.auth, draft)
    )


@router.get("/drafts/{uuid:draft_id}")
def read_draft(request: HttpRequest, response: HttpResponse, draft_id: UUID) -> Any:
    """One draft with its fields, versions and open questions."""
    draft = reading.get(request.auth, draft_id)
    etag = f'"{draft.rev}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-store"
    return reading.as_data(request.auth, draft)


@router.get("/drafts/{uuid:draft_id}/history")
def draft_history(request: HttpRequest, draft_id: UUID) -> dict[str, Any]:
    """Who changed what, when, from which device."""
    saves = reading.history(request.auth, draft_id)
    return {"results": saves, "next": None, "count": len(saves)}


@router.post("/drafts/{uuid:draft_id}/resolve")
def resolve_conflict(request: HttpRequest, response: HttpResponse, draft_id: UUID, body: ResolveIn) -> Any:
    """Settle one open question: keep mine, theirs, or edit. The same Idempotency-Key again changes nothing."""
    draft = saving.resolve(
        draft_id=draft_id,
        actor=request.auth,
        key=request.headers.get("Idempotency-Key", ""),
        field=body.f,
        pick=body.pick,
        base=body.base,
        value=body.v,
        device=body.device,
        reason=body.reason,
    )
    response["ETag"] = f'"{draft.rev}"'
    return reading.as_data(request.auth, draft)


@router.post("/drafts/{uuid:draft_id}/discard")
def discard_draft(request: HttpRequest, draft_id: UUID) -> dict[str, str]:
    """Put a draft aside."""
    saving.discard(draft_id=draft_id, actor=request.auth)
    return {"status": "discarded"}


@router.post("/drafts/{uuid:draft_id}/submit", response={201: dict[str, Any]})
def submit_draft(request: HttpRequest, response: HttpResponse, draft_id: UUID) -> Any:
    """Send the draft: it becomes orders (or a complaint) once. Needs Idempotency-Key and If-Match."""
    key = request.headers.get("Idempotency-Key", "")
    if not key or len(key) > 255:
        raise BadRequest(_("Send an Idempotency-Key header of 1 to 255 characters."), code="idempotency_key_missing")
    draft = reading.get(request.auth, draft_id)
    answer = kinds.get(draft.kind).submit(
        draft_id=draft_id,
        actor=request.auth,
        expected_rev=expected_rev(request),
        request=idempotency.request_of(user=request.auth, key=key, action=f"submit:{draft_id}", body=request.body),
    )
    if answer.replayed:
        response["Idempotent-Replayed"] = "true"
    return Status(answer.status, answer.body)


def expected_rev(request: HttpRequest) -> int:
    """The revision the person reviewed, from If-Match."""
    value = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not value.isdigit():
        raise BadRequest(_('Send If-Match with the revision you checked, for example If-Match: "7".'), code="if_match")
    return int(value)
