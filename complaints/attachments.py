"""Pictures and papers of a complaint: from either side, at most so many, made anew before they are kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints import selectors
from complaints.models import Complaint
from complaints.states import ENDED_STATES
from marketplace import events, files, rules, tidying
from marketplace.errors import DomainError, FieldError, Forbidden, Invalid, NotFound
from marketplace.models import StoredFile, User

# Pictures of a visitor whose complaint is not sent yet: ``visitor:<key of the form>``.
WAITING = "visitor:"


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


def add(*, number: str, actor: User, upload: UploadedFile) -> StoredFile:
    """Keep a picture for an open complaint. Raises NotFound, Forbidden (who only reads), Invalid, Ended, TooMany."""
    if not selectors.visible(actor).filter(number=number).exists():
        raise NotFound
    # Drawing takes up to a second: before the lock, not under it.
    picture = files.draw(upload)
    with transaction.atomic(durable=True):
        complaint = selectors.lock(actor, number)
        if not selectors.parties(actor, complaint) and complaint.filed_by_id != actor.pk:
            raise Forbidden
        if complaint.status in ENDED_STATES:
            raise Ended
        subject = f"complaint:{number}"
        if StoredFile.objects.filter(subject=subject).count() >= most():
            raise TooMany.at(most())
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


def adopt(complaint: Complaint, photos: list[str]) -> None:
    """Make a visitor's pictures the complaint's, inside the transaction that files it."""
    if photos:
        waiting = StoredFile.objects.filter(pk__in=photos[: most()], subject__startswith=WAITING)
        waiting.update(subject=f"complaint:{complaint.number}")


def forget_waiting(now: datetime) -> int:
    """Remove visitors' pictures whose complaint was never sent (rule ``complaint.visitor_photo_days``); how many."""
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
