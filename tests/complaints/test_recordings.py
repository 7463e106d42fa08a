"""A complaint that is told by voice or in sign language: complete without written words, played, written down."""

import re
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from complaints import attachments, complaint_draft, filing, receipts, selectors
from complaints.checking import Filing
from complaints.models import Complaint
from marketplace import tidying
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Draft, DraftFile, Event, ReadLog, Rule, StoredFile
from marketplace.time import database_now
from tests.complaints.factories import (
    at,
    make_caseworker,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_seller,
    make_supplier,
    make_user,
)
from tests.recordings import PLACE, mp4, ogg

API = "/api/v1/complaints"
VISITOR = "/en/complaints/new/visitor/"
CARRIED = {"subject": "defect", "sphere": "durable", "region": "KZ-79", "key": "k1"}


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def supplier():
    return make_supplier()


@pytest.fixture
def address(client, aigul, supplier) -> str:
    """Aigul has begun to complain about the wheel."""
    line = make_line(person=aigul, supplier=supplier)
    client.force_login(aigul)
    return client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url


@pytest.fixture
def case(aigul, supplier) -> Complaint:
    """Filed in writing, with Aigul's film beside it."""
    complaint = make_complaint(person=aigul, supplier=supplier)
    attachments.add(number=complaint.number, actor=aigul, upload=film())
    return complaint


def film(content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile("ым-тілі.mp4", content or mp4(), "video/mp4")


def voice() -> SimpleUploadedFile:
    return SimpleUploadedFile("дауыс.ogg", ogg(), "audio/ogg")


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# --- Complete without written words -----------------------------------------------------------------


def test_a_film_in_sign_language_is_a_complete_complaint(client, aigul, address):
    page = text_of(client.get(address))
    assert 'accept="image/*,audio/*,video/*"' in page and "a recording 50 MB" in page
    refused = client.post(address, {"text": ""})
    assert "Tell in your own words what happened." in text_of(refused)
    assert client.post(address, {"text": "", "_photo": film()}).url == f"{address}check/"
    assert f'<video controls preload="metadata" width="280" src="/files/{StoredFile.objects.get().pk}/"' in (
        client.get(address).content.decode()
    )
    assert "You say it in the recording." in text_of(client.get(f"{address}check/"))
    sent = client.post(f"{address}check/", {"rev": Draft.objects.get(kind="complaint").rev})
    complaint = Complaint.objects.get()
    assert (complaint.text, complaint.status) == ("", "with_seller")
    stored = StoredFile.objects.get()
    assert (stored.subject, stored.content_type) == (f"complaint:{complaint.number}", "video/mp4")
    with stored.file.open("rb") as opened:
        content = opened.read()
    assert PLACE not in content and len(content) == len(mp4())
    assert "voice and video: 1" in text_of(client.get(sent.url))
    rows = dict(receipts.words(complaint, now=at("2026-11-22 12:00"))["rows"])
    assert rows["With it"] == "pictures: 0; voice and video: 1"


def test_words_are_asked_for_again_when_the_recording_is_taken_out(client, address):
    client.post(address, {"text": "", "_photo": voice(), "_add_photo": "1"})
    draft = Draft.objects.get(kind="complaint")
    assert complaint_draft.filing_of(draft).recorded
    client.post(address, {"text": "", "_remove_photo": str(DraftFile.objects.get().pk)})
    assert not StoredFile.objects.exists()
    draft.refresh_from_db()
    with pytest.raises(Invalid) as refused:
        complaint_draft.submit(draft_id=draft.pk, actor=draft.author, expected_rev=draft.rev, request=None)
    assert [(item.field, item.code) for item in refused.value.errors] == [("text", "required")]
    assert not Complaint.objects.exists()


def test_a_photo_alone_does_not_say_what_happened(client, address):
    from tests.complaints.test_photos import photo

    assert client.post(address, {"text": "", "_photo": photo()}).status_code == 200
    assert "Tell in your own words what happened." in text_of(client.post(address, {"text": ""}))


def test_no_program_claims_a_recording_that_is_not_there(client, aigul):
    line = make_line(person=aigul, supplier=make_supplier())
    client.force_login(aigul)
    body = {"order_line": line.pk, "subject": "defect", "recorded": True, "text": ""}
    answer = client.post(API, body, content_type="application/json", headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422 and not Complaint.objects.exists()
    with pytest.raises(Invalid):
        filing.file(actor=aigul, filing=Filing(subject="defect", order_line=line.pk, photos=[str(uuid.uuid4())]))


def test_a_visitor_tells_it_by_voice(client):
    added = client.post(VISITOR, CARRIED | {"text": "", "_photo": voice(), "_add_photo": "1"})
    assert "дауыс.ogg" in text_of(added)
    check = text_of(client.post(VISITOR, CARRIED | {"text": ""}))
    assert "You say it in the recording." in check and "дауыс.ogg" in check
    client.post(VISITOR, CARRIED | {"text": "", "send": "1"})
    complaint = Complaint.objects.get()
    assert (complaint.text, attachments.count(complaint.number)) == ("", (0, 1))


def test_a_visitor_without_words_and_voice_is_asked(client):
    page = client.post(VISITOR, CARRIED | {"text": "", "send": "1"})
    assert "Tell in your own words what happened." in text_of(page) and not Complaint.objects.exists()


def test_what_was_recorded_and_never_sent_is_forgotten_at_night(client):
    from datetime import timedelta

    client.post(VISITOR, CARRIED | {"text": "", "_photo": voice(), "_add_photo": "1"})
    path = StoredFile.objects.get().file.path
    assert tidying.tidy_up(database_now() + timedelta(hours=49))["visitor_photos"] == 1
    assert not StoredFile.objects.exists()
    assert path


# --- What is taken ----------------------------------------------------------------------------------


def put(client: Any, draft_id: uuid.UUID, content: bytes, offset: int, length: int, kind: str = "video/mp4") -> Any:
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(length), "Upload-Type": kind}
    url = f"/api/v1/drafts/{draft_id}/files/0a5f6a0e-55c1-4c57-8d0e-6f9f2f3f4a09"
    return client.put(url, content, content_type="application/octet-stream", headers=headers)


def test_a_recording_goes_on_after_a_cut(client, address):
    draft, content = Draft.objects.get(kind="complaint"), mp4()
    assert put(client, draft.pk, content[:300], 0, len(content))["Upload-Complete"] == "?0"
    assert put(client, draft.pk, content[:300], 0, len(content))["Upload-Offset"] == "300", "the answer was lost"
    assert put(client, draft.pk, content[300:], 300, len(content), "video/mp4;codecs=avc1")["Upload-Complete"] == "?1"
    assert StoredFile.objects.get().content_type == "video/mp4"
    assert DraftFile.objects.get().status == "kept"


def test_size_and_kind_are_refused_with_the_first_piece(client, address):
    Rule.objects.filter(code="complaint.recordings").update(value={"megabytes": 1, "together": 150})
    draft, mega = Draft.objects.get(kind="complaint"), 1024 * 1024
    for content, length, kind, status, code in (
        (mp4()[:600], mega + 1, "video/mp4", 422, "long"),
        (mp4()[:600], 11 * mega, "video/mp4", 422, "long"),
        (b"\xff\xd8\xff\xe0" + bytes(60), 11 * mega, "video/mp4", 422, "long"),
        (b"<html><script>" + bytes(60), 900, "video/mp4", 422, "type_or_recording"),
        (mp4()[:600], 900, "application/pdf", 422, "type"),
    ):
        refused = put(client, draft.pk, content, 0, length, kind)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (status, code)
    assert not DraftFile.objects.exists()
    cut = mp4()[:-5]
    refused = put(client, draft.pk, cut, 0, len(cut))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "recording")
    assert not StoredFile.objects.exists()


def test_all_together_may_be_so_large(client, aigul, address, case):
    Rule.objects.filter(code="complaint.recordings").update(value={"megabytes": 1, "together": 1})
    draft, content = Draft.objects.get(kind="complaint", status="open"), ogg()
    client.post(address, {"_photo": voice(), "_add_photo": "1"})
    DraftFile.objects.update(length=1024 * 1024 - len(content) + 1)
    StoredFile.objects.filter(subject=f"complaint:{case.number}").update(size=1024 * 1024 - len(content) + 1)
    refused = put(client, draft.pk, content, 0, len(content), "audio/ogg")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "together")
    with pytest.raises(Invalid):
        attachments.add(number=case.number, actor=aigul, upload=voice())
    assert (DraftFile.objects.count(), attachments.count(case.number)) == (1, (0, 1))


def test_an_application_takes_no_recordings(client, aigul):
    client.force_login(aigul)
    draft = Draft.objects.create(kind="order", beneficiary=aigul, author=aigul, updated_at=database_now())
    refused = put(client, draft.pk, mp4(), 0, len(mp4()))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "type")
    assert not DraftFile.objects.exists()


def test_a_supplier_answers_with_photos_only(aigul, supplier, case, client):
    seller = make_seller(supplier)
    client.force_login(seller)
    page = client.post(f"/en/complaints/{case.number}/answer/", {"text": "See the film.", "papers": film()})
    assert page.status_code == 200 and "We can read photos" in text_of(page)
    assert Complaint.objects.get().status == "with_seller"


# --- Who hears and sees it --------------------------------------------------------------------------


def test_the_sides_play_it_and_a_stranger_does_not(client, aigul, supplier, case):
    stored = StoredFile.objects.get()
    url = f"/files/{stored.pk}/"
    for user, page in (
        (aigul, f"/en/complaints/{case.number}/"),
        (make_seller(supplier), f"/en/supplier/complaints/{case.number}/"),
    ):
        client.force_login(user)
        assert f'src="{url}"' in client.get(page).content.decode()
        whole = client.get(url)
        content = b"".join(whole.streaming_content)
        assert (whole.status_code, len(content)) == (200, stored.size)
        assert (whole["Content-Type"], whole["Accept-Ranges"]) == ("video/mp4", "bytes")
        assert whole["Cache-Control"] == "private, no-store" and whole["X-Content-Type-Options"] == "nosniff"
        assert whole["Content-Disposition"].startswith("attachment")
        listed = client.get(f"{API}/{case.number}").json()["files"]
        assert [(item["url"], item["content_type"]) for item in listed] == [(url, "video/mp4")]
    client.force_login(make_user("yerbol", "beneficiary"))
    assert client.get(url).status_code == client.get(url, headers={"Range": "bytes=0-1"}).status_code == 404


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=10-", 10, None), ("bytes=-4", -4, None), ("bytes=3-999999", 3, None)],
)
def test_a_player_gets_the_part_it_asks_for(client, aigul, case, asked, first, last):
    stored = StoredFile.objects.get()
    with stored.file.open("rb") as opened:
        whole = opened.read()
    client.force_login(aigul)
    part = client.get(f"/files/{stored.pk}/", headers={"Range": asked})
    expected = whole[first:] if last is None else whole[first : last + 1]
    begin = first % len(whole)
    assert (part.status_code, b"".join(part.streaming_content)) == (206, expected)
    assert part["Content-Range"] == f"bytes {begin}-{begin + len(expected) - 1}/{len(whole)}"
    assert part["Content-Length"] == str(len(expected))
    assert part["Content-Type"] == "video/mp4" and part["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_no_such_part_and_no_such_words(client, aigul, case):
    stored = StoredFile.objects.get()
    client.force_login(aigul)
    for asked in (f"bytes={stored.size}-", "bytes=-0"):
        beyond = client.get(f"/files/{stored.pk}/", headers={"Range": asked})
        assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{stored.size}")
    for asked in ("bytes=5-2", "bytes=0-1,5-6", "lines=0-1", "bytes=-"):
        assert client.get(f"/files/{stored.pk}/", headers={"Range": asked}).status_code == 200
    other = {"Range": "bytes=0-1", "If-Range": '"an earlier film"'}
    assert client.get(f"/files/{stored.pk}/", headers=other).status_code == 200


def test_the_parts_of_one_film_are_one_look(client, aigul, supplier, case):
    seller = make_seller(supplier)
    client.force_login(seller)
    url = f"/files/{StoredFile.objects.get().pk}/"
    looks = ReadLog.objects.filter(actor=seller, person=aigul, purpose="file")
    for start in (100, 0, 50):
        assert client.get(url, headers={"Range": f"bytes={start}-"}).status_code == 206
    assert looks.count() == 1, "also when the first part was not the first one asked for"
    client.get(url)
    assert looks.count() == 2


# --- In words ---------------------------------------------------------------------------------------


def test_the_office_writes_down_what_it_says_and_everybody_reads_it(client, aigul, supplier, case):
    gulnar, stored = make_caseworker(), StoredFile.objects.get()
    client.force_login(gulnar)
    assert "What it says is not written down yet." in text_of(client.get(f"/en/complaints/{case.number}/"))
    url = f"/en/complaints/{case.number}/recordings/{stored.pk}/"
    assert client.post(url, {"transcript": "The left wheel came off."}).url == f"/en/complaints/{case.number}/"
    stored.refresh_from_db()
    assert stored.transcript == "The left wheel came off."
    event = Event.objects.get(kind="complaint.transcribed")
    assert (event.actor, event.data["file"], event.data["again"]) == (gulnar, str(stored.pk), False)
    assert "wheel" not in str(event.data) + event.reason
    for user, page in (
        (aigul, f"/en/complaints/{case.number}/"),
        (make_seller(supplier), f"/en/supplier/complaints/{case.number}/"),
    ):
        client.force_login(user)
        page = text_of(client.get(page))
        assert "The left wheel came off." in page and "What a recording says was written down" in page
        assert client.get(f"{API}/{case.number}").json()["files"][0]["transcript"] == "The left wheel came off."


def test_the_person_corrects_it(client, aigul, case):
    stored = StoredFile.objects.get()
    attachments.transcribe(number=case.number, file_id=stored.pk, actor=aigul, text="Left")
    client.force_login(aigul)
    answer = client.put(
        f"{API}/{case.number}/attachments/{stored.pk}/transcript",
        {"text": " The right wheel. "},
        content_type="application/json",
    )
    assert answer.status_code == 200 and answer.json()["files"][0]["transcript"] == "The right wheel."
    assert [event.data["again"] for event in Event.objects.filter(kind="complaint.transcribed")] == [False, True]


def test_who_may_not_write_it_changes_nothing(aigul, supplier, case):
    stored, stranger = StoredFile.objects.get(), make_user("yerbol", "beneficiary")
    other = make_complaint(person=aigul, supplier=supplier, subject="warranty")
    for actor, number, error in (
        (make_seller(supplier), case.number, Forbidden),
        (make_user("hotline", "hotline"), case.number, Forbidden),
        (stranger, case.number, NotFound),
        (make_inspector("kz", "dtzpp-KZ-63"), case.number, NotFound),
        (aigul, other.number, NotFound),
    ):
        with pytest.raises(error):
            attachments.transcribe(number=number, file_id=stored.pk, actor=actor, text="Nothing happened.")
    stored.refresh_from_db()
    assert stored.transcript == "" and not Event.objects.filter(kind="complaint.transcribed").exists()


def test_a_text_that_is_refused_stands_in_the_form_again(client, aigul, case):
    stored = StoredFile.objects.get()
    client.force_login(aigul)
    url = f"/en/complaints/{case.number}/recordings/{stored.pk}/"
    long = "Дөңгелек " * 3000
    page = client.post(url, {"transcript": long})
    assert page.status_code == 422 and long.strip() in text_of(page)
    assert f'href="#{stored.pk}"' in text_of(page)
    assert "Write what the recording says or shows." in text_of(client.post(url, {"transcript": " "}))
    stored.refresh_from_db()
    assert stored.transcript == ""


def test_who_hides_her_name_is_asked_for_a_few_words(client, address):
    client.post(address, {"text": "", "hide_name": "on", "_photo": voice()})
    asked = "The supplier does not get the recording"
    assert asked in text_of(client.get(f"{address}check/"))
    client.post(address, {"text": "The wheel came off.", "hide_name": "on"})
    assert asked not in text_of(client.get(f"{address}check/"))


def test_a_voice_gives_nobody_away(client, aigul, supplier):
    """Who hid her name: the supplier reads what it says and never hears it."""
    case = make_complaint(person=aigul, supplier=supplier, hide_name=True)
    stored = attachments.add(number=case.number, actor=aigul, upload=voice())
    attachments.transcribe(number=case.number, file_id=stored.pk, actor=aigul, text="The wheel came off.")
    seller = make_seller(supplier)
    client.force_login(seller)
    page = text_of(client.get(f"/en/supplier/complaints/{case.number}/"))
    assert "The wheel came off." in page and "You read what it says." in page and "<audio" not in page
    listed = client.get(f"{API}/{case.number}").json()["files"]
    assert [(item["url"], item["transcript"]) for item in listed] == [(None, "The wheel came off.")]
    assert client.get(f"/files/{stored.pk}/", headers={"Range": "bytes=0-1"}).status_code == 404
    assert not attachments.may_transcribe(seller, selectors.read(seller, case.number))
