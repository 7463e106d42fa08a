"""Pictures and recordings that people upload: made clean, kept under random names, handed out by right only.

Drawing a picture anew drops what must not be kept (place and camera in EXIF, text, colour profiles,
anything hidden behind the image data) and everything that is no picture. PDF is refused: people can
photograph a page, and a PDF may carry scripts and files that we could not take out. Voice and video are taken where
the caller says how large they may be; ``marketplace.recordings`` says what is checked and taken out of them.
"""

import errno
import hashlib
import io
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from marketplace import access, events, recordings, scanning
from marketplace.errors import DomainError, FieldError, Invalid, NoRoom, NotFound
from marketplace.models import DraftFile, Role, StoredFile, User
from marketplace.recordings import Recording

log = structlog.get_logger(__name__)

DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 25_000_000
QUALITY = 85
ONE_LOOK = timedelta(hours=1)
HELD_AT_ONCE = 20  # in one minute's sweep
SMALL = 192  # points, the longer side of a preview
SMALL_QUALITY = 60
MEDIUM = 640
MEDIUM_QUALITY = 70
# The first bytes of what we read: JPEG, PNG, WebP.
_BEGINNINGS = {"JPEG": (0, b"\xff\xd8\xff"), "PNG": (0, b"\x89PNG\r\n\x1a\n"), "WEBP": (8, b"WEBP")}
BEGINNING = 12  # bytes that tell the kind
REFUSALS = {
    "empty": _("The file is empty. Choose another one."),
    "too_large": _("The file is larger than 10 MB. Make the photo smaller and try again."),
    "type": _("We can read photos: JPEG, PNG or WebP. If it is a document, take a photo of its page."),
    "too_many_pixels": _("The picture has too many points. Make it smaller and try again."),
    "harmful": _("A scanner found something harmful in this file. It is not kept. Send another one."),
    "damaged": _("We cannot read this picture. Open it on your device, save it again and send that."),
    **recordings.REFUSALS,
}

Rule = Callable[[User, str], bool]
About = Callable[[str], int | None]
_rules: dict[str, Rule] = {}
_about: dict[str, About] = {}


class Held(DomainError):
    """In quarantine: the scanner could not be asked yet."""

    status = 409
    code = "held"
    message = _("This file is still being checked. Try again in some minutes.")


class Harmful(DomainError):
    status = 410
    code = "harmful"
    message = _("A scanner found something harmful in this file. It was removed.")


@dataclass(frozen=True)
class Picture:
    """A picture drawn anew, ready to be kept."""

    content: bytes
    content_type: str
    extension: str


def register_rule(kind: str, rule: Rule, about: About | None = None) -> None:
    """Who may open the files of subjects ``<kind>:<key>``: ``rule(actor, key)``. Uploaders always may.

    The actor may be anonymous. A kind without a rule is its uploaders' alone. ``about(key)`` is the id of the
    person whose matter it is, also where somebody else took the picture.
    """
    _rules[kind] = rule
    if about is not None:
        _about[kind] = about


def store(*, upload: UploadedFile, subject: str, purpose: str, owner: User | None, field: str = "file") -> StoredFile:
    """Check, draw anew and keep one upload. Raises Invalid, naming ``field``, with what to do."""
    return keep(picture=draw(upload, field=field), subject=subject, purpose=purpose, owner=owner)


def clean(upload: File, *, recording_bytes: int, field: str = "file") -> Picture | Recording:
    """A picture drawn anew, or a recording of at most so many bytes without the place; best before a transaction.

    Raises Invalid, as ``draw`` does and for a recording that is too large or cannot be played.
    """
    upload.seek(0)
    beginning = upload.read(BEGINNING)
    if upload.size and recordings.container_of(beginning):
        if upload.size > recording_bytes:
            raise refusal("long", field)
        looked = scanned(upload, field)
        upload.seek(0)
        found = recordings.look_through(upload.chunks())
        if found is None:
            raise refusal("recording", field)
        return found if looked else replace(found, held=True)
    if upload.size and kind_of(beginning) is None:
        raise refusal("type_or_recording", field)
    return draw(upload, field=field)


def draw(upload: File, *, field: str = "file") -> Picture:
    """The upload as a clean picture; slow (up to a second), so best before a transaction begins.

    Raises Invalid: empty, over 10 MB, not JPEG, PNG or WebP, over 25 megapixels, damaged.
    """
    if not upload.size:
        raise refusal("empty", field)
    if upload.size > MAX_BYTES:
        raise refusal("too_large", field)
    upload.seek(0)
    kind = kind_of(upload.read(BEGINNING))
    if kind is None:
        raise refusal("type", field)
    scanned(upload, field)  # when nobody could look: only the points are kept
    upload.seek(0)
    try:
        with Image.open(upload, formats=[kind]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise refusal("too_many_pixels", field)
            return _drawn_anew(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise refusal("damaged", field) from None


def scanned(upload: File, field: str = "file") -> bool:
    """Whether the scanner has looked at it. Raises Invalid for what it knows as harmful."""
    upload.seek(0)
    found = scanning.verdict(upload.chunks())
    if found is scanning.Verdict.HARMFUL:
        raise refusal("harmful", field)
    return found is scanning.Verdict.CLEAN


def kind_of(beginning: bytes) -> str | None:
    """JPEG, PNG or WEBP by the first ``BEGINNING`` bytes; None for anything else."""
    for kind, (offset, mark) in _BEGINNINGS.items():
        if beginning[offset : offset + len(mark)] == mark:
            return kind
    return None


def _drawn_anew(image: Image.Image) -> Picture:
    """Only the points are copied: JPEG, or WebP when parts are transparent."""
    see_through = image.has_transparency_data
    source = image.convert("RGBA" if see_through else "RGB")
    clean = Image.new(source.mode, source.size)
    clean.paste(source)
    form, extension = ("WEBP", "webp") if see_through else ("JPEG", "jpg")
    buffer = io.BytesIO()
    clean.save(buffer, form, quality=QUALITY)
    return Picture(buffer.getvalue(), f"image/{form.lower()}", extension)


def keep(*, picture: Picture | Recording, subject: str, purpose: str, owner: User | None) -> StoredFile:
    """Write the picture or recording and its row; the row belongs to the running transaction, if there is one.

    Raises NoRoom when the disk is full; nothing of the file stays.
    """
    content = ContentFile(picture.content) if isinstance(picture, Picture) else File(picture.content)
    digest, size = hashlib.sha256(), 0
    for part in content.chunks():
        digest.update(part)
        size += len(part)
    stored = StoredFile(
        id=uuid.uuid4(),
        subject=subject,
        purpose=purpose,
        owner=owner,
        content_type=picture.content_type,
        size=size,
        sha256=digest.hexdigest(),
        held=StoredFile.Held.WAITING if isinstance(picture, Recording) and picture.held else "",
    )
    name = f"{uuid.uuid4().hex}.{picture.extension}"
    try:
        stored.file.save(name, content, save=False)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        log.error("disk_full", size=size)
        with suppress(OSError):
            stored.file.storage.delete(stored.file.field.generate_filename(stored, name))
        raise NoRoom from None
    stored.save(force_insert=True)
    return stored


def small(content: File) -> bytes:
    """A kept picture as a preview, JPEG of at most SMALL points a side: some kilobytes for slow lines."""
    with Image.open(content, formats=["JPEG", "WEBP"]) as image:
        image.draft("RGB", (2 * SMALL, 2 * SMALL))  # a JPEG is decoded at about the size that is needed
        image.thumbnail((SMALL, SMALL))
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=SMALL_QUALITY)
    return buffer.getvalue()


def medium(content: File) -> bytes:
    """A kept picture for a page, WebP of at most MEDIUM points a side: some tens of kilobytes."""
    with Image.open(content, formats=["JPEG", "WEBP"]) as image:
        image.draft("RGB", (MEDIUM, MEDIUM))
        image.thumbnail((MEDIUM, MEDIUM))
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=MEDIUM_QUALITY)
    return buffer.getvalue()


def forget(stored: StoredFile) -> None:
    """Remove a file: its row with the running transaction, its bytes once that is committed."""
    content = stored.file
    stored.delete()
    transaction.on_commit(lambda: content.delete(save=False))


def forget_of(subjects: Sequence[str]) -> None:
    """Remove every file of these subjects, also those that came with their drafts; inside a transaction."""
    for stored in StoredFile.objects.filter(subject__in=subjects):
        DraftFile.objects.filter(stored_file=stored).delete()
        forget(stored)


def open_for(actor: User, file_id: uuid.UUID, *, goes_on: bool = False) -> tuple[StoredFile, File]:
    """A file and its content; foreign and missing alike raise NotFound. Looking leaves a row (guarantee G8).

    ``goes_on``: a further part of it; within the hour that is the same look.
    """
    stored = StoredFile.objects.select_related("owner").filter(pk=file_id).first()
    if stored is None or not _may_open(actor, stored):
        raise NotFound
    if stored.held:
        raise Harmful if stored.held == StoredFile.Held.HARMFUL else Held
    try:
        content = stored.file.open("rb")
    except FileNotFoundError:
        raise NotFound from None
    person_id = _person_of(stored)
    if not access.is_owner(actor, person_id):
        access.log_read(
            actor=actor,
            person_id=person_id,
            purpose="file",
            subject=stored.subject,
            goes_on=ONE_LOOK if goes_on else None,
        )
    return stored, content


def look_at_held() -> int:
    """Ask the scanner about what waits in quarantine; how many files left it, clean or removed. Safe to run twice.

    Of a harmful one the row stays, so that its place says what became of it; an event tells whoever sees the matter.
    """
    done = 0
    for stored in StoredFile.objects.filter(held=StoredFile.Held.WAITING).order_by("created_at")[:HELD_AT_ONCE]:
        with stored.file.open("rb") as content:
            found = scanning.verdict(content.chunks())
        if found is scanning.Verdict.UNKNOWN:
            break  # away still: the others wait as well
        done += _let_out(stored, harmful=found is scanning.Verdict.HARMFUL)
    return done


def _let_out(stored: StoredFile, *, harmful: bool) -> int:
    with transaction.atomic(durable=True):
        verdict = StoredFile.Held.HARMFUL if harmful else ""
        waiting = StoredFile.objects.filter(pk=stored.pk, held=StoredFile.Held.WAITING)
        done = waiting.update(held=verdict)
        if done and harmful:
            events.record(kind="file.harmful", subject=stored.subject, actor=None, data={"file": str(stored.pk)})
            transaction.on_commit(lambda: stored.file.storage.delete(str(stored.file.name)))
    return done


def _person_of(stored: StoredFile) -> int | None:
    """Whose matter the file belongs to; None when it is nobody's, like a photo of goods."""
    kind, _separator, key = stored.subject.partition(":")
    person_id = _about[kind](key) if kind in _about else None
    owner = stored.owner
    if person_id is None and owner is not None and owner.role in {Role.BENEFICIARY, Role.GUARDIAN}:
        return owner.pk
    return person_id


def _may_open(actor: User, stored: StoredFile) -> bool:
    if actor.is_authenticated and actor.pk == stored.owner_id:
        return True
    kind, _separator, key = stored.subject.partition(":")
    return kind in _rules and _rules[kind](actor, key)


def refusal(code: str, field: str = "file") -> Invalid:
    """The refusal with this code of REFUSALS, at a field."""
    return Invalid([FieldError(field, code, REFUSALS[code])])
