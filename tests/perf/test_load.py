"""`make load`: journeys really happen, against budgets that can be missed; open loops keep their clock; lines are slow."""

import dataclasses
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg2
import pytest
import requests

from config import embedded
from perf import budgets, load
from perf.bench import __main__ as bench
from perf.budgets import Budget, Row
from perf.locustfiles import coming, lines
from perf.portal import ROOT

# --- Budgets ------------------------------------------------------------------------------------

BUDGETS = {"order": Budget(10), "search": Budget(2)}
CALM = [
    Row("GET", "page home", 400, 2, 20, 40),
    Row("GET", budgets.WAITED_OUT, 3, 0, 20, 40),
    Row("anchor", "live", 100, 0, 3, 20),
    Row("journey", "order", 40, 0, 700, 2_300),
    Row("journey", "search", 30, 0, 50, 90),
    Row("outcome", "came", 70, 0, 0, 0),
]


def changed(name: str, **values: float) -> list[Row]:
    return [dataclasses.replace(row, **values) if row.name == name else row for row in CALM]


def test_a_budget_follows_the_anchor_down_to_a_floor_and_up_to_patience():
    one = Budget(10)
    assert one.allowed_ms(50) == 10 * budgets.TIMES * 50
    assert one.allowed_ms(1) == 10 * budgets.FLOOR_MS
    assert one.allowed_ms(10_000) == 10 * budgets.PATIENCE_S * 1000
    assert Budget(10, patience=60).allowed_ms(10_000) == 60_000


def test_a_calm_run_is_within():
    verdict = budgets.judge(CALM, BUDGETS, due=70)
    assert verdict.wrong == ()
    assert (verdict.requests, verdict.failed, verdict.waited_out, verdict.anchor_ms) == (403, 2, 3, 20)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (changed("page home", failed=5), "5 of 403 requests failed"),
        (changed("order", p95=2_501), "order: p95 2501 ms, allowed 2500"),
        (changed("order", failed=2), "2 of 70 journeys broke off"),
        (changed("came", times=66), "let in 66 of 70"),
        ([row for row in CALM if row.kind != "anchor"], "no anchor"),
        ([row for row in CALM if row.kind != "journey"], "too few journeys"),
        (
            [dataclasses.replace(row, p95=10_001) if row.kind in ("anchor", "journey") else row for row in CALM],
            "order: p95 10001 ms, allowed 10000",
        ),
        ([], "0 of 0 requests failed"),
    ],
)
def test_what_is_wrong_fails_the_run_and_is_said(rows, words):
    assert words in "; ".join(budgets.judge(rows, BUDGETS, due=70).wrong)


def test_on_a_slow_machine_the_same_times_are_within():
    """The control of the anchor: what fails beside a quick one is allowed beside one that is as slow."""
    slow = changed("order", p95=4_000)
    assert budgets.judge(slow, BUDGETS).wrong
    slow_machine = [dataclasses.replace(row, p95=60) if row.kind == "anchor" else row for row in slow]
    assert budgets.judge(slow_machine, BUDGETS).wrong == ()


def test_too_few_of_a_journey_are_not_judged_by_their_p95():
    verdict = budgets.judge(changed("search", times=budgets.ENOUGH - 1, p95=60_000), BUDGETS)
    assert verdict.wrong == ()
    assert "too few to judge" in "\n".join(verdict.lines())


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOAD_SECONDS", "0"), ("LOAD_SECONDS", "3600"), ("LOAD_USERS", "501"), ("LOAD_WORKERS", "17"), ("LOAD_SHAPE", "x"),
     ("LOAD_RATE", "nan"), ("LOAD_PEOPLE", "many")],
)  # fmt: skip
def test_a_run_without_bounds_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError):
        load.Plan.of_environment()


# --- Clocks and lines -----------------------------------------------------------------------------


def test_a_steady_stream_and_a_rush_bring_everybody_in_their_time():
    assert coming.steady(3)(20) == 60
    come = coming.rush(200, 100)
    assert (come(0), round(come(10)), round(come(100))) == (0, 10, 200)
    assert round(come(10 + 90 / 7)) == pytest.approx(10 + 190 / 2, abs=2), "half of them within a seventh of the rest"
    assert all(come(t) <= come(t + 1) for t in range(100))
    assert come(11) - come(10) > 5 * (come(10) - come(9)), "at nine, all at once"


class Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[str] = []

    def do_GET(self) -> None:
        self.seen.append(self.client_address[0])
        self.send_response(200)
        self.send_header("Content-Length", "20000")
        self.end_headers()
        self.wfile.write(b"x" * 20_000)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[str]:
    Pages.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def taken(page: str, phone: lines.Phone) -> tuple[float, bytes]:
    session = requests.Session()
    session.mount("http://", phone)
    began = time.monotonic()
    return time.monotonic() - began, session.get(page, timeout=20).content


def test_a_slow_line_is_as_slow_as_it_says_and_its_share_is_known(pages):
    line = lines.Line(down=40_000, up=10_000, round_trip=0.1)
    phone = lines.Phone(line)
    began = time.monotonic()
    _spent, content = taken(pages, phone)
    spent = time.monotonic() - began
    assert content == b"x" * 20_000
    assert phone.taken >= 0.6, "half a second for the page, and the round trip"
    assert spent >= phone.taken
    assert spent - phone.taken < spent / 2, "what is left is the server's"
    assert line.seconds(sent=1000, received=20_000) == pytest.approx(0.1 + 0.1 + 0.5)


def test_control_a_fast_line_takes_nothing(pages):
    phone = lines.Phone()
    assert taken(pages, phone)[1] == b"x" * 20_000
    assert phone.taken == 0


def test_phones_have_addresses_of_their_own_where_the_loopback_has_many(pages):
    try:
        with socket.socket() as probe:
            probe.bind(("127.99.1.1", 0))
    except OSError:
        pytest.skip("this system's loopback has one address")
    for _phone in range(2):
        taken(pages, lines.Phone(address=lines.own_address("127.0.0.1")))
    assert len(set(Pages.seen)) == 2 and "127.0.0.1" not in Pages.seen
    assert lines.own_address("192.0.2.1") == lines.own_address("nginx") == ""


def test_the_generators_need_nothing_but_their_folder(tmp_path: Path):
    """As in their container: only perf/ is there, and Locust."""
    (tmp_path / "perf").symlink_to(ROOT / "perf")
    expected = {
        "mixed": {"Beneficiary", "Scanner", "Hotline", "OnASlowLine"},
        "arrivals": {"Caseworker"},
        "rush": {"AtNine"},
    }
    for name, classes in expected.items():
        listed = subprocess.run(
            [sys.executable, "-m", "locust", "-f", str(tmp_path / "perf" / "locustfiles" / f"{name}.py"), "--list"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert listed.returncode == 0, listed.stderr
        assert classes <= set(listed.stdout.split()), listed.stdout


# --- Against the running portal ---------------------------------------------------------------------


def prepared(portal, people: int) -> str:
    """People for the run, none of whom has an application begun: others have tried this portal before. Its database."""
    bench.prepare(portal, products=0, orders=0, people=people)
    database = embedded.service_urls(portal.state).database_url
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE marketplace_draft SET status = 'discarded' WHERE status = 'open' AND beneficiary_id IN"
            " (SELECT id FROM marketplace_user WHERE username LIKE 'scale-%')"
        )
    return database


@pytest.mark.xdist_group("portal")
def test_two_workers_under_one_master_live_a_usual_day(portal, tmp_path):
    prepared(portal, 12)
    plan = load.Plan(seconds=20, people=12, users=14, workers=2)
    verdict = load.run(portal, plan, tmp_path)
    happened = {one.name for one in verdict.journeys if one.times}
    # A slow machine lets fewer of them happen in the time; those that did must not have broken off.
    assert "sign in" in happened and len(happened) >= 5, verdict
    assert sum(one.failed for one in verdict.journeys) == 0, verdict
    assert verdict.failed <= budgets.ERRORS * verdict.requests, verdict
    assert verdict.anchor_ms > 0
    page = (tmp_path / "load.html").read_text(encoding="utf-8")
    assert "Journeys and their budgets" in page and "complain by a printed code" in page
    assert page.index("Journeys and their budgets") > page.index("</script>"), "above the charts, not in their code"
    master = (tmp_path / "load.log").read_text(encoding="utf-8")
    assert "2 workers connected" in master and "users at 2.00 spawn rate to 2 ready workers" in master
    for number in range(2):
        log = (tmp_path / f"load-worker-{number}.log").read_text(encoding="utf-8")
        assert "Got quit message from master" in log and "Traceback" not in log
    # The control: the same run against budgets that nobody keeps.
    rows = budgets.read(tmp_path / "load_stats.csv")
    hasty = {name: Budget(1, patience=0.001) for name in happened}
    assert any("allowed 1" in words for words in budgets.judge(rows, hasty).wrong)


@pytest.mark.xdist_group("portal")
def test_a_rush_for_a_shelf_that_is_not_enough_ends_in_orders_and_honest_words(portal, tmp_path):
    database = prepared(portal, 12)
    load.put_on_the_shelf(database, 3)
    before = load.orders_there(portal)
    try:
        verdict = load.run(portal, load.Plan(shape="rush", seconds=8, people=12, arrivals=10), tmp_path)
    finally:
        load.put_on_the_shelf(database, 50_000)
    assert 0 < verdict.outcomes["came"] <= 10, verdict
    assert sum(one.failed for one in verdict.journeys) == 0, verdict
    ordered, told = verdict.outcomes.get("ordered", 0), verdict.outcomes.get("told that there is none", 0)
    assert 1 <= ordered <= 3 and ordered + told <= 10, verdict
    assert ordered <= load.orders_there(portal) - before <= 3, "each receipt is true, and nobody got what was not there"
