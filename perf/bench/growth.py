"""How much of its rate each part of the portal keeps while the country fills it.

    python -m perf.bench.growth [--steps 1000:10000,10000:10000,100000:100000,1000000:1000000] [--write-readme]

Steps are products:orders, growing; one portal is filled further at each. Writes perf/results/growth.json. Exits with 1
when a request failed; a missed goal is shown as missed.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from config import embedded
from perf.bench import compare, readme
from perf.bench.__main__ import prepare
from perf.bench.figures import ROWS, Figures
from perf.bench.visitor import Visitor
from perf.portal import ROOT, RunningPortal

RESULT = ROOT / "perf" / "results" / "growth.json"
STEPS = "1000:10000,10000:10000,100000:100000,1000000:1000000"
GROWN = (
    "list",
    "type",
    "product",
    "search",
    "fresh",
    "suggest",
    "fit",
    "save",
    "walk",
    "work",
    "inbox",
    "complaints",
    "case",
)
EVENTS_OF_A_COMPLAINT = 3  # a little more, so there are as many as orders
LIMITS = ("plain", "pgbench")
LONGEST_TO_FOLLOW, LOOKS = 1800.0, 40  # looks in a row: each process answers some of them
KEPT, KEPT_BY_SEARCH = 0.7, 0.15
SEARCH_FROM, LARGE = 10_000, 100_000
SEARCH_P99_MS, LARGE_P99_MS = 150, 100


@dataclass(frozen=True)
class Step:
    products: int
    orders: int
    seconds_to_fill: float
    figures: Figures

    def value(self, row: str) -> tuple[float, float]:
        """(a second, p99 in milliseconds)"""
        data = self.figures.of(row, "limit" if row in LIMITS else "portal").as_data()
        return data["rate"], data["p99_ms"] or 0.0


def grow(
    portal: RunningPortal,
    sizes: Sequence[tuple[int, int]],
    options: compare.Options,
    say: Callable[[str], None] = print,
) -> Iterator[Step]:
    """Fill and measure, size after size."""
    for products, orders in sizes:
        began = time.monotonic()
        prepare(portal, products, orders, options.people, orders // EVENTS_OF_A_COMPLAINT)
        filled = time.monotonic() - began
        settle(portal)
        say(f"{products:,} products, {orders:,} orders and as many events of complaints after {filled:.0f} s")
        yield Step(products, orders, filled, compare.measure(portal, options, say))


def settle(portal: RunningPortal) -> None:
    """Wait until the search has what is new, and every web process counts all of it."""
    database = embedded.service_urls(portal.state).database_url
    compare.settle(database)
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalogue_productdocument")
        number = cursor.fetchone()[0]
    deadline, alike = time.monotonic() + LONGEST_TO_FOLLOW, 0
    while alike < LOOKS:
        shown = Visitor(portal.port).get("/api/v1/products").json["count"]
        alike = alike + 1 if shown == number else 0
        if not alike:
            if time.monotonic() > deadline:
                raise RuntimeError(f"a process counts {shown:,} of {number:,} products")
            time.sleep(1)


def kept(steps: Sequence[Step], row: str, since: int = 0) -> float | None:
    """The rate at the last step over that at the first with at least ``since`` products; None while that is one step."""
    counted = [step for step in steps if step.products >= since]
    if len(counted) < 2 or not counted[0].value(row)[0]:
        return None
    return counted[-1].value(row)[0] / counted[0].value(row)[0]


def goals(steps: Sequence[Step]) -> list[tuple[int, str, str, str]]:
    """(number in 6b, measure, what was reached, verdict)"""
    found = []
    for row in ("list", "type", "product", "save", "walk", "work", "inbox", "complaints", "case"):
        share = kept(steps, row)
        found.append((10, f"{ROWS[row]}, rate kept ≥ {KEPT}", _share(share), _verdict(share and share >= KEPT, share)))
    share, last = kept(steps, "fresh", SEARCH_FROM), steps[-1].value("fresh")
    reached = share is not None and share >= KEPT_BY_SEARCH and last[1] <= SEARCH_P99_MS
    # What was asked before is a kept page and says nothing about the search.
    words = f"new searches from {SEARCH_FROM:,} products, rate kept ≥ {KEPT_BY_SEARCH}, p99 ≤ {SEARCH_P99_MS} ms"
    found.append((11, words, f"{_share(share)}, p99 {last[1]:.0f} ms", _verdict(reached, share)))
    large = next((step for step in steps if step.products == LARGE and "searches_p99_ms" in step.figures.extra), None)
    words = f"new searches at {LARGE:,} × 5: {compare.SEARCHES}/s come, p99 ≤ {LARGE_P99_MS} ms"
    if large is None:
        return [*found, (5, words, "–", _verdict(False, None))]
    late, failed = large.figures.extra["searches_p99_ms"], large.figures.extra["searches_failed"]
    said = f"p99 {late:.0f} ms, {failed:.0f} failed; at most {large.value('fresh')[0]:.0f}/s"
    return [*found, (5, words, said, _verdict(late <= LARGE_P99_MS and not failed, large))]


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.2f}"


def _verdict(reached: Any, measured: object) -> str:
    return "not measured" if measured is None else "met" if reached else "**missed**"


def table(steps: Sequence[Step]) -> str:
    """Rate and p99 of every row at every size, what was kept, and the goals.

    Beside the plain view: what would have been kept, had that view, which knows of no data, kept all of its rate.
    """
    sizes = [f"{step.products:,} products, {step.orders:,} orders" for step in steps]
    lines = [
        f"| a second (p99 ms) | {' | '.join(sizes)} | kept | beside the plain view |",
        "|---" * (len(steps) + 3) + "|",
    ]
    machine = kept(steps, "plain")
    for row in (*GROWN, *LIMITS):
        cells = [f"{rate:,.1f} ({p99:.0f})" for rate, p99 in (step.value(row) for step in steps)]
        share = kept(steps, row)
        beside = share / machine if share is not None and machine else None
        lines.append(f"| {ROWS[row]} | {' | '.join(cells)} | {_share(share)} | {_share(beside)} |")
    filled = [f"{step.seconds_to_fill:,.0f} s" for step in steps]
    lines.append(f"| filled in | {' | '.join(filled)} | | |")
    lines += ["", "| 6b | measure | reached | |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(map(str, goal))} |" for goal in goals(steps)]
    return "\n".join(lines)


def as_data(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [
        {"products": step.products, "orders": step.orders, "filled_s": round(step.seconds_to_fill, 1)}
        | step.figures.as_data()
        for step in steps
    ]


def read_steps(text: str) -> list[tuple[int, int]]:
    """``1000:10000,…``. Raises ValueError when they do not grow."""
    sizes = [(int(products), int(orders)) for products, orders in (step.split(":") for step in text.split(","))]
    if sizes != sorted(sizes) or [orders for _p, orders in sizes] != sorted(orders for _p, orders in sizes):
        raise ValueError("steps must grow")
    return sizes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=read_steps, default=read_steps(STEPS))
    parser.add_argument("--seconds", type=float, default=compare.FULL_LENGTH.seconds)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write-readme", action="store_true")
    asked = parser.parse_args()
    options = compare.options(asked.seconds, asked.rounds, "", stock=False)
    with RunningPortal(ROOT / ".state" / "growth") as portal:
        steps: list[Step] = []
        for step in grow(portal, asked.steps, options):
            steps.append(step)
            code = report(steps, write_readme=asked.write_readme)  # the last one takes an hour, and what there is stays
    return code


def report(steps: Sequence[Step], *, write_readme: bool, result: Path = RESULT) -> int:
    """Write the file (and perf/README.md, when asked): 0, or 1 when a request failed."""
    result.parent.mkdir(exist_ok=True)
    result.write_text(json.dumps(as_data(steps), indent=1, ensure_ascii=False))
    if write_readme:
        readme.write("growth", table(steps))
    print(f"\n{table(steps)}")
    faults = [
        f"{step.products} {row}: {found.fault}"
        for step in steps
        for row, sides in step.figures.found.items()
        for found in sides.values()
        if found.failed
    ]
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
