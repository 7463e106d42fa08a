"""A computer that strangers share: the button and the idle time leave nothing of a person there."""

import io
import re
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from complaints import loading as complaint_data
from marketplace import kiosk
from marketplace.models import Rule, StoredFile, User

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
FINISH, QUESTION = "/en/shared-computer/finish/", "/en/shared-computer/still-here/"
Pass = Callable[[int], None]


@pytest.fixture(autouse=True)
def _rules(master_data: None) -> None:
    complaint_data.load_all()


@pytest.fixture
def bolat(db: None) -> User:
    return User.objects.create(username="bolat", full_name="Болат", role="beneficiary")


@pytest.fixture
def shared() -> Client:
    client = Client()
    client.cookies["shared-computer"] = "1"
    return client


@pytest.fixture
def seconds_pass(monkeypatch: pytest.MonkeyPatch) -> Pass:
    """Tickets are signed and read as if so many seconds had gone by."""

    def go_by(seconds: int) -> None:
        monkeypatch.setattr(signing, "time", SimpleNamespace(time=lambda: time.time() + seconds))

    return go_by


def refresh(page: str) -> str:
    found = re.search(r'<noscript><meta http-equiv="refresh" content="([^"]*)">', page)
    return found.group(1).replace("&amp;", "&") if found else ""


def test_an_own_device_knows_nothing_of_all_this(bolat: User, signed_in: SignIn) -> None:
    for client in (Client(), signed_in(bolat)):
        page = client.get("/en/catalog/").content.decode()
        for part in ("data-finish", "data-idle", "kiosk.js", "refresh"):
            assert part not in page
    assert Client().post(FINISH)["Location"] == "/en/shared-computer/"


def test_every_page_of_a_shared_computer_has_the_button_and_the_question(shared: Client) -> None:
    for path in ("/en/", "/en/catalog/", "/en/track/", "/en/complaints/new/", "/ru/status/", "/kk/nothing/"):
        page = shared.get(path).content.decode()
        assert page.count("data-finish") == 1, path
        assert 'data-idle="180" data-grace="60"' in page, path
        assert page.count("kiosk.js") == 1, path


def test_the_ministry_moves_the_idle_time(shared: Client) -> None:
    Rule.objects.filter(code="complaint.kiosk_idle").update(value={"minutes": 5, "seconds": 90})
    assert 'data-idle="300" data-grace="90"' in shared.get("/en/").content.decode()


def test_finish_and_forget_ends_the_session_and_erases_the_browser(bolat: User, signed_in: SignIn) -> None:
    client = signed_in(bolat)
    client.cookies["shared-computer"] = "1"
    client.cookies["vision"] = "200.bw.1.1"
    answer = client.post(FINISH)
    assert (answer.status_code, answer["Location"]) == (302, "/en/shared-computer/finished/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    for name in ("session", "csrf", "vision"):
        assert answer.cookies[name]["max-age"] == 0, name
    assert client.cookies["shared-computer"].value == "1", "the next person is protected as well"
    page = client.get(answer["Location"]).content.decode()
    assert "Everything is erased" in page and str(bolat) not in page
    assert client.get("/en/account/").status_code == 302


def test_a_stale_page_finishes_as_well(bolat: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bolat, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["shared-computer"] = "1"
    assert client.post(FINISH)["Location"] == "/en/shared-computer/finished/"
    assert "_auth_user_id" not in client.session


def test_photos_of_a_complaint_that_was_not_sent_go_at_once(shared: Client) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30)).save(buffer, "JPEG")
    photo = SimpleUploadedFile("wheel.jpg", buffer.getvalue(), "image/jpeg")
    form = {"subject": "defect", "sphere": "goods", "region": "KZ-79", "text": "x", "key": "k1", "_photo": photo}
    shared.post("/en/complaints/new/visitor/", form | {"_add_photo": ""})
    other = StoredFile.objects.create(subject="visitor:other", purpose="complaint", size=1, file="x.jpg")
    assert StoredFile.objects.count() == 2
    shared.post(FINISH)
    assert list(StoredFile.objects.all()) == [other], "somebody else's stays"


# --- Without a script -----------------------------------------------------------------------------


def test_without_a_script_a_page_leads_to_the_question(bolat: User, signed_in: SignIn) -> None:
    client = signed_in(bolat)
    client.cookies["shared-computer"] = "1"
    wanted = "180; url=/en/shared-computer/still-here/?next=%2Fen%2Forders%2F"
    assert refresh(client.get("/en/orders/").content.decode()) == wanted


def test_where_somebody_may_be_typing_it_waits_ten_times_as_long_and_says_so(shared: Client) -> None:
    page = shared.get("/en/track/").content.decode()
    assert refresh(page).startswith("1800; url=")
    assert "What is not sent within 30 minutes is erased." in page


def test_a_page_that_holds_nothing_stands_still(shared: Client) -> None:
    assert refresh(shared.get("/en/").content.decode()) == ""
    assert "data-armed" not in shared.get("/en/").content.decode()


def test_the_question_can_be_answered_without_limit(bolat: User, signed_in: SignIn) -> None:
    client = signed_in(bolat)
    client.cookies["shared-computer"] = "1"
    for _time in range(12):
        page = client.get(f"{QUESTION}?next=/en/orders/").content.decode()
        assert "In 60 seconds everything on this screen is erased." in page
        assert '<a class="govuk-button" href="/en/orders/">I am still here</a>' in page
        assert refresh(page).startswith("60; url=/en/shared-computer/still-here/?next=")
        assert client.get("/en/orders/").status_code == 200


def test_the_question_leads_nowhere_else(shared: Client) -> None:
    assert "evil" not in shared.get(f"{QUESTION}?next=https://evil.example/").content.decode().partition("<main")[2]
    assert Client().get(f"{QUESTION}?next=/en/track/")["Location"] == "/en/track/"


def test_left_alone_the_question_ends_the_session(bolat: User, signed_in: SignIn, seconds_pass: Pass) -> None:
    client = signed_in(bolat)
    client.cookies["shared-computer"] = "1"
    over = refresh(client.get(QUESTION).content.decode()).partition("url=")[2]
    seconds_pass(60)
    answer = client.get(over)
    assert (answer.status_code, answer["Location"]) == (302, "/en/shared-computer/finished/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/en/account/").status_code == 302


@pytest.mark.parametrize("seconds", [0, 30, 50, 601])
def test_a_ticket_ends_nothing_too_early_or_long_after(
    bolat: User, signed_in: SignIn, seconds_pass: Pass, seconds: int
) -> None:
    client = signed_in(bolat)
    client.cookies["shared-computer"] = "1"
    over = refresh(client.get(QUESTION).content.decode()).partition("url=")[2]
    seconds_pass(seconds)
    assert client.get(over).status_code == 200
    assert client.get("/en/account/").status_code == 200


def test_a_ticket_of_somebody_else_ends_nothing(bolat: User, signed_in: SignIn, seconds_pass: Pass) -> None:
    client = signed_in(bolat)
    client.cookies["shared-computer"] = "1"
    seconds_pass(-100)
    foreign = signing.TimestampSigner(salt=kiosk.SALT).sign("another-session")
    forged = signing.TimestampSigner(salt="other").sign(client.session.session_key)
    seconds_pass(0)
    for ticket in (foreign, forged, "x", ""):
        assert client.get(QUESTION, {"ticket": ticket}).status_code == 200
    assert client.get("/en/account/").status_code == 200
