"""Counts of a day outlive the process that counted: added once a minute, never lost because the database was away."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client

from marketplace import day_counts
from marketplace.models import DayCount

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 30)


@pytest.fixture(autouse=True)
def nothing_pending() -> Iterator[None]:
    """A day of its own, whatever other tests have counted."""
    day_counts._pending.clear()
    with time_machine.travel("2026-11-30T10:00:00+05:00"):
        yield
    day_counts._pending.clear()


def rows() -> dict[tuple[str, str], int]:
    return {(row.what, row.part): row.count for row in DayCount.objects.filter(day=TODAY)}


def test_what_is_counted_is_added_to_the_day() -> None:
    for seconds in (0.1, 0.11, 60.0, 61.0):
        day_counts.page(seconds)
    assert (rows(), day_counts.flush()) == ({}, 4)
    day_counts.page(0.05)
    assert (day_counts.flush(), day_counts.flush()) == (1, 0)
    assert rows() == {
        ("page_seconds", "0.1"): 2,
        ("page_seconds", "0.25"): 1,
        ("page_seconds", "60"): 1,
        ("page_seconds", "beyond"): 1,
    }


def test_midnight_in_kazakhstan_ends_the_day() -> None:
    day_counts.page(1)
    with time_machine.travel("2026-11-30T23:59:00+00:00"):
        day_counts.page(1)
    day_counts.flush()
    assert set(DayCount.objects.values_list("day", "count")) == {(TODAY, 1), (date(2026, 12, 1), 1)}


def test_a_database_that_is_away_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def cursor(self) -> Any:
            raise OperationalError("no server")

    day_counts.answer(200)
    with monkeypatch.context() as patched:
        patched.setattr(day_counts, "connection", Away())
        assert day_counts.flush() == 0
    day_counts.answer(503)
    day_counts.answer(200)
    day_counts.flush()
    assert rows() == {("answers", "fine"): 2, ("answers", "error"): 1}
    assert day_counts.answers(TODAY, TODAY) == (1, 3)


def test_counting_in_many_threads_loses_nothing() -> None:
    def work() -> None:
        for _time in range(500):
            day_counts.answer(200)

    threads = [threading.Thread(target=work) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    day_counts.flush()
    assert rows() == {("answers", "fine"): 4000}


@pytest.mark.django_db(transaction=True)
def test_a_web_server_adds_its_counts_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_counts, "EVERY", 0.05)
    day_counts.answer(200)
    assert day_counts._thread is None, "nobody asked for it: a worker counts nothing"
    day_counts.keep()
    day_counts.answer(200)
    thread = day_counts._thread
    assert thread is not None
    for _try in range(200):
        if rows():
            break
        time.sleep(0.05)
    day_counts._wanted.clear()
    thread.join(5)
    assert (rows(), thread.is_alive()) == ({("answers", "fine"): 2}, False)


def test_what_browsers_tell_and_what_was_answered_is_counted(client: Client) -> None:
    told = {"r": "catalogue:index", "g": "en", "b": 90, "d": 300, "l": 4000}
    assert client.post("/pace", json.dumps(told), content_type="application/json").status_code == 204
    del told["l"]
    client.post("/pace", json.dumps(told), content_type="application/json")  # a page that was left before it was there
    for machine in ("/healthz/live", "/metrics"):
        client.get(machine)
    day_counts.flush()
    assert rows() == {("page_seconds", "5"): 1, ("answers", "fine"): 2}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, None),
        ({"10": 1}, 9.75),  # one page: somewhere in its bucket
        ({"0.5": 100}, 0.49),
        ({"0.1": 95, "60": 5}, 0.1),
        ({"0.1": 94, "0.5": 6}, 0.29),
        ({"beyond": 3}, 60.0),
    ],
)
def test_the_bound_of_ninety_five_in_a_hundred(counts: dict[str, int], expected: float | None) -> None:
    for part, count in counts.items():
        DayCount.objects.create(day=TODAY, what=day_counts.PAGES, part=part, count=count)
    assert day_counts.p95(TODAY, TODAY) == expected
