"""What people at the portal notice of a price list of 100,000 rows that is applied meanwhile.

    python -m perf.bench.beside [--rows 100000] [--rate 20] [--seconds 30]

A portal of its own with as many offers of one supplier. Pages (lists, kinds, products, searches that nobody asked before)
and draft saves come at a fixed rate, before, while the list is read, and after; a latency counts from the moment at which
a request was due. Writes perf/results/beside.json. Exits with 1 when a request failed or the list was not applied; a
missed goal (the 95th percentile at most 20 % longer) is shown as missed.
"""

import argparse
import itertools
import json
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2

from config import embedded
from perf.bench import cases, compare, prices, walks
from perf.bench.client import Next, Result, open_loop
from perf.bench.visitor import Visitor
from perf.portal import ROOT, RunningPortal

RESULT = ROOT / "perf" / "results" / "beside.json"
SUPPLIER, PEOPLE = "supplier", 20
WINDOW = 5.0  # seconds of load between two looks at the list
LONGEST = 900.0
MOST_LONGER = 1.2
# All goods made for measurements become this supplier's: one offer of each.
TO_ONE = """
UPDATE partner_stockrecord s SET partner_id = (SELECT p.partner_id FROM partner_partner_users p
    JOIN marketplace_user u ON u.id = p.user_id WHERE u.username = %s)
FROM catalogue_product g WHERE g.id = s.product_id AND g.upc LIKE 'scale-%%'
"""


@dataclass(frozen=True)
class Phase:
    """What came out of one time: milliseconds of good answers."""

    name: str
    seconds: float
    answers: int
    failed: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


def mixed(port: int, people: Sequence[Visitor], goods: cases.Goods) -> Next:
    """A page of each kind, a search, a suggestion, a save, again and again."""
    looks = [case.requests for case in cases.portal_pages(port, goods) if case.requests is not None]
    turns = itertools.cycle([*looks, cases.Saves(people)])
    return lambda: next(turns)()


def phase(name: str, results: Sequence[Result]) -> Phase:
    """Several windows as one."""
    whole = Result(sum(result.seconds for result in results))
    for result in results:
        whole.latencies += result.latencies
        whole.statuses += result.statuses
    return Phase(
        name, whole.seconds, len(whole.latencies), whole.failed + whole.statuses[503],
        *(round(whole.percentile(share), 1) for share in (0.5, 0.95, 0.99)),
    )  # fmt: skip


def send(visitor: Visitor, content: bytes) -> str:
    """Send the list; its address to ask at."""
    boundary = uuid.uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="prices.xlsx"\r\n'
        "Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\r\n\r\n"
    )
    answer = visitor.send(
        "POST", "/api/v1/supplier/price-list", head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
        {"Content-Type": f"multipart/form-data; boundary={boundary}", "X-CSRFToken": visitor.csrf},
    )  # fmt: skip
    if answer.status not in (200, 202):
        raise RuntimeError(f"the list was not taken: {answer.status} {answer.text[:600]}")
    return f"/api/v1/supplier/price-list/{answer.json['id']}"


def run(rows: int, rate: float, seconds: float) -> tuple[list[Phase], dict[str, Any], float]:
    """The three times, what became of the list, and the seconds that it took."""
    with RunningPortal(ROOT / ".state" / "beside") as portal:
        portal.manage("seed_scale", "--products", str(rows), "--offers", "1", "--people", str(PEOPLE), timeout=3600)
        database = embedded.service_urls(portal.state).database_url
        with psycopg2.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(TO_ONE, [SUPPLIER])
        people = [walks.sign_in(portal.port, f"scale-{number:06d}") for number in range(1, PEOPLE + 1)]
        supplier = walks.sign_in(portal.port, SUPPLIER)
        requests = mixed(portal.port, people, cases.Goods.read(database))

        def window(length: float) -> Result:
            return open_loop(portal.port, requests, rate=rate, seconds=length, warm_up=0.0)

        window(seconds / 2)  # caches are warm, as on any day
        compare.settle(database)
        before = [window(seconds)]
        began = time.monotonic()
        address = send(supplier, prices.workbook(rows, "scale-{:06d}-0", "Scale {}", first=1))
        during, job = [], {"status": "waiting"}
        while job["status"] in ("waiting", "running") and time.monotonic() - began < LONGEST:
            during.append(window(WINDOW))
            job = supplier.get(address).json
        took = time.monotonic() - began
        compare.settle(database)
        after = [window(seconds)]
    return [phase("before", before), phase("meanwhile", during), phase("after", after)], job, took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    asked = parser.parse_args()
    phases, job, took = run(asked.rows, asked.rate, asked.seconds)
    print("| | answers | failed | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|---|")
    for found in phases:
        print(
            f"| {found.name} | {found.answers:,} | {found.failed} | {found.p50_ms} | {found.p95_ms} | {found.p99_ms} |"
        )
    calm, busy = phases[0].p95_ms, phases[1].p95_ms
    verdict = "met" if busy <= MOST_LONGER * calm else "**missed**"
    counts = {name: job.get(name) for name in ("status", "rows", "changed", "same", "refused", "problem")}
    print(
        f"The list: {counts} in {took:.0f} s. p95 {busy / calm if calm else 0:.2f} of the calm one, goal {MOST_LONGER}: {verdict}"
    )
    RESULT.parent.mkdir(exist_ok=True)
    data = {"phases": [vars(found) for found in phases], "list": counts, "seconds": round(took, 1), "rate": asked.rate}
    RESULT.write_text(json.dumps(data, indent=1))
    return 0 if job["status"] == "done" and not any(found.failed for found in phases) else 1


if __name__ == "__main__":
    sys.exit(main())
