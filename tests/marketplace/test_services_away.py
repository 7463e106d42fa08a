"""With Valkey dead or silent people sign in and save; with the database away they get an honest answer (G6, G7)."""

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as portal_settings
from django.core.cache import cache, caches
from django.db import InterfaceError, OperationalError, connections
from django.test import Client
from pytest_django import Settings

from marketplace import health
from marketplace.cache import ForgivingRedisCache
from marketplace.models import Draft, Rule, User
from tests.marketplace.sample_draft import body_of, op, patch

SignIn = Callable[[User], Client]


class BlackHole:
    """Accepts connections and never says a word; counts them."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        try:
            while True:
                self.taken.append(self.socket.accept()[0])
        except OSError:
            return  # closed by the test

    def close(self) -> None:
        self.socket.close()
        for taken in self.taken:
            taken.close()


@pytest.fixture
def black_hole() -> Iterator[BlackHole]:
    hole = BlackHole()
    yield hole
    hole.close()


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def seconds(function: Callable[[], object]) -> float:
    started = time.monotonic()
    function()
    return time.monotonic() - started


def cache_at(port: int) -> ForgivingRedisCache:
    options = portal_settings.CACHES["default"]["OPTIONS"]
    return ForgivingRedisCache(f"redis://127.0.0.1:{port}/0", {"OPTIONS": options, "KEY_PREFIX": "test"})


# --- Valkey -----------------------------------------------------------------------------------


def test_a_living_cache_remembers() -> None:
    key = f"test-{uuid.uuid4()}"
    cache.set(key, {"a": 1}, 5)
    assert cache.get(key) == {"a": 1}
    assert cache.add(key, 2) is False
    cache.delete(key)
    assert cache.get(key, "gone") == "gone"


def test_a_silent_cache_costs_its_time_out_once(black_hole: BlackHole) -> None:
    silent = cache_at(black_hole.port)

    assert seconds(lambda: silent.get("x")) <= 0.4
    assert len(black_hole.taken) == 1

    def a_busy_page() -> None:
        for number in range(200):
            assert silent.get(f"x{number}", "missing") == "missing"
            silent.set(f"x{number}", 1)

    assert seconds(a_busy_page) <= 0.1
    assert len(black_hole.taken) == 1, "the breaker is open: nobody knocks again"


def test_threads_share_the_knowledge_that_it_is_away(black_hole: BlackHole) -> None:
    cache_at(black_hole.port).get("x")
    taken: list[float] = []
    threads = [
        threading.Thread(target=lambda: taken.append(seconds(lambda: cache_at(black_hole.port).get("x"))))
        for _number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(taken) < 0.05


def test_every_operation_of_a_dead_cache_is_a_miss(closed_port: int) -> None:
    dead = cache_at(closed_port)
    assert dead.get("x", 7) == 7
    assert dead.set("x", 1) is None
    assert dead.add("x", 1) is True, "whoever takes a key for a lock must not wait for ever"
    assert dead.touch("x") is False
    assert dead.delete("x") is False
    assert dead.get_many(["x"]) == {}
    assert dead.set_many({"x": 1}) == []
    assert dead.delete_many(["x"]) is None
    assert dead.incr("x") == 1
    assert dead.has_key("x") is False
    assert dead.clear() is None
    assert dead.get_or_set("x", lambda: 9) == 9


@pytest.fixture
def without_valkey(settings: Settings, black_hole: BlackHole) -> None:
    settings.CACHES = {
        "default": portal_settings.CACHES["default"] | {"LOCATION": f"redis://127.0.0.1:{black_hole.port}/0"}
    }
    assert caches["default"].get("x") is None


@pytest.mark.django_db
@pytest.mark.usefixtures("without_valkey", "sample_kind")
def test_people_sign_in_and_save_without_valkey(marat: User) -> None:
    marat.set_password("a long password")
    marat.save()
    client = Client()
    assert client.get("/ru/account/login/").status_code == 200

    def sign_in() -> None:
        answer = client.post("/ru/account/login/", {"login": "marat", "password": "a long password"})
        assert (answer.status_code, answer["Location"]) == (302, "/ru/")

    assert seconds(sign_in) < 1
    assert client.get("/ru/account/").status_code == 200
    draft_id = uuid.uuid4()
    assert patch(client, draft_id, body_of(op("name", "Марат"))).status_code == 200
    assert Draft.objects.get(pk=draft_id).value("name") == "Марат"


@pytest.mark.django_db
@pytest.mark.usefixtures("without_valkey", "sample_kind")
def test_a_draft_key_saves_without_valkey(signed_in: SignIn, marat: User) -> None:
    Rule.objects.create(code="draft.key_days", valid_from="2024-01-01", value={"days": 7}, mark="D", legal_basis={})
    client, draft_id = signed_in(marat), uuid.uuid4()
    patch(client, draft_id, body_of(op("name", "Марат")))
    answer = client.post(f"/api/v1/drafts/{draft_id}/key", {"device": "phone"}, content_type="application/json")
    key = answer.json()["key"]
    for given, status in ((key, 200), ("wrong", 401)):
        assert patch(Client(), draft_id, body_of(op("note", "көмек")), **{"Draft-Key": given}).status_code == status
    assert Draft.objects.get(pk=draft_id).value("note") == "көмек"


# --- The database -----------------------------------------------------------------------------


@pytest.fixture
def database_fails(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Exception]], None]:
    """``database_fails(OperationalError)``: from now on every statement of this thread fails with it."""

    def fail(error: type[Exception]) -> None:
        def cursor(*_args: object, **_options: object) -> None:
            raise error("server closed the connection unexpectedly")

        monkeypatch.setattr(connections["default"], "cursor", cursor)
        monkeypatch.setattr(connections["default"], "chunked_cursor", cursor)

    return fail


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("path", ["/ru/account/", "/ru/map/", "/ru/", "/ru/demo/outbox/"])
def test_pages_answer_503_without_the_database(
    signed_in: SignIn, marat: User, database_fails: Callable[[type[Exception]], None], path: str, error: type[Exception]
) -> None:
    client = signed_in(marat)
    client.raise_request_exception = False
    database_fails(error)

    response = client.get(path)

    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert "1414" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("path", ["/api/v1/drafts", "/api/v1/me"])
def test_the_api_answers_503_without_the_database(
    signed_in: SignIn, marat: User, database_fails: Callable[[type[Exception]], None], path: str, error: type[Exception]
) -> None:
    client = signed_in(marat)
    client.raise_request_exception = False
    database_fails(error)

    response = client.get(path)

    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "busy"


# --- Health -----------------------------------------------------------------------------------


@pytest.fixture
def database_elsewhere(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """New connections go to another port of this machine; the test's own stays."""

    def move(port: int) -> None:
        monkeypatch.setitem(connections.settings["default"], "HOST", "127.0.0.1")
        monkeypatch.setitem(connections.settings["default"], "PORT", str(port))

    return move


def test_live_asks_nobody() -> None:
    """Without the mark django_db every query fails here."""
    response = Client().get("/healthz/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db(transaction=True)
def test_ready_says_what_it_checked() -> None:
    response = Client().get("/healthz/ready")
    assert response.status_code == 200
    data = response.json()
    assert data["status"] == "ok"
    assert data["checks"]["database"]["status"] == "ok"
    assert data["checks"]["database"]["seconds"] < health.READY_WITHIN


@pytest.mark.django_db
def test_not_ready_when_the_database_refuses(database_elsewhere: Callable[[int], None], closed_port: int) -> None:
    database_elsewhere(closed_port)
    response = Client().get("/healthz/ready")
    assert response.status_code == 503
    assert response.json()["status"] == response.json()["checks"]["database"]["status"] == "down"
    assert Client().get("/healthz/live").status_code == 200


@pytest.mark.django_db
def test_not_ready_in_time_when_the_database_is_silent(
    database_elsewhere: Callable[[int], None], black_hole: BlackHole
) -> None:
    database_elsewhere(black_hole.port)

    assert seconds(health.readiness) <= 0.5
    for _number in range(5):
        assert Client().get("/healthz/ready").status_code == 503
    assert len(black_hole.taken) == 1, "those who ask meanwhile share the question"

    black_hole.close()  # the waiting question fails, the next one is a new one


@pytest.mark.django_db
def test_the_status_page_says_that_the_database_is_away(
    database_elsewhere: Callable[[int], None], closed_port: int
) -> None:
    database_elsewhere(closed_port)
    response = Client().get("/ru/status/")
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "1414" in response.content.decode()
