"""One run: the portal, stock Oscar and the machine's limits, in turns, on one PostgreSQL."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import psycopg2

from config import embedded
from config.supervision import program_pids
from perf.bench import cases, limits, queries, servers, walks
from perf.bench.cases import Case, Length
from perf.bench.client import open_loop
from perf.bench.figures import ROWS, Figures
from perf.bench.oscar_shop.goods import MOST_INDEXED
from perf.bench.visitor import Visitor
from perf.portal import RunningPortal

SUPPLIER = "supplier"  # the demo's account with the most orders
MINISTRY = "ministry"
SEARCHES = 100  # a second, that nobody asked before
NORM = 10_000_000  # pieces: a measurement must not use up what a person is entitled to
WIDEN = """
UPDATE order_tranche t SET quantity = %(norm)s, budget = 250.0 * %(norm)s
FROM order_entitlement e WHERE e.id = t.entitlement_id AND e.source = 'scale' AND t.closes_on >= now()::date
"""
STOCK = """
UPDATE partner_stockrecord s SET num_in_stock = %(norm)s FROM catalogue_product p, catalogue_productclass c
WHERE p.id = s.product_id AND c.id = p.product_class_id AND c.code = %(type)s AND s.status = 'published'
"""

DUE = """
SELECT EXISTS (SELECT 1 FROM marketplace_outboxrow WHERE done_at IS NULL AND dead_at IS NULL AND available_at <= now())
"""
LONGEST_TO_SETTLE = 120.0


FULL_LENGTH = Length(seconds=5.0, warm_up=1.5)


@dataclass(frozen=True)
class Options:
    """How much. ``people`` sign in; ``looks`` are counted for statements; ``only`` names rows, all when empty."""

    length: Length = FULL_LENGTH
    rounds: int = 3
    people: int = 20
    looks: int = 3
    oscar_workers: int = servers.OSCAR_WORKERS
    stock: bool = True
    migrations: bool = True
    stock_up: bool = True
    only: tuple[str, ...] = ()


# Says that everything can be measured, and nothing else.
QUICK = Options(
    Length(seconds=0.2, warm_up=0.0, users=2, at_least=1),
    rounds=1,
    people=2,
    looks=1,
    oscar_workers=1,
    migrations=False,
    stock_up=False,
)


def options(seconds: float, rounds: int, only: str, *, stock: bool = True) -> Options:
    """A real run: rows by commas, all when none is named; with or without stock Oscar."""
    length = replace(FULL_LENGTH, seconds=seconds)
    return Options(length, rounds, stock=stock, only=tuple(row for row in only.split(",") if row))


def measure(portal: RunningPortal, options: Options, say: Callable[[str], None] = print) -> Figures:
    """Measure everything against a running portal that has its goods and at least ``people`` scale people."""
    figures, database = Figures(), embedded.service_urls(portal.state).database_url
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="tirek-bench-")))
        make_room(database, stock=options.stock_up)
        found, pids = _portal_cases(portal, database, options), {"portal": web_process(portal).pid}
        plain = running.enter_context(servers.plain(folder))
        bench = servers.other_database(database, "bench")
        running.callback(servers.drop_database, database, "bench")
        found += cases.limit_cases(
            plain.port, portal.port, static=has_proxy(portal), pgbench=limits.Pgbench(portal.state, bench)
        )
        if options.stock:
            running.callback(servers.drop_database, database, "oscar")
            shop = servers.other_database(database, "oscar")
            count = servers.seed_oscar(database, shop, folder, migrations=options.migrations)
            say(f"Oscar's shop: {count} products")
            for variant in ("tuned", "dbbrowse"):
                server = running.enter_context(servers.oscar(variant, shop, folder, options.oscar_workers))
                pids[variant] = server.process.pid
                found += cases.oscar_cases(variant, server.port, shop, searches=count <= MOST_INDEXED)
        found = [case for case in found if not options.only or case.row in options.only]
        _rounds(found, options, figures, database, say)
        _count(portal, database, found, pids, figures, options.looks)
        for row, rate, name in (("save", figures.rate("save") / 2, "save_half"), ("fresh", SEARCHES, "searches")):
            _as_they_come(found, figures, portal.port, options, row=row, rate=rate, name=name)
    return figures


def _rounds(
    found: Sequence[Case], options: Options, figures: Figures, database_url: str, say: Callable[[str], None]
) -> None:
    """Row by row, the sides of a row one after the other, all of it ``rounds`` times; each when what the one before left
    to be done later (effects of orders) is done.
    """
    order = sorted(found, key=lambda case: list(ROWS).index(case.row))  # stable: a row's sides stay as they came
    for number in range(1, options.rounds + 1):
        figures.calibrations.append(limits.calibration())
        for case in order:
            result = case.load(options.length)
            figures.of(case.row, case.side).add(result)
            after = settle(database_url)
            said = f"{number}. {case.row:8} {case.side:9} {result.rate:9.1f}/s  p99 {result.percentile(0.99):7.1f} ms"
            say(said + (f"  effects {after:.0f} s longer" if after >= 1 else ""))
    figures.calibrations.append(limits.calibration())


def settle(database_url: str) -> float:
    """Wait until no effect is due, at most ``LONGEST_TO_SETTLE`` seconds; the seconds that it took."""
    began = time.monotonic()
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        while time.monotonic() - began < LONGEST_TO_SETTLE:
            cursor.execute(DUE)
            if not cursor.fetchone()[0]:
                break
            connection.rollback()
            time.sleep(0.2)
    return time.monotonic() - began


def _count(
    portal: RunningPortal, database: str, found: Sequence[Case], pids: dict[str, int], figures: Figures, looks: int
) -> None:
    """SQL statements of a request, again and at the first look; of the walk's last step alone."""
    with queries.counting(portal.state, database) as counter:
        for case in found:
            if case.side not in pids or case.one is None:
                continue
            measured = figures.of(case.row, case.side)
            measured.queries = counter.of(pids[case.side], *[case.one] * (1 if case.row == "walk" else looks))
            if case.first:
                measured.queries_first = counter.of(pids[case.side], *case.first[:looks])
            if case.last:
                figures.extra["submit_queries"] = counter.of(pids[case.side], case.last())


def _as_they_come(
    found: Sequence[Case], figures: Figures, port: int, options: Options, *, row: str, rate: float, name: str
) -> None:
    """How long an answer takes while so many are asked a second, whatever the portal does: an open loop."""
    requests = next((case.requests for case in found if case.row == row and case.side == "portal"), None)
    if requests is not None and rate >= 1:
        result = open_loop(port, requests, rate=rate, seconds=options.length.seconds, warm_up=options.length.warm_up)
        figures.extra[f"{name}_p99_ms"] = result.percentile(0.99)
        figures.extra[f"{name}_failed"] = result.failed + result.statuses[503]


def make_room(database_url: str, *, stock: bool) -> None:
    """Norm of the people made for measurements, and ``stock``, that no measurement uses up."""
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(WIDEN, {"norm": NORM})
        if stock:
            cursor.execute(STOCK, {"norm": NORM, "type": cases.TYPE})


def _portal_cases(portal: RunningPortal, database_url: str, options: Options) -> list[Case]:
    goods = cases.Goods.read(database_url)
    people = [walks.sign_in(portal.port, f"scale-{number:06d}") for number in range(1, options.people + 1)]
    supplier, ministry = (walks.sign_in(portal.port, name) for name in (SUPPLIER, MINISTRY))
    return [
        *cases.portal_pages(portal.port, goods),
        *cases.portal_signed_in(portal.port, people, supplier),
        *cases.portal_complaints(portal.port, ministry, database_url),
    ]


def web_process(portal: RunningPortal) -> psutil.Process:
    """The portal's web server: the parent of those who answer."""
    return psutil.Process(program_pids(portal.state)["web"])


def has_proxy(portal: RunningPortal) -> bool:
    return Visitor(portal.port).send("GET", "/healthz/live").headers.get("server", "").startswith("nginx")
