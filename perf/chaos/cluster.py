"""A running portal as the faults see it: its programs to stop and kill, its people, its database, its twin."""

import contextlib
import shutil
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any, TypeVar
from xmlrpc.client import Fault as Refusal

import psutil
import psycopg2
import requests

from config import embedded, programs
from config.embedded.home import locate
from config.supervision import program_pids, supervisor
from perf.bench.compare import make_room
from perf.bench.servers import portal_web
from perf.chaos.proxy import Proxy
from perf.chaos.sick_search import fake_elastic
from perf.chaos.sms_gateway import SmsGateway
from perf.chaos.twin import Orders
from perf.portal import RunningPortal

Thing = TypeVar("Thing")
Made = TypeVar("Made")

PASSWORD = "demo-portal"
KIND = "adult-diapers"  # what people of perf/seed.py are entitled to
PATIENCE = 20.0  # seconds: the browser's rung of the ladder
HANDS = 4  # that prepare and race at a time: more would wait for the two cores
AWAY = 0  # instead of a status: no answer at all


@dataclass(frozen=True)
class Answer:
    """What one request got, and how long it took. ``status`` is AWAY when there was no answer."""

    status: int
    seconds: float
    body: Any = None
    headers: Any = None


class Person:
    """A program or browser of one signed-in person at one web server."""

    def __init__(self, url: str, token: str = "", patience: float = PATIENCE) -> None:
        self.url, self.patience = url, patience
        self.session = requests.Session()
        self.session.headers["Accept-Language"] = "ru"
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request, never raising: a broken connection is an answer, too."""
        began = time.monotonic()
        try:
            answer = self.session.request(
                method,
                f"{self.url}{path}",
                json=body,
                headers={name.replace("_", "-"): value for name, value in headers.items()},
                timeout=self.patience,
                allow_redirects=False,
            )
            kind = answer.headers.get("Content-Type", "")
            said = answer.json() if "json" in kind else answer.text
            return Answer(answer.status_code, time.monotonic() - began, said, answer.headers)
        except (requests.RequestException, ValueError):
            return Answer(AWAY, time.monotonic() - began)

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def save(self, draft: str, fields: dict[str, Any], key: str = "") -> Answer:
        ops = [{"f": name, "v": value, "base": 0, "seq": seq} for seq, (name, value) in enumerate(fields.items(), 1)]
        body = {"device": "chaos", "schema": 1, "ops": ops}
        return self.ask("PATCH", f"/api/v1/drafts/{draft}", body, idempotency_key=key or str(uuid.uuid4()))

    def submit(self, draft: str, rev: int, key: str) -> Answer:
        return self.ask("POST", f"/api/v1/drafts/{draft}/submit", {}, idempotency_key=key, if_match=f'"{rev}"')


def until_heard(ask: Callable[[], Answer], seconds: float = 180.0) -> Answer:
    """Ask again as draft.js does until the answer says something; the last one when nothing does."""
    deadline, pause = time.monotonic() + seconds, 0.05
    while (answer := ask()).status in (AWAY, 502, 503, 504) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 2, 1.0)
    return answer


def together(calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """All at the same moment; the answers in their order."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        gate.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def side_by_side(work: Callable[[Thing], Made], things: Iterable[Thing]) -> list[Made]:
    """A few at a time; what one raises is raised here."""
    with ThreadPoolExecutor(HANDS) as pool:
        return list(pool.map(work, things))


@dataclass(frozen=True)
class Ready:
    """A draft that only has to be sent."""

    person: str  # username
    token: str
    draft: str
    rev: int
    offer: int


class Cluster:
    """A running portal with the demo and people of perf/seed.py; ``close`` leaves it as it was found."""

    def __init__(self, portal: RunningPortal, people: int = 20, gateway: SmsGateway | None = None) -> None:
        self.portal, self.url, self.gateway = portal, portal.url, gateway
        self.tokens: dict[str, str] = {}
        self._made = contextlib.ExitStack()
        self._next = 0
        self.people = self._people(people)

    def close(self) -> None:
        self._made.close()

    # The database .........................................................................

    @property
    def services(self) -> embedded.ServiceUrls:
        return embedded.service_urls(self.portal.state)

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement and commit; its rows."""
        connection = psycopg2.connect(self.services.database_url, connect_timeout=5)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def number(self, statement: str, *values: Any) -> int:
        return int(self.sql(statement, *values)[0][0])

    def waiting(self) -> int:
        """Outbox rows that are not done."""
        return self.number("SELECT count(*) FROM marketplace_outboxrow WHERE done_at IS NULL AND dead_at IS NULL")

    def database_answers(self) -> bool:
        try:
            return self.number("SELECT 1") == 1
        except psycopg2.OperationalError:
            return False

    @contextmanager
    def transaction(self, statement: str, *values: Any) -> Iterator[None]:
        """Hold what ``statement`` locks for the length of the block."""
        connection = psycopg2.connect(self.services.database_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
            yield
        finally:
            connection.close()

    @contextmanager
    def all_connections(self) -> Iterator[int]:
        """Take every connection that the database gives; how many those were."""
        taken = []
        try:
            with contextlib.suppress(psycopg2.OperationalError):
                while len(taken) < 500:
                    taken.append(psycopg2.connect(self.services.database_url, connect_timeout=5))
            yield len(taken)
        finally:
            for connection in taken:
                connection.close()

    # People ...............................................................................

    def _people(self, number: int) -> list[str]:
        there = "SELECT username FROM marketplace_user WHERE username LIKE 'scale-%%' ORDER BY username LIMIT %s"
        found = [row[0] for row in self.sql(there, number)]
        if len(found) < number:
            volume = ("--products", "0", "--offers", "5", "--orders", "0", "--people", str(number))
            self.portal.manage("seed_scale", *volume)
            found = [row[0] for row in self.sql(there, number)]
        make_room(self.services.database_url, stock=False)
        return found

    def token(self, username: str) -> str:
        if username not in self.tokens:
            account = {"username": username, "password": PASSWORD}
            answer = until_heard(lambda: Person(self.url).ask("POST", "/api/v1/auth/token", account))
            self.tokens[username] = answer.body["token"]
        return self.tokens[username]

    def person(self, username: str, url: str = "", patience: float = PATIENCE) -> Person:
        return Person(url or self.url, self.token(username), patience)

    @staticmethod
    def read(person: Person, path: str) -> Any:
        """What stands at an address, as soon as the portal answers (it may come back from another fault)."""
        answer = until_heard(lambda: person.get(path))
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status or 'no answer'} {str(answer.body)[:200]}")
        return answer.body

    def ready(self, number: int, *, offer: int = 0, people: int = 0) -> list[Ready]:
        """Drafts with one line each that only have to be sent, of as many people as there are (or ``people``)."""
        chosen, regions = (offer, self._regions(offer)) if offer else self.offer()
        among = people or len(self.people)
        usernames = [self.people[(self._next + turn) % among] for turn in range(number)]
        self._next += number

        def draft_of(username: str) -> Ready:
            person, draft = self.person(username), str(uuid.uuid4())
            programme = self.read(person, "/api/v1/entitlements")["results"]
            fields = {
                "line.a.entitlement": next(row["id"] for row in programme if row["type"]["code"] == KIND),
                "line.a.offer": chosen,
                "line.a.quantity": 1,
                "contact.name": "Сынақ Тексеру",
                "contact.phone": "+77000000099",
                "delivery.region": regions[0],
                "delivery.address": "Тексеру көшесі 1",
                "consent.terms": True,
            }
            saved = until_heard(lambda: person.save(draft, fields))
            return Ready(username, self.token(username), draft, saved.body["rev"], chosen)

        return side_by_side(draft_of, usernames)

    def offer(self) -> tuple[int, list[str]]:
        """An offer of what people are entitled to, with the regions it goes to; stocked up and small in packs.

        Its supplier is one of the demo, with people who can act: those of perf/seed.py have nobody.
        """
        person = self.person(self.people[0])
        manned = {
            row[0]
            for row in self.sql(
                "SELECT s.id FROM partner_stockrecord s JOIN partner_partner_users u ON u.partner_id = s.partner_id"
            )
        }
        for product in self.read(person, f"/api/v1/products?type={KIND}")["results"]:
            for offer in self.read(person, f"/api/v1/products/{product['id']}")["offers"]:
                usual = offer["regions"] and offer["stock"] > 0 and offer["pack_size"] <= 60
                if usual and offer["id"] in manned:
                    self.sql(
                        "UPDATE partner_stockrecord SET num_in_stock = num_allocated + 5000 WHERE id = %s", offer["id"]
                    )
                    return offer["id"], offer["regions"]
        raise RuntimeError(f"nobody sells {KIND}")

    def _regions(self, offer: int) -> list[str]:
        product = self.number("SELECT product_id FROM partner_stockrecord WHERE id = %s", offer)
        offers = self.read(Person(self.url), f"/api/v1/products/{product}")["offers"]
        return next(row["regions"] for row in offers if row["id"] == offer)

    def orders_of(self, draft: str) -> list[str]:
        return [row[0] for row in self.sql("SELECT number FROM order_order WHERE draft_id = %s", draft)]

    def supplier_of(self, order: str) -> str:
        """Somebody who works for the order's supplier."""
        return str(
            self.sql(
                "SELECT u.username FROM order_order o JOIN partner_partner_users p ON p.partner_id = o.partner_id"
                " JOIN marketplace_user u ON u.id = p.user_id WHERE o.number = %s ORDER BY u.username LIMIT 1",
                order,
            )[0][0]
        )

    # Programs .............................................................................

    def pid(self, program: str) -> int:
        return program_pids(self.portal.state)[program]

    def running(self) -> dict[str, int]:
        return program_pids(self.portal.state)

    def signal(self, program: str, number: signal.Signals) -> None:
        psutil.Process(self.pid(program)).send_signal(number)

    def stop(self, program: str) -> None:
        with supervisor(self.portal.state) as manager, contextlib.suppress(Refusal):
            manager.stopProcess(self._named(program))

    def start(self, program: str) -> None:
        with supervisor(self.portal.state) as manager, contextlib.suppress(Refusal):
            manager.startProcess(self._named(program))

    def _named(self, program: str) -> str:
        return f"portal:{program}" if program in programs.PROGRAMS else program

    def kill(self, program: str, *, group: bool = False) -> None:
        """SIGKILL for its main process, or for it with all its children; returns when it is known to be gone."""
        pid = self.pid(program)
        main = psutil.Process(pid)
        for process in [*(main.children(recursive=True) if group else []), main]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.until(lambda: self.running().get(program) != pid, 10, pause=0.02)

    @contextmanager
    def away(self, program: str) -> Iterator[None]:
        """Stopped for the length of the block."""
        self.stop(program)
        try:
            yield
        finally:
            self.start(program)
            self.until(lambda: program in program_pids(self.portal.state), 30)

    @contextmanager
    def silent(self, program: str) -> Iterator[None]:
        """Takes connections and says nothing, for the length of the block."""
        process = psutil.Process(self.pid(program))
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)

    def forget_valkey(self) -> None:
        """Remove what Valkey keeps on the disk: call it while Valkey is stopped."""
        for path in locate(self.portal.state).valkey.iterdir():
            if path.name != "valkey.conf":
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    @staticmethod
    def until(true: Callable[[], bool], seconds: float, pause: float = 0.1) -> float:
        """Seconds until ``true()``; infinite when it did not become so in time."""
        began = time.monotonic()
        while not true():
            if time.monotonic() - began > seconds:
                return float("inf")
            time.sleep(pause)
        return time.monotonic() - began

    # The twin .............................................................................

    @cached_property
    def twin(self) -> "Twin":
        """The portal's web server once more, with faults inside; started when it is first asked for."""
        return self._made.enter_context(Twin(self))


class Twin:
    """A web server of the same portal on the same services, run by perf/chaos/twin.py, behind nothing.

    Its search engine is a stand-in behind a proxy: ``engine`` says what it answers, ``line`` how.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.folder = cluster.portal.state / "chaos"
        self.orders = Orders(self.folder / "orders.json")
        self.weaknesses: tuple[str, ...] = ()

    def environment(self) -> dict[str, str]:
        """For any program of the portal that is to have faults inside."""
        urls = self.cluster.services
        return {
            **self.cluster.portal.environment,
            "DATABASE_URL": urls.database_url,
            "REDIS_URL": urls.redis_url,
            "TWIN_ORDERS": str(self.orders.file),
        }

    def __enter__(self) -> "Twin":
        self.folder.mkdir(exist_ok=True)
        self.orders.give()
        names = "from catalog.search import elastic; print(elastic.ALIAS, elastic.VERSION)"
        alias, version = self.cluster.portal.manage("shell", "--no-imports", "-c", names).split()[-2:]
        with contextlib.ExitStack() as made:
            self.engine = made.enter_context(fake_elastic(alias, version))
            self.line = made.enter_context(Proxy(self.engine.url))
            twin = portal_web(
                "twin", self.cluster.portal, self.folder, probe="/healthz/live",
                server="perf.chaos.preloaded", application="perf.chaos.twin",
                TWIN_ORDERS=str(self.orders.file), ELASTICSEARCH_URL=self.line.url,
            )  # fmt: skip
            server = made.enter_context(twin)
            self.url = f"http://127.0.0.1:{server.port}"
            self._made = made.pop_all()
        return self

    @contextmanager
    def weak(self, *names: str) -> Iterator[None]:
        """Without these protections for the length of the block."""
        self.weaknesses = names
        self.orders.give(weak=names)
        try:
            yield
        finally:
            self.weaknesses = ()
            self.orders.give()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._made.close()


def percentile(seconds: Sequence[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
