"""Photos and recordings of a visitor: kept under the key of the form and known to this browser's session until it is sent.

The complaint adopts them in the transaction that files it (``attachments.adopt``); nobody opens them before, and
the night's work forgets those whose complaint never came (rule ``complaint.visitor_photo_days``).
"""

from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.utils.translation import gettext as _

from complaints import attachments
from marketplace import files, kiosk, payloads
from marketplace.errors import DomainError, Invalid
from marketplace.limits import Limit, Tries
from marketplace.models import StoredFile
from marketplace.recordings import Recording
from marketplace.views.attachments import ADD, INPUT, REMOVE

SESSION_NAME = "visitor_photos"
MAX_FORMS = 5  # of one browser: older forms were left
# Each photo is a file of ours that nobody signed for. A library behind one address stays far below.
PHOTOS_OF_ADDRESS = Limit("visitor-photos", most=200, seconds=3600)
RECORDINGS_OF_ADDRESS = Limit("visitor-recordings", most=30, seconds=3600)  # they are large


@dataclass(frozen=True)
class Photo:
    id: str
    name: str


def of(request: HttpRequest, key: str) -> list[Photo]:
    """Photos that this browser has added to the form with this key."""
    return [Photo(**row) for row in request.session.get(SESSION_NAME, {}).get(key, [])]


def take(request: HttpRequest, key: str) -> str:
    """Keep the chosen photo, remove the one whose button was pressed; what was refused, in words, or nothing."""
    photos = of(request, key)
    try:
        if upload := request.FILES.get(INPUT):
            photos.append(_kept(request, key, upload))
    except Invalid as error:
        return str(error.errors[0].message)
    except DomainError as error:
        return str(error)
    if gone := [photo for photo in photos if photo.id == request.POST.get(REMOVE)]:
        for stored in StoredFile.objects.filter(pk=gone[0].id, subject=_subject(key)):
            files.forget(stored)
        photos.remove(gone[0])
    _remember(request, key, photos)
    return ""


def forget(request: HttpRequest) -> None:
    """Somebody has left a shared computer: what she did not send is nobody's any more."""
    keys = [_subject(key) for key in request.session.get(SESSION_NAME, {})]
    for stored in StoredFile.objects.filter(subject__in=keys):
        files.forget(stored)


kiosk.forgets(forget)


def stays(request: HttpRequest) -> bool:
    """Whether the pressed button belongs to the photos."""
    return ADD in request.POST or REMOVE in request.POST


def _kept(request: HttpRequest, key: str, upload: Any) -> Photo:
    attachments.check_room(_subject(key), upload.size or 0)
    clean = attachments.clean(upload)
    limit = RECORDINGS_OF_ADDRESS if isinstance(clean, Recording) else PHOTOS_OF_ADDRESS
    if not Tries([(limit, str(get_adapter(request).get_client_ip(request)))]).allowed():
        raise DomainError(_("Too many files from here now. Send the complaint and add the file in an hour."))
    stored = files.keep(picture=clean, subject=_subject(key), purpose="complaint", owner=None)
    return Photo(str(stored.pk), payloads.clean(upload.name or "").strip()[:200] or _("File"))


def _remember(request: HttpRequest, key: str, photos: list[Photo]) -> None:
    forms = request.session.get(SESSION_NAME, {})
    if not photos and key not in forms:
        return
    forms.pop(key, None)
    forms[key] = [{"id": photo.id, "name": photo.name} for photo in photos]
    request.session[SESSION_NAME] = dict(list(forms.items())[-MAX_FORMS:])


def _subject(key: str) -> str:
    return f"{attachments.WAITING}{key}"[:80]
