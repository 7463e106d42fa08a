"""Draft saves at 2, 5 and 10 times of what the portal can do: what people see, and whether any receipt was untrue.

    python -m perf.bench.overload [--seconds 60] [--factors 2,5,10] [--no-control] [--write-readme]

An open loop: saves come whatever the portal does, a latency counts from the moment a save was due, people leave after
5 s. Then the same against a web server of the same portal without admission control: nothing stands in front of it.
Writes perf/results/overload.json. Exits with 1 when an acknowledged save is missing or there twice, or a refusal is not
a 503 with Retry-After; a missed goal is shown as missed.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg2

from config import embedded
from perf.bench import compare, readme, walks
from perf.bench.__main__ import prepare
from perf.bench.cases import Saves, key_of
from perf.bench.client import GIVEN_UP, closed_loop, open_loop
from perf.bench.servers import portal_web
from perf.bench.visitor import Visitor
from perf.portal import ROOT, RunningPortal

RESULT = ROOT / "perf" / "results" / "overload.json"
CONTROL = "without admission control"
USERS = 16  # whose closed loop finds the knee
PEOPLE = 20
GOODPUT = {2: 0.95, 5: 0.85, 10: 0.65}  # of the own peak; others: as for the next larger factor
GOOD_P99_MS, REFUSAL_P99_MS, NORMAL_AGAIN_S = 250, 100, 2.0
CALM_MS = 250  # an answer as on any day
LONGEST_RECOVERY = 30.0


@dataclass(frozen=True)
class Storm:
    """One factor at one server. Milliseconds from the moment a save was due; ``goodput`` is good answers a second."""

    server: str
    factor: float
    peak: float
    offered: float
    goodput: float
    good_p50_ms: float
    good_p99_ms: float
    late: int
    given_up: int
    refused: int
    refusal_p99_ms: float
    without_retry_after: int
    other_failures: dict[str, int]
    acknowledged: int
    lost: int
    twice: int
    normal_again_s: float

    @property
    def share(self) -> float:
        return self.goodput / self.peak if self.peak else 0.0

    @property
    def controlled(self) -> bool:
        return self.server != CONTROL

    def untrue(self) -> list[str]:
        """What must never be; a server without admission control may refuse as it likes."""
        found = [f"{self.lost} acknowledged saves are missing"] * bool(self.lost)
        found += [f"{self.twice} saves are there twice"] * bool(self.twice)
        if not self.controlled:
            return found
        found += [f"{self.without_retry_after} refusals without Retry-After"] * bool(self.without_retry_after)
        return found + [f"refusals that are no 503: {self.other_failures}"] * bool(self.other_failures)

    def missed(self) -> list[str]:
        """Goals of an overload that this one misses."""
        wanted = next((share for factor, share in sorted(GOODPUT.items()) if factor >= self.factor), 0.65)
        checks = {
            f"goodput {self.share:.0%} of the peak, goal {wanted:.0%}": self.share < wanted,
            f"p99 of good answers {self.good_p99_ms:.0f} ms, goal {GOOD_P99_MS}": self.good_p99_ms > GOOD_P99_MS,
            f"{self.given_up} people gave up": self.given_up > 0,
            f"p99 of refusals {self.refusal_p99_ms:.0f} ms, goal {REFUSAL_P99_MS}": self.refusal_p99_ms
            > REFUSAL_P99_MS,
            f"normal again after {self.normal_again_s:.1f} s, goal {NORMAL_AGAIN_S:g}": self.normal_again_s
            > NORMAL_AGAIN_S,
        }
        return [words for words, over in checks.items() if over]


class Receipts:
    """Which saves were acknowledged, held against the portal's log afterwards."""

    def __init__(self, saves: Saves, database_url: str) -> None:
        self.saves, self.database_url = saves, database_url
        self.acknowledged: set[str] = set()

    def heard(self, request: bytes, status: int) -> None:
        if status == 200:
            self.acknowledged.add(key_of(request))

    def untrue(self) -> tuple[int, int]:
        """(acknowledged but missing, there more than once)"""
        with psycopg2.connect(self.database_url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT key, count(*) FROM marketplace_draftsave WHERE key LIKE %s GROUP BY key",
                [f"bench-{self.saves.run}-%"],
            )
            written = dict(cursor.fetchall())
        return len(self.acknowledged - written.keys()), sum(number > 1 for number in written.values())


def find_knee(port: int, people: Sequence[Visitor], seconds: float) -> float:
    """Saves a second that the server does when nobody is in a hurry."""
    return closed_loop(port, Saves(people, port=port), users=USERS, seconds=seconds, warm_up=min(2.0, seconds / 2)).rate


def storm(
    name: str, port: int, people: Sequence[Visitor], database_url: str, *, factor: float, peak: float, seconds: float
) -> Storm:
    """``factor`` times the peak for ``seconds``, then how long until it is a day like any other."""
    saves = Saves(people, port=port)
    receipts = Receipts(saves, database_url)
    result = open_loop(
        port, saves, rate=factor * peak, seconds=seconds, warm_up=min(1.0, seconds / 4), heard=receipts.heard
    )
    again = normal_again(saves.send)
    lost, twice = receipts.untrue()
    statuses = result.statuses
    return Storm(
        server=name,
        factor=factor,
        peak=peak,
        offered=(sum(statuses.values()) + result.late) / seconds,
        goodput=result.rate,
        good_p50_ms=result.percentile(0.5),
        good_p99_ms=result.percentile(0.99),
        late=result.late,
        given_up=statuses[GIVEN_UP],
        refused=statuses[503],
        refusal_p99_ms=result.refusal_percentile(0.99),
        without_retry_after=result.unnamed,
        other_failures=result.other_failures,
        acknowledged=len(receipts.acknowledged),
        lost=lost,
        twice=twice,
        normal_again_s=again,
    )


def normal_again(send: Callable[[], object]) -> float:
    """Seconds until three saves in a row are answered as on any day."""
    began, calm = time.monotonic(), 0
    while calm < 3 and time.monotonic() - began < LONGEST_RECOVERY:
        asked = time.monotonic()
        try:
            send()
        except (walks.Refused, OSError):
            calm = 0
            time.sleep(0.05)
            continue
        calm = calm + 1 if (time.monotonic() - asked) * 1000 < CALM_MS else 0
    return time.monotonic() - began


def run(
    portal: RunningPortal,
    factors: Sequence[float],
    seconds: float,
    *,
    control: bool = True,
    people: int = PEOPLE,
    say: Callable[[str], None] = print,
) -> list[Storm]:
    """Every factor against the portal as it is, then against the one without admission control."""
    database = embedded.service_urls(portal.state).database_url
    visitors = [walks.sign_in(portal.port, f"scale-{number:06d}") for number in range(1, people + 1)]
    found = []
    with ExitStack() as running:
        front = "nginx in front" if compare.has_proxy(portal) else "portal as it is"
        ports = {front: portal.port}
        if control:
            folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="tirek-overload-")))
            ports[CONTROL] = running.enter_context(
                portal_web("uncontrolled", portal, folder, probe="/healthz/live")
            ).port
        for name, port in ports.items():
            peak = find_knee(port, visitors, max(1.0, seconds / 6))
            say(f"{name}: peak {peak:.0f} saves a second")
            for factor in factors:
                found.append(storm(name, port, visitors, database, factor=factor, peak=peak, seconds=seconds))
                say(f"  ×{factor:g}: {found[-1].goodput:.0f}/s good, p99 {found[-1].good_p99_ms:.0f} ms")
    return found


def table(found: Sequence[Storm]) -> str:
    lines = [
        "| server | × peak | offered /s | good /s (of peak) | p50 / p99 of good, ms | gave up | refused 503 (p99 ms)"
        " | normal again | acknowledged, lost, twice | goals |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        missed = "; ".join(one.missed()) if one.controlled else "the control"
        lines.append(
            f"| {one.server} | {one.factor:g} of {one.peak:.0f} | {one.offered:,.0f} | {one.goodput:,.0f} ({one.share:.0%})"
            f" | {one.good_p50_ms:.0f} / {one.good_p99_ms:.0f} | {one.given_up:,} | {one.refused:,}"
            f" ({one.refusal_p99_ms:.0f}) | {one.normal_again_s:.1f} s | {one.acknowledged:,}, {one.lost}, {one.twice}"
            f" | {f'**missed**: {missed}' if one.controlled and missed else missed or 'met'} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--factors", default="2,5,10")
    parser.add_argument("--no-control", action="store_true")
    parser.add_argument("--write-readme", action="store_true")
    asked = parser.parse_args()
    factors = [float(factor) for factor in asked.factors.split(",")]
    with RunningPortal(ROOT / ".state" / "overload") as portal:
        prepare(portal, 0, 0, PEOPLE)
        found = run(portal, factors, asked.seconds, control=not asked.no_control)
    words = f"{asked.seconds:g} s each, {os.cpu_count()} CPUs, {time.strftime('%-d %B %Y')}."
    print(f"\n{table(found)}\n\n{words}")
    untrue = [f"{one.server} ×{one.factor:g}: {words}" for one in found for words in one.untrue()]
    print(*untrue, sep="\n")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False))
    if asked.write_readme:
        readme.write("overload", f"{table(found)}\n\n{words}")
    return 1 if untrue else 0


if __name__ == "__main__":
    sys.exit(main())
