"""`/api/v1/drafts/{id}/files`: photos of a draft, sent in pieces that survive a cut at any byte."""

from datetime import datetime
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema

from marketplace.api import Problem, api, caller, on_domain_error
from marketplace.drafts import files, reading
from marketplace.errors import BadRequest, TooLarge
from marketplace.models import DraftFile

router = Router(tags=["drafts"])


class DraftFileOut(Schema):
    id: UUID
    name: str
    status: str
    offset: int
    length: int
    created_at: datetime
    url: str | None


class FilesOut(Schema):
    results: list[DraftFileOut]
    next: str | None
    count: int


def _header(name: str, kind: str, *, required: bool = True) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": required, "schema": {"type": kind}}


PIECE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    "parameters": [
        _header("Upload-Offset", "integer"),
        _header("Upload-Length", "integer"),
        _header("Upload-Type", "string"),
        _header("Upload-Name", "string", required=False),
    ],
}
PROBLEMS = dict.fromkeys((400, 404, 409, 413, 422), Problem)


@api.exception_handler(files.WrongOffset)
def on_wrong_offset(request: HttpRequest, error: files.WrongOffset) -> HttpResponse:
    """409 that says where to go on, in the header of the protocol as well."""
    response = on_domain_error(request, error)
    response["Upload-Offset"] = str(error.offset)
    return response


@router.get("/drafts/{uuid:draft_id}/files", response=FilesOut)
def list_files(request: HttpRequest, draft_id: UUID) -> dict[str, Any]:
    """Photos and recordings of a draft, whole or on their way; the address of a whole one."""
    found = files.of(reading.opened(caller(request), draft_id))
    return {"results": [_row(file) for file in found], "next": None, "count": len(found)}


def _row(file: DraftFile) -> dict[str, Any]:
    return {
        "id": file.pk,
        "name": file.name,
        "status": file.status,
        "offset": file.offset,
        "length": file.length,
        "created_at": file.created_at,
        "url": reverse("stored_file", args=[file.stored_file_id]) if file.stored_file_id else None,
    }


@router.put("/drafts/{uuid:draft_id}/files/{uuid:file_id}", response={204: None, **PROBLEMS}, openapi_extra=PIECE)
def send_piece(request: HttpRequest, draft_id: UUID, file_id: UUID) -> HttpResponse:
    """Send the next piece of a photo or recording, at most 512 KB; the answer says how much is here (Upload-Offset)."""
    length = request.headers.get("Content-Length", "")
    if (length.isdigit() and int(length) > files.MAX_CHUNK) or len(request.body) > files.MAX_CHUNK:
        raise TooLarge
    piece = files.Piece(
        content=request.body,
        offset=_number(request, "Upload-Offset"),
        length=_number(request, "Upload-Length"),
        content_type=request.headers.get("Upload-Type", "").strip().lower(),
        name=unquote(request.headers.get("Upload-Name", "")),
    )
    return _answer(204, files.receive(draft_id=draft_id, file_id=file_id, actor=caller(request), piece=piece))


@router.api_operation(["HEAD"], "/drafts/{uuid:draft_id}/files/{uuid:file_id}", response={200: None, 404: None})
def file_progress(request: HttpRequest, draft_id: UUID, file_id: UUID) -> HttpResponse:
    """How much of a file is here: Upload-Offset of Upload-Length, Upload-Complete when it is in the draft."""
    return _answer(200, files.progress(draft_id=draft_id, file_id=file_id, actor=caller(request)))


@router.delete("/drafts/{uuid:draft_id}/files/{uuid:file_id}", response={204: None, 404: Problem, 409: Problem})
def remove_file(request: HttpRequest, draft_id: UUID, file_id: UUID) -> HttpResponse:
    """Take a file out of an open draft."""
    files.remove(draft_id=draft_id, file_id=file_id, actor=caller(request))
    return HttpResponse(status=204)


def _number(request: HttpRequest, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest(_("Send Upload-Offset and Upload-Length as whole numbers of bytes."), code="upload_headers")
    return int(text)


def _answer(status: int, progress: files.Progress) -> HttpResponse:
    headers = {
        "Upload-Offset": str(progress.offset),
        "Upload-Length": str(progress.length),
        "Upload-Complete": "?1" if progress.kept else "?0",
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(status=status, headers=headers)
