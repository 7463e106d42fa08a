"""The sweep: never early, once, catching up; and every other date of a complaint."""

from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command

from complaints import bodies, clocks, person, seller
from complaints.models import Complaint, ComplaintStep
from complaints.reporting import scorecard
from complaints.reports import Period
from marketplace import outbox
from marketplace.models import AuditSeal, Event, Notice, OutboxRow
from suppliers.models import ComplaintFact, Partner
from tests.complaints.factories import (
    at,
    body,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_seller,
)  # fmt: skip


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def complaint(aigul):
    """Filed on Sunday 22.11.2026; the supplier's last day is Wednesday 02.12.2026."""
    return make_complaint(person=aigul)


def run(moment):
    return clocks.run(at(moment)).done


def kinds():
    return list(Event.objects.filter(subject__startswith="complaint").order_by("pk").values_list("kind", flat=True))


def test_before_the_hour_of_the_rule_nothing_moves(complaint):
    assert run("2026-12-02 23:59:59")["escalated"] == 0
    assert run("2026-12-03 00:04:59")["escalated"] == 0
    complaint.refresh_from_db()
    assert complaint.status == "with_seller"
    assert ComplaintFact.objects.filter(kind="silent").count() == 0


def test_silence_brings_the_named_body_in(complaint):
    done = run("2026-12-03 00:05")

    complaint.refresh_from_db()
    assert done["escalated"] == 1
    assert (complaint.status, complaint.addressee_authority) == ("escalated", body("dtzpp-KZ-79"))
    assert complaint.addressee_supplier.code == "jarqyn-med"
    assert complaint.escalated_at == at("2026-12-03 00:05")
    assert str(complaint.respond_by) == "2026-12-25"
    assert kinds() == ["complaint.filed", "complaint.ignored", "complaint.escalated"]
    ignored, escalated = Event.objects.filter(kind__in=["complaint.ignored", "complaint.escalated"]).order_by("pk")
    assert (ignored.before, ignored.after, escalated.before, escalated.after) == (
        "with_seller", "ignored", "ignored", "escalated",
    )  # fmt: skip
    assert ignored.actor is None
    assert ComplaintFact.objects.filter(kind="silent").count() == 1
    assert list(ComplaintStep.objects.values_list("step", flat=True)) == ["ignored:2026-12-02"]


def test_a_second_sweep_does_nothing(complaint):
    run("2026-12-03 00:05")
    before = (kinds(), OutboxRow.objects.count())
    assert run("2026-12-03 00:05") == {}
    assert run("2026-12-03 00:06") == {}
    assert (kinds(), OutboxRow.objects.count()) == before
    assert ComplaintFact.objects.filter(kind="silent").count() == 1


def test_a_late_sweep_catches_up(complaint):
    assert run("2026-12-09 17:30")["escalated"] == 1
    complaint.refresh_from_db()
    # the body's time runs from the day it got the case
    assert str(complaint.respond_by) == "2026-12-31"


def test_danger_counts_hours(aigul):
    complaint = make_complaint(person=aigul, subject="danger", now=at("2026-11-22 10:00:00"))
    assert run("2026-11-23 10:00:00")["escalated"] == 0
    assert run("2026-11-23 10:00:01")["escalated"] == 1
    complaint.refresh_from_db()
    assert complaint.addressee_authority == body("dtzpp-KZ-79")
    assert str(complaint.respond_by) == "2026-11-23"


def test_reminders_on_days_three_seven_and_nine(complaint):
    told = []
    for day in range(22, 31):
        if run(f"2026-11-{day} 09:00")["reminders"]:
            told.append(f"11-{day}")
    for day in (1, 2):
        if run(f"2026-12-0{day} 09:00")["reminders"]:
            told.append(f"12-0{day}")
    assert told == ["11-25", "11-29", "12-01"]
    assert run("2026-12-01 09:01") == {}


def test_after_an_outage_only_the_latest_reminder_is_sent(complaint):
    assert run("2026-12-01 09:00")["reminders"] == 1
    assert list(ComplaintStep.objects.values_list("step", flat=True)) == ["reminder:9"]


def test_an_offer_that_nobody_takes_goes_to_the_body(complaint):
    marat = make_seller(Partner.objects.get())
    seller.offer(number=complaint.number, actor=marat, text="A new wheel", now=at("2026-11-23 10:00"))
    complaint.refresh_from_db()
    assert str(complaint.respond_by) == "2026-11-30"  # 28.11. is a Saturday
    assert run("2026-11-30 23:59")["offers lapsed"] == 0
    assert run("2026-12-01 00:05")["offers lapsed"] == 1
    complaint.refresh_from_db()
    assert (complaint.status, complaint.addressee_authority) == ("escalated", body())


def test_a_promise_not_kept_is_silence(aigul, complaint):
    marat = make_seller(Partner.objects.get())
    seller.offer(
        number=complaint.number, actor=marat, text="A new wheel", promised_on=at("2026-12-05 00:00").date(),
        now=at("2026-11-23 10:00"),
    )  # fmt: skip
    person.accept_offer(number=complaint.number, actor=aigul, now=at("2026-11-24 10:00"))
    complaint.refresh_from_db()
    assert (complaint.status, str(complaint.respond_by)) == ("remedy_running", "2026-12-05")
    assert run("2026-12-05 23:59")["escalated"] == 0
    assert run("2026-12-06 00:05")["escalated"] == 1
    assert ComplaintFact.objects.filter(kind="silent").count() == 1


def test_an_answer_without_objection_ends_the_case(complaint):
    marat = make_seller(Partner.objects.get())
    seller.answer(number=complaint.number, actor=marat, text="Worn out by use.", now=at("2026-11-23 10:00"))
    complaint.refresh_from_db()
    assert str(complaint.respond_by) == "2026-12-14"  # 20 days end on a Sunday
    assert run("2026-12-15 00:05")["answers lapsed"] == 1
    complaint.refresh_from_db()
    assert (complaint.status, complaint.outcome, complaint.outcome_detail) == ("closed", "explained", "no_objection")
    assert complaint.confirmed_by == ""


def test_an_unconfirmed_outcome_is_never_satisfied(complaint):
    run("2026-12-03 00:05")
    bodies.decide(
        number=complaint.number,
        actor=make_inspector(),
        outcome="satisfied",
        text="Replaced.",
        now=at("2026-12-04 10:00"),
    )
    assert run("2026-12-25 00:05")["outcomes to ask about"] == 1
    complaint.refresh_from_db()
    assert (complaint.status, str(complaint.respond_by)) == ("outcome_call", "2027-01-05")  # over the holidays
    assert not run("2027-01-05 23:59")
    assert run("2027-01-06 00:05")["unconfirmed"] == 1
    complaint.refresh_from_db()
    assert (complaint.status, complaint.outcome, complaint.outcome_detail) == ("closed", "explained", "unconfirmed")
    assert ComplaintFact.objects.filter(kind="confirmed").count() == 0


def test_the_body_waits_for_the_person_at_most_ten_days(aigul, complaint):
    inspector = make_inspector()
    run("2026-12-03 00:05")
    bodies.take_up(number=complaint.number, actor=inspector, now=at("2026-12-03 09:00"))
    bodies.ask_person(
        number=complaint.number, actor=inspector, question="Which wheel?", pause="details", now=at("2026-12-04 10:00")
    )
    complaint.refresh_from_db()
    assert (complaint.status, str(complaint.respond_by)) == ("waiting_person", "2026-12-14")
    assert run("2026-12-15 00:05")["resumed"] == 1
    complaint.refresh_from_db()
    # 25.12. moved by the ten days that the rule allows; 4 January is a day off
    assert (complaint.status, complaint.waited_days, str(complaint.respond_by)) == ("with_body", 10, "2027-01-05")
    with pytest.raises(bodies.WaitedEnough):
        bodies.ask_person(
            number=complaint.number, actor=inspector, question="And?", pause="details", now=at("2026-12-16 10:00")
        )


def test_the_last_body_keeps_its_case_and_the_one_above_is_told_once(complaint):
    """Pre-trial bodies and courts join by will only: behind the department the rule has nobody else."""
    make_inspector()
    make_inspector("committee", "kzpp")
    make_inspector("far", "dtzpp-KZ-63")
    make_reviewer()
    run("2026-12-03 00:05")
    outbox.drain()
    assert run("2026-12-26 00:05")["bodies overdue"] == 1
    assert run("2026-12-26 00:06") == {}
    complaint.refresh_from_db()
    assert (complaint.status, complaint.addressee_authority, complaint.escalates_to) == ("escalated", body(), None)
    outbox.drain()
    told = Notice.objects.filter(kind="complaint.overdue").values_list("recipient__username", flat=True)
    assert sorted(told) == ["aigul", "committee", "ministry", "samat"]


LATE_GOODS = ["so-shymkent", "dtzpp-KZ-79"]
RUDE_STAFF = ["so-shymkent", "ukz-KZ-79", "krk-KZ-79"]
ACT_FORGED = ["desk-fraud", "prosecutor", "afm"]


@pytest.mark.parametrize(
    ("said", "chain"),
    [
        ({"subject": "late"}, LATE_GOODS),
        ({"subject": "staff", "sphere": "office"}, RUDE_STAFF),
        ({"subject": "fake_act"}, ACT_FORGED),
        ({"subject": "unclear", "sphere": "portal"}, ["desk-triage", "ministry"]),
    ],
)
def test_silence_passes_a_case_along_the_whole_chain(aigul, said, chain):
    complaint = make_complaint(person=aigul, **said)
    seen = [complaint.addressee_authority.code] if complaint.addressee_authority else []
    for _silent in range(10):
        moment = at(f"{complaint.respond_by} 00:05") + timedelta(days=1)
        holder = complaint.addressee_authority
        clocks.run(moment - timedelta(seconds=1))
        complaint.refresh_from_db()
        assert complaint.addressee_authority == holder
        clocks.run(moment)
        clocks.run(moment + timedelta(minutes=1))
        complaint.refresh_from_db()
        if complaint.addressee_authority.code in seen:
            break
        seen.append(complaint.addressee_authority.code)
        assert complaint.escalated_at == moment
        assert complaint.respond_by > moment.date() or complaint.priority == 0
    assert seen == chain
    overdue = Event.objects.filter(kind="complaint.overdue").order_by("pk").values_list("data__authority", flat=True)
    assert list(overdue) == chain
    assert Event.objects.filter(kind="complaint.passed_up").count() == len(chain) - 1


def test_who_loses_a_case_by_silence_keeps_the_late_mark(aigul):
    make_complaint(person=aigul, subject="staff", sphere="office", now=at("2026-11-23 10:00"))
    assert run("2026-12-15 00:05")["passed up"] == 1
    cards = {row["body"]: row["overdue"] for row in scorecard.beside(Period.month(date(2026, 12, 1)), None).bodies}
    assert cards == {"so-shymkent": 1}


def test_the_person_hears_of_a_passing_up_once_and_by_the_next_bodys_name(aigul):
    make_complaint(person=aigul, subject="staff", sphere="office", now=at("2026-11-23 10:00"))
    outbox.drain()
    run("2026-12-15 00:05")
    outbox.drain()
    told = Notice.objects.filter(recipient=aigul).exclude(kind="complaint.filed")
    assert [notice.kind for notice in told] == ["complaint.passed_up"]


def test_opened_again_a_case_goes_on_from_the_body_that_had_it(aigul):
    complaint = make_complaint(person=aigul, subject="late")
    run("2026-12-03 00:05")
    bodies.decide(
        number=complaint.number, actor=make_inspector("office-head", "so-shymkent"), outcome="explained",
        text="On its way.", now=at("2026-12-04 10:00"),
    )  # fmt: skip
    person.reopen(number=complaint.number, actor=aigul, now=at("2026-12-05 10:00"))
    complaint.refresh_from_db()
    assert complaint.addressee_authority == body("so-shymkent")
    assert complaint.escalates_to == body("dtzpp-KZ-79")


def test_pretrial_without_agreement_goes_back(complaint):
    run("2026-12-03 00:05")
    bodies.to_pretrial(
        number=complaint.number,
        actor=make_inspector(),
        consent="Letters of 4 December",
        kind="mediator",
        body="Mediators of Shymkent",
        person_consented_on=at("2026-12-04 10:00").date(),
        supplier_consented_on=at("2026-12-04 10:00").date(),
        now=at("2026-12-04 10:00"),
    )
    assert run("2027-01-06 00:05")["pre-trial failed"] == 1
    complaint.refresh_from_db()
    assert complaint.status == "with_body"


def test_one_broken_case_does_not_stop_the_clock(aigul, complaint, monkeypatch):
    other = make_complaint(person=aigul, line=make_line(person=aigul, supplier=Partner.objects.get()))
    real = clocks.standing.silent
    broken = []

    def silent(complaint, day):
        if not broken:
            broken.append(complaint)
            raise RuntimeError("broken")
        real(complaint, day)

    monkeypatch.setattr(clocks.standing, "silent", silent)
    summary = clocks.run(at("2026-12-03 00:05"))
    assert (summary.failed, summary.done["escalated"]) == (1, 1)
    assert sorted(Complaint.objects.values_list("status", flat=True)) == ["escalated", "with_seller"]
    assert clocks.run(at("2026-12-03 00:06")).done["escalated"] == 1
    assert other.number != complaint.number


def test_both_sides_and_the_body_are_told_in_their_language(complaint):
    make_seller(Partner.objects.get(), "marat")
    make_inspector()
    outbox.drain()
    run("2026-12-03 00:05")
    outbox.drain()
    told = {(notice.kind, notice.recipient.username) for notice in Notice.objects.select_related("recipient")}
    assert told >= {
        ("complaint.filed", "aigul"), ("complaint.filed", "marat"),
        ("complaint.escalated", "aigul"), ("complaint.escalated", "marat"), ("complaint.escalated", "samat"),
    }  # fmt: skip
    assert not OutboxRow.objects.filter(dead_at__isnull=False).exists()


def test_the_command_prints_one_line(complaint, capsys):
    call_command("run_clock", "--now", "2026-12-03T00:05:00+05:00")
    line = capsys.readouterr().out
    assert line.startswith("2026-12-03 00:05:00: ")
    assert "escalated 1" in line
    assert line.count("\n") == 1
    with pytest.raises(CommandError):
        call_command("run_clock", "--now", "tomorrow")


def test_a_rehearsal_seals_nothing_ahead_of_time(complaint):
    run("2030-01-01 00:05")
    assert not AuditSeal.objects.filter(day__gte=at("2026-12-01 00:00").date()).exists()
