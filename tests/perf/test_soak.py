"""The soak: everything is looked at, and what grows is named."""

import dataclasses

import pytest

from perf import soak
from perf.bench import __main__ as bench
from perf.bench import overload
from perf.soak import Sample, Used

MB = soak.MEGABYTE


def sample(turn: int, **changes: float) -> Sample:
    """A calm moment; ``changes`` name what is other in the program "web" or in the sample."""
    used = {"pid": 100, "rss": 200 * MB, "own": 100 * MB, "connections": 30, "files": 90}
    web = Used(**used | {name: value for name, value in changes.items() if name in used})
    rest = {"valkey_keys": 40, "valkey_bytes": 4 * MB, "database_connections": 20, "outbox_age": 0.0}
    postgres = Used(1, (300 + 10 * turn) * MB, 60 * MB, 25, 400)  # its shared buffers fill: no leak
    return Sample(
        10.0 * turn, {"web": web, "postgres": postgres}, **rest | {k: v for k, v in changes.items() if k in rest}
    )


def series(**growth: float) -> list[Sample]:
    """Thirty looks; each named number grows by so much from the first to the last."""
    calm = {"rss": 200 * MB, "connections": 30, "files": 90, "valkey_keys": 40, "valkey_bytes": 4 * MB}
    calm |= {"database_connections": 20, "outbox_age": 0, "pid": 100}
    return [
        sample(turn, **{name: int(calm[name] + whole * turn / 29) for name, whole in growth.items()})
        for turn in range(30)
    ]


def wrong(samples: list[Sample]) -> str:
    return "; ".join(soak.judge(samples)[1])


def test_a_calm_run_holds():
    found, said = soak.judge(series())
    assert said == []
    assert {one.name for one in found} >= {"web: memory", "web: files", "postgres: connections", "valkey: keys"}


@pytest.mark.parametrize(
    ("growth", "words"),
    [
        ({"rss": 20 * MB}, "web: memory grew"),  # a tenth over the whole run
        ({"connections": 12}, "web: connections grew"),
        ({"files": 30}, "web: files grew"),
        ({"valkey_bytes": 4 * MB}, "valkey: data grew"),
        ({"valkey_keys": 300}, "valkey: keys grew"),
        ({"database_connections": 10}, "database: connections grew"),
        ({"outbox_age": 60}, "outbox: oldest grew"),
        ({"pid": 29}, "web was started anew"),
    ],
)
def test_each_leak_is_named(growth, words):
    assert words in wrong(series(**growth))


def test_memory_within_five_in_a_hundred_and_warming_up_are_no_leak():
    assert wrong(series(rss=8 * MB)) == ""
    warming = [dataclasses.replace(one, programs=one.programs | {"web": sample(0, rss=50 * MB).programs["web"]})
               if one.at < 50 else one for one in series()]  # fmt: skip
    assert wrong(warming) == ""


def test_a_program_that_is_gone_at_the_end_is_named():
    samples = series()
    samples[-1] = dataclasses.replace(samples[-1], programs={"postgres": samples[-1].programs["postgres"]})
    assert "web is gone" in wrong(samples)


def test_too_few_looks_say_nothing_and_say_so():
    for few in ([], series()[:4]):
        with pytest.raises(ValueError, match="say nothing"):
            soak.judge(few)


@pytest.mark.xdist_group("portal")
def test_a_running_portal_is_looked_at_and_a_planted_leak_is_found(portal):
    """A few seconds: whether a portal of today leaks is for the half hour; whether the measure works, for this."""
    bench.prepare(portal, products=0, orders=0, people=overload.PEOPLE // 10)

    def leaking(one: Sample) -> Sample:
        web = one.programs["web"]
        leak = dataclasses.replace(web, files=web.files + round(one.at * 200), rss=web.rss + round(one.at * web.rss))
        return dataclasses.replace(one, programs={**one.programs, "web": leak})

    found = soak.run(
        portal, minutes=0.15, share=0.2, every=0.5, people=2, knee_seconds=1.0, tamper=leaking, say=lambda _words: None
    )
    assert found.knee > 0 and found.rate == pytest.approx(max(1.0, 0.2 * found.knee))
    assert found.statuses.get("200", 0) > 0
    looked = found.samples[-1].programs
    assert {"postgres", "valkey", "web", "worker", "talker", "relay", "beat"} <= looked.keys()
    assert all(used.rss > MB and used.files > 0 for used in looked.values())
    assert looked["postgres"].own > MB and looked["web"].connections > 0
    assert found.samples[-1].valkey_bytes > 0 and found.samples[-1].database_connections > 0
    assert "web: memory grew" in "; ".join(found.wrong) and "web: files grew" in "; ".join(found.wrong)
    held = {one.name for one in found.grown if one.held}
    assert {"beat: files", "relay: files"} & held, "nothing was planted there"
    assert "**grew**" in soak.table(found)
    assert soak.as_data(found)["grown"][0].keys() >= {"name", "before", "after", "allowed", "held"}
