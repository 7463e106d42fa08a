"""The stored facts say what the events say: on random histories, after any catch-up, twice and after a rebuild."""

import random
from datetime import date, datetime, time, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints import reports
from complaints.models import Complaint
from complaints.reporting import facts, recount
from complaints.reporting.models import CaseMark, CaseStretch, DayTally, DayTotal, FactsState
from complaints.reports import Period
from complaints.states import COMPLAINT, ENDED_STATES, HAPPENED, Outcome
from marketplace.models import Event
from tests.complaints.factories import at, body, make_complaint, make_person, region

FIRST_DAY = date(2026, 9, 1)
REGIONS = ("KZ-79", "KZ-63", "KZ-75")
NOVEMBER = Period.month(date(2026, 11, 1))
PERIODS = [
    Period.month(date(2026, 10, 1)),
    Period.month(date(2026, 11, 1)),
    Period(date(2026, 9, 10), date(2026, 9, 10)),
    Period(date(2026, 8, 1), date(2027, 1, 31)),
]


def random_case(dice: random.Random, number: int) -> Complaint:
    """A case with a random legal history: steps of the table of states, at random moments that do not run back."""
    status, moment = "registered", _moment(FIRST_DAY + timedelta(days=dice.randrange(60)), dice)
    filed, rows = moment, []
    for _step in range(dice.randrange(1, 9)):
        steps = [step for step in COMPLAINT.steps if status in step.sources]
        if not steps:
            break
        step = dice.choice(steps)
        data: dict[str, object] = {}
        if step.target in ENDED_STATES:
            outcome = dice.choice([item for item in Outcome.values if item != "carried_over"])
            data = {"outcome": outcome, "confirmed": dice.random() < 0.5, "returned": f"{dice.randrange(9000)}.50"}
        if step.action in ("answer", "offer"):
            data = {"days": dice.randrange(15), "in_time": dice.random() < 0.7}
        kind = f"complaint.{HAPPENED[step.action][0]}"
        rows.append((kind, status, step.target, moment, data))
        status = step.target
        moment += timedelta(hours=dice.choice([0, 1, 5, 20, 24, 24 * 7, 24 * 25]), minutes=dice.randrange(60))
    where, channel = dice.choice(REGIONS), dice.choice(["portal", "hotline", "qr"])
    closed = rows[-1][3] if status in ENDED_STATES else None
    complaint = Complaint.objects.create(
        number=f"T{number:06d}", tracking_hash=b"", subject="defect", sphere="durable", text="", channel=channel,
        region=region(where), status=status, rule="R2", rule_version=date(2024, 1, 1), filed_at=filed,
        filed_on=timezone.localdate(filed), respond_by=date(2027, 1, 1), closed_at=closed,
        addressee_authority=body(),
    )  # fmt: skip
    for kind, before, after, when, data in rows:
        Event.objects.create(
            at=when, kind=kind, subject=f"complaint:{complaint.number}", before=before, after=after, data=data
        )
    return complaint


def _moment(day: date, dice: random.Random) -> datetime:
    clock = time(dice.randrange(24), dice.choice([0, 30, 59]))
    return timezone.make_aware(datetime.combine(day, clock))


def agree() -> None:
    for period in PERIODS:
        for where in (None, region()):
            counted = recount.recount(period, where)
            found = reports.facts(period, where)
            assert {name: found[name] for name in counted} == counted
            assert reports.self_check(counted) == "ok"


def everything() -> list[list[tuple[object, ...]]]:
    """All facts as plain rows, without their ids and without sums that came to nothing."""
    nothing = Q(came=0, went=0, filed=0)
    rows = [CaseStretch.objects.all(), CaseMark.objects.all(), DayTotal.objects.exclude(nothing)]
    rows.append(DayTally.objects.exclude(steps=0))
    return [
        sorted(found.values_list(*[field.attname for field in found.model._meta.fields if field.name != "id"]), key=str)
        for found in rows
    ]


def caught_up() -> None:
    """As after a run when nobody else is writing; a test's own transaction never ends for the snapshot."""
    facts.catch_up()
    FactsState.objects.update(last_event=Event.objects.latest("pk").pk)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_facts_and_events_agree_on_random_histories(seed: int):
    begin = transaction.savepoint()
    dice = random.Random(seed)
    for number in range(15):
        random_case(dice, number)
    agree()  # nothing stored yet: all of it is read from the events
    caught_up()
    agree()  # all of it stored
    stored = everything()
    for number in range(15, 19):
        random_case(dice, number)
    agree()  # four cases are newer than the facts
    caught_up()
    followed = everything()
    assert followed != stored
    facts.rebuild()
    assert everything() == followed
    agree()
    transaction.savepoint_rollback(begin)


@pytest.fixture
def undisturbed(monkeypatch):
    """A writer in another test's database holds the position up, too: wait for it."""
    monkeypatch.setattr(facts, "PATIENCE_S", 60.0)


@pytest.mark.django_db(transaction=True)
def test_a_run_moves_on_and_a_second_has_nothing_to_do(undisturbed):
    aigul = make_person()
    make_complaint(person=aigul, now=at("2026-11-03 10:00"))
    assert facts.catch_up() == Event.objects.latest("pk").pk
    assert facts.position() == Event.objects.latest("pk").pk
    assert facts.catch_up() == 0
    before = everything()
    make_complaint(person=aigul, now=at("2026-11-04 10:00"))
    assert facts.behind() == 1
    assert facts.catch_up() == 1
    assert len(everything()[0]) == len(before[0]) + 1


@pytest.mark.django_db(transaction=True)
def test_an_event_of_a_slow_transaction_is_not_passed_over(undisturbed, monkeypatch):
    """A step whose event has a lower number may be committed later: the position waits for it."""
    aigul = make_person()
    slow = make_complaint(person=aigul, now=at("2026-11-03 10:00"))
    facts.catch_up()
    reached = facts.position()
    writer = connection.copy()
    try:
        with writer.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "INSERT INTO marketplace_event (at, kind, subject, before, after, reason, request_id, data) VALUES"
                " ('2026-11-05 10:00+05', 'complaint.withdrawn', %s, 'with_seller', 'withdrawn', '', '',"
                ' \'{"outcome": "withdrawn"}\')',
                [f"complaint:{slow.number}"],
            )
            make_complaint(person=aigul, now=at("2026-11-06 10:00"))
            with monkeypatch.context() as short:
                short.setattr(facts, "PATIENCE_S", 0.2)
                facts.catch_up()
            assert facts.position() == reached  # the later event is in the facts, the position stands
            assert reports.facts(NOVEMBER)["outcomes"]["withdrawn"] == 0
            cursor.execute("COMMIT")
        assert reports.facts(NOVEMBER)["outcomes"]["withdrawn"] == 1
        assert facts.catch_up() == 2
        assert reports.facts(NOVEMBER)["outcomes"]["withdrawn"] == 1
    finally:
        writer.close()


@pytest.mark.django_db(transaction=True)
def test_the_check_names_what_differs(capsys):
    make_complaint(person=make_person(), now=at("2026-11-03 10:00"))
    caught_up()
    call_command("report_facts", "--check", "2026-11")
    assert "agree in every region" in capsys.readouterr().out
    DayTotal.objects.update(channel="kiosk")
    with pytest.raises(CommandError, match=r"KZ by_channel: facts \{'kiosk': 1\}, events \{'portal': 1\}"):
        call_command("report_facts", "--check", "2026-11")
    call_command("report_facts", "--rebuild")
    call_command("report_facts", "--check", "2026-11")
    with pytest.raises(CommandError, match="give the month"):
        call_command("report_facts", "--check", "November")
