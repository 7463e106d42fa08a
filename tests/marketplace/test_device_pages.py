"""What belongs to a browser: the service worker, pages for the time without a server, shared computers."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from complaints import loading as complaint_data
from marketplace import local_copies, offline
from marketplace.models import User
from tests.marketplace.conftest import RIGHT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("master_data")]

SignIn = Callable[[User], Client]
SHELLS = [
    f"/{language}/offline/{name}" for language in ("kk", "ru", "en") for name in ("", "application/", "complaint/")
]


@pytest.fixture(autouse=True)
def _fresh_worker() -> None:
    offline.worker_script.cache_clear()


@pytest.fixture
def installation(master_data: None) -> None:
    """Regions, rules and forms: what the shells show."""
    complaint_data.load_all()


@pytest.fixture
def bolat(db: None) -> User:
    """A beneficiary with a telling name."""
    user = User.objects.create(username="bolat", full_name="Болат Құпиябаев", role="beneficiary")
    user.set_password(RIGHT)
    user.save()
    return user


@pytest.fixture
def gulnar(db: None) -> User:
    """A caseworker."""
    return User.objects.create(username="gulnar", full_name="Гүлнар Оспанова", role="caseworker")


def test_a_shell_is_the_same_for_everybody(installation: None, signed_in: SignIn, bolat: User) -> None:
    visitor, person = Client(), signed_in(bolat)
    person.cookies["vision"] = "200.bw.1.1"
    for path in SHELLS:
        first, second = (client.get(path) for client in (visitor, person))
        assert first.status_code == 200
        assert first.content == second.content
        assert str(bolat).encode() not in first.content
        assert b"csrfmiddlewaretoken" not in first.content
        assert first["Cache-Control"] == "no-cache"


def test_the_worker_names_files_and_shells_and_is_asked_for_cheaply(installation: None) -> None:
    answer = Client().get("/sw.js")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert (answer["Cache-Control"], answer["Service-Worker-Allowed"]) == ("no-cache", "/")
    script = answer.content.decode()
    for part in ("app/app.css", "app/device.js", "offline/application/", "offline/complaint/", '"version": "'):
        assert part in script
    assert Client().get("/sw.js", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert "worker-src 'self'" in answer["Content-Security-Policy"]


def test_a_changed_text_is_a_new_version(installation: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = offline.worker_script()
    offline.worker_script.cache_clear()
    monkeypatch.setitem(offline._shells, "more", offline.Shell("more", "more/", "offline/list.html"))
    assert offline.worker_script() != before


def test_the_kill_switch_leaves_a_worker_that_removes_itself(
    settings: Settings, signed_in: SignIn, bolat: User
) -> None:
    settings.SERVICE_WORKER = False
    script = Client().get("/sw.js").content.decode()
    assert "unregister" in script
    assert "fetch" not in script
    assert 'data-worker="off"' in signed_in(bolat).get("/ru/account/").content.decode()


# --- Shared computers --------------------------------------------------------------------------


def _attributes(client: Client, path: str = "/ru/account/") -> str:
    """What the page tells its scripts."""
    return client.get(path).content.decode().partition("<body")[2].partition(">")[0]


def _signed_in_with_the_box(user: User, **box: str) -> Client:
    client = Client()
    answer = client.post("/ru/account/login/", {"login": user.username, "password": RIGHT, **box})
    assert answer.status_code == 302
    return client


def test_an_own_device_keeps_openly_what_a_citizen_types(bolat: User) -> None:
    client = _signed_in_with_the_box(bolat)
    assert 'data-local="open"' in _attributes(client)
    assert f'data-account="{local_copies.account_mark(bolat)}"' in _attributes(client)
    assert 'data-worker="on"' in _attributes(client)
    assert client.cookies["session"]["max-age"] == 12 * 3600


def test_the_box_at_the_sign_in_keeps_nothing_and_ends_with_the_browser(bolat: User) -> None:
    client = _signed_in_with_the_box(bolat, shared="on")
    assert client.cookies["session"]["max-age"] == ""
    assert client.cookies["shared-computer"]["httponly"]
    assert 'data-local="off"' in _attributes(client)
    assert 'data-worker="off"' in _attributes(client)
    assert "data-queue" not in _attributes(client)
    assert "data-seal" not in _attributes(client)


def test_the_next_person_at_a_shared_computer_finds_the_box_ticked(bolat: User) -> None:
    client = _signed_in_with_the_box(bolat, shared="on")
    client.post("/ru/account/logout/")
    assert 'name="shared" type="checkbox" checked' in client.get("/ru/account/login/").content.decode()
    client.post("/ru/account/login/", {"login": "bolat", "password": RIGHT})
    assert 'data-local="open"' in _attributes(client), "and may say that it is her own now"


def test_the_switch_works_without_javascript_and_tells_the_browser_to_erase(bolat: User) -> None:
    client = _signed_in_with_the_box(bolat)
    answer = client.post("/ru/shared-computer/", {"shared": "1"})
    assert (answer.status_code, answer["Clear-Site-Data"]) == (302, '"cache", "storage"')
    assert client.cookies["session"]["max-age"] == ""
    assert 'data-local="off"' in _attributes(client)
    answer = client.post("/ru/shared-computer/", {"shared": "0"})
    assert "Clear-Site-Data" not in answer
    assert client.cookies["session"]["max-age"] == 12 * 3600
    assert 'data-local="open"' in _attributes(client)


@pytest.mark.parametrize(
    ("shared", "erased", "header"),
    [
        (False, True, None),  # the script has sent and erased; files and shells stay, they are nobody's
        (False, False, '"storage"'),  # no script ran on this page: the browser erases
        (True, True, '"cache", "storage"'),
    ],
)
def test_what_the_browser_erases_at_sign_out(bolat: User, shared: bool, erased: bool, header: str | None) -> None:
    client = _signed_in_with_the_box(bolat, **({"shared": "on"} if shared else {}))
    answer = client.post("/ru/account/logout/", {"_erased": "1"} if erased else {})
    assert answer.status_code == 302
    assert answer.headers.get("Clear-Site-Data") == header


# --- Sealed copies -----------------------------------------------------------------------------


def test_the_key_of_a_session_lives_as_long_as_it(gulnar: User, signed_in: SignIn) -> None:
    client = signed_in(gulnar)
    answer = client.get("/api/v1/session-key")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    key = answer.json()
    assert len(key["key"]) == 44, "32 bytes in base64"
    assert client.get("/api/v1/session-key").json() == key
    assert f'data-seal="{key["id"]}"' in _attributes(client)
    assert 'data-local="sealed"' in _attributes(client)
    other = signed_in(gulnar).get("/api/v1/session-key").json()
    assert (other["id"] != key["id"], other["key"] != key["key"]) == (True, True)


def test_nobody_gets_a_key_without_a_session(gulnar: User) -> None:
    assert Client().get("/api/v1/session-key").status_code == 401


def test_the_csrf_answer_says_whose_session_it_is(bolat: User, signed_in: SignIn) -> None:
    assert Client().get("/api/v1/csrf").json()["account"] == ""
    assert signed_in(bolat).get("/api/v1/csrf").json()["account"] == local_copies.account_mark(bolat)
