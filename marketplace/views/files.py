"""Uploaded pictures go out through here, to those who may see them."""

from typing import TypeVar
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from marketplace import files, policy

AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)


@policy.anyone
@require_safe
def stored_file(request: HttpRequest, file_id: UUID) -> FileResponse:
    """One file. Whatever it holds, the browser neither guesses its kind nor runs anything of it."""
    stored, content = files.open_for(request.user, file_id)
    extension = stored.file.name.rpartition(".")[2]
    response = FileResponse(
        content, as_attachment=True, filename=f"{stored.purpose}.{extension}", content_type=stored.content_type
    )
    return _guarded(response)


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
