"""The measure of the reset morning: everything in its share, every acknowledged order looked up."""

import dataclasses
from collections import Counter

import pytest

from perf.bench import __main__ as bench
from perf.bench import morning

WELL = morning.Rung(
    share=0.5, seconds=600, offered=350, good=350, p50_ms=20, p95_ms=100, p99_ms=400, late=0, refused=0, given_up=0, errors={},
    orders=5800, lost=0, twice=0,
)  # fmt: skip


def test_the_bar_is_a_second_and_nobody_sent_away():
    assert WELL.missed() == []
    for change in ({"p99_ms": 1001}, {"refused": 1}, {"given_up": 1}, {"errors": {"500": 1}}):
        assert len(dataclasses.replace(WELL, **change).missed()) == 1, change


def test_the_share_reached_is_the_one_that_was_held():
    short = dataclasses.replace(WELL, share=0.75, seconds=60)
    assert "Share reached: **0.5** (goal 0.5 with p99 at most 1000 ms and no error): met." in morning.table(
        [short, WELL], 600
    )
    assert "Share reached: **0**" in morning.table([short, dataclasses.replace(WELL, refused=1)], 600)


def test_kinds_come_in_their_shares_evenly():
    take = morning.mixed([(2.0, lambda: b"page"), (1.0, lambda: b"save")])
    first = [take() for _turn in range(300)]
    assert Counter(first) == {b"page": 200, b"save": 100}
    assert all(Counter(first[at : at + 3]) == {b"page": 2, b"save": 1} for at in range(0, 300, 3))


@pytest.mark.xdist_group("portal")
def test_a_small_morning_is_carried_and_every_order_is_there(portal):
    bench.prepare(portal, products=0, orders=0, people=3)
    one = morning.Morning(portal, 3, stock=False)
    found = one.rung(0.02, 2.0)
    assert (found.lost, found.twice, found.errors) == (0, 0, {}), found
    assert found.orders > 0 and found.good > 0


@pytest.mark.xdist_group("portal")
def test_control_an_order_that_is_not_there_is_missed(portal):
    bench.prepare(portal, products=0, orders=0, people=1)
    one = morning.Morning(portal, 1, stock=False)
    orders = morning.Orders(one.people, one.chosen, 1)
    orders.heard(orders(), 201)  # nobody has sent it
    assert orders.untrue(one.database) == (1, 0)
