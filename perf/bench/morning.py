"""The reset morning: everybody's half-year begins, and a tenth of the country orders in one hour. How much of it can this machine carry?

    python -m perf.bench.morning [--shares 0.1,0.2,0.35,0.5,0.75,1] [--seconds 60] [--minutes 10] [--write-readme]

292 pages, 389 saves and 19.4 orders a second are the whole (docs/scale.md). An open loop: each comes when it is due, a
latency counts from that moment. The share is raised until one misses the bar (the 99th percentile at most a second, no
error, nobody refused), and the last that met it is then held for ``minutes``. Six of fifteen pages are those of people who
have signed in: home, a list with what fits, a product, two steps of an application, its check; the others are visitors'.

Writes perf/results/morning.json. Exits with 1 when an order that was acknowledged is missing or there twice; a missed goal
is shown as missed.
"""

import argparse
import itertools
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import psycopg2

from config import embedded
from perf.bench import compare, readme, walks
from perf.bench.__main__ import prepare
from perf.bench.cases import LANGUAGE, TYPE, Goods, Saves, cookie_of, key_of, portal_pages, quoted
from perf.bench.client import GIVEN_UP, Next, in_turn, open_loop, prepared
from perf.bench.visitor import Visitor
from perf.portal import ROOT, RunningPortal

RESULT = ROOT / "perf" / "results" / "morning.json"
PAGES, SAVES, ORDERS = 292.0, 389.0, 19.4  # a second
PEOPLE, PRODUCTS = 200, 1_000
OF_PEOPLE = 6 / 15  # of the pages
SHARES = "0.1,0.2,0.35,0.5,0.75,1"
GOAL, P99_MS = 0.5, 1_000
OFFERS = 8  # that the orders are spread over
VISITORS = ("list", "type", "product", "search")
MAKERS = 6  # threads that fill in applications beforehand


@dataclass(frozen=True)
class Rung:
    """What came of one share. Milliseconds from the moment at which a request was due, of all kinds together."""

    share: float
    seconds: float
    offered: float
    good: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    late: int
    refused: int
    given_up: int
    errors: dict[str, int]
    orders: int
    lost: int
    twice: int

    def missed(self) -> list[str]:
        checks = {
            f"p99 {self.p99_ms:.0f} ms": self.p99_ms > P99_MS,
            f"{self.refused} refused": self.refused > 0,
            f"{self.given_up} gave up": self.given_up > 0,
            f"errors {self.errors}": bool(self.errors),
        }
        return [words for words, over in checks.items() if over]


class Orders:
    """Applications that were filled in before and only have to be sent: each request sends another one."""

    def __init__(self, people: Sequence[Visitor], chosen: Sequence[walks.Chosen], number: int) -> None:
        self.port = people[0].port
        self.sent: dict[str, str] = {}  # key → draft
        self.acknowledged: set[str] = set()
        turns = [(turn, person) for turn, person in enumerate(people)]
        shares = [number // len(people) + (turn < number % len(people)) for turn, _person in turns]

        def fill_in(turn: int, person: Visitor, wanted: int) -> list[bytes]:
            entitlement, _left = walks.entitlement(person, TYPE)
            return [self._ready(person, entitlement, chosen[turn % len(chosen)]) for _one in range(wanted)]

        with ThreadPoolExecutor(MAKERS) as makers:
            made = list(makers.map(lambda row: fill_in(*row[0], row[1]), zip(turns, shares, strict=True)))
        # One of each person in turn: nobody sends two at a time.
        self.requests = iter([one for row in itertools.zip_longest(*made) for one in row if one is not None])

    def _ready(self, person: Visitor, entitlement: int, goods: walks.Chosen) -> bytes:
        draft, key = str(uuid.uuid4()), f"morning-{uuid.uuid4()}"
        fields: dict[str, Any] = {
            "line.a.entitlement": entitlement, "line.a.offer": goods.offer, "line.a.quantity": 1,
            "contact.name": "Өлшеу Тексеру", "contact.phone": "+77000000099",
            "delivery.region": goods.region, "delivery.address": "Тексеру көшесі 1", "consent.terms": True,
        }  # fmt: skip
        rev = walks.save(person, draft, fields)
        self.sent[key] = draft
        headers = {
            "Content-Type": "application/json", "X-CSRFToken": person.csrf, "Cookie": cookie_of(person),
            "Idempotency-Key": key, "If-Match": f'"{rev}"',
        }  # fmt: skip
        return prepared("POST", f"/api/v1/drafts/{draft}/submit", headers=headers, body=b"{}", port=self.port)

    def __call__(self) -> bytes:
        return next(self.requests)

    def heard(self, request: bytes, status: int) -> None:
        if 200 <= status < 300 and request.startswith(b"POST "):
            self.acknowledged.add(self.sent[key_of(request)])

    def untrue(self, database_url: str) -> tuple[int, int]:
        """(acknowledged but not there, there more than once)"""
        with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT draft_id::text, count(*) FROM order_order WHERE draft_id = ANY(%s::uuid[]) GROUP BY draft_id",
                [list(self.sent.values())],
            )
            placed = dict(cursor.fetchall())
        return len(self.acknowledged - placed.keys()), sum(number > 1 for number in placed.values())


def mixed(kinds: Sequence[tuple[float, Next]]) -> Next:
    """Of each kind its share, evenly spread."""
    whole = sum(share for share, _next in kinds)

    def turns() -> Iterator[bytes]:
        given = [0] * len(kinds)
        for number in itertools.count(1):
            behind = [share / whole * number - had for (share, _next), had in zip(kinds, given, strict=True)]
            turn = behind.index(max(behind))
            given[turn] += 1
            yield kinds[turn][1]()

    return turns().__next__


def pages_of_people(people: Sequence[Visitor], goods: Goods) -> Next:
    """What people who have signed in look at on their way to an order."""
    requests = []
    for turn, person in enumerate(people):
        draft = str(uuid.uuid4())
        walks.save(person, draft, {"contact.name": "Өлшеу Тексеру"})
        pk, slug, _kind = goods.products[turn % len(goods.products)]
        paths = [
            f"/{LANGUAGE}/", f"/{LANGUAGE}/catalog/{TYPE}/", f"/{LANGUAGE}/catalog/{slug}_{pk}/",
            *(f"/{LANGUAGE}/applications/{draft}/{step}/" for step in ("contact", "delivery", "check")),
        ]  # fmt: skip
        headers = {"Accept-Language": LANGUAGE, "Cookie": cookie_of(person)}
        requests += [prepared("GET", quoted(path), headers=headers, port=person.port) for path in paths]
    return in_turn(requests)


class Morning:
    """A portal with people who have signed in; ``rung`` measures one share of the morning."""

    def __init__(self, portal: RunningPortal, people: int, *, stock: bool = True) -> None:
        self.port = portal.port
        self.database = embedded.service_urls(portal.state).database_url
        compare.make_room(self.database, stock=stock)
        names = [f"scale-{number:06d}" for number in range(1, people + 1)]
        with ThreadPoolExecutor(MAKERS) as makers:
            self.people = list(makers.map(lambda name: walks.sign_in(portal.port, name), names))
        self.chosen = [walks.Chosen(self.people[0], TYPE, turn) for turn in range(OFFERS)]
        goods = Goods.read(self.database)
        looks = [case.requests for case in portal_pages(self.port, goods) if case.row in VISITORS and case.requests]
        self.looks = mixed([(1.0, look) for look in looks])
        self.own = pages_of_people(self.people, goods)

    def rung(self, share: float, seconds: float) -> Rung:
        warm_up = min(3.0, seconds / 4)
        orders = Orders(self.people, self.chosen, round(ORDERS * share * (seconds + warm_up)) + 10)
        compare.settle(self.database)
        requests = mixed([
            (PAGES * (1 - OF_PEOPLE), self.looks), (PAGES * OF_PEOPLE, self.own),
            (SAVES, Saves(self.people)), (ORDERS, orders),
        ])  # fmt: skip
        rate = (PAGES + SAVES + ORDERS) * share
        result = open_loop(self.port, requests, rate=rate, seconds=seconds, warm_up=warm_up, heard=orders.heard)
        lost, twice = orders.untrue(self.database)
        return Rung(
            share, seconds, rate, result.rate,
            *(round(result.percentile(part), 1) for part in (0.5, 0.95, 0.99)),
            late=result.late, refused=result.statuses[503], given_up=result.statuses[GIVEN_UP],
            errors=result.other_failures,
            orders=len(orders.acknowledged), lost=lost, twice=twice,
        )  # fmt: skip


def climb(
    morning: Morning, shares: Sequence[float], seconds: float, hold: float, say: Callable[[str], None] = print
) -> list[Rung]:
    """Share after share until one misses the bar, then the last that met it for ``hold`` seconds, where there is one."""
    found: list[Rung] = []
    for share in shares:
        found.append(morning.rung(share, seconds))
        say(f"{share:g}: {found[-1].good:.0f} a second, p99 {found[-1].p99_ms:.0f} ms {found[-1].missed()}")
        if found[-1].missed():
            break
    met = [rung.share for rung in found if not rung.missed()]
    if met and hold:
        found.append(morning.rung(met[-1], hold))
    return found


def table(found: Sequence[Rung], hold: float) -> str:
    lines = [
        "| share of the morning | for | offered /s | good /s | p50 / p95 / p99, ms | refused, gave up, errors | orders placed, lost, twice | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        missed = "; ".join(one.missed())
        lines.append(
            f"| {one.share:g} | {one.seconds:g} s | {one.offered:.0f} | {one.good:.0f} | {one.p50_ms:.0f} / {one.p95_ms:.0f}"
            f" / {one.p99_ms:.0f} | {one.refused}, {one.given_up}, {sum(one.errors.values())} | {one.orders:,}, {one.lost},"
            f" {one.twice} | {f'**missed**: {missed}' if missed else 'met'} |"
        )
    held = max((one.share for one in found if not one.missed() and (not hold or one.seconds >= hold)), default=0.0)
    verdict = "met" if held >= GOAL else "**missed**"
    lines += ["", f"Share reached: **{held:g}** (goal {GOAL:g} with p99 at most {P99_MS} ms and no error): {verdict}."]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shares", default=SHARES)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--write-readme", action="store_true")
    asked = parser.parse_args()
    hold = asked.minutes * 60
    with RunningPortal(ROOT / ".state" / "morning") as portal:
        prepare(portal, PRODUCTS, 0, asked.people)
        found = climb(
            Morning(portal, asked.people), [float(one) for one in asked.shares.split(",")], asked.seconds, hold
        )
    words = (
        f"{asked.people} people, {PRODUCTS:,} products × 5 offers, {os.cpu_count()} CPUs, {time.strftime('%-d %B %Y')}."
    )
    print(f"\n{table(found, hold)}\n\n{words}")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps([asdict(one) for one in found], indent=1))
    if asked.write_readme:
        readme.write("morning", f"{table(found, hold)}\n\n{words}")
    return 1 if any(one.lost or one.twice for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
