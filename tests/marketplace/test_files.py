"""Uploads: drawn anew without what pictures tell about people, refused when they are no pictures."""

import hashlib
import io
import struct
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as portal_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from marketplace import files
from marketplace.errors import Invalid
from marketplace.models import ReadLog, StoredFile, User

pytestmark = pytest.mark.django_db

GPS = 0x8825


def photo(form: str = "JPEG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture = Image.new(mode, size, (200, 30, 30, 128) if mode == "RGBA" else (200, 30, 30))
    for column in range(size[0] // 2):
        picture.putpixel((column, 0), (0, 0, 0, 255) if mode == "RGBA" else (0, 0, 0))
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def upload(content: bytes, name: str = "photo.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, kind)


def stored(content: bytes, owner: User | None, subject: str = "complaint:17") -> StoredFile:
    return files.store(upload=upload(content), subject=subject, purpose="photo", owner=owner)


def content_of(file: StoredFile) -> bytes:
    with file.file.open("rb") as opened:
        return opened.read()


def kept_files() -> list[Path]:
    return [path for path in Path(portal_settings.MEDIA_ROOT).rglob("*") if path.is_file()]


# --- Keeping ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "mode", "kept_as"),
    [
        ("JPEG", "RGB", "image/jpeg"),
        ("PNG", "RGB", "image/jpeg"),
        ("WEBP", "RGB", "image/jpeg"),
        ("PNG", "RGBA", "image/webp"),
        ("WEBP", "RGBA", "image/webp"),
    ],
)
def test_pictures_are_kept_as_jpeg_or_webp(marat: User, form: str, mode: str, kept_as: str) -> None:
    file = stored(photo(form, mode=mode), marat)

    content = content_of(file)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (40, 20)
        assert Image.MIME[picture.format] == kept_as == file.content_type
    assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (file.subject, file.purpose, file.owner) == ("complaint:17", "photo", marat)
    name = Path(file.file.name)
    assert len(name.stem) == 32, "a random name"
    assert "photo" not in name.name


def test_place_camera_and_comments_are_dropped(marat: User) -> None:
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker-canary"
    exif.get_ifd(GPS)[2] = (49.95, 0, 0)
    content = photo(exif=exif, comment=b"comment-canary", icc_profile=b"profile-canary" * 20)
    assert content.count(b"canary") > 20

    file = stored(content, marat)

    assert b"canary" not in content_of(file)
    with Image.open(io.BytesIO(content_of(file))) as picture:
        assert not picture.getexif()
        assert not {"icc_profile", "comment", "exif"} & picture.info.keys()


def test_text_in_png_and_data_behind_the_picture_are_dropped(marat: User) -> None:
    texts = PngInfo()
    texts.add_text("Author", "author-canary")
    content = photo("PNG", pnginfo=texts) + b"<script>alert('canary')</script>"
    assert b"canary" not in content_of(stored(content, marat))


def test_a_photo_taken_sideways_stands_upright(marat: User) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter
    with Image.open(io.BytesIO(content_of(stored(photo(exif=exif), marat)))) as picture:
        assert picture.size == (20, 40)


def test_only_the_first_frame_of_an_animation_is_kept(marat: User) -> None:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "green", "blue")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(content_of(stored(buffer.getvalue(), marat)))) as picture:
        assert getattr(picture, "n_frames", 1) == 1


# --- Refusing ---------------------------------------------------------------------------------


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff" + b"x" * 10 * 1024 * 1024, "too_large"),
        (b"%PDF-1.7 ...", "type"),
        (b"GIF89a" + b"\x00" * 50, "type"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "type"),
        (b"<html><script>alert(1)</script></html>", "type"),
        (b"MZ\x90\x00" * 10, "type"),
        (b"PK\x03\x04" * 10, "type"),
        (b"\xff\xd8\xff\xe0 this is no picture", "damaged"),
        (b"RIFF\x00\x00\x00\x00WEBP????", "damaged"),
        (photo()[:200], "damaged"),
        (photo("PNG")[:50], "damaged"),
        (huge_png(5001, 5000), "too_many_pixels"),
        (huge_png(100_000, 100_000), "damaged"),  # Pillow itself calls it a bomb
    ],
)
def test_what_is_no_decent_picture_is_refused_in_words(marat: User, content: bytes, code: str) -> None:
    before = kept_files()
    with pytest.raises(Invalid) as refusal:
        files.store(upload=upload(content), subject="complaint:17", purpose="photo", owner=marat, field="photo")
    error = refusal.value.errors[0]
    assert (error.field, error.code) == ("photo", code)
    assert str(error.message)
    assert not StoredFile.objects.exists()
    assert kept_files() == before


def test_the_name_and_the_declared_kind_decide_nothing(marat: User) -> None:
    with pytest.raises(Invalid):
        files.draw(upload(b"<html>", "photo.jpg", "image/jpeg"))
    assert files.draw(upload(photo(), "../../evil.html", "text/html")).extension == "jpg"


# --- Handing out ------------------------------------------------------------------------------


@pytest.fixture
def rule() -> Iterator[list[tuple[str, str]]]:
    """Subjects "case:<key>" are open to caseworkers; notes who asked for what."""
    asked: list[tuple[str, str]] = []

    def may_open(actor: User, key: str) -> bool:
        asked.append((getattr(actor, "username", "") or "visitor", key))
        return actor.is_authenticated and actor.role == "caseworker"

    files.register_rule("case", may_open)
    yield asked
    del files._rules["case"]


def test_a_file_goes_to_those_whom_the_rule_names(
    rule: list[tuple[str, str]], marat: User, gulnar: User, aigul: User, signed_in: Callable[[User], Client]
) -> None:
    file = stored(photo(), marat, subject="case:17")

    response = signed_in(gulnar).get(f"/files/{file.pk}/")

    assert response.status_code == 200
    assert b"".join(response.streaming_content) == content_of(file)
    assert response["Content-Type"] == "image/jpeg"
    assert response["Content-Disposition"] == 'attachment; filename="photo.jpg"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-store"
    row = ReadLog.objects.get()
    assert (row.actor, row.person, row.purpose, row.subject) == (gulnar, marat, "file", "case:17")

    assert signed_in(aigul).get(f"/files/{file.pk}/").status_code == 404
    assert Client().get(f"/files/{file.pk}/").status_code == 404
    assert rule == [("gulnar", "17"), ("aigul", "17"), ("visitor", "17")]
    assert ReadLog.objects.count() == 1


def test_uploaders_always_see_their_own(marat: User, signed_in: Callable[[User], Client]) -> None:
    file = stored(photo(), marat, subject="nobody-registered-this:1")
    assert signed_in(marat).get(f"/files/{file.pk}/").status_code == 200
    assert not ReadLog.objects.exists()


def test_a_subject_without_a_rule_is_closed_to_others(
    marat: User, gulnar: User, signed_in: Callable[[User], Client]
) -> None:
    file = stored(photo(), marat, subject="nobody-registered-this:1")
    foreign = signed_in(gulnar).get(f"/files/{file.pk}/")
    missing = signed_in(gulnar).get(f"/files/{uuid.uuid4()}/")
    assert foreign.status_code == missing.status_code == 404


def test_a_file_of_a_visitor_belongs_to_nobody(rule: object, gulnar: User, signed_in: Callable[[User], Client]) -> None:
    file = stored(photo(), None, subject="case:17")
    assert Client().get(f"/files/{file.pk}/").status_code == 404
    assert signed_in(gulnar).get(f"/files/{file.pk}/").status_code == 200


def test_a_row_whose_file_is_gone_is_missing(marat: User, signed_in: Callable[[User], Client]) -> None:
    file = stored(photo(), marat)
    file.file.storage.delete(file.file.name)
    assert signed_in(marat).get(f"/files/{file.pk}/").status_code == 404


def test_nothing_is_served_by_its_path(marat: User) -> None:
    file = stored(photo(), marat)
    assert Client().get(f"/media/{file.file.name}").status_code == 404
