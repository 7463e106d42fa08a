"""Photos of a draft: sent in pieces, cut anywhere, never lost, never twice, and only pictures."""

import errno
import io
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as portal_settings
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from marketplace import files as pictures
from marketplace import tidying
from marketplace.drafts import files, saving
from marketplace.errors import Invalid
from marketplace.models import Draft, DraftFile, DraftFileChunk, Event, ReadLog, StoredFile, User
from tests.concurrency.threads import Meeting
from tests.factories import make_rules
from tests.marketplace.racing import together
from tests.marketplace.sample_draft import op, saved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_kind")]

SignIn = Callable[[User], Client]
FILE = uuid.UUID("0a5f6a0e-55c1-4c57-8d0e-6f9f2f3f4a01")


def photo(size: tuple[int, int] = (40, 30), form: str = "JPEG", **options: Any) -> bytes:
    """A picture with something to see: noise does not compress away."""
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(buffer, form, **options)
    return buffer.getvalue()


PHOTO = photo()


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def client(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> Client:
    """Marat's browser, with a draft of his."""
    browser = signed_in(marat)
    saved(browser, draft_id, op("name", "Марат"))
    return browser


def put(
    client: Client, draft_id: uuid.UUID, content: bytes, offset: int = 0, whole: bytes | int = PHOTO, **more: Any
) -> Any:
    """Send one piece of ``whole``."""
    length = whole if isinstance(whole, int) else len(whole)
    headers = {
        "Upload-Offset": str(offset),
        "Upload-Length": str(length),
        "Upload-Type": more.get("kind", "image/jpeg"),
        "Upload-Name": quote(more.get("name", "рецепт.jpg")),
    } | more.get("headers", {})
    url = f"/api/v1/drafts/{draft_id}/files/{more.get('file', FILE)}"
    return client.put(url, content, content_type="application/octet-stream", headers=headers)


def head(client: Client, draft_id: uuid.UUID, file: uuid.UUID = FILE) -> Any:
    return client.head(f"/api/v1/drafts/{draft_id}/files/{file}")


def state(draft_id: uuid.UUID) -> tuple[Any, ...]:
    """Everything that a refusal must leave alone."""
    draft = Draft.objects.get(pk=draft_id)
    return (
        draft.rev,
        list(DraftFile.objects.values_list("pk", "offset", "status")),
        DraftFileChunk.objects.count(),
        StoredFile.objects.count(),
    )


# --- Offsets ------------------------------------------------------------------------------------


def test_pieces_grow_into_a_picture_of_the_draft(client: Client, marat: User, draft_id: uuid.UUID) -> None:
    rev = Draft.objects.get(pk=draft_id).rev
    assert head(client, draft_id).status_code == 404
    first = put(client, draft_id, PHOTO[:500])
    assert (first.status_code, first["Upload-Offset"], first["Upload-Complete"]) == (204, "500", "?0")
    seen = head(client, draft_id)
    assert (seen.status_code, seen["Upload-Offset"], seen["Upload-Length"]) == (200, "500", str(len(PHOTO)))
    assert Draft.objects.get(pk=draft_id).rev == rev
    last = put(client, draft_id, PHOTO[500:], 500)
    assert (last.status_code, last["Upload-Offset"], last["Upload-Complete"]) == (204, str(len(PHOTO)), "?1")

    file = DraftFile.objects.get()
    assert (file.name, file.status, file.uploader) == ("рецепт.jpg", "kept", marat)
    assert DraftFileChunk.objects.count() == 0
    assert (file.stored_file.subject, file.stored_file.owner) == (f"draft:{draft_id}", marat)
    with Image.open(file.stored_file.file) as picture:
        assert picture.size == (40, 30)
    # What is sent is another application now: a review of it must be repeated.
    assert Draft.objects.get(pk=draft_id).rev == rev + 1
    event = Event.objects.get(kind="draft.file_added")
    assert (event.actor, event.subject, event.data["size"]) == (marat, f"draft:{draft_id}", len(PHOTO))

    listed = client.get(f"/api/v1/drafts/{draft_id}/files").json()
    assert listed["count"] == 1
    assert listed["results"][0] | {"created_at": None} == {
        "id": str(FILE), "name": "рецепт.jpg", "status": "kept", "offset": len(PHOTO), "length": len(PHOTO),
        "created_at": None, "url": f"/files/{file.stored_file_id}/",
    }  # fmt: skip
    assert client.get(listed["results"][0]["url"]).status_code == 200


def test_a_piece_at_another_place_is_told_where_to_go_on(client: Client, draft_id: uuid.UUID) -> None:
    assert put(client, draft_id, PHOTO[10:20], 10).status_code == 409  # nothing is here yet
    assert not DraftFile.objects.exists()
    put(client, draft_id, PHOTO[:300])
    before = state(draft_id)
    for offset, content in ((400, PHOTO[400:500]), (299, PHOTO[299:500]), (301, b"")):
        refused = put(client, draft_id, content, offset)
        assert (refused.status_code, refused["Upload-Offset"]) == (409, "300")
        assert refused.json()["code"] == "wrong_offset"
    assert state(draft_id) == before


def test_a_piece_that_came_twice_changes_nothing(client: Client, draft_id: uuid.UUID) -> None:
    put(client, draft_id, PHOTO[:300])
    put(client, draft_id, PHOTO[300:600], 300)
    before = state(draft_id)
    for offset in (0, 300):
        again = put(client, draft_id, PHOTO[offset : offset + 300], offset)
        assert (again.status_code, again["Upload-Offset"]) == (204, "600")
    assert state(draft_id) == before
    put(client, draft_id, PHOTO[600:], 600)
    before = state(draft_id)
    again = put(client, draft_id, PHOTO[600:], 600)
    assert (again.status_code, again["Upload-Complete"]) == (204, "?1")
    assert state(draft_id) == before
    assert StoredFile.objects.count() == 1


FATES = st.sampled_from(["answered", "answer lost", "request lost"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.tuples(st.integers(1, len(PHOTO)), FATES), max_size=12))
def test_cut_at_any_byte_the_picture_is_whole(
    client: Client, draft_id: uuid.UUID, pieces: list[tuple[int, str]]
) -> None:
    """The connection dies in the middle of pieces, before the server read them or before its answer came back."""
    file = uuid.uuid4()
    offset, done = 0, False
    for size, fate in [*pieces, (len(PHOTO), "answered"), (len(PHOTO), "answered")]:
        if fate != "request lost":
            answer = put(client, draft_id, PHOTO[offset : offset + size], offset, file=file)
            assert answer.status_code == 204
        if fate != "answered":
            answer = head(client, draft_id, file)  # as the device does after a cut: ask, then go on there
        if answer.status_code == 404:
            offset = 0
            continue
        offset, done = int(answer["Upload-Offset"]), answer["Upload-Complete"] == "?1"
        assert done == (offset == len(PHOTO))
        if done:
            break
    assert done
    kept = DraftFile.objects.get(pk=file)
    drawn = pictures.draw(SimpleUploadedFile("a.jpg", PHOTO)).content
    with kept.stored_file.file.open("rb") as stored:
        assert stored.read() == drawn
    assert DraftFileChunk.objects.count() == 0
    files.remove(draft_id=draft_id, file_id=file, actor=kept.uploader)


def test_a_crash_after_the_last_byte_is_finished_by_the_next_call(
    client: Client, draft_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(files, "_finish", lambda *given: None)  # the process died here
        assert put(client, draft_id, PHOTO)["Upload-Complete"] == "?0"
    assert head(client, draft_id)["Upload-Offset"] == str(len(PHOTO))
    assert not StoredFile.objects.exists()
    done = put(client, draft_id, b"", len(PHOTO))
    assert (done.status_code, done["Upload-Complete"]) == (204, "?1")
    assert StoredFile.objects.count() == 1


# --- Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Upload-Offset": "-1"}, b"x", 400),
        ({"Upload-Offset": ""}, b"x", 400),
        ({"Upload-Length": "many"}, b"x", 400),
        ({"Upload-Length": "99999999999"}, b"x", 400),
        ({"Upload-Length": str(10 * 1024 * 1024 + 1)}, b"x", 413),
        ({"Upload-Length": "3"}, b"four", 400),
        ({"Upload-Length": "0"}, b"", 422),
        ({"Upload-Type": "image/svg+xml"}, b"<svg/>", 422),
        ({"Upload-Type": "application/pdf"}, b"%PDF-1.7", 422),
        ({"Upload-Length": str(600 * 1024)}, b"\xff\xd8\xff" + bytes(512 * 1024), 413),
    ],
)
def test_what_cannot_be_right_is_refused(
    client: Client, draft_id: uuid.UUID, headers: dict[str, str], content: bytes, status: int
) -> None:
    before = state(draft_id)
    answer = put(client, draft_id, content, headers=headers)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert state(draft_id) == before


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "type"),
        (b"<html><script>alert(1)</script></html>", "type"),
        (b"GIF89a" + bytes(100), "type"),
        (b"%PDF-1.7\n" + bytes(100), "type"),
        (b"\xff\xd8\xff" + b"<script>alert(1)</script>" * 20, "damaged"),
        (PHOTO[:400], "damaged"),
    ],
)
def test_what_is_no_picture_is_not_taken(client: Client, draft_id: uuid.UUID, content: bytes, code: str) -> None:
    rev = Draft.objects.get(pk=draft_id).rev
    for _time in range(2):  # the second time after a lost answer: the same words
        answer = put(client, draft_id, content, whole=content)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert head(client, draft_id).status_code == 404
    assert client.get(f"/api/v1/drafts/{draft_id}/files").json()["count"] == 0
    assert not StoredFile.objects.exists() and not DraftFileChunk.objects.exists()
    assert Draft.objects.get(pk=draft_id).rev == rev


def test_what_is_no_picture_is_refused_with_its_first_piece(client: Client, draft_id: uuid.UUID) -> None:
    answer = put(client, draft_id, b"MZ" + bytes(60), whole=9_000_000)
    assert answer.status_code == 422
    assert not DraftFile.objects.exists()


def test_nothing_of_the_camera_is_kept(client: Client, draft_id: uuid.UUID) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A telling camera"
    exif[0x8825] = {1: "N", 2: (49.0, 57.0, 0.0)}
    content = photo(exif=exif.tobytes()) + b"<script>alert(1)</script>"
    assert put(client, draft_id, content, whole=content).status_code == 204
    stored = StoredFile.objects.get()
    with stored.file.open("rb") as opened:
        kept = opened.read()
    assert b"telling" not in kept and b"script" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert not picture.getexif()


def test_five_photos_and_no_more(client: Client, marat: User, draft_id: uuid.UUID) -> None:
    ids = [uuid.uuid4() for _number in range(6)]
    for file in ids[:4]:
        assert put(client, draft_id, PHOTO, file=file).status_code == 204
    assert put(client, draft_id, PHOTO[:9], file=ids[4]).status_code == 204  # on its way counts
    refused = put(client, draft_id, PHOTO, file=ids[5])
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_files")
    assert DraftFile.objects.count() == 5
    assert client.delete(f"/api/v1/drafts/{draft_id}/files/{ids[0]}").status_code == 204
    assert put(client, draft_id, PHOTO, file=ids[5]).status_code == 204


# --- Whose draft ------------------------------------------------------------------------------


def test_a_foreign_draft_is_a_missing_one(
    client: Client, signed_in: SignIn, aigul: User, dina: User, gulnar: User, draft_id: uuid.UUID
) -> None:
    put(client, draft_id, PHOTO[:300])
    before = state(draft_id)
    for stranger in (signed_in(aigul), signed_in(dina)):
        assert put(stranger, draft_id, PHOTO[300:], 300).status_code == 404
        assert put(stranger, draft_id, PHOTO, file=uuid.uuid4()).status_code == 404
        assert head(stranger, draft_id).status_code == 404
        assert stranger.get(f"/api/v1/drafts/{draft_id}/files").status_code == 404
        assert stranger.delete(f"/api/v1/drafts/{draft_id}/files/{FILE}").status_code == 404
    assert put(Client(), draft_id, PHOTO[300:], 300).status_code == 401
    assert put(client, uuid.uuid4(), PHOTO).status_code == 404
    assert state(draft_id) == before
    # The own office helps, and goes on where the person stopped.
    assert put(signed_in(gulnar), draft_id, PHOTO[300:], 300)["Upload-Complete"] == "?1"


def test_a_files_id_belongs_to_one_draft(
    client: Client, signed_in: SignIn, aigul: User, alikhan: User, draft_id: uuid.UUID
) -> None:
    put(client, draft_id, PHOTO[:300])
    other = uuid.uuid4()
    hers = signed_in(aigul)
    saved(hers, other, op("name", "Айгүл"), beneficiary=alikhan.pk)
    before = state(draft_id)
    assert put(hers, other, PHOTO[300:], 300).status_code == 404
    assert head(hers, other).status_code == 404
    assert hers.delete(f"/api/v1/drafts/{other}/files/{FILE}").status_code == 404
    assert state(draft_id) == before


@pytest.mark.parametrize("address", ["/api/v1/drafts", "/api/v1/drafts/{draft}/files"])
def test_a_list_that_tells_what_is_inside_is_a_look_too(
    client: Client, signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID, address: str
) -> None:
    content = photo((60, 40))
    put(client, draft_id, content, whole=content)
    Draft.objects.filter(pk=draft_id).update(author=gulnar)
    url = address.format(draft=draft_id)
    assert len(client.get(url).json()["results"]) == 1
    assert not ReadLog.objects.exists(), "her own"
    assert len(signed_in(gulnar).get(url).json()["results"]) == 1
    assert set(ReadLog.objects.values_list("actor", "person", "purpose")) == {(gulnar.pk, marat.pk, "draft")}


def test_who_fills_in_the_draft_opens_its_pictures_and_looking_leaves_a_row(
    client: Client, signed_in: SignIn, marat: User, gulnar: User, dina: User, draft_id: uuid.UUID
) -> None:
    content = photo((900, 600))
    put(client, draft_id, content, whole=content)
    stored = StoredFile.objects.get()
    urls = (f"/files/{stored.pk}/", f"/files/{stored.pk}/small/")
    for url in urls:
        assert signed_in(dina).get(url).status_code == 404
        assert Client().get(url).status_code == 404
    assert not ReadLog.objects.exists()
    for url in urls:
        answer = signed_in(gulnar).get(url)
        assert answer.status_code == 200 and answer["Cache-Control"] == "private, no-store"
    assert set(ReadLog.objects.values_list("actor", "person", "purpose")) == {(gulnar.pk, marat.pk, "file")}
    assert ReadLog.objects.count() == 2
    preview = client.get(f"/files/{stored.pk}/small/")
    with Image.open(io.BytesIO(preview.content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (192, 128))
    assert len(preview.content) < 20_000


def test_a_closed_draft_takes_no_files(client: Client, marat: User, draft_id: uuid.UUID) -> None:
    whole, begun = uuid.uuid4(), uuid.uuid4()
    put(client, draft_id, PHOTO, file=whole)
    put(client, draft_id, PHOTO[:300], file=begun)
    saving.discard(draft_id=draft_id, actor=marat)
    before = state(draft_id)
    for answer in (
        put(client, draft_id, PHOTO, file=uuid.uuid4()),
        put(client, draft_id, PHOTO[300:], 300, file=begun),
        client.delete(f"/api/v1/drafts/{draft_id}/files/{whole}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "draft_closed")
    # The answer of a piece that had arrived was lost: it is still the same answer.
    assert put(client, draft_id, PHOTO, file=whole)["Upload-Complete"] == "?1"
    assert state(draft_id) == before


def test_a_removed_photo_leaves_nothing(
    client: Client, draft_id: uuid.UUID, django_capture_on_commit_callbacks: Any
) -> None:
    put(client, draft_id, PHOTO)
    path = StoredFile.objects.get().file.path
    rev = Draft.objects.get(pk=draft_id).rev
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(f"/api/v1/drafts/{draft_id}/files/{FILE}").status_code == 204
    assert not DraftFile.objects.exists() and not StoredFile.objects.exists()
    assert not Path(path).exists()
    assert Draft.objects.get(pk=draft_id).rev == rev + 1
    assert Event.objects.filter(kind="draft.file_removed").count() == 1
    assert client.delete(f"/api/v1/drafts/{draft_id}/files/{FILE}").status_code == 404


def test_a_removed_draft_takes_its_photos_along(
    client: Client, draft_id: uuid.UUID, django_capture_on_commit_callbacks: Any
) -> None:
    put(client, draft_id, PHOTO)
    put(client, draft_id, PHOTO[:100], file=uuid.uuid4())
    path = StoredFile.objects.get().file.path
    with django_capture_on_commit_callbacks(execute=True):
        files.forget(Draft.objects.get(pk=draft_id))
    assert not DraftFile.objects.exists() and not StoredFile.objects.exists() and not DraftFileChunk.objects.exists()
    assert not Path(path).exists()


def test_what_nobody_finished_goes_after_seven_days(client: Client, draft_id: uuid.UUID) -> None:
    make_rules()  # the apps above forget by theirs
    whole, begun, refused = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    put(client, draft_id, PHOTO, file=whole)
    put(client, draft_id, PHOTO[:300], file=begun)
    put(client, draft_id, PHOTO[:300], whole=PHOTO[:300], file=refused)
    now = timezone.now()
    assert tidying.tidy_up(now + timedelta(days=6, hours=23))["unfinished_files"] == 0
    assert tidying.tidy_up(now + timedelta(days=7, minutes=1))["unfinished_files"] == 3  # two files, one piece
    assert tidying.tidy_up(now + timedelta(days=7, minutes=1))["unfinished_files"] == 0
    assert list(DraftFile.objects.values_list("pk", "status")) == [(whole, "kept")]


# --- The plain form's door ----------------------------------------------------------------------


def test_the_form_hands_in_a_photo_whole_and_twice_is_once(client: Client, marat: User, draft_id: uuid.UUID) -> None:
    for _time in range(2):
        upload = SimpleUploadedFile("рецепт.jpg", PHOTO, "image/jpeg")
        files.attach(draft_id=draft_id, actor=marat, upload=upload)
    file = DraftFile.objects.get()
    assert (file.name, file.status) == ("рецепт.jpg", "kept")
    with pytest.raises(files.FileTooLarge):
        big = SimpleUploadedFile("big.jpg", b"\xff\xd8\xff" + bytes(10 * 1024 * 1024), "image/jpeg")
        files.attach(draft_id=draft_id, actor=marat, upload=big)
    with pytest.raises(Invalid):
        files.attach(draft_id=draft_id, actor=marat, upload=SimpleUploadedFile("a.jpg", b"no", "image/jpeg"))
    assert StoredFile.objects.count() == 1


# --- Several at once ----------------------------------------------------------------------------


def race_of_pieces(client: Client, draft_id: uuid.UUID) -> list[Any]:
    """Four senders (two tabs and their repeats) send the same file from where each believes it stands."""

    def sender(number: int) -> int:
        offset, refused = 0, 0
        while True:
            answer = put(client, draft_id, PHOTO[offset : offset + 200], offset)
            assert answer.status_code in {204, 409}, answer.content
            refused += answer.status_code == 409
            offset = int(answer["Upload-Offset"])
            if answer.get("Upload-Complete") == "?1":
                return refused

    return together(sender, 4)


@pytest.mark.django_db(transaction=True)
def test_four_senders_of_one_file_make_one_picture(client: Client, draft_id: uuid.UUID) -> None:
    race_of_pieces(client, draft_id)
    file = DraftFile.objects.get()
    assert (file.status, file.offset) == ("kept", len(PHOTO))
    assert StoredFile.objects.count() == 1
    assert Event.objects.filter(kind="draft.file_added").count() == 1
    with file.stored_file.file.open("rb") as stored:
        assert stored.read() == pictures.draw(SimpleUploadedFile("a.jpg", PHOTO)).content


def crowd(client: Client, draft_id: uuid.UUID) -> int:
    together(lambda number: put(client, draft_id, PHOTO[:100], file=uuid.uuid4()).status_code, 8)
    return DraftFile.objects.count()


@pytest.mark.django_db(transaction=True)
def test_eight_first_pieces_at_once_stay_within_the_limit(client: Client, draft_id: uuid.UUID) -> None:
    assert crowd(client, draft_id) == 5


@pytest.mark.django_db(transaction=True)
def test_control_without_the_drafts_lock_the_limit_is_passed(
    client: Client, draft_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_lock_draft", lambda draft: Draft.objects.get(pk=draft.pk))
    assert crowd(client, draft_id) > 5


def twins(marat: User, draft_id: uuid.UUID) -> list[str]:
    """Two uploads of one file, both at the same offset, by threads that read before either writes."""
    files.receive(draft_id=draft_id, file_id=FILE, actor=marat, piece=files.Piece(PHOTO[:100], 0, len(PHOTO)))

    def one(number: int) -> str:
        piece = files.Piece(PHOTO[100 : 200 + number], 100, len(PHOTO))
        try:
            files.receive(draft_id=draft_id, file_id=FILE, actor=marat, piece=piece)
        except files.WrongOffset:
            return "told where to go on"
        except Exception as error:
            return type(error).__name__
        return "stored"

    return sorted(together(one, 6))


@pytest.mark.django_db(transaction=True)
def test_two_uploads_at_once_never_mix_their_bytes(client: Client, marat: User, draft_id: uuid.UUID) -> None:
    assert set(twins(marat, draft_id)) <= {"stored", "told where to go on"}
    file = DraftFile.objects.get()
    assert b"".join(bytes(chunk.content) for chunk in file.chunks.all()) == PHOTO[: file.offset]


@pytest.mark.django_db(transaction=True)
def test_control_without_the_files_lock_uploads_trip_over_each_other(
    client: Client, marat: User, draft_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting(6)

    def unlocked(_draft: Draft, file_id: uuid.UUID) -> DraftFile | None:
        file = DraftFile.objects.filter(pk=file_id).first()
        if file is not None and file.offset:
            meeting.wait()  # everybody has read before anybody writes
        return file

    monkeypatch.setattr(files, "_locked", unlocked)
    assert "IntegrityError" in twins(marat, draft_id)


def test_the_media_folder_of_these_tests_is_their_own() -> None:
    assert "pytest" in str(portal_settings.MEDIA_ROOT)


# --- A full disk --------------------------------------------------------------------------------


def test_a_full_disk_is_said_in_words_and_the_photo_goes_on_where_it_was(
    client: Client, draft_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(client, draft_id, PHOTO[:500])
    rev = Draft.objects.get(pk=draft_id).rev

    def full(_storage: FileSystemStorage, name: str, _content: object) -> str:
        path = Path(_storage.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PHOTO[:100])  # as much as there was room for
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "_save", full)
        refused = put(client, draft_id, PHOTO[500:], 500, headers={"Accept-Language": "ru"})
    assert (refused.status_code, refused["Retry-After"]) == (503, "600")
    assert refused.json()["code"] == "no_room"
    assert refused.json()["title"].startswith("Сейчас нет места для файлов. Ваши ответы сохранены.")
    # All pieces are here, in the database; what is missing is a place for the whole.
    assert (Draft.objects.get(pk=draft_id).rev, StoredFile.objects.count()) == (rev, 0)
    assert head(client, draft_id)["Upload-Offset"] == str(len(PHOTO))
    assert [path for path in Path(portal_settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []

    assert put(client, draft_id, b"", len(PHOTO))["Upload-Complete"] == "?1"
