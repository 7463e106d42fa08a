"""Pictures, papers and recordings of a complaint: from either side, at most so many, made clean before they are kept.

Voice or video in sign language may be the whole complaint (domain 5.1). Beside a recording stands what it says in
words, written by the person or by the state's side, for whoever cannot hear or see it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from complaints import selectors
from complaints.models import Complaint
from complaints.states import ENDED_STATES
from marketplace import events, files, payloads, recordings, rules, tidying
from marketplace.errors import DomainError, FieldError, Forbidden, Invalid, NotFound
from marketplace.models import Role, StoredFile, User
from marketplace.recordings import Recording

# Files of a visitor whose complaint is not sent yet: ``visitor:<key of the form>``.
WAITING = "visitor:"
MAX_TRANSCRIPT = 20_000
# Who writes down what a recording says, beside the person herself; never the other side of the case.
_WRITERS = {Role.INSPECTOR, Role.REVIEWER, Role.CASEWORKER}


class TooMany(DomainError):
    code = "too_many_files"

    @classmethod
    def at(cls, count: int) -> "TooMany":
        return cls(_("A complaint takes %(count)s files at most.") % {"count": count})


class Ended(DomainError):
    code = "ended"
    message = _("This complaint has ended. Open it again to add something.")


def most() -> int:
    """How many files a complaint takes, also while it is written (rule ``complaint.attachments``)."""
    return int(rules.get("complaint.attachments").value["count"])


def recording_bytes() -> int:
    """How large a voice or video may be (rule ``complaint.recordings``)."""
    return int(rules.get("complaint.recordings").value["megabytes"]) * 1024 * 1024


def together_bytes() -> int:
    """How large all files of a complaint may be together (the same rule)."""
    return int(rules.get("complaint.recordings").value["together"]) * 1024 * 1024


def check_room(subject: str, size: int) -> None:
    """Whether one more file of so many bytes has room. Raises TooMany, Invalid (together too large)."""
    found = StoredFile.objects.filter(subject=subject).aggregate(count=Count("pk"), size=Sum("size", default=0))
    if found["count"] >= most():
        raise TooMany.at(most())
    if found["size"] + size > together_bytes():
        raise files.refusal("together")


def clean(upload: File) -> files.Picture | Recording:
    """What a complaint keeps of an upload; slow, so before a lock. Raises Invalid for what it does not take."""
    return files.clean(upload, recording_bytes=recording_bytes())


def add(*, number: str, actor: User, upload: UploadedFile) -> StoredFile:
    """Keep a picture or recording for an open complaint. Raises NotFound, Forbidden (who only reads), Invalid, Ended, TooMany."""
    if not selectors.visible(actor).filter(number=number).exists():
        raise NotFound
    # Drawing takes up to a second: before the lock, not under it.
    picture = clean(upload)
    with transaction.atomic(durable=True):
        complaint = selectors.lock(actor, number)
        if not selectors.parties(actor, complaint) and complaint.filed_by_id != actor.pk:
            raise Forbidden
        if complaint.status in ENDED_STATES:
            raise Ended
        subject = f"complaint:{number}"
        check_room(subject, upload.size or 0)
        stored = files.keep(picture=picture, subject=subject, purpose="complaint", owner=actor)
        events.record(
            kind="complaint.file_added",
            subject=subject,
            actor=actor,
            data={"party": _party(actor, complaint), "file": str(stored.pk), "size": stored.size},
        )
    return stored


def keep(complaint: Complaint, pictures: Sequence[files.Picture], actor: User, *, field: str) -> list[str]:
    """Keep drawn pictures inside a step of the locked complaint; their ids. Raises Invalid, naming ``field``."""
    subject = f"complaint:{complaint.number}"
    if pictures and StoredFile.objects.filter(subject=subject).count() + len(pictures) > most():
        raise Invalid([FieldError(field, TooMany.code, str(TooMany.at(most())))])
    return [
        str(files.keep(picture=picture, subject=subject, purpose="complaint", owner=actor).pk) for picture in pictures
    ]


def own(complaint: Complaint, file_id: UUID, actor: User) -> str:
    """The id of a file that the actor has added to this complaint. Raises Invalid for any other."""
    found = StoredFile.objects.filter(pk=file_id, subject=f"complaint:{complaint.number}", owner=actor).exists()
    if not found:
        raise Invalid([FieldError("proof_file", "unknown", _("You have added no such file to this complaint."))])
    return str(file_id)


def transcribe(*, number: str, file_id: UUID, actor: User, text: str) -> None:
    """Write beside a recording what it says or shows; an earlier text is replaced, the log keeps that it was.

    Raises NotFound (foreign, or no recording of this complaint), Forbidden (the supplier, who only reads), Invalid.
    """
    text = payloads.clean(text).strip()
    if not selectors.visible(actor).filter(number=number).exists():
        raise NotFound
    if not text:
        raise Invalid([FieldError("text", "required", _("Write what the recording says or shows."))])
    if len(text) > MAX_TRANSCRIPT:
        raise Invalid([FieldError("text", "too_long", _("Write at most 20,000 characters."))])
    with transaction.atomic(durable=True):
        complaint = selectors.lock(actor, number)
        if not may_transcribe(actor, complaint):
            raise Forbidden
        subject = f"complaint:{number}"
        stored = StoredFile.objects.select_for_update().filter(pk=file_id, subject=subject).first()
        if stored is None or not recordings.is_one(stored.content_type):
            raise NotFound
        again, stored.transcript = bool(stored.transcript), text
        stored.save(update_fields=["transcript"])
        events.record(
            kind="complaint.transcribed",
            subject=subject,
            actor=actor,
            data={"party": _party(actor, complaint), "file": str(stored.pk), "again": again},
        )


def may_transcribe(actor: selectors.Viewer, complaint: Complaint) -> bool:
    """The person, or somebody of the state who may open the recording."""
    if not isinstance(actor, User) or not selectors.sight(actor, complaint).traces:
        return False
    return actor.role in _WRITERS or selectors.is_person(actor, complaint)


def told(file_ids: Sequence[str]) -> bool:
    """Whether one of these waiting files is a voice or video: then the complaint needs no written words."""
    kinds = StoredFile.objects.filter(pk__in=file_ids, subject__startswith=WAITING)
    return any(map(recordings.is_one, kinds.values_list("content_type", flat=True)))


def count(number: str) -> tuple[int, int]:
    """How many pictures and how many recordings a complaint has."""
    kinds = StoredFile.objects.filter(subject=f"complaint:{number}").values_list("content_type", flat=True)
    spoken = sum(map(recordings.is_one, kinds))
    return len(kinds) - spoken, spoken


def adopt(complaint: Complaint, photos: list[str]) -> None:
    """Make a visitor's pictures and recordings the complaint's, inside the transaction that files it."""
    if photos:
        waiting = StoredFile.objects.filter(pk__in=photos[: most()], subject__startswith=WAITING)
        waiting.update(subject=f"complaint:{complaint.number}")


def forget_waiting(now: datetime) -> int:
    """Remove visitors' files whose complaint was never sent (rule ``complaint.visitor_photo_days``); how many."""
    waiting = StoredFile.objects.filter(subject__startswith=WAITING)
    if not waiting.exists():
        return 0
    days = int(rules.get("complaint.visitor_photo_days").value["days"])
    left = list(waiting.filter(created_at__lt=now - timedelta(days=days)))
    for stored in left:
        files.forget(stored)
    return len(left)


tidying.register("visitor_photos", forget_waiting)


def _party(actor: User, complaint: Complaint) -> str:
    return next(iter(sorted(selectors.parties(actor, complaint))), "desk")


def may_open(actor: User, number: str) -> bool:
    """Who reads the person's story sees its pictures, unless they would give away a person who stays unknown."""
    complaint = selectors.visible(actor).filter(number=number).first()
    return complaint is not None and selectors.sight(actor, complaint).traces


def person_of(number: str) -> int | None:
    """Who complains, as far as known."""
    return Complaint.objects.filter(number=number).values_list("complainant_id", flat=True).first()


files.register_rule("complaint", may_open, person_of)


def of(number: str) -> list[StoredFile]:
    return list(StoredFile.objects.filter(subject=f"complaint:{number}"))
