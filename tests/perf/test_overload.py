"""The measure of an overload: what was acknowledged is held against the log, a refusal must be an honest 503."""

import dataclasses

import psycopg2
import pytest

from config import embedded
from perf.bench import __main__ as bench
from perf.bench import overload, walks
from perf.bench.cases import Saves

CALM = overload.Storm(
    server="nginx in front",
    factor=10,
    peak=1000,
    offered=10_000,
    goodput=700,
    good_p50_ms=40,
    good_p99_ms=90,
    late=0,
    given_up=0,
    refused=9000,
    refusal_p99_ms=20,
    without_retry_after=0,
    other_failures={},
    acknowledged=700,
    lost=0,
    twice=0,
    normal_again_s=0.2,
)


def test_goals_of_an_overload_follow_its_factor():
    assert CALM.missed() == []
    for change in (
        {"factor": 5},  # 85 % of the peak are wanted there
        {"goodput": 640},
        {"good_p99_ms": 251},
        {"given_up": 1},
        {"refusal_p99_ms": 101},
        {"normal_again_s": 2.1},
    ):
        assert len(dataclasses.replace(CALM, **change).missed()) == 1, change
    assert "**missed**" in overload.table([dataclasses.replace(CALM, given_up=3)])
    assert "| met |" in overload.table([CALM])


def test_what_must_never_be_is_named():
    assert CALM.untrue() == []
    for change in ({"lost": 1}, {"twice": 1}, {"without_retry_after": 1}, {"other_failures": {"500": 1}}):
        assert len(dataclasses.replace(CALM, **change).untrue()) == 1, change
        # A server without admission control may break connections, but not its word.
        control = dataclasses.replace(CALM, server=overload.CONTROL, **change)
        assert bool(control.untrue()) == bool({"lost", "twice"} & change.keys())


@pytest.mark.xdist_group("portal")
def test_saves_beyond_the_peak_are_done_or_refused_and_receipts_are_true(portal):
    bench.prepare(portal, products=0, orders=0, people=2)
    [found] = overload.run(portal, [2], 1.0, control=False, people=2)
    assert found.untrue() == []
    assert found.peak > 0 and found.acknowledged > 0
    assert found.normal_again_s < overload.LONGEST_RECOVERY


@pytest.mark.xdist_group("portal")
def test_a_receipt_without_its_save_is_noticed(portal):
    bench.prepare(portal, products=0, orders=0, people=2)
    database = embedded.service_urls(portal.state).database_url
    saves = Saves([walks.sign_in(portal.port, "scale-000001")], drafts=2)
    receipts = overload.Receipts(saves, database)
    receipts.heard(saves(), 200)  # acknowledged, and never sent
    receipts.heard(saves(), 503)
    assert receipts.untrue() == (1, 0)
    saves.send()
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM marketplace_draftsave WHERE key LIKE %s", [f"bench-{saves.run}-%"])
        assert cursor.fetchone() == (1,)
    assert receipts.untrue() == (1, 0)
