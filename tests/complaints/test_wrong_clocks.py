"""Workers three days ahead and three days behind, two beats, an hour without any: nobody is late, early or twice.

The database's clock is a number that the test moves from minute to minute; Python's clock, which the workers would
see, is wrong the whole time.
"""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.db.models import DateTimeField, Q, Value
from django.utils import timezone

from complaints import tasks
from complaints.models import Complaint
from marketplace import notices, outbox
from marketplace.models import Event, Notice, OutboxRow
from marketplace.notices import gateways, sending
from marketplace.time import database_now
from tests.complaints.factories import at, make_complaint, make_person, make_supplier

COMPLAINTS = 500
# Whose notices are sent as well, one by one.
FILINGS = 120
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


def send_all() -> None:
    """Everything that waits, by a worker ahead and a worker behind in turns."""
    skews = itertools.cycle((SKEW, -SKEW))
    while OutboxRow.objects.filter(done_at=None, dead_at=None, available_at__lte=database_now()).exists():
        with time_machine.travel(datetime.now(tz=UTC) + next(skews), tick=True):
            assert outbox.drain(limit=200), "a row that is due is taken by any worker"


def test_notices_of_filings_are_neither_delayed_nor_given_up():
    begun = database_now()
    make_person(phone="+77010000001"), make_supplier()
    for number in range(FILINGS):
        with time_machine.travel(datetime.now(tz=UTC) + (SKEW if number % 2 else -SKEW), tick=True):
            make_complaint(now=FILED[number % len(FILED)])
    send_all()
    over = database_now()
    assert OutboxRow.objects.filter(done_at=None).count() == 0
    outside = Q(created_at__lt=begun) | Q(created_at__gt=over)
    assert not OutboxRow.objects.filter(outside).exists()
    told = Notice.objects.filter(kind="complaint.filed")
    assert told.count() == FILINGS
    assert set(told.values_list("status", flat=True)) <= {"sent", "delivered"}
    assert not told.filter(outside | Q(finished_at__lt=begun) | Q(finished_at__gt=over)).exists()


@pytest.fixture
def dead_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead:
        def send(self, notice: Notice) -> None:
            raise gateways.Unreachable("no line")

    monkeypatch.setattr(gateways, "for_channel", lambda _channel: Dead())


def one_try_of_a_worker_ahead() -> tuple[str, float]:
    """State of the notice after its first failed try, and for how many seconds the relay leaves it alone."""
    make_person(phone="+77010000001")
    make_complaint(now=FILED[0])
    with time_machine.travel(datetime.now(tz=UTC) + SKEW, tick=True):
        outbox.drain()
    notice = Notice.objects.get(kind="complaint.filed")
    row = OutboxRow.objects.filter(topic=notices.TOPIC).latest("pk")
    return notice.status, (row.available_at - database_now()).total_seconds()


def test_a_worker_three_days_ahead_gives_nobody_to_the_call_list(dead_gateway):
    status, wait = one_try_of_a_worker_ahead()
    assert status == "created"
    assert 0 < wait <= 2


def test_control_by_the_workers_own_clock_everybody_is_phoned(dead_gateway, monkeypatch):
    monkeypatch.setattr(sending, "Now", lambda: Value(timezone.now(), output_field=DateTimeField()))
    assert one_try_of_a_worker_ahead()[0] == "call"


def test_control_by_the_workers_own_clock_rows_wait_three_days(monkeypatch):
    monkeypatch.setattr(outbox, "Now", lambda: Value(timezone.now(), output_field=DateTimeField()))
    with time_machine.travel(datetime.now(tz=UTC) + SKEW, tick=True), transaction.atomic():
        outbox.add("test.effect", "a")
    taken: list[int] = []
    outbox.hand_on(taken.append)
    assert taken == []


def test_control_by_the_workers_own_clock_cases_are_early(clock, monkeypatch):
    make_complaint(now=FILED[0])
    monkeypatch.setattr(tasks, "database_now", lambda: datetime.now(tz=clock.now.tzinfo))
    clock.now = at("2026-11-24 12:00")
    two_beats(clock)
    assert Complaint.objects.get().status == "escalated", "two days early, by the clock that runs ahead"
