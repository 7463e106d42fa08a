"""Photos and recordings on a draft's page, for the plain form: its buttons take and remove them through the service of the pieces."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from marketplace.drafts import files
from marketplace.errors import DomainError, Invalid, NotFound
from marketplace.files import MAX_BYTES
from marketplace.models import Draft

MEGABYTE = 1024 * 1024
INPUT, ADD, REMOVE = "_photo", "_add_photo", "_remove_photo"


def take(request: HttpRequest, draft: Draft) -> str:
    """Keep the chosen photo, remove the one whose button was pressed; what was refused, in words, or nothing."""
    upload = request.FILES.get(INPUT)
    try:
        if upload is not None:
            files.attach(draft_id=draft.pk, actor=request.user, upload=upload)
        if name := request.POST.get(REMOVE):
            files.remove(draft_id=draft.pk, file_id=_id(name), actor=request.user)
    except NotFound:
        return ""  # it is gone: what the person wanted
    except Invalid as error:
        return str(error.errors[0].message)
    except DomainError as error:
        if error.status == 403:
            raise
        return str(error)
    return ""


def stays(request: HttpRequest) -> bool:
    """Whether the pressed button belongs to the photos: then the person stays on the page."""
    return ADD in request.POST or REMOVE in request.POST


def context(draft: Draft, problem: str = "") -> dict[str, Any]:
    """What ``drafts/_photos.html`` shows."""
    listed = [
        {
            "id": file.pk,
            "name": file.name,
            "stored": file.stored_file,
            "at": file.stored_file.created_at if file.stored_file else None,
            "percent": f"{file.offset * 100 // file.length}\u00a0%",
        }
        for file in files.of(draft)
    ]
    return {
        "photos": listed,
        "photo_problem": problem,
        "photo_errors": [{"text": problem, "target": "photo"}] if problem else [],
        "photos_most": files.most(draft),
        "photo_bytes": MAX_BYTES,
        "recording_megabytes": files.recording_bytes(draft) // MEGABYTE,
        "recording_bytes": files.recording_bytes(draft),
    }


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
