"""Draft saves while web workers and the database are killed: no receipt may turn out to be untrue.

Eight clients on four drafts, two to a draft, each with fields of its own and one that both write. A client
repeats a save with the same key until it has an answer that says something, as draft.js does.
"""

import json
import random
import statistics
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

import requests

from perf.chaos.history import History, Outcome, Save, check
from perf.chaos.kills import kill_database, kill_web_worker
from perf.portal import RunningPortal

CLIENTS_OF_A_DRAFT = 2
GIVE_UP = 60.0  # seconds for one save; then its outcome is unknown
LONGEST_AWAY = 180.0  # seconds from a kill to an answer, on a machine that has other things to do
SHARED_FIELD = "delivery.comment"
OWN_FIELDS = ("contact.name", "contact.phone", "delivery.address", "measures.note")


@dataclass(frozen=True)
class Storm:
    """How much of what. ``seed`` makes the choice of fields and victims repeatable."""

    acks: int = 10_000
    clients: int = 8
    web_kills: int = 20
    database_kills: int = 3
    seed: int = 1
    username: str = "parent"
    patience: float = 15.0  # seconds for one try
    trusting: bool = False  # a client that says "saved" without a receipt: what ours must not be


@dataclass(frozen=True)
class Report:
    history: History
    faults: list[str]
    web_kills: int
    database_kills: int
    seconds: float

    def figures(self) -> dict[str, Any]:
        waits = sorted(save.seconds for save in self.history.saves if save.outcome == "ok")
        return {
            "acknowledged": self.history.count("ok"),
            "refused": self.history.count("fail"),
            "unknown": self.history.count("unknown"),
            "tried again": sum(save.tries > 1 for save in self.history.saves),
            "web kills": self.web_kills,
            "database kills": self.database_kills,
            "faults": len(self.faults),
            "p50 ms": round(statistics.median(waits or [0]) * 1000),
            "p99 ms": round(waits[int(len(waits) * 0.99)] * 1000) if waits else 0,
            "worst s": round(max(waits or [0]), 1),
            "seconds": round(self.seconds),
        }


class Client(threading.Thread):
    """One device that types without a pause."""

    def __init__(self, number: int, draft: str, fields: tuple[str, ...], storm: "_Running"):
        super().__init__(name=f"device-{number}", daemon=True)
        self.device, self.draft, self.fields, self.storm = f"storm-{number}", draft, fields, storm
        self.chance = random.Random(storm.storm.seed * 1000 + number)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {storm.token}"
        self.versions: dict[str, int] = {}

    def run(self) -> None:
        number = 0
        while not self.storm.enough.is_set():
            number += 1
            save = self.save(self.chance.choice(self.fields), f"{self.device}/{number}")
            if self.storm.history.add(save) >= self.storm.storm.acks:
                self.storm.enough.set()

    def save(self, field: str, value: str) -> Save:
        body = json.dumps(
            {
                "device": self.device,
                "schema": 1,
                "ops": [{"f": field, "v": value, "base": self.versions.get(field, 0), "seq": 1}],
            }
        )
        key, began, tries = str(uuid.uuid4()), time.monotonic(), 0
        outcome: Outcome = "unknown"
        result: dict[str, Any] = {"s": "", "ver": 0}
        while outcome == "unknown" and time.monotonic() - began < GIVE_UP:
            tries += 1
            outcome, result = self.send(field, body, key)
            if outcome == "unknown":
                time.sleep(min(0.05 * 2**tries, 1.0) * self.chance.random())
            if outcome == "unknown" and self.storm.storm.trusting:
                outcome, result = "ok", {"s": "applied", "ver": self.versions.get(field, 0) + 1}
        if outcome == "ok":
            self.versions[field] = result["ver"]
        return Save(
            self.draft, field, value, outcome, result["s"], result["ver"], time.monotonic() - began, tries
        )  # fmt: skip

    def send(self, field: str, body: str, key: str) -> tuple[Outcome, dict[str, Any]]:
        nothing: dict[str, Any] = {"s": "", "ver": 0}
        try:
            answer = self.session.patch(
                f"{self.storm.url}/api/v1/drafts/{self.draft}",
                data=body,
                headers={"Content-Type": "application/json", "Idempotency-Key": key},
                timeout=self.storm.storm.patience,
            )
            if answer.status_code == 200:
                return "ok", answer.json()["r"][field]
        except (requests.RequestException, ValueError, KeyError):
            return "unknown", nothing
        # Anything of 500 and above may come from before or after the commit.
        return ("fail" if 400 <= answer.status_code < 500 else "unknown"), nothing


class _Running:
    """One storm in progress."""

    def __init__(self, portal: RunningPortal, storm: Storm, url: str):
        self.portal, self.storm, self.url = portal, storm, url
        self.history, self.enough = History(), threading.Event()
        self.token = ""
        account = {"username": storm.username, "password": "demo-portal"}
        self.token = self.ask("POST", "/auth/token", account)["token"]
        self.killed = {"web": 0, "database": 0}

    def clients(self) -> list[Client]:
        drafts = [str(uuid.uuid4()) for _ in range(max(1, self.storm.clients // CLIENTS_OF_A_DRAFT))]
        made = []
        for number in range(self.storm.clients):
            half = number // len(drafts) % CLIENTS_OF_A_DRAFT * 2
            made.append(
                Client(number, drafts[number % len(drafts)], (*OWN_FIELDS[half : half + 2], SHARED_FIELD), self)
            )
        return made

    def kill(self) -> None:
        """Kills at even distances of acknowledged saves, so that a slow machine gets as many as a quick one."""
        victims = ["web"] * self.storm.web_kills + ["database"] * self.storm.database_kills
        chance = random.Random(self.storm.seed)
        chance.shuffle(victims)
        for number, victim in enumerate(victims, 1):
            due = self.storm.acks * number // (len(victims) + 1)
            while self.history.count("ok") < due and not self.enough.is_set():
                time.sleep(0.02)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                if kill_database(self.portal) if victim == "database" else kill_web_worker(self.portal, chance):
                    self.killed[victim] += 1
                    break
                time.sleep(0.1)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the portal says as soon as it is back from the last kill."""
        deadline = time.monotonic() + LONGEST_AWAY
        while time.monotonic() < deadline:
            try:
                answer = requests.request(
                    method,
                    f"{self.url}/api/v1{path}",
                    json=body,
                    headers={"Authorization": f"Bearer {self.token}"} if self.token else {},
                    timeout=60,
                )
                if answer.status_code < 500:
                    answer.raise_for_status()
                    return answer.json()
            except requests.RequestException:
                pass  # no answer, or half of one
            time.sleep(0.3)
        raise RuntimeError(f"the portal did not come back for {path}")


def run(portal: RunningPortal, storm: Storm, url: str = "") -> Report:
    """One storm against a running portal, or what stands at ``url`` before it; bounded by the clients' time-outs."""
    running, began = _Running(portal, storm, url or portal.url), time.monotonic()
    clients = running.clients()
    killer = threading.Thread(target=running.kill, name="killer", daemon=True)
    for thread in (*clients, killer):
        thread.start()
    for thread in (*clients, killer):
        thread.join()
    ids = {client.draft for client in clients}
    drafts = {draft: running.ask("GET", f"/drafts/{draft}") for draft in ids}
    logs = {draft: running.ask("GET", f"/drafts/{draft}/history")["results"] for draft in ids}
    faults = check(running.history.saves, drafts, logs)
    return Report(
        running.history, faults, running.killed["web"], running.killed["database"], time.monotonic() - began
    )  # fmt: skip
