"""Workers three days ahead and three days behind, two beats, an hour without any: nobody is late, early or twice.

The database's clock is a number that the test moves from minute to minute; Python's clock, which the workers would
see, is wrong the whole time.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection

from complaints import tasks
from complaints.models import Complaint
from marketplace.models import Event
from tests.complaints.factories import at, make_complaint, make_person, make_supplier

COMPLAINTS = 500
SKEW = timedelta(days=3)
# Filed from Monday to Friday; ten days later come a Thursday, a Friday and, for three days of filing, one Monday.
FILED = [at(f"2026-11-{day} 10:00") for day in (16, 17, 18, 19, 20)]
NIGHTS = [at(f"{day} 00:00") for day in ("2026-11-26", "2026-11-27", "2026-11-28", "2026-11-30", "2026-12-01")]
# At midnight of 28 November nothing runs for an hour.
SILENCE = (at("2026-11-27 23:58"), at("2026-11-28 00:58"))
GRACE = timedelta(minutes=5)


class DatabaseClock:
    now = NIGHTS[0]

    def __call__(self) -> datetime:
        """As marketplace.time.database_now: asked of PostgreSQL, so that no worker's clock takes part."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::timestamptz", [self.now])
            return cursor.fetchone()[0]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> DatabaseClock:
    found = DatabaseClock()
    monkeypatch.setattr(tasks, "database_now", found)
    return found


@pytest.fixture
def silent_complaints() -> list[Complaint]:
    """One person's, about five hundred deliveries of one supplier who never answers."""
    make_person(), make_supplier()
    return [make_complaint(now=FILED[number % len(FILED)]) for number in range(COMPLAINTS)]


def minutes() -> Iterator[datetime]:
    """Each minute around each midnight, but for the hour without beats."""
    for night in NIGHTS:
        for minute in range(-3, 62 if night == at("2026-11-28 00:00") else 6):
            moment = night + timedelta(minutes=minute)
            if not SILENCE[0] <= moment < SILENCE[1]:
                yield moment


def two_beats(clock: DatabaseClock) -> None:
    for skew in (SKEW, -SKEW):
        with time_machine.travel(clock.now + skew, tick=True):
            tasks.run_clock()


def test_none_of_500_is_early_late_or_twice(clock, silent_complaints):
    for clock.now in minutes():
        two_beats(clock)

    seen = {row.pk: row for row in Complaint.objects.all()}
    assert {row.status for row in seen.values()} == {"escalated"}
    early, late = [], []
    for row in silent_complaints:
        # The clock moves a case after the last second of its last day; in the hour without beats, when they return.
        due = row.due_at + timedelta(seconds=1)
        possible = max(due, SILENCE[1]) if SILENCE[0] <= due < SILENCE[1] else due
        if seen[row.pk].escalated_at < due:
            early.append((row.number, row.due_at, seen[row.pk].escalated_at))
        if seen[row.pk].escalated_at > possible + GRACE:
            late.append((row.number, row.due_at, seen[row.pk].escalated_at))
    assert (early, late) == ([], [])
    for kind in ("complaint.ignored", "complaint.escalated"):
        subjects = list(Event.objects.filter(kind=kind).values_list("subject", flat=True))
        assert (len(subjects), len(set(subjects))) == (COMPLAINTS, COMPLAINTS), kind


def test_control_by_the_workers_own_clock_cases_are_early(clock, monkeypatch):
    make_complaint(now=FILED[0])
    monkeypatch.setattr(tasks, "database_now", lambda: datetime.now(tz=clock.now.tzinfo))
    clock.now = at("2026-11-24 12:00")
    two_beats(clock)
    assert Complaint.objects.get().status == "escalated", "two days early, by the clock that runs ahead"
