"""The waiting room as browsers meet it: ticket, page, pass; who is never sent there."""

import re
import time
import uuid
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings as portal_settings
from django.test import Client

from marketplace import waiting_room
from marketplace.waiting_line import Importance, Line
from tests.factories import make_person

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Accept-Encoding": "identity"}
NO_ROOM = BROWSER | {"X-No-Room": "1"}
MAP = "/ru/map/"


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch, settings) -> Iterator[Line]:
    settings.PROXIES = 1
    client = redis.Redis.from_url(portal_settings.REDIS_URL)
    made = Line(client, prefix="test-room")
    monkeypatch.setattr(waiting_room, "line", lambda: made)
    client.delete(*made._keys)
    yield made
    client.delete(*made._keys)


def nine_o_clock(line: Line) -> None:
    """Even those who sign in wait, two browsers stand before who comes next, and nobody is called."""
    now = time.time() - 6
    for second in range(6):
        line.ask("nobody", Importance.OPEN_DATA, found_room=False, now=now + second)
    for ticket in ("a", "b"):
        line.ask(ticket, Importance.BROWSING, found_room=False)
    line._client.hset("test-room:state", "credit", "0.0")


@pytest.fixture
def crowded(line: Line) -> Line:
    nine_o_clock(line)
    return line


def turn_comes(line: Line) -> None:
    line._client.hset("test-room:state", "credit", "40.0")


@pytest.mark.parametrize(
    ("path", "importance"),
    [
        ("/kk/open-data/", Importance.OPEN_DATA),
        ("/ru/reports/kpis.csv", Importance.OPEN_DATA),
        ("/api/v1/open-data/complaints", Importance.OPEN_DATA),
        ("/kk/catalog/search/", Importance.SEARCH),
        ("/kk/", Importance.BROWSING),
        ("/kk/catalog/wheelchair/", Importance.BROWSING),
        ("/kk/feedback/", Importance.FEEDBACK),
        ("/q/abc", Importance.FEEDBACK),
        ("/kk/complaints/new/", Importance.FEEDBACK),
        ("/kk/account/login/", Importance.SIGN_IN),
        ("/kk/office/people/", Importance.SIGN_IN),
        ("/kk/applications/3f2b6c1e-0d4a-4a57-9a3f-6a1a2b3c4d5e/check/", None),
        ("/kk/complaints/new/3f2b6c1e-0d4a-4a57-9a3f-6a1a2b3c4d5e/", None),
        ("/api/v1/drafts", None),
        ("/api/v1/csrf", None),
        ("/files/3f2b6c1e-0d4a-4a57-9a3f-6a1a2b3c4d5e/", None),
        ("/kk/status/", None),
        ("/kk/offline/application/", None),
        ("/healthz/ready", None),
        ("/sw.js", None),
    ],
)
def test_what_waits_before_what(path, importance):
    assert waiting_room.importance_of("GET", path) == importance
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        assert waiting_room.importance_of(method, path) is None, "what saves or sends never waits"


@pytest.mark.django_db
def test_an_ordinary_day_knows_no_tickets(line):
    answer = Client().get(MAP, headers=BROWSER)
    assert answer.status_code == 200
    assert not {"ticket", "let-in"} & answer.cookies.keys()


@pytest.mark.django_db
def test_a_browser_gets_a_ticket_and_hears_its_place(crowded):
    browser = Client()
    answer = browser.get(MAP, headers=NO_ROOM)
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "<title>Перед вами в очереди: 2 – " in page
    assert "Пока мы не знаем, сколько придётся ждать." in page
    assert "1414" in page
    assert answer["Refresh"] == answer["Retry-After"]
    assert 5 <= int(answer["Refresh"]) <= 45
    assert answer["Cache-Control"] == "no-store"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "<script" not in page
    assert "aria-live" not in page
    ticket = answer.cookies["ticket"]
    assert (ticket["httponly"], ticket["samesite"]) == (True, "Lax")
    another = Client().get(MAP, headers=BROWSER)
    assert "очереди: 3" in another.content.decode(), "who comes later stands behind, also when there is room just then"
    assert "очереди: 2" in browser.get(MAP, headers=BROWSER).content.decode()


@pytest.mark.django_db
def test_whose_turn_comes_is_let_in_and_waits_no_more(crowded):
    browser = Client()
    browser.get(MAP, headers=NO_ROOM)
    turn_comes(crowded)
    answer = browser.get(MAP, headers=BROWSER)
    assert answer.status_code == 200
    assert answer.cookies["ticket"].value == ""
    crowded._client.hset("test-room:state", "credit", "0.0")
    assert browser.get("/ru/life/", headers=BROWSER).status_code == 404
    assert browser.get(MAP, headers=NO_ROOM).status_code == 200, "a second chance is a chance"
    assert Client().get(MAP, headers=BROWSER).status_code == 503


@pytest.mark.django_db
def test_a_ticket_or_pass_of_ones_own_making_is_worth_nothing(crowded):
    browser = Client()
    browser.cookies.load({"ticket": "a:forged", "let-in": "let in:1tqz:forged"})
    answer = browser.get(MAP, headers=BROWSER)
    assert answer.status_code == 503
    assert "очереди: 2" in answer.content.decode()


@pytest.mark.django_db
def test_a_page_can_be_told_to_stay_as_it_is(crowded):
    browser = Client()
    first = browser.get(f"{MAP}?a=1&b=2", headers=BROWSER)
    by_hand = re.search(r'href="([^"]*by-hand)"', first.content.decode())
    assert by_hand is not None
    address = by_hand[1].replace("&amp;", "&")
    answer = browser.get(address, headers=BROWSER)
    assert answer.status_code == 503
    assert "Refresh" not in answer
    assert "в течение 15 минут" in answer.content.decode()
    assert crowded._client.zscore("test-room:kept", waiting_room._tickets.unsign(answer.cookies["ticket"].value)) > (
        time.time() + 800
    )
    turn_comes(crowded)
    answer = browser.get(address, headers=BROWSER)
    assert (answer.status_code, answer["Location"]) == (302, f"{MAP}?a=1&b=2")
    assert browser.get(answer["Location"], headers=BROWSER).status_code == 200


@pytest.mark.django_db
def test_who_has_signed_in_is_not_sent_out_in_the_middle(line):
    person = make_person("aigul-waits")
    person.set_password("a long password")
    person.save()
    browser = Client()
    words = {"login": "aigul-waits", "password": "a long password"}
    answer = browser.post("/ru/account/login/", words, headers=BROWSER)
    assert (answer.status_code, bool(answer.cookies["let-in"].value)) == (302, True), (
        "before the page that she is led to"
    )
    assert "let-in" not in browser.get("/ru/account/", headers=BROWSER).cookies, "once is enough for some hours"
    nine_o_clock(line)
    assert Client().get(MAP, headers=BROWSER).status_code == 503
    assert browser.get(MAP, headers=NO_ROOM).status_code == 200
    browser.post("/ru/account/logout/", headers=BROWSER)
    assert browser.get(MAP, headers=BROWSER).status_code == 503, "the next person at this computer"


@pytest.mark.django_db
def test_drafts_and_what_is_sent_are_served_whatever_the_crowd(crowded):
    draft = f"/ru/applications/{uuid.uuid4()}/"
    assert Client().get(draft, headers=NO_ROOM).status_code != 503
    assert Client().get("/api/v1/csrf", headers=NO_ROOM).status_code == 200
    assert Client().post("/ru/account/login/", {"login": "x", "password": "y"}, headers=BROWSER).status_code == 200
    assert Client().get("/ru/status/", headers=NO_ROOM).status_code == 200


@pytest.mark.django_db
def test_a_program_is_told_to_come_again_and_gets_no_ticket(crowded):
    answer = Client().get("/api/v1/open-data/complaints", headers={"Accept": "application/json"})
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "ticket" not in answer.cookies
    assert answer.json()["code"] == "busy"


@pytest.mark.django_db
def test_the_word_of_a_client_without_our_proxy_is_not_believed(line, settings):
    settings.PROXIES = 0
    assert Client().get(MAP, headers=NO_ROOM).status_code == 200
    assert not line.waits(Importance.OPEN_DATA)


@pytest.mark.django_db
def test_without_valkey_it_is_as_before(monkeypatch, settings):
    settings.PROXIES = 1
    gone = Line(redis.Redis.from_url("redis://127.0.0.1:1/0", socket_timeout=0.3, socket_connect_timeout=0.3))
    monkeypatch.setattr(waiting_room, "line", lambda: gone)
    assert Client().get(MAP, headers=BROWSER).status_code == 200
    busy = Client().get(MAP, headers=NO_ROOM)
    assert (busy.status_code, "ticket" in busy.cookies) == (503, False)
    assert "Retry-After" in busy


@pytest.mark.parametrize(
    ("language", "words"), [("kk", "Сәл күте тұрыңыз"), ("ru", "немного подождите"), ("en", "Please wait")]
)
def test_the_page_speaks_the_language_of_the_address(crowded, language, words):
    answer = Client().get(f"/{language}/catalog/", headers=BROWSER)
    assert f'<html lang="{language}">' in answer.content.decode()
    assert words in answer.content.decode()


def test_waiting_asks_the_database_nothing(crowded):
    """Without the mark of the database any query is an error."""
    assert Client().get("/kk/", headers=BROWSER).status_code == 503
