"""The event log: written with its cause, append-only, sealed day by day."""

import io
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from marketplace import access, events
from marketplace.models import AuditSeal, Event, ReadLog, User
from marketplace.request import request_id
from marketplace.tidying import tidy_up
from tests.factories import make_rules

pytestmark = pytest.mark.django_db

TABLES = ["marketplace_event", "marketplace_readlog", "marketplace_auditseal"]


def record(at: datetime, actor: User | None = None, **more: object) -> Event:
    with transaction.atomic():
        return events.record(kind="order.confirmed", subject="order:1", actor=actor, at=at, **more)


def noon(day: int) -> datetime:
    return datetime(2026, 11, day, 7, 0, tzinfo=UTC)


@pytest.fixture
def three_days(marat: User) -> list[Event]:
    """Events of 1, 2 and 3 November, each day sealed."""
    found = [record(noon(day), marat, data={"line": day}) for day in (1, 1, 2, 3)]
    assert events.seal_until(date(2026, 11, 3)) == 3
    return found


def without_guard(sql: str) -> None:
    """What somebody with the owner's rights could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only_rows")
        cursor.execute(sql)


@pytest.mark.django_db(transaction=True)
def test_an_event_belongs_into_a_transaction() -> None:
    with pytest.raises(RuntimeError):
        events.record(kind="x", subject="order:1", actor=None)
    assert not Event.objects.exists()


def test_an_event_says_who_for_whom_and_in_which_request(aigul: User, alikhan: User) -> None:
    token = request_id.set("req-1")
    try:
        with transaction.atomic():
            own = events.record(kind="a", subject="order:1", actor=aigul, on_behalf_of=aigul)
            ward = events.record(kind="a", subject="order:1", actor=aigul, on_behalf_of=alikhan, reason="ill")
    finally:
        request_id.reset(token)
    assert (own.actor, own.on_behalf_of, own.request_id) == (aigul, None, "req-1")
    assert (ward.on_behalf_of, ward.reason) == (alikhan, "ill")
    assert events.of_subject("order:1") == [own, ward]
    assert events.of_subject("order:2") == []


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("sql", ["UPDATE {} SET id = id + 1000", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_logs_only_grow(three_days: list[Event], gulnar: User, marat: User, table: str, sql: str) -> None:
    access.log_read(actor=gulnar, person_id=marat.pk, purpose="order", subject="order:1")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # The test database switches this one trigger off, because tests clean up by TRUNCATE.
        for name in TABLES:
            cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER append_only_truncate")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format(table))

    assert (Event.objects.count(), ReadLog.objects.count(), AuditSeal.objects.count()) == (4, 1, 3)


def test_an_untouched_log_verifies(three_days: list[Event], capsys: pytest.CaptureFixture[str]) -> None:
    assert events.verify() == []
    assert [(seal.day.day, seal.events) for seal in AuditSeal.objects.all()] == [(1, 2), (2, 1), (3, 1)]
    call_command("verify_audit")
    assert "The audit log matches its seals." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sql", "day"),
    [
        ("UPDATE marketplace_event SET after = 'paid' WHERE id = {0}", "2026-11-01"),
        ("UPDATE marketplace_event SET actor_id = NULL WHERE id = {2}", "2026-11-02"),
        ("UPDATE marketplace_event SET at = at + interval '1 second' WHERE id = {3}", "2026-11-03"),
        ("UPDATE marketplace_event SET data = '{{}}' WHERE id = {1}", "2026-11-01"),
        ("DELETE FROM marketplace_event WHERE id = {0}", "2026-11-01"),
        (
            "INSERT INTO marketplace_event (id, at, kind, subject, before, after, reason, request_id, data)"
            " OVERRIDING SYSTEM VALUE VALUES ({0} - 1, '2026-11-01 07:00+00', 'x', 'order:1', '', '', '', '', '{{}}')",
            "2026-11-01",
        ),
        ("UPDATE marketplace_auditseal SET digest = repeat('0', 64) WHERE day = '2026-11-02'", "2026-11-02"),
    ],
)
def test_tampering_is_named_by_its_day(three_days: list[Event], sql: str, day: str) -> None:
    without_guard(sql.format(*(event.pk for event in three_days)))

    problems = events.verify()

    assert problems
    assert problems[0].startswith(day)
    with pytest.raises(CommandError):
        call_command("verify_audit", stderr=io.StringIO())


def test_forging_one_seal_breaks_the_next(three_days: list[Event]) -> None:
    without_guard(f"UPDATE marketplace_event SET after = 'paid' WHERE id = {three_days[0].pk}")
    first = AuditSeal.objects.earliest("day")
    forged, _count, _last = events.digest_of(events._events_after(None, first.last_event_id), events.GENESIS)
    without_guard(f"UPDATE marketplace_auditseal SET digest = '{forged}' WHERE day = '2026-11-01'")

    assert [problem[:10] for problem in events.verify()] == ["2026-11-02"]


def test_history_that_is_written_later_is_no_tampering(three_days: list[Event]) -> None:
    record(noon(1))  # imported: happened on the 1st, written now
    record(datetime(2026, 12, 24, tzinfo=UTC))  # a clock run for a day to come
    record(noon(4))

    assert events.verify() == []
    assert events.seal_until(date(2026, 11, 4)) == 1
    assert events.verify() == []
    assert AuditSeal.objects.latest("day").events == 3


def test_days_without_events_are_sealed_too(three_days: list[Event]) -> None:
    assert events.seal_until(date(2026, 11, 6)) == 3
    record(noon(7))
    assert events.seal_until(date(2026, 11, 7)) == 1
    assert [seal.events for seal in AuditSeal.objects.all()] == [2, 1, 1, 0, 0, 0, 1]
    assert events.verify() == []


def test_nothing_to_seal_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert events.seal_until(date(2026, 11, 1)) == 0
    assert events.verify() == []
    call_command("verify_audit")
    assert "The audit log matches its seals." in capsys.readouterr().out


def test_the_night_seals_yesterday_by_the_local_calendar(marat: User) -> None:
    make_rules()  # the apps above forget by theirs
    record(datetime(2026, 11, 20, 18, 59, tzinfo=UTC), marat)  # 23:59 in Kazakhstan
    record(datetime(2026, 11, 20, 19, 1, tzinfo=UTC), marat)  # 00:01 of the 21st
    with time_machine.travel(datetime(2026, 11, 20, 22, 30, tzinfo=UTC), tick=False):  # 03:30 of the 21st
        assert tidy_up()["days_sealed"] == 1
        assert tidy_up()["days_sealed"] == 0
    seal = AuditSeal.objects.get()
    assert (seal.day, seal.events) == (date(2026, 11, 20), 1)


def test_reading_somebody_elses_data_leaves_a_row_reading_ones_own_none(marat: User, gulnar: User) -> None:
    access.log_read(actor=marat, person_id=marat.pk, purpose="order", subject="order:1")
    access.log_read(actor=gulnar, person_id=None, purpose="order", subject="order:1")
    assert not ReadLog.objects.exists()
    access.log_read(actor=gulnar, person_id=marat.pk, purpose="order", subject="order:1")
    row = ReadLog.objects.get()
    assert (row.actor, row.person, row.purpose, row.subject) == (gulnar, marat, "order", "order:1")
