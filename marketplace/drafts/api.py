"""`/api/v1/drafts`: create, save, read, settle conflicts, submit."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema, Status
from ninja.errors import AuthenticationError
from pydantic import Field, ValidationError

from marketplace import idempotency, payloads, sessions
from marketplace.api import Problem, paged, signed_in
from marketplace.drafts import keys, kinds, reading, rights, saving
from marketplace.drafts.errors import DraftClosed
from marketplace.drafts.key_auth import HEADER, DraftKeyAuth
from marketplace.errors import BadRequest, FieldError, Invalid, KeyReused, NotFound, TooLarge

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


class KeyIn(Schema):
    device: Annotated[str, Field(min_length=1, max_length=64)]


class KeyOut(Schema):
    key: str
    expires_at: datetime


class BringBackIn(Schema):
    f: str
    rev: int
    device: str = ""


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


# The header that names a request, so that it may be sent again.
NAMED = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
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
                        "schema": {"type": "integer", "default": 1, "minimum": 1, "maximum": 32767},
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
        NAMED,
        {
            "in": "header",
            "name": HEADER,
            "description": "instead of a session: saves only",
            "schema": {"type": "string"},
        },
    ],
}


@router.patch("/drafts/{uuid:draft_id}", response=SaveOut, openapi_extra=SAVE_BODY, auth=[DraftKeyAuth(), *signed_in])
def save_draft(request: HttpRequest, response: HttpResponse, draft_id: UUID) -> Any:
    """Create a draft under an id of the client's making, or save the changed fields. A Draft-Key saves only."""
    key = idempotency_key(request)
    save = read_save(request.body)
    sessions.seen(request)  # typing is a touch: who fills in a form for an hour opens no page
    asked: dict[str, Any] = {
        "draft_id": draft_id,
        "key": key,
        "body": request.body,
        "ops": [saving.Op(op.f, op.v, op.base, op.seq) for op in save.ops],
        "schema": save.schema_version,
    }
    if isinstance(request.auth, keys.Holder):
        receipt = _save_by_key(request.auth, asked)
        answer = receipt.without_values()
    else:
        receipt = saving.save(
            **asked, actor=request.auth, device=save.device, kind=save.kind, beneficiary_id=save.beneficiary
        )
        answer = receipt.answer
    response["ETag"] = f'"{receipt.rev}"'
    if receipt.replayed:
        response["Idempotent-Replayed"] = "true"
    return answer


def _save_by_key(holder: keys.Holder, asked: dict[str, Any]) -> saving.Receipt:
    """The save of a device without a session: under the key's own device name, refused without a reason."""
    try:
        return saving.save(**asked, actor=holder.user, device=holder.device, via=keys.VIA)
    except (NotFound, DraftClosed):  # it was sent, or the right to it ended, since the key was looked at
        raise AuthenticationError from None
    except KeyReused:
        keys.strike(holder.key_id)
        raise


@router.post("/drafts/{uuid:draft_id}/key", response={200: KeyOut, 404: Problem, 409: Problem})
def issue_key(request: HttpRequest, draft_id: UUID, body: KeyIn) -> Any:
    """A key with which this device goes on saving this draft after its session is gone; a new one voids the former."""
    session_key = None if "Authorization" in request.headers else request.session.session_key
    issued = keys.issue(draft_id=draft_id, actor=request.auth, device=body.device, session_key=session_key)
    return {"key": issued.key, "expires_at": issued.expires_at}


@router.get("/drafts")
def list_drafts(request: HttpRequest, status: str = "open", page: int = 1) -> dict[str, Any]:
    """Drafts that the caller may fill in, the latest first."""
    drafts = reading.visible(request.auth)
    if status != "all":
        drafts = drafts.filter(status=status)
    found = paged(
        request, drafts.order_by("-updated_at", "pk"), page, lambda draft: reading.as_data(request.auth, draft)
    )
    rights.log_looks(request.auth, [row["beneficiary"] for row in found["results"]])
    return found


@router.get("/drafts/{uuid:draft_id}")
def read_draft(request: HttpRequest, response: HttpResponse, draft_id: UUID) -> Any:
    """One draft with its fields, versions and open questions."""
    draft = reading.get(request.auth, draft_id)
    etag = f'"{draft.rev}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    rights.log_look(request.auth, draft)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-store"
    return reading.as_data(request.auth, draft)


@router.get("/drafts/{uuid:draft_id}/history")
def draft_history(request: HttpRequest, draft_id: UUID) -> dict[str, Any]:
    """Who changed what, when, from which device."""
    reading.opened(request.auth, draft_id)
    saves = reading.history(request.auth, draft_id)
    return {"results": saves, "next": None, "count": len(saves)}


@router.post(
    "/drafts/{uuid:draft_id}/resolve",
    response={200: dict[str, Any], 409: Problem, 422: Problem},
    openapi_extra={"parameters": [NAMED]},
)
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
    """Put a draft aside; it can be restored until it is purged."""
    saving.discard(draft_id=draft_id, actor=request.auth)
    return {"status": "discarded"}


@router.post("/drafts/{uuid:draft_id}/restore", response={200: dict[str, Any], 404: Problem, 409: Problem})
def restore_draft(request: HttpRequest, response: HttpResponse, draft_id: UUID) -> Any:
    """Take up a draft that was put aside, with everything that was in it."""
    draft = saving.restore(draft_id=draft_id, actor=request.auth)
    response["ETag"] = f'"{draft.rev}"'
    return reading.as_data(request.auth, draft)


@router.post(
    "/drafts/{uuid:draft_id}/bring-back",
    response={200: dict[str, Any], 400: Problem, 404: Problem, 409: Problem, 422: Problem},
    openapi_extra={"parameters": [NAMED]},
)
def bring_back(request: HttpRequest, response: HttpResponse, draft_id: UUID, body: BringBackIn) -> Any:
    """Put back the value that a field had, or that was set aside, after the save of that revision."""
    draft = saving.bring_back(
        draft_id=draft_id,
        actor=request.auth,
        field=body.f,
        rev=body.rev,
        key=idempotency_key(request),
        device=body.device,
    )
    response["ETag"] = f'"{draft.rev}"'
    return reading.as_data(request.auth, draft)


REVIEWED = {
    "parameters": [
        NAMED,
        {
            "in": "header",
            "name": "If-Match",
            "required": True,
            "description": "the revision that the person checked, as in the ETag of the draft",
            "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
        },
    ]
}


@router.post(
    "/drafts/{uuid:draft_id}/submit",
    response={201: dict[str, Any], 409: Problem, 422: Problem},
    openapi_extra=REVIEWED,
)
def submit_draft(request: HttpRequest, response: HttpResponse, draft_id: UUID) -> Any:
    """Send the draft: it becomes orders (or a complaint) once. Needs Idempotency-Key and If-Match."""
    key = idempotency_key(request)
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


def idempotency_key(request: HttpRequest) -> str:
    """The name of this request; BadRequest without one."""
    key = request.headers.get("Idempotency-Key", "")
    if not key or len(key) > 255:
        raise BadRequest(_("Send an Idempotency-Key header of 1 to 255 characters."), code="idempotency_key_missing")
    return key


def expected_rev(request: HttpRequest) -> int:
    """The revision the person reviewed, from If-Match."""
    value = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not value.isdigit():
        raise BadRequest(_('Send If-Match with the revision you checked, for example If-Match: "7".'), code="if_match")
    return int(value)
