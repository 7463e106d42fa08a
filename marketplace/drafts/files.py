"""Files of a draft, sent in pieces: what was acknowledged is never sent again and never lost (guarantee G1).

A file is not a field: its bytes have a protocol of their own, nobody edits them, and two people who add a
photo each are not in conflict. Each piece and the new offset are one transaction under the row's lock, in
PostgreSQL, so any web process goes on where another one died. When the last byte is here the picture is
drawn anew (``marketplace.files``), or the recording looked through, and the pieces go.
"""

import hashlib
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import events, payloads, recordings
from marketplace import files as pictures
from marketplace.drafts import kinds, reading, rights
from marketplace.drafts.errors import DraftClosed
from marketplace.errors import BadRequest, DomainError, Invalid, NotFound, TooLarge
from marketplace.models import Draft, DraftFile, DraftFileChunk, StoredFile, User

MAX_CHUNK = 512 * 1024  # bytes; a slow line should not have to send much twice
KEPT_UNFINISHED = timedelta(days=7)
CONTENT_TYPES = ("image/jpeg", "image/png", "image/webp")
PURPOSE = "attachment"


class WrongOffset(DomainError):
    """The piece does not begin where the file ends; ``offset`` is where to go on."""

    code = "wrong_offset"
    message = _("The file goes on at another place. Go on there.")

    def __init__(self, offset: int):
        super().__init__(offset=offset)
        self.offset = offset


class TooManyFiles(DomainError):
    code = "too_many_files"

    def __init__(self, most: int) -> None:
        message = _("There can be %(most)s files at most. Remove one to add another.")
        super().__init__(message % {"most": most})


class FileTooLarge(TooLarge):
    message = pictures.REFUSALS["too_large"]


@dataclass(frozen=True)
class Piece:
    """What a device sends at once: where it belongs, and what the whole file is. Sizes in bytes."""

    content: bytes
    offset: int
    length: int
    content_type: str = CONTENT_TYPES[0]
    name: str = ""


@dataclass(frozen=True)
class Progress:
    """So many bytes of ``length`` are here; ``kept`` when the picture is in the draft."""

    offset: int
    length: int
    kept: bool


def receive(*, draft_id: UUID, file_id: UUID, actor: User, piece: Piece) -> Progress:
    """Store one piece; with the last one the picture or recording is checked and attached.

    A piece that is here already changes nothing. A file whose bytes are all here but which a crash kept
    from being finished is finished by any further call, also by an empty piece.

    Raises NotFound (foreign draft), DraftClosed, FileTooLarge, TooManyFiles, WrongOffset, BadRequest (the
    numbers do not fit), Invalid (no picture that we can read, no recording that we can play or the kind takes).
    """
    _check(piece)
    with transaction.atomic(durable=True):
        draft = reading.get(actor, draft_id)
        file = _locked(draft, file_id) or _begin(draft, file_id, actor, piece)
        if file.status == DraftFile.Status.REFUSED:
            raise pictures.refusal(file.refusal)
        if file.status == DraftFile.Status.PARTIAL:
            _refuse_closed(draft)
            _append(file, piece)
    if file.status == DraftFile.Status.PARTIAL and file.offset == file.length:
        _finish(draft_id, file, actor)
    return Progress(file.offset, file.length, file.status == DraftFile.Status.KEPT)


def attach(*, draft_id: UUID, actor: User, upload: UploadedFile) -> None:
    """The door of the plain form: the whole file, piece by piece. The same file twice is one attachment."""
    digest, length = hashlib.sha256(), upload.size or 0
    for part in upload.chunks():
        digest.update(part)
    file_id = uuid5(draft_id, digest.hexdigest())
    told = upload.content_type or "", upload.name or ""
    upload.seek(0)
    for offset in range(0, max(length, 1), MAX_CHUNK):
        piece = Piece(upload.read(MAX_CHUNK), offset, length, *told)
        if receive(draft_id=draft_id, file_id=file_id, actor=actor, piece=piece).kept:
            break


def remove(*, draft_id: UUID, file_id: UUID, actor: User) -> None:
    """Take a file out of an open draft, whole or not. Raises NotFound, DraftClosed."""
    with transaction.atomic(durable=True):
        draft = rights.lock(draft_id=draft_id, actor=actor)
        file = _locked(draft, file_id)
        if file is None:
            raise NotFound
        _refuse_closed(draft)
        stored = file.stored_file
        file.delete()
        if stored is not None:
            pictures.forget(stored)
            _changed(draft, "draft.file_removed", file, actor)


def hand_over(draft: Draft, *, subject: str, purpose: str) -> None:
    """The draft became something with files of its own: from now on its rule says who opens them."""
    StoredFile.objects.filter(draft_file__draft=draft).update(subject=subject, purpose=purpose)


def forget(draft: Draft) -> None:
    """Remove every file of a draft that is removed itself; call it inside that transaction, before."""
    stored = list(StoredFile.objects.filter(draft_file__draft=draft, subject=_subject(draft)))
    DraftFile.objects.filter(draft=draft).delete()
    for picture in stored:
        pictures.forget(picture)


# --- Reading ----------------------------------------------------------------------------------


def progress(*, draft_id: UUID, file_id: UUID, actor: User) -> Progress:
    """How much of a file is here. Raises NotFound, also for a refused one."""
    draft = reading.get(actor, draft_id)
    file = DraftFile.objects.filter(draft=draft, pk=file_id).exclude(status=DraftFile.Status.REFUSED).first()
    if file is None:
        raise NotFound
    return Progress(file.offset, file.length, file.status == DraftFile.Status.KEPT)


def most(draft: Draft) -> int:
    """How many photos a draft of this kind takes."""
    return kinds.get(draft.kind).most_files()


def recording_bytes(draft: Draft) -> int:
    """How large a voice or video of a draft of this kind may be; 0 when it takes none."""
    return kinds.get(draft.kind).recording_bytes()


def has_recording(draft: Draft) -> bool:
    """Whether somebody has told it by voice or video: the whole file is here."""
    kept_ones = DraftFile.objects.filter(draft=draft, status=DraftFile.Status.KEPT)
    return any(map(recordings.is_one, kept_ones.values_list("stored_file__content_type", flat=True)))


def of(draft: Draft) -> list[DraftFile]:
    """Files that are in the draft or on their way, the first one first."""
    rows = DraftFile.objects.filter(draft=draft).exclude(status=DraftFile.Status.REFUSED)
    return list(rows.select_related("stored_file"))


def kept(draft_id: UUID) -> list[DraftFile]:
    """Whole files of a draft, also of one that was sent."""
    rows = DraftFile.objects.filter(draft=draft_id, status=DraftFile.Status.KEPT)
    return list(rows.select_related("stored_file"))


def unfinished(moment: datetime) -> QuerySet[DraftFile]:
    """What nobody finished in time, and what was refused: removed at night with its pieces."""
    return DraftFile.objects.exclude(status=DraftFile.Status.KEPT).filter(created_at__lt=moment - KEPT_UNFINISHED)


def may_open(actor: User, key: str) -> bool:
    """Who fills in the draft opens its files, also after it was sent; a supplier never does (medical data)."""
    draft = Draft.objects.select_related("beneficiary").filter(pk=key).first()
    return draft is not None and actor.is_authenticated and rights.may_edit(actor, draft)


def person_of(key: str) -> int | None:
    """Whose application or complaint it is, also where a specialist adds the photo."""
    return Draft.objects.filter(pk=key).values_list("beneficiary_id", flat=True).first()


pictures.register_rule("draft", may_open, person_of)


# --- Steps --------------------------------------------------------------------------------------


def _check(piece: Piece) -> None:
    """What can be said before anything is read or written."""
    recording = recordings.is_one(piece.content_type)
    if piece.length > pictures.MAX_BYTES and not recording:
        raise FileTooLarge
    if piece.length <= 0:
        raise pictures.refusal("empty")
    if piece.content_type not in CONTENT_TYPES and not recording:
        raise pictures.refusal("type")
    if piece.offset < 0 or piece.offset + len(piece.content) > piece.length:
        raise BadRequest(_("This piece does not fit into the file."), code="piece")


def _lock_draft(draft: Draft) -> Draft:
    return Draft.objects.select_for_update().get(pk=draft.pk)


def _locked(draft: Draft, file_id: UUID) -> DraftFile | None:
    """The file's row, locked. An id that stands for a file of another draft is nobody's here: NotFound."""
    file = DraftFile.objects.select_for_update(of=("self",)).select_related("stored_file").filter(pk=file_id).first()
    if file is not None and file.draft_id != draft.pk:
        raise NotFound
    return file


def _begin(draft: Draft, file_id: UUID, actor: User, piece: Piece) -> DraftFile:
    """The row of a new file; the draft's lock keeps a crowd of first pieces within the limit."""
    _refuse_closed(_lock_draft(draft))
    file = _locked(draft, file_id)
    if file is not None:
        return file  # a twin was first
    if piece.offset:
        raise WrongOffset(0)
    _check_beginning(draft, piece)
    here = DraftFile.objects.filter(draft=draft).exclude(status=DraftFile.Status.REFUSED)
    found = here.aggregate(count=Count("pk"), length=Sum("length", default=0))
    if found["count"] >= most(draft):
        raise TooManyFiles(most(draft))
    if found["length"] + piece.length > kinds.get(draft.kind).together_bytes():
        raise pictures.refusal("together")
    name = payloads.clean(piece.name).strip()[:200]
    return DraftFile.objects.create(pk=file_id, draft=draft, uploader=actor, name=name, length=piece.length)


def _check_beginning(draft: Draft, piece: Piece) -> None:
    """Before megabytes of it have come over a slow line: what it is and, by that, whether it may be so large."""
    most_bytes = recording_bytes(draft)
    if recordings.is_one(piece.content_type) and piece.length > max(most_bytes, pictures.MAX_BYTES):
        raise pictures.refusal("long" if most_bytes else "too_large")
    if len(piece.content) < pictures.BEGINNING:
        return
    if pictures.kind_of(piece.content):
        if piece.length > pictures.MAX_BYTES:
            raise FileTooLarge
    elif not most_bytes:
        raise pictures.refusal("type")
    elif recordings.container_of(piece.content) is None:
        raise pictures.refusal("type_or_recording")
    elif piece.length > most_bytes:
        raise pictures.refusal("long")


def _append(file: DraftFile, piece: Piece) -> None:
    """The piece and the new offset. Raises WrongOffset, BadRequest (another file under the same id)."""
    if piece.length != file.length:
        raise BadRequest(_("This file was begun with another length."), code="length")
    end = piece.offset + len(piece.content)
    if piece.content and end <= file.offset:
        return  # the answer was lost, not the piece
    if piece.offset != file.offset:
        raise WrongOffset(file.offset)
    if piece.content:
        DraftFileChunk.objects.create(file=file, offset=piece.offset, content=piece.content)
        file.offset = end
        file.save(update_fields=["offset"])


def _finish(draft_id: UUID, file: DraftFile, actor: User) -> None:
    """Make it clean, which takes up to a second and holds no lock, then attach it, once."""
    picture = refused = None
    with tempfile.SpooledTemporaryFile(max_size=recordings.IN_MEMORY) as whole:
        pieces = DraftFileChunk.objects.filter(file=file).order_by("offset").values_list("content", flat=True)
        for piece in pieces.iterator(chunk_size=1):
            whole.write(piece)
        if whole.tell() == file.length:  # else a twin has attached it and removed the pieces
            try:
                picture = _clean(draft_id, File(whole))
            except Invalid as error:
                refused = error
    with transaction.atomic(durable=True):
        draft = rights.lock(draft_id=draft_id, actor=actor)
        row = _locked(draft, file.pk)
        if row is None:
            raise NotFound  # removed meanwhile
        if row.status == DraftFile.Status.PARTIAL:
            _refuse_closed(draft)
            if picture is not None:
                row.status = DraftFile.Status.KEPT
                row.stored_file = pictures.keep(picture=picture, subject=_subject(draft), purpose=PURPOSE, owner=actor)
                _changed(draft, "draft.file_added", row, actor)
            elif refused is not None:
                row.status, row.refusal = DraftFile.Status.REFUSED, refused.errors[0].code
            row.save(update_fields=["status", "refusal", "stored_file"])
            row.chunks.all().delete()
        file.status = row.status
    if refused is not None:
        raise refused


def _clean(draft_id: UUID, whole: File) -> pictures.Picture | recordings.Recording:
    """Raises Invalid for what is no picture, nor a recording where this kind of draft takes one."""
    most_bytes = recording_bytes(Draft.objects.get(pk=draft_id))
    return pictures.clean(whole, recording_bytes=most_bytes) if most_bytes else pictures.draw(whole)


def _refuse_closed(draft: Draft) -> None:
    if draft.status != Draft.Status.OPEN:
        raise DraftClosed(orders=kinds.get(draft.kind).results(draft))


def _subject(draft: Draft) -> str:
    return f"draft:{draft.pk}"


def _changed(draft: Draft, kind: str, file: DraftFile, actor: User) -> None:
    """A file more or less is another application: a review of it is out of date, a copy of it as well."""
    draft.rev += 1
    draft.updated_at = timezone.now()
    draft.save(update_fields=["rev", "updated_at"])
    events.record(
        kind=kind,
        subject=_subject(draft),
        actor=actor,
        on_behalf_of=draft.beneficiary,
        data={"file": str(file.pk), "size": file.length},
    )
