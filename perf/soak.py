"""Half an hour at 60 % of what the portal can do: does anything grow that should not?

    python -m perf.soak [--minutes 30] [--share 0.6] [--every 10] [--write-readme]

A portal of its own on 127.0.0.1; stops by itself. First the knee is found, briefly, by the mix that follows: pages of the
catalogue and saves of drafts as on the reset morning (15 to 20), in a closed loop. Then the mix comes in an open loop at its
share of the knee, and beside it somebody orders again and again, so that the outbox and the workers have something to do. Every
ten seconds each program's memory, connections and open files are read, and what Valkey, the database and the outbox hold.

The verdict compares the middle of the end with the middle after warming up (a fifth of the time each): memory at most 5 % more,
connections and files no more, Valkey's memory at most 5 % more, the outbox empty, nothing restarted. Writes perf/results/soak.json;
exits with 1 when something grew.
"""

import argparse
import itertools
import json
import math
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import redis

from config import embedded
from config.supervision import program_pids
from perf.bench import __main__ as bench
from perf.bench import readme, walks
from perf.bench.cases import LANGUAGE, TYPE, Goods, Saves, quoted
from perf.bench.client import Next, Result, closed_loop, in_turn, open_loop, prepared
from perf.bench.visitor import Refused
from perf.portal import ROOT, RunningPortal

RESULT = ROOT / "perf" / "results" / "soak.json"
USERS = 16
PEOPLE = 20
PAGES, SAVES = 15, 20  # of each 35 requests, as in an order of the reset morning
BETWEEN_ORDERS = 2.0  # seconds
WARM = 0.2  # of the time, before anything is compared
WINDOW = 0.2  # of the time, at the beginning and at the end of what is compared
GROWTH = 0.05
SLACK_BYTES = 1024 * 1024  # a page here and there is no leak
MEGABYTE = 1024 * 1024
OUTBOX_S = 10.0
FAILED, REFUSED = 0.001, 0.05  # of all requests; more, and the share of the knee was none
MOST_MINUTES = 120.0


@dataclass(frozen=True)
class Used:
    """One program with its children. Bytes; ``own``: what no other process shares with it, asked of PostgreSQL only."""

    pid: int
    rss: int
    own: int
    connections: int
    files: int


@dataclass(frozen=True)
class Sample:
    """What there was ``at`` seconds after the beginning."""

    at: float
    programs: Mapping[str, Used]
    valkey_keys: int
    valkey_bytes: int
    database_connections: int
    outbox_age: float


# What a sample becomes before it is kept; a test plants a leak here.
Tamper = Callable[[Sample], Sample]


def look(state: Path, at: float) -> Sample:
    """Read everything once. Raises OSError or psycopg2.Error when a service does not answer."""
    urls = embedded.service_urls(state)
    programs = {name: used for name, pid in sorted(program_pids(state).items()) if (used := used_by(pid)) is not None}
    valkey = redis.Redis.from_url(urls.redis_url, socket_timeout=5)
    try:
        keys, held = (
            sum(space["keys"] for space in valkey.info("keyspace").values()),
            valkey.info("memory")["used_memory"],
        )
    finally:
        valkey.close()
    with psycopg2.connect(urls.database_url, connect_timeout=5) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()),"
            " (SELECT coalesce(extract(epoch FROM now() - min(available_at)), 0) FROM marketplace_outboxrow"
            "  WHERE done_at IS NULL AND dead_at IS NULL AND available_at <= now())"
        )
        connections, age = cursor.fetchone()
    connection.close()
    return Sample(at, programs, keys, held, connections, max(0.0, float(age)))


def used_by(pid: int) -> Used | None:
    """A program and its children; None when it has just ended."""
    rss = own = connections = files = 0
    try:
        main = psutil.Process(pid)
        for process in [main, *main.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess, FileNotFoundError):  # a child that ended while we looked
                rss += process.memory_info().rss
                if main.name() == "postgres":
                    own += process.memory_full_info().uss
                connections += sockets(process)
                files += process.num_fds()
    except psutil.NoSuchProcess:
        return None
    return Used(pid, rss, own, connections, files)


def sockets(process: psutil.Process) -> int:
    """Open ones. By their names where there is /proc: to ask what each is connected to costs more than what is measured."""
    folder = Path(f"/proc/{process.pid}/fd")
    if not folder.parent.parent.joinpath("self").exists():
        return len(process.net_connections("all"))
    found = 0
    for entry in folder.iterdir():
        with suppress(FileNotFoundError):
            found += str(entry.readlink()).startswith("socket:")
    return found


class Sampler(threading.Thread):
    """Looks every ``every`` seconds until it is told to stop."""

    def __init__(self, state: Path, every: float, tamper: Tamper = lambda sample: sample) -> None:
        super().__init__(name="sampler", daemon=True)
        self.state, self.every, self.tamper = state, every, tamper
        self.samples: list[Sample] = []
        self.blind: list[str] = []
        self.enough = threading.Event()

    def run(self) -> None:
        began = time.monotonic()
        for turn in itertools.count():
            if self.enough.wait(max(0.0, began + turn * self.every - time.monotonic())):
                return
            try:
                self.samples.append(self.tamper(look(self.state, time.monotonic() - began)))
            except (OSError, psycopg2.Error, redis.RedisError) as error:
                self.blind.append(f"{time.monotonic() - began:.0f} s: {type(error).__name__}")


@dataclass(frozen=True)
class Grown:
    """One number over the run: its middle after warming up and at the end, and what would have been allowed."""

    name: str
    before: float
    after: float
    allowed: float
    unit: str = ""

    @property
    def held(self) -> bool:
        return self.after <= self.allowed

    @property
    def growth(self) -> float:
        return self.after / self.before - 1 if self.before else 0.0 if not self.after else math.inf


def judge(samples: Sequence[Sample]) -> tuple[list[Grown], list[str]]:
    """(each number's growth, what is wrong in words). Raises ValueError for too few samples to say anything."""
    warm = [sample for sample in samples if sample.at >= WARM * samples[-1].at] if samples else []
    many = max(1, round(len(samples) * WINDOW))
    if len(warm) < 2 * many or len(samples) < 5:
        raise ValueError(f"{len(samples)} samples say nothing")
    first, last = warm[:many], warm[-many:]

    def middle(window: Sequence[Sample], of: Callable[[Sample], float]) -> float:
        return statistics.median(of(sample) for sample in window)

    found: list[Grown] = []
    restarted: list[str] = []
    for name in sorted(set.intersection(*(set(sample.programs) for sample in [*first, *last]))):
        if len({sample.programs[name].pid for sample in warm if name in sample.programs}) > 1:
            restarted.append(name)

        # PostgreSQL's processes share the buffers, which fill: there it is what each has for itself.
        memory = "own" if name == "postgres" else "rss"
        found.append(_memory(f"{name}: memory", *(middle(window, _of(name, memory)) for window in (first, last))))
        for part in ("connections", "files"):
            if (name, part) == ("postgres", "files"):
                continue  # each backend keeps the tables' files open that it has read, up to a number: a cache
            found.append(_flat(f"{name}: {part}", *(middle(window, _of(name, part)) for window in (first, last))))
    valkey = [middle(window, lambda sample: float(sample.valkey_bytes)) for window in (first, last)]
    found.append(_memory("valkey: data", *valkey))
    keys = [middle(window, lambda sample: float(sample.valkey_keys)) for window in (first, last)]
    found.append(Grown("valkey: keys", keys[0], keys[1], keys[0] * (1 + 2 * GROWTH) + 50))
    held = [middle(window, lambda sample: float(sample.database_connections)) for window in (first, last)]
    found.append(_flat("database: connections", *held))
    waits = [middle(window, lambda sample: sample.outbox_age) for window in (first, last)]
    found.append(Grown("outbox: oldest", waits[0], waits[1], OUTBOX_S, "s"))
    wrong = [
        f"{one.name} grew from {_shown(one.before, one.unit)} to {_shown(one.after, one.unit)}"
        for one in found
        if not one.held
    ]
    wrong += [f"{name} was started anew" for name in restarted]
    missing = set(samples[0].programs) - set(samples[-1].programs)
    return found, wrong + [f"{name} is gone" for name in sorted(missing)]


def _of(program: str, part: str) -> Callable[[Sample], float]:
    return lambda sample: float(getattr(sample.programs[program], part))


def _memory(name: str, before: float, after: float) -> Grown:
    return Grown(name, before, after, before * (1 + GROWTH) + SLACK_BYTES, "MB")


def _flat(name: str, before: float, after: float) -> Grown:
    """No growth, but for the few that come and go."""
    return Grown(name, before, after, before + max(2.0, GROWTH * before))


def _shown(value: float, unit: str) -> str:
    return f"{value / MEGABYTE:.1f} MB" if unit == "MB" else f"{value:g}{f' {unit}' if unit else ''}"


class Mix:
    """Pages of visitors and saves of people, in the ratio of the reset morning: requests in turn."""

    def __init__(self, port: int, saves: Saves, paths: Sequence[str]) -> None:
        headers = {"Accept-Language": LANGUAGE}
        self.pages: Next = in_turn([prepared("GET", quoted(path), headers=headers, port=port) for path in paths])
        self.saves = saves
        # Evenly mixed: every so-manieth is a page.
        self.turns = itertools.cycle(
            [(turn + 1) * PAGES // (PAGES + SAVES) > turn * PAGES // (PAGES + SAVES) for turn in range(PAGES + SAVES)]
        )

    def __call__(self) -> bytes:
        return self.pages() if next(self.turns) else self.saves()


class Orders(threading.Thread):
    """Somebody who orders again and again, so that effects come about."""

    def __init__(self, walk: Callable[[], object]) -> None:
        super().__init__(name="orders", daemon=True)
        self.walk, self.placed, self.refused = walk, 0, 0
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.wait(BETWEEN_ORDERS):
            try:
                self.walk()
                self.placed += 1
            except (Refused, OSError):  # the norm is used up, or the portal asked to come later
                self.refused += 1


@dataclass
class Found:
    """A whole run."""

    knee: float
    rate: float
    seconds: float
    statuses: dict[str, int]
    p50_ms: float
    p99_ms: float
    orders: int
    samples: list[Sample] = field(default_factory=list)
    grown: list[Grown] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def run(
    portal: RunningPortal,
    *,
    minutes: float,
    share: float = 0.6,
    every: float = 10.0,
    people: int = PEOPLE,
    knee_seconds: float = 10.0,
    tamper: Tamper = lambda sample: sample,
    say: Callable[[str], None] = print,
) -> Found:
    """Find the knee, stay below it for so many minutes, judge. The portal needs people of perf/seed.py."""
    visitors = [walks.sign_in(portal.port, f"scale-{number:06d}") for number in range(1, people + 1)]
    goods = Goods.read(embedded.service_urls(portal.state).database_url)
    catalogue = f"/{LANGUAGE}/catalog"
    paths = [f"{catalogue}/{slug}_{pk}/" for pk, slug, _kind in goods.products[:50]]
    paths += [f"{catalogue}/{TYPE}/", f"{catalogue}/search/?page=1", f"/{LANGUAGE}/"]
    mix = Mix(portal.port, Saves(visitors), paths)
    knee = closed_loop(
        portal.port, mix, users=USERS, seconds=knee_seconds, warm_up=min(2.0, knee_seconds / 2), at_least=10
    ).rate
    rate, seconds = max(1.0, share * knee), minutes * 60
    say(f"knee {knee:.0f} requests a second; {rate:.0f} for {minutes:g} minutes")
    walker = walks.sign_in(portal.port, "scale-000001")

    def order() -> None:
        walks.walk_portal(walker, TYPE, walks.Chosen(walker, TYPE))

    sampler, orders = Sampler(portal.state, every, tamper), Orders(order)
    sampler.start()
    orders.start()
    try:
        result: Result = open_loop(portal.port, mix, rate=rate, seconds=seconds, warm_up=0.0)
    finally:
        for thread in (sampler, orders):
            thread.enough.set()
            thread.join(60)
    found = Found(
        knee,
        rate,
        seconds,
        {str(status): number for status, number in sorted(result.statuses.items())},
        result.percentile(0.5),
        result.percentile(0.99),
        orders.placed,
        sampler.samples,
    )
    found.grown, found.wrong = judge(sampler.samples)
    answered, refused = sum(result.statuses.values()), result.statuses[503]
    if result.failed > FAILED * answered or refused > REFUSED * answered:
        found.wrong.append(f"of {answered} requests {result.failed} failed and {refused} were told to come later")
    if len(sampler.blind) > 0.05 * len(sampler.samples):
        found.wrong.append(f"a look found no answer: {', '.join(sampler.blind[:5])}")
    return found


def table(found: Found) -> str:
    """For perf/README.md."""
    answered = sum(found.statuses.values())
    lines = [
        f"{found.seconds / 60:g} minutes at {found.rate:.0f} requests a second (knee {found.knee:.0f}), {found.orders} orders beside"
        f" them; {answered:,} answers, p50 {found.p50_ms:.0f} ms, p99 {found.p99_ms:.0f} ms,"
        f" {found.statuses.get('503', 0)} told to come later; {os.cpu_count()} CPUs,"
        f" {time.strftime('%-d %B %Y')}.",
        "",
        "| what | after warming up | at the end | growth | allowed | |",
        "|---|---|---|---|---|---|",
    ]
    for one in found.grown:
        growth = "" if not one.before else f"{one.growth:+.1%}"
        lines.append(
            f"| {one.name} | {_shown(one.before, one.unit)} | {_shown(one.after, one.unit)} | {growth}"
            f" | {_shown(one.allowed, one.unit)} | {'held' if one.held else '**grew**'} |"
        )
    return "\n".join(lines)


def as_data(found: Found) -> dict[str, Any]:
    data = asdict(found)
    data["grown"] = [asdict(one) | {"held": one.held} for one in found.grown]
    return data


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--share", type=float, default=0.6, help="of the knee")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two looks")
    parser.add_argument("--write-readme", action="store_true")
    asked = parser.parse_args()
    if not (0 < asked.minutes <= MOST_MINUTES and 0 < asked.share <= 1 and 0 < asked.every <= 60):
        parser.error(f"--minutes is at most {MOST_MINUTES:g}, --share at most 1, --every at most 60")
    with RunningPortal(ROOT / ".state" / "soak") as portal:
        bench.prepare(portal, products=1_000, orders=0, people=PEOPLE)
        found = run(portal, minutes=asked.minutes, share=asked.share, every=asked.every)
    print(table(found), *(f"GREW: {words}" for words in found.wrong), sep="\n")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(as_data(found), indent=1), encoding="utf-8")
    if asked.write_readme:
        readme.write("soak", table(found))
    return 1 if found.wrong else 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
