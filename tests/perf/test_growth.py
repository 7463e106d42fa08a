"""Growth: what is kept of a rate is the last step's over the first's, and a goal that is missed says so."""

import pytest

from perf.bench import growth
from perf.bench.client import Result
from perf.bench.figures import Figures


def _step(products: int, rates: dict[str, int], milliseconds: float = 1.0) -> growth.Step:
    figures = Figures()
    figures.extra |= {"searches_p99_ms": milliseconds, "searches_failed": 0}
    for row, rate in rates.items():
        figures.of(row, "limit" if row in growth.LIMITS else "portal").add(
            Result(1.0, latencies=[milliseconds / 1000] * rate)
        )
    return growth.Step(products, 10 * products, 1.0, figures)


def test_rates_are_held_against_the_first_step_and_search_from_ten_thousand():
    steps = [
        _step(1_000, {"list": 1000, "fresh": 900, "save": 500}),
        _step(10_000, {"list": 900, "fresh": 600, "save": 500}),
        _step(100_000, {"list": 800, "fresh": 120, "save": 300}),
    ]
    assert growth.kept(steps, "list") == 0.8
    assert growth.kept(steps, "fresh", 10_000) == 0.2
    assert growth.kept(steps[:1], "list") is None
    verdicts = {measure.split(",")[0]: verdict for _number, measure, _reached, verdict in growth.goals(steps)}
    assert verdicts["catalogue list"] == "met"
    assert verdicts["draft save; Oscar: add to basket"] == "**missed**"
    assert verdicts["new searches from 10"] == verdicts["new searches at 100"] == "met"
    assert verdicts["supplier's work list"] == "not measured"
    slow = [*steps[:2], _step(100_000, {"fresh": 120}, milliseconds=200)]
    assert {verdict for number, _m, _r, verdict in growth.goals(slow) if number in (5, 11)} == {"**missed**"}
    assert "| catalogue list | 1,000.0 (1) | 900.0 (1) | 800.0 (1) | 0.80 | – |" in growth.table(steps)


def test_a_machine_that_became_slower_is_seen_in_the_plain_view():
    steps = [_step(1_000, {"list": 1000, "plain": 4000}), _step(10_000, {"list": 600, "plain": 3000})]
    lines = growth.table(steps).splitlines()
    assert "| catalogue list | 1,000.0 (1) | 600.0 (1) | 0.60 | 0.80 |" in lines
    assert next(line for line in lines if line.startswith("| plain")).endswith("| 0.75 | 1.00 |")


def test_steps_must_grow():
    assert growth.read_steps("1000:10000,100000:1000000") == [(1000, 10000), (100000, 1000000)]
    for text in ("10:10,5:20", "10:20,20:10", "10"):
        with pytest.raises(ValueError):
            growth.read_steps(text)
