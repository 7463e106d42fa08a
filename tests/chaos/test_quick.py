"""The quick faults against the one running portal: what the guarantees promise holds, and each control sees it broken.

All faults, with the numbers that README quotes, are ``make chaos``.
"""

from collections.abc import Iterator

import pytest

from perf.chaos import faults
from perf.chaos.cluster import Cluster
from perf.chaos.suite import ELSEWHERE, FAULTS, GUARANTEES, Found, Stage, chosen, lines, play, staged
from perf.portal import ROOT
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

PEOPLE = 8
assert faults.__all__


@pytest.fixture(scope="module")
def stage(portal: JourneyPortal) -> Iterator[Stage]:
    with staged(Cluster(portal, PEOPLE), quick=True, seed=1) as running:
        yield running


@pytest.mark.parametrize("code", [one.code for one in chosen([], quick=True)])
def test_fault(stage: Stage, code: str) -> None:
    result = play(FAULTS[code], stage)
    assert result.wrong == [], result
    assert result.control_saw, f"the control saw nothing: {result}"


# --- The suite itself --------------------------------------------------------------------------


def test_every_fault_has_a_control() -> None:
    assert [one.code for one in FAULTS.values() if not (one.control and one.without)] == []
    assert {code for one in FAULTS.values() for code in one.guarantees} <= GUARANTEES.keys()


def test_every_guarantee_is_tried_and_every_named_test_is_there() -> None:
    tried = {code for one in FAULTS.values() for code in one.guarantees}
    tried |= {guarantee for _name, guarantee, _path in ELSEWHERE.values()}
    assert tried == GUARANTEES.keys()
    assert [path for _name, _guarantee, path in ELSEWHERE.values() if not (ROOT / path).is_file()] == []


def test_a_fault_that_raises_or_whose_control_sees_nothing_is_not_held() -> None:
    sound = chosen(["F20"], quick=True)[0]

    def raises(_stage: Stage) -> Found:
        raise ZeroDivisionError

    def result(run, control):
        one = type(sound)("F0", "x", ("G1",), "x", run, quick=True, without="x", control=control)
        return play(one, None)  # type: ignore[arg-type]

    good, bad = (lambda _stage: Found()), (lambda _stage: Found(wrong=["x"]))
    assert result(good, bad).held
    for run, control in ((good, good), (bad, bad), (raises, bad), (good, raises)):
        said = result(run, control)
        assert not said.held
        assert "**no**" in lines([said])
