"""Files made to harm or to tell too much, through every door that takes files: each is refused or comes out clean.

Doors are asked by their addresses. What is kept is read back byte by byte. More about single formats:
tests/marketplace/test_files.py, test_recordings.py, tests/suppliers/pricelist/test_hostile_files.py.
"""

import io
import socketserver
import struct
import threading
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from complaints.models import Complaint
from complaints.states import OPEN_STATES
from marketplace import crypto, files, outbox, scanning
from marketplace.models import Draft, DraftFile, Event, OutboxRow, StoredFile
from orders.models import Order
from suppliers.models import PriceList, StockRecord
from suppliers.pricelist import jobs
from tests.recordings import PLACE, mp3, mp4, webm
from tests.rights.world import World, clients, undone

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("rights leaks")]

SCRIPT = b"<script>alert(1)</script>"
# A test string that every scanner knows; in two parts, so that this file is no find itself.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + rb"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
TELLING = (SCRIPT, PLACE, EICAR, b"%PDF", b"PK\x03\x04", b"/JavaScript", b"Exif\0\0", b"XMP", b"Shymkent", b"<?php")


# --- The files -------------------------------------------------------------------------------------


def picture(form: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((60, 40), 50).convert("RGB").save(buffer, form, **options)
    return buffer.getvalue()


def with_place() -> bytes:
    """As a telephone takes it: where, and with what."""
    exif = Image.Exif()
    exif[0x010F], exif[0x010E] = "Shymkent phone", "At home in Shymkent"
    exif.get_ifd(0x8825).update({1: "N", 2: (42.0, 20.0, 30.0), 3: "E", 4: (69.0, 35.0, 24.0)})
    return picture(exif=exif)


def png_with_text() -> bytes:
    words = PngInfo()
    words.add_text("Comment", SCRIPT.decode())
    words.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>Shymkent</x:xmpmeta>")
    return picture("PNG", pnginfo=words)


def zipped(*parts: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return out.getvalue()


def bomb_png(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    points = zlib.compress(bytes(4_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", points) + chunk(b"IEND", b"")


PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\ntrailer<</Root 1 0 R>>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">' + SCRIPT + b"</svg>"
REFUSED = {
    "nothing": b"",
    "svg": SVG,
    "html as jpeg": b"<!doctype html>" + SCRIPT,
    "html with the mark of a jpeg": b"\xff\xd8\xff\xe0" + SCRIPT * 20,
    "html with the mark of a webp": b"RIFF\0\0\0\0WEBP" + SCRIPT * 20,
    "gif": b"GIF89a" + bytes(60),
    "gif and script": b"GIF89a/*" + bytes(20) + b"*/=1;" + SCRIPT,
    "pdf with a script": PDF,
    "archive": zipped(("a.html", SCRIPT)),
    "program": b"MZ\x90\0" * 40,
    "program of Linux": b"\x7fELF" + bytes(80),
    "jpeg cut off": picture()[:300],
    "png cut off": picture("PNG")[:60],
    "bomb of 25,000 x 25,000 points": bomb_png(25_000),
    "bomb of 5,001 x 5,001 points": bomb_png(5_001),
    "film and a page behind": mp4() + SCRIPT,
    "film cut off": mp4()[:-9],
    "Matroska": webm(doctype=b"matroska"),
}
CLEANED = {
    "photo with the place": with_place(),
    "png with words": png_with_text(),
    "jpeg and a page": picture() + SCRIPT,
    "jpeg and an archive": picture() + zipped(("a.html", SCRIPT)),
    "jpeg whose comment is a pdf": picture(comment=PDF),
    "jpeg whose comment is a program": picture(comment=b"<?php system($_GET[1]); ?>" + SCRIPT),
    "webp with a description": picture("WEBP", xmp=b"<x:xmpmeta>XMP Shymkent</x:xmpmeta>"),
    "png and a script": picture("PNG") + SCRIPT,
}
RECORDED = {
    "film with the place": mp4(),
    "film of a browser with tags": webm(),
    "sound whose tag is a page": mp3(words=SCRIPT + PLACE),
}


# --- The doors -------------------------------------------------------------------------------------


@dataclass
class Doors:
    """Who stands before which door, in the demo country."""

    country: World
    browsers: dict[str, Client] = field(default_factory=dict)

    def draft(self, kind: str, role: str, content: bytes) -> int:
        user = self.country.users[role]
        draft = Draft.objects.filter(kind=kind, author=user, status=Draft.Status.OPEN).latest("created_at")
        DraftFile.objects.filter(draft=draft).delete()
        path = f"/api/v1/drafts/{draft.pk}/files/{uuid.uuid4()}"
        headers = {
            "Upload-Offset": "0",
            "Upload-Length": str(len(content)),
            "Upload-Type": "image/jpeg",
            "Upload-Name": "a.jpg",
        }
        answer = self.browsers[role].put(path, content, content_type="application/octet-stream", headers=headers)
        return answer.status_code

    def application(self, content: bytes) -> int:
        return self.draft("order", "beneficiary", content)

    def complaint_draft(self, content: bytes) -> int:
        return self.draft("complaint", "beneficiary", content)

    def suppliers_document(self, content: bytes) -> int:
        return self.draft("onboarding", "applicant", content)

    def listing(self, content: bytes) -> int:
        return self.draft("listing", "supplier", content)

    def complaint(self, content: bytes) -> int:
        user = self.country.users["visitor"]
        case = Complaint.objects.filter(complainant=user).exclude(status="closed").first()
        if case is None:
            Complaint.objects.filter(pk=Complaint.objects.filter(complainant=user).earliest("pk").pk).update(
                status=OPEN_STATES[0], respond_by="2030-01-01"
            )
            case = Complaint.objects.filter(complainant=user).earliest("pk")
        path = f"/api/v1/complaints/{case.number}/attachments"
        return self.browsers["visitor"].post(path, {"file": upload(content)}).status_code

    def visitors_complaint(self, content: bytes) -> int:
        path = "/en/complaints/new/visitor/?subject=defect&sphere=durable&region=KZ-79"
        about = {"subject": "defect", "sphere": "durable", "region": "KZ-79"}
        given = about | {"_photo": upload(content), "_add_photo": "", "text": "Broken."}
        page = self.browsers["anonymous"].post(path, given)
        return 201 if StoredFile.objects.filter(subject__startswith="visitor").exists() else page.status_code

    def delivery(self, content: bytes) -> int:
        partner = self.country.users["supplier"].partners.get()
        order = Order.objects.filter(partner=partner, status="in_delivery").earliest("pk")
        given = {"code": crypto.code("delivery", order.number), "photo": upload(content)}
        self.browsers["supplier"].post(f"/en/supplier/orders/{order.number}/deliver/", given)
        order.refresh_from_db()
        return 201 if order.status == "delivered" else 422


def upload(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/jpeg")


OF_PICTURES: dict[str, Callable[[Doors, bytes], int]] = {
    "application": Doors.application,
    "supplier's document": Doors.suppliers_document,
    "listing": Doors.listing,
    "delivery": Doors.delivery,
}
OF_RECORDINGS: dict[str, Callable[[Doors, bytes], int]] = {
    "complaint being written": Doors.complaint_draft,
    "complaint": Doors.complaint,
    "visitor's complaint": Doors.visitors_complaint,
}
ALL = OF_PICTURES | OF_RECORDINGS


@pytest.fixture(scope="module")
def doors(country: World) -> Doors:
    return Doors(country, clients(country))


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    yield
    cache.clear()


@contextmanager
def trying(door: Callable[[Doors, bytes], int], doors: Doors, content: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """The door's answer and what is kept of the file; nothing stays."""
    cache.clear()
    with undone():
        before = set(StoredFile.objects.values_list("pk", flat=True))
        status = door(doors, content)
        kept = []
        for row in StoredFile.objects.exclude(pk__in=before):
            with row.file.open("rb") as opened:
                kept.append(opened.read())
        yield status, kept


@pytest.mark.parametrize("door", ALL.values(), ids=ALL)
@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_is_no_decent_file_is_refused(doors, door, content):
    with trying(door, doors, content) as (status, kept):
        # Nothing at all is no file: the goods are handed over without a photo, the form comes again.
        assert kept == []
        assert status in {200, 400, 422} or not content


@pytest.mark.parametrize("door", ALL.values(), ids=ALL)
@pytest.mark.parametrize("content", CLEANED.values(), ids=CLEANED)
def test_a_picture_comes_out_as_points_and_nothing_else(doors, door, content):
    assert any(mark in content for mark in TELLING)
    with trying(door, doors, content) as (status, kept):
        assert status in {201, 204} and len(kept) == 1
        assert [mark for mark in TELLING if mark in kept[0]] == []
        with Image.open(io.BytesIO(kept[0])) as image:
            assert image.size == (60, 40) and not image.getexif()


@pytest.mark.parametrize("door", OF_RECORDINGS.values(), ids=OF_RECORDINGS)
@pytest.mark.parametrize("content", RECORDED.values(), ids=RECORDED)
def test_a_recording_loses_the_place_and_every_tag(doors, door, content):
    with trying(door, doors, content) as (status, kept):
        assert status in {201, 204} and len(kept) == 1
        assert [mark for mark in TELLING if mark in kept[0]] == [] and len(kept[0]) == len(content)


@pytest.mark.parametrize("door", OF_PICTURES.values(), ids=OF_PICTURES)
@pytest.mark.parametrize("content", RECORDED.values(), ids=RECORDED)
def test_a_door_for_pictures_takes_no_recording(doors, door, content):
    with trying(door, doors, content) as (status, kept):
        assert status == 422 and kept == []


def test_control_a_file_that_is_kept_as_it_came_is_noticed(doors, monkeypatch):
    content = CLEANED["jpeg and a page"]
    monkeypatch.setattr(files, "_drawn_anew", lambda image: files.Picture(content, "image/jpeg", "jpg"))
    with trying(Doors.application, doors, content) as (_status, kept):
        assert [mark for mark in TELLING if mark in kept[0]] == [SCRIPT]


# --- Price lists -------------------------------------------------------------------------------------

SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
WORKBOOK = (
    ("[Content_Types].xml", b"<Types/>"),
    ("xl/workbook.xml", b'<workbook><sheets><sheet name="a" sheetId="1"/></sheets></workbook>'),
)
LISTS = {
    "nothing": b"",
    "photo": picture(),
    "pdf": PDF,
    "page": b"<!doctype html>" + SCRIPT,
    "svg": SVG,
    "program": b"MZ\x90\0" * 40,
    "bomb as xlsx": zipped(*WORKBOOK, ("xl/worksheets/sheet1.xml", SHEET + b" " * 60_000_000)),
    "many parts as xlsx": zipped(*WORKBOOK, *((f"xl/worksheets/sheet{number}.xml", SHEET) for number in range(400))),
    "bomb as ods": zipped(
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", b"<office>" + b" " * 60_000_000),
    ),
    "archive in an archive": zipped(("inner.zip", zipped(("a.csv", b"sku;price\n" * 1000)))),
    "xlsx cut off": zipped(*WORKBOOK, ("xl/worksheets/sheet1.xml", SHEET))[:-40],
}


@pytest.mark.parametrize("content", LISTS.values(), ids=LISTS)
def test_a_price_list_that_is_none_changes_no_price(doors, content):
    with undone():
        prices = list(StockRecord.objects.order_by("pk").values_list("pk", "price", "num_in_stock"))
        before = set(PriceList.objects.values_list("pk", flat=True))
        answer = doors.browsers["supplier"].post("/en/supplier/price-lists/", {"file": upload(content, "prices.xlsx")})
        for row in OutboxRow.objects.filter(topic=jobs.TOPIC, done_at=None):
            outbox.run(row.pk)  # a large one is read by the worker
        states = list(PriceList.objects.exclude(pk__in=before).values_list("status", flat=True))
        assert (answer.status_code == 422 and states == []) or (answer.status_code == 302 and states == ["refused"])
        assert list(StockRecord.objects.order_by("pk").values_list("pk", "price", "num_in_stock")) == prices


# --- A scanner ---------------------------------------------------------------------------------------


@dataclass
class Scanner:
    """Speaks clamd's INSTREAM; knows the test string."""

    address: str
    asked: int = 0
    answer: bytes = b""


@pytest.fixture
def scanner(settings: Any) -> Iterator[Scanner]:
    scanning.breaker.reset()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            assert self.rfile.read(10) == b"zINSTREAM\0"
            content = b""
            while length := struct.unpack(">I", self.rfile.read(4))[0]:
                content += self.rfile.read(length)
            said.asked += 1
            found = b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"
            self.wfile.write((said.answer or found) + b"\0")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said = Scanner(f"tcp://127.0.0.1:{server.server_address[1]}")
        settings.SCANNER = said.address
        yield said
        server.shutdown()
    scanning.breaker.reset()


@pytest.mark.parametrize("door", ALL.values(), ids=ALL)
def test_every_door_asks_the_scanner_before_anything_is_kept(doors, door, scanner):
    with trying(door, doors, picture(comment=EICAR)) as (status, kept):
        assert kept == [] and status in {200, 422} and scanner.asked == 1
    with trying(door, doors, picture()) as (status, kept):
        assert len(kept) == 1 and scanner.asked == 2


@pytest.mark.parametrize("door", OF_RECORDINGS.values(), ids=OF_RECORDINGS)
def test_a_harmful_recording_is_refused(doors, door, scanner):
    with trying(door, doors, mp3(words=EICAR)) as (status, kept):
        assert kept == [] and status in {200, 422}


def test_a_harmful_price_list_is_refused(doors, scanner):
    with undone():
        before = PriceList.objects.count()
        content = b"sku;price\n" + EICAR + b";1\n"
        answer = doors.browsers["supplier"].post("/en/supplier/price-lists/", {"file": upload(content, "prices.csv")})
        assert answer.status_code == 422 and b"something harmful" in answer.content
        assert PriceList.objects.count() == before


@pytest.fixture(params=["nobody there", "its own fault"])
def away(request, settings, scanner) -> Iterator[Scanner]:
    """A scanner that cannot say: none at its address, or one that broke off."""
    if request.param == "nobody there":
        settings.SCANNER = "tcp://127.0.0.1:9"
    else:
        scanner.answer = b"INSTREAM size limit exceeded. ERROR"
    yield scanner


def back(settings: Any, scanner: Scanner, answer: bytes = b"") -> None:
    settings.SCANNER, scanner.answer = scanner.address, answer
    scanning.breaker.reset()


def test_while_it_is_away_pictures_are_taken_and_recordings_wait(doors, away, settings):
    with trying(Doors.application, doors, picture()) as (_status, kept):
        assert len(kept) == 1, "only its points are kept"
    with trying(Doors.complaint, doors, mp4()) as (status, kept):
        assert status == 201 and len(kept) == 1
        stored = StoredFile.objects.latest("created_at")
        assert stored.held == "waiting"
        owner, stranger = doors.browsers["visitor"], doors.browsers["guardian"]
        assert owner.get(f"/files/{stored.pk}/").status_code == 409
        assert stranger.get(f"/files/{stored.pk}/").status_code == 404
        assert files.look_at_held() == 0, "away still"
        back(settings, away)
        assert files.look_at_held() == 1 and files.look_at_held() == 0
        assert owner.get(f"/files/{stored.pk}/").status_code == 200


def test_what_was_harmful_is_removed_from_quarantine_and_told(
    doors, away, settings, django_capture_on_commit_callbacks
):
    with trying(Doors.complaint, doors, mp4()):
        stored = StoredFile.objects.latest("created_at")
        back(settings, away, b"stream: Something FOUND")
        with django_capture_on_commit_callbacks(execute=True):
            assert files.look_at_held() == 1
        stored.refresh_from_db()
        assert stored.held == "harmful" and not stored.file.storage.exists(stored.file.name)
        assert doors.browsers["visitor"].get(f"/files/{stored.pk}/").status_code == 410
        assert Event.objects.get(kind="file.harmful").subject == stored.subject
        page = doors.browsers["visitor"].get(f"/en/complaints/{stored.subject.partition(':')[2]}/").content.decode()
        assert "a scanner found something harmful" in page


def test_while_it_is_away_a_price_list_comes_again(doors, away):
    with undone():
        before = PriceList.objects.count()
        answer = doors.browsers["supplier"].post(
            "/en/supplier/price-lists/", {"file": upload(b"sku;price\nA;1\n", "a.csv")}
        )
        assert answer.status_code == 503 and PriceList.objects.count() == before


def test_one_that_does_not_answer_is_not_asked_by_everybody(scanner, settings):
    settings.SCANNER = "tcp://127.0.0.1:9"
    assert scanning.verdict([b"x"]) is scanning.Verdict.UNKNOWN and scanning.breaker.open
    settings.SCANNER = scanner.address
    assert scanning.verdict([b"x"]) is scanning.Verdict.UNKNOWN and scanner.asked == 0
    scanning.breaker.reset()
    assert scanning.verdict([b"x"]) is scanning.Verdict.CLEAN


def test_without_a_scanner_nobody_is_asked(settings):
    settings.SCANNER = ""
    assert scanning.verdict([EICAR]) is scanning.Verdict.CLEAN


def test_control_a_door_that_does_not_ask_is_noticed(doors, scanner, monkeypatch):
    monkeypatch.setattr(files, "scanned", lambda upload, field="file": True)
    with trying(Doors.complaint, doors, mp3(words=EICAR)) as (_status, kept):
        assert len(kept) == 1 and scanner.asked == 0
