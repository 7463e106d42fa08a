"""Uploaded pictures and recordings go out through here, to those who may open them."""

import re
from collections.abc import Iterator
from typing import TypeVar
from uuid import UUID

from django.core.files import File
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from marketplace import files, policy

AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)
RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
PART = 64 * 1024  # bytes that are in memory at once


@policy.anyone
@require_safe
def stored_file(request: HttpRequest, file_id: UUID) -> HttpResponseBase:
    """One file. Whatever it holds, the browser neither guesses its kind nor runs anything of it.

    A part of it for a ``Range``: players ask for parts, to begin before the end has come and to jump.
    """
    stored, content = files.open_for(request.user, file_id, goes_on="Range" in request.headers)
    extension = stored.file.name.rpartition(".")[2]
    response = FileResponse(
        content, as_attachment=True, filename=f"{stored.purpose}.{extension}", content_type=stored.content_type
    )
    response["Accept-Ranges"] = "bytes"
    span = _asked(request, stored.size)
    return _guarded(response if span is None else _part(response, content, span, stored.size))


def _asked(request: HttpRequest, size: int) -> range | None:
    """The bytes that were asked for; None for the whole, an empty range for bytes that there are none of.

    More than one span, and a span of a version that we never named (``If-Range``), get the whole, as RFC 9110 allows.
    """
    found = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if found is None or "If-Range" in request.headers:
        return None
    first, last = found.groups()
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    until = min(int(last) + 1, size) if last else size
    if last and int(last) < int(first):
        return None  # no span at all: as if nothing had been asked for
    return range(int(first), until)


def _part(whole: FileResponse, content: File, span: range, size: int) -> HttpResponseBase:
    """206 with these bytes, or 416 when there are none."""
    if not span:
        content.close()
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return refused

    def parts() -> Iterator[bytes]:
        with content:
            content.seek(span.start)
            for at in range(span.start, span.stop, PART):
                yield content.read(min(PART, span.stop - at))

    response = StreamingHttpResponse(parts(), status=206, headers=dict(whole.headers))
    response["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    response["Content-Length"] = str(len(span))
    return response


@policy.anyone
@require_safe
def small_file(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """A preview of a picture, for whoever may open the picture."""
    _stored, content = files.open_for(request.user, file_id)
    with content:
        return _guarded(HttpResponse(files.small(content), content_type="image/jpeg"))


@policy.anyone
@require_safe
def medium_file(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """A picture at the size of a page, for whoever may open it."""
    _stored, content = files.open_for(request.user, file_id)
    with content:
        return _guarded(HttpResponse(files.medium(content), content_type="image/webp"))


def _guarded(response: AnyResponse) -> AnyResponse:
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
