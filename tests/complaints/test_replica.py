"""A streaming copy answers reports while it is fresh, and shows nobody older data than she just wrote."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from django.contrib.auth.hashers import make_password
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from config import embedded
from config.embedded import state as state_folder
from marketplace import replica
from marketplace.breaker import Breaker
from marketplace.models import User
from tests import services
from tests.complaints.factories import make_complaint, make_person
from tests.patience import PATIENCE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("replica")]
TODAY = "/api/v1/reports/complaints"


@pytest.fixture(scope="module")
def copy(django_db_setup: None) -> Iterator[embedded.RunningCopy]:
    """Of a server that these tests have for themselves: a copy waits for what other tests write, too."""
    place = connections["default"].settings_dict
    shared = place["PORT"]
    if str(state_folder.memory(services.STATE).get("postgres_port")) != shared:
        pytest.skip("another run has the server of .state/tests")
    with embedded.RunningCopy(services.STATE, follows=False) as own:
        connections["default"].close()
        place["PORT"] = str(own.port)
        try:
            with embedded.RunningCopy(services.STATE, of=own.port) as found:
                yield found
        finally:
            connections["default"].close()
            place["PORT"] = shared


@pytest.fixture
def reader(copy: embedded.RunningCopy, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A visitor of a portal that reads from the copy too."""
    here = connections["default"]
    # Not among the settings: the test database of a test is refused to any other alias that stands there.
    connections["replica"] = type(here)(here.settings_dict | {"PORT": str(copy.port)}, "replica")
    settings.REPLICA_URL, settings.DATABASE_ROUTERS = copy.url, ["marketplace.replica.Router"]
    monkeypatch.setattr(replica, "_behind", replica.Behind())
    monkeypatch.setattr(replica, "_away", Breaker(replica.AWAY_S))
    monkeypatch.setattr(replica._fresh, "_seconds", 0.0)  # look each time
    yield Client()
    connections["replica"].close()
    del connections["replica"]


class Copy:
    """What the tests do to it, as its superuser."""

    def __init__(self, running: embedded.RunningCopy) -> None:
        self.running = running

    def ask(self, statement: str) -> object:
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.running.port, user="postgres", dbname="postgres",
            password=state_folder.memory(services.STATE)["superuser_password"],
        )  # fmt: skip
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchone()[0]  # type: ignore[index]
        finally:
            connection.close()

    def follows(self) -> None:
        """Wait until it has what is written by now."""
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_lsn()")
            place = cursor.fetchone()[0]
        until = time.monotonic() + PATIENCE
        while not self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{place}'"):
            assert time.monotonic() < until, "the copy does not follow"
            time.sleep(0.02)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It takes what is written and does not show it."""
        self.ask("SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            self.ask("SELECT pg_wal_replay_resume()")


@pytest.fixture
def held(copy: embedded.RunningCopy) -> Copy:
    return Copy(copy)


def token_of(client: Client) -> str:
    User.objects.filter(username="dana").update(password=make_password("demo-portal"))
    account = {"username": "dana", "password": "demo-portal"}
    token = client.post("/api/v1/auth/token", account, content_type="application/json").json()["token"]
    client.cookies.clear()
    return str(token)


def examined(client: Client, **headers: str) -> int:
    answer = client.get(TODAY, headers=headers)
    assert answer.status_code == 200, answer.content
    return int(answer.json()["examined"])


def shown_old(reader: Client, held: Copy) -> None:
    """One complaint that the copy has, and one more that it does not show: call it while the copy is paused."""
    assert examined(reader) == 1
    make_complaint(now=timezone.now())
    assert examined(reader) == 1, "the copy answers"


def filed_one(reader: Client, held: Copy) -> None:
    """One complaint that the copy has. The portal has looked how far the copy was."""
    make_complaint(now=timezone.now())
    assert examined(reader) == 1
    held.follows()


def test_the_copy_answers_and_who_has_just_written_is_not_asked_from_it(reader, held):
    filed_one(reader, held)
    with held.paused():
        shown_old(reader, held)
        writer = Client()
        writer.force_login(make_person("dana"), "django.contrib.auth.backends.ModelBackend")
        told = writer.post(
            "/api/v1/complaints/route", {"subject": "late", "sphere": "goods"}, content_type="application/json"
        )
        cookie = told.cookies[replica.WROTE]
        assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (replica.WROTE_S, True, "Lax")
        assert replica.WROTE_S > replica.MOST_BEHIND_S + replica.LOOK_AGAIN_S
        assert examined(writer) == 2
        del writer.cookies[replica.WROTE]
        assert examined(writer) == 1, "the control: without the cookie she would see less than there is"
        program = {"authorization": f"Bearer {token_of(reader)}"}
        assert examined(reader, **program) == 2, "a program writes and reads in one place"
    held.follows()
    assert examined(reader) == 2


def test_a_copy_that_is_too_far_behind_is_left_alone(reader, held, monkeypatch):
    filed_one(reader, held)
    with held.paused():
        shown_old(reader, held)
        monkeypatch.setattr(replica, "MOST_BEHIND_S", 0.0)
        assert examined(reader) == 2


def test_a_copy_that_dies_is_not_noticed_and_comes_back(reader, held, monkeypatch):
    filed_one(reader, held)
    assert examined(reader) == 1
    held.running.kill()
    assert examined(reader) == 1 and replica._away.open
    make_complaint(now=timezone.now())
    assert examined(reader) == 2
    held.running.start()
    held.follows()
    monkeypatch.setattr(replica._away, "_skip_until", 0.0)  # some seconds later
    assert examined(reader) == 2 and not replica._away.open
    with held.paused():
        make_complaint(now=timezone.now())
        assert examined(reader) == 2, "it answers again"


def test_nothing_is_ever_written_to_the_copy_and_other_pages_do_not_read_it(reader, held):
    filed_one(reader, held)
    with held.paused():
        shown_old(reader, held)
        assert len(reader.get("/api/v1/suppliers").json()["results"]) == 1
        assert not replica._reads_copy.get()
    assert replica.Router().db_for_write(type(None)) == "default"  # type: ignore[arg-type]
    assert not replica.Router().allow_migrate("replica", "marketplace")


def test_without_a_copy_no_cookie_is_set(client):
    told = client.post("/api/v1/complaints/route", {"subject": "late"}, content_type="application/json")
    assert replica.WROTE not in told.cookies


@pytest.mark.parametrize(
    ("looks", "behind"),
    [
        ([(0, 100, 100)], 0),  # written and replayed are one place
        ([(0, 100, 90)], float("inf")),  # nothing that old is remembered
        ([(0, 100, 100), (4, 150, 100), (7, 200, 160)], 3),  # it has what was written at 4
        ([(0, 100, 100), (9, 200, 100)], 9),
    ],
)
def test_how_far_behind(looks, behind):
    now = [0.0]
    measured = replica.Behind(clock=lambda: now[0])
    for when, written, replayed in looks:
        now[0] = when
        found = measured.seconds(written, replayed)
    assert found == behind


def test_a_copy_that_became_a_database_of_its_own_is_left_alone(reader, held):
    """The last one: it is no copy any more."""
    filed_one(reader, held)
    assert examined(reader) == 1
    held.running.promote()
    make_complaint(now=timezone.now())
    assert examined(reader) == 2
