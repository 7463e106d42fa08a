"""What is kept in memory: how old it gets, who waits for it, when it is forgotten."""

import threading
from collections.abc import Callable

import pytest

from marketplace.remembered import Remembered


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("marketplace.remembered.time.monotonic", lambda: now[0])
    return now


class Slow:
    """Loads "one" at once, then "two" when it is let go on."""

    def __init__(self) -> None:
        self.loading, self.go_on = threading.Event(), threading.Event()
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        if self.times == 1:
            return "one"
        self.loading.set()
        assert self.go_on.wait(10)
        return "two"


def beside(ask: Callable[[], str]) -> tuple[threading.Thread, list[str]]:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(ask()))
    thread.start()
    return thread, found


def test_it_gets_old(clock):
    answers = iter(["one", "two"])
    kept = Remembered(lambda: next(answers), seconds=60)
    assert [kept.get(), kept.get()] == ["one", "one"]
    clock[0] += 60
    assert kept.get() == "two"


def test_while_one_loads_the_others_take_the_old_one(clock):
    load = Slow()
    kept = Remembered(load, seconds=60)
    kept.get()
    clock[0] += 61
    loader, loaded = beside(kept.get)
    assert load.loading.wait(10)
    assert kept.get() == "one"
    load.go_on.set()
    loader.join(10)
    assert (loaded, kept.get(), load.times) == (["two"], "two", 2)


@pytest.mark.parametrize(("waits", "later"), [(True, 61), (False, 121)])
def test_where_it_may_not_be_that_old_they_wait(clock, waits, later):
    load = Slow()
    kept = Remembered(load, seconds=60, waits=waits)
    kept.get()
    clock[0] += later
    threads = [beside(kept.get) for _reader in range(2)]
    assert load.loading.wait(10)
    threads[1][0].join(0.2)
    assert [found for _thread, found in threads] == [[], []]
    load.go_on.set()
    for thread, _found in threads:
        thread.join(10)
    assert ([found for _thread, found in threads], load.times) == ([["two"], ["two"]], 2)


def test_what_comes_out_equal_stays_the_same_object(clock):
    kept = Remembered(lambda: {"a": [1]}, seconds=60)
    first = kept.get()
    clock[0] += 61
    assert kept.get() is first


def test_what_was_forgotten_while_it_was_loaded_is_not_kept(clock):
    load = Slow()
    kept = Remembered(load, seconds=60)
    kept.get()
    clock[0] += 121
    loader, _loaded = beside(kept.get)
    assert load.loading.wait(10)
    kept.forget()
    load.go_on.set()
    loader.join(10)
    assert (kept.get(), load.times) == ("two", 3)


def test_nothing_is_not_kept():
    answers = iter(["", "one"])
    kept = Remembered(lambda: next(answers))
    assert [kept.get(), kept.get(), kept.get()] == ["", "one", "one"]
