"""A person at the portal, as Locust sees her: real sign-in, CSRF on, journeys timed from their first page to the last.

What she does is a journey with a name: several pages and calls, one after the other. Locust's statistics get a row of the
type "journey" for each, with the time that she waited for the portal; pauses in which she reads or types do not count. A
journey whose step fails is a failed journey. 503 with Retry-After is waited out as draft.js does it, and shown on its own row.
"""

import html
import os
import random
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import gevent
from locust import HttpUser, constant_pacing, task

from perf.budgets import WAITED_OUT
from perf.locustfiles.lines import FAST, Line, Phone, own_address

PASSWORD = "demo-portal"
CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
ERRORS = re.compile(r'govuk-error-summary__list".*?</ul>', re.DOTALL)
ASSETS = re.compile(
    r'<(?:link rel="(?:stylesheet|icon)"[^>]*?href|script[^>]*?src|img(?![^>]*loading="lazy")[^>]*?src)="(/[^"]+)"'
)
LANGUAGES = ("kk", "ru", "en")
PEOPLE = int(os.environ.get("LOAD_PEOPLE", "0"))  # accounts made by seed_scale: scale-000001 …
JOURNEY, ANCHOR, OUTCOME = "journey", "anchor", "outcome"
WITHOUT_LINE = ", without the line"
PATIENCE = 20.0  # seconds for one answer: the browser's rung of the ladder
TRIES = 8  # of one request that is answered with 503: more than half a minute
FOR_EVER = 1e6  # seconds
LONGEST_PAUSE = 10.0  # seconds between two of them


class Broken(Exception):
    """A step of a journey was not answered as it must be."""


def every(pattern: str, text: str) -> list[str]:
    """All addresses or values that ``pattern`` finds in a page, each once, in their order, as a browser reads them."""
    return list(dict.fromkeys(html.unescape(found) for found in re.findall(pattern, text)))


def first(pattern: str, text: str) -> str:
    """The first of them. Raises Broken."""
    found = every(pattern, text)
    if not found:
        raise Broken(f"{pattern} is not in the page")
    return found[0]


def nothing(_user: HttpUser) -> None:
    """She has given up."""


class PortalUser(HttpUser):
    """Signs in through the page, then uses pages and the API with the session and its CSRF token.

    ``once``: does one thing and never comes back, as in an open loop. ``line``: what her phone hangs on.
    """

    abstract = True
    once = False
    line: Line = FAST
    accounts: tuple[str, ...] = ()

    def on_start(self) -> None:
        if self.once:
            gevent.sleep(random.random())  # Locust lets a second's arrivals in together
            self.count("came")
        self.new_phone()
        name = self.account()
        if name:
            with self.journey("sign in"):
                self.sign_in(name)
            if not self.csrf:
                self.tasks = [nothing]  # what she came for needs an account; who ends is replaced by Locust

    def wait_time(self) -> float:
        """Between two things that she does, in seconds; whoever came for one thing does nothing more."""
        if self.once:
            self.client.close()
            self.cached.clear()
            return FOR_EVER
        return random.uniform(1, 3)

    def account(self) -> str:
        return random.choice(self.accounts) if self.accounts else ""

    def new_phone(self) -> None:
        """Nothing in its cache, no cookie, an address of its own."""
        self.language = random.choice(LANGUAGES)
        self.device = f"load-{uuid.uuid4().hex[:12]}"
        self.csrf = self.token = ""
        self.cached: set[str] = set()
        self.client.cookies.clear()
        self.phone = Phone(self.line, own_address(urlsplit(self.host).hostname or ""))
        for scheme in ("http://", "https://"):
            self.client.mount(scheme, self.phone)

    # Journeys .............................................................................

    @contextmanager
    def journey(self, name: str) -> Iterator[None]:
        """Time the block as a journey; a Broken one is recorded as failed, and the person goes on with something else."""
        began, line_before = time.perf_counter(), self.phone.taken
        self.thought, broken = 0.0, None
        try:
            yield
        except Broken as error:
            broken = error
        waited = time.perf_counter() - began - self.thought
        self._record(name, waited, broken)
        if self.line.slow:
            self._record(f"{name}{WITHOUT_LINE}", waited - (self.phone.taken - line_before), broken)

    def _record(self, name: str, seconds: float, broken: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type=JOURNEY,
            name=name,
            response_time=max(0.0, seconds) * 1000,
            response_length=0,
            exception=broken,
            context={},
        )

    def count(self, outcome: str) -> None:
        """One more of what is no request and no journey; on a row of its own."""
        self.environment.events.request.fire(
            request_type=OUTCOME, name=outcome, response_time=0, response_length=0, exception=None, context={}
        )

    def think(self, least: float = 0.2, most: float = 1.0) -> None:
        """She reads or types; her time, not the portal's."""
        if self.once:
            return
        pause = random.uniform(least, most)
        gevent.sleep(pause)
        self.thought += pause

    # Steps ................................................................................

    def sign_in(self, name: str) -> None:
        page = f"/{self.language}/account/login/"
        self.page("account/login/", "sign-in")
        fields = {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": self.token}
        answer = self.ask("POST", page, "POST sign-in", data=fields, headers={"Referer": f"{self.host}{page}"})
        if not answer.history:  # a wrong sign-in shows the form again instead of leading on
            raise Broken(f"{name} is not signed in: {' '.join(ERRORS.findall(answer.text))}")
        self.csrf = self.read("/csrf")["token"]

    def page(self, path: str, name: str, *, assets: bool = False) -> str:
        """A page in her language (or at an address that begins with "/"); remembers the token of its first form."""
        where = path if path.startswith("/") else f"/{self.language}/{path}"
        answer = self.ask("GET", where, f"page {name}")
        self._token_of(answer.text)
        if assets:
            self.load_assets(answer.text, answer.url)
        return str(answer.text)

    def post(self, path: str, fields: dict[str, Any], name: str, expected: tuple[int, ...] = (200,)) -> Any:
        """Send a form with the token of the last page; redirects are followed."""
        where = path if path.startswith("/") else f"/{self.language}/{path}"
        answer = self.ask(
            "POST",
            where,
            f"POST {name}",
            expected,
            data={"csrfmiddlewaretoken": self.token, **fields},
            headers={"Referer": f"{self.host}{where}"},
        )
        self._token_of(answer.text)
        return answer

    def load_assets(self, page: str, address: str) -> None:
        """Styles, scripts and pictures that her browser needs at once and has not got, one after the other."""
        for asset in every(ASSETS.pattern, page):
            if asset not in self.cached:
                self.ask("GET", urljoin(address, asset).removeprefix(self.host), "assets")
                self.cached.add(asset)

    def read(self, path: str, name: str = "", **params: Any) -> Any:
        return self.ask("GET", f"/api/v1{path}", f"GET {name or path}", params=params).json()

    def send(
        self, method: str, path: str, body: Any, *, name: str, expected: tuple[int, ...] = (200, 201), **headers: str
    ) -> Any:
        """A state-changing call with the CSRF token; what is no JSON is answered as text."""
        answer = self.ask(
            method,
            f"/api/v1{path}",
            f"{method} {name}",
            expected,
            json=body,
            headers={"X-CSRFToken": self.csrf, "Referer": f"{self.host}/", **headers},
        )
        return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.text

    def versions(self, draft: str) -> dict[str, int]:
        """How often each answer of a draft has been changed: a save says which of them it has seen."""
        fields = self.read(f"/drafts/{draft}", "/drafts/{id}")["fields"]
        return {name: entry["ver"] for name, entry in fields.items()}

    def save(
        self, draft: str, fields: dict[str, Any], seq: int = 1, seen: Mapping[str, int] | None = None, **more: Any
    ) -> Any:
        """One save as draft.js sends it. Raises Broken when an answer was not taken."""
        ops = [
            {"f": name, "v": value, "base": (seen or {}).get(name, 0), "seq": seq + number}
            for number, (name, value) in enumerate(fields.items())
        ]
        receipt = self.send(
            "PATCH",
            f"/drafts/{draft}",
            {"device": self.device, "schema": 1, "ops": ops, **more},
            name="/drafts/{id}",
            **{"Idempotency-Key": str(uuid.uuid4())},
        )
        refused = {name: taken["s"] for name, taken in receipt["r"].items() if taken["s"] not in ("applied", "same")}
        if refused:
            raise Broken(f"not taken: {refused}")
        return receipt

    def ask(self, method: str, path: str, name: str, expected: tuple[int, ...] = (200,), **what: Any) -> Any:
        """One request, tried again after as long as a 503 says. Raises Broken for what is not ``expected``."""
        for left in reversed(range(TRIES)):
            with self.client.request(method, path, name=name, catch_response=True, timeout=PATIENCE, **what) as answer:
                if answer.status_code in expected:
                    answer.success()
                    return answer
                wait = answer.headers.get("Retry-After", "") if answer.headers else ""
                if answer.status_code != 503 or not wait.isdecimal() or not left:
                    said = " ".join((answer.text or str(answer.error or "")).split())[:200]
                    answer.failure(f"{answer.status_code}: {said}")
                    raise Broken(f"{name}: {answer.status_code}")
                answer.request_meta["name"] = WAITED_OUT
                answer.success()
            gevent.sleep(min(LONGEST_PAUSE, int(wait) * random.uniform(0.5, 1.5)))
        raise AssertionError("the last try returns or raises")

    def _token_of(self, page: str) -> None:
        found = CSRF_FIELD.search(page)
        if found:
            self.token = found.group(1)


class Anchor(PortalUser):
    """Nobody: asks twice a second whether a process is alive, which asks nobody else.

    What this costs in the same run, on the same machine, beside the same crowd, is the measure of the journeys' budgets.
    """

    fixed_count = 1
    wait_time = constant_pacing(0.5)

    def on_start(self) -> None:
        self.new_phone()

    @task
    def look(self) -> None:
        began = time.perf_counter()
        answer = self.client.get("/healthz/live", name="live", timeout=PATIENCE)
        self.environment.events.request.fire(
            request_type=ANCHOR,
            name="live",
            response_time=(time.perf_counter() - began) * 1000,
            response_length=0,
            exception=None if answer.ok else Broken(f"{answer.status_code}"),
            context={},
        )
