"""What a step may not do: wait longer than the rule, extend for ever, link strangers, come back too late."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import translation

from complaints import bodies, clocks, filing, person, seller
from complaints.checking import Filing
from complaints.models import Complaint
from marketplace import rules
from marketplace.errors import Invalid
from marketplace.models import Event, Rule, User
from suppliers.models import Partner
from tests.complaints.factories import (
    at,
    body,
    make_complaint,
    make_inspector,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
)  # fmt: skip

NOW = at("2026-12-04 10:00")


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def complaint():
    """Filed on 22.11.2026, with the department since 03.12.2026, which has until 25.12."""
    made = make_complaint(person=make_person())
    clocks.run(at("2026-12-03 00:05"))
    made.refresh_from_db()
    return made


@pytest.fixture
def samat(complaint):
    return make_inspector()


def frozen(number):
    return Complaint.objects.values().get(number=number), Event.objects.count()


def refused(error, step, complaint, **given):
    """The step raises, and nothing has changed."""
    before = frozen(complaint.number)
    with pytest.raises(error) as raised:
        step(number=complaint.number, **given)
    assert frozen(complaint.number) == before
    return raised.value


# --- The pause -----------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["2026-12-04", "2026-12-24", "2027-03-12", "2026-05-01", "2026-08-28"])
def test_the_clock_stands_still_for_ten_days_at_most_whatever_is_a_day_off(complaint, samat, asked):
    """New Year, Nauryz and May in the middle of the pause, or its last day on a Sunday."""
    day = date.fromisoformat(asked)
    Complaint.objects.update(respond_by=day + timedelta(days=5), status="with_body")
    bodies.ask_person(
        number=complaint.number, actor=samat, question="Which wheel?", pause="details", now=at(f"{asked} 10:00")
    )
    complaint.refresh_from_db()
    assert complaint.respond_by == day + timedelta(days=10)
    assert clocks.run(at(f"{day + timedelta(days=10)} 23:59")).done["resumed"] == 0
    assert clocks.run(at(f"{day + timedelta(days=11)} 00:05")).done["resumed"] == 1
    complaint.refresh_from_db()
    assert (complaint.status, complaint.waited_days) == ("with_body", 10)
    assert complaint.respond_by >= day + timedelta(days=15)


def test_a_late_sweep_gives_the_body_no_more_than_the_rule(complaint, samat):
    Complaint.objects.update(status="with_body")
    bodies.ask_person(number=complaint.number, actor=samat, question="Which?", pause="details", now=NOW)
    clocks.run(at("2026-12-20 10:00"))
    complaint.refresh_from_db()
    assert complaint.waited_days == 10


def test_several_pauses_share_the_ten_days(complaint, samat):
    Complaint.objects.update(status="with_body")
    bodies.ask_person(number=complaint.number, actor=samat, question="Which?", pause="details", now=NOW)
    person.reply(number=complaint.number, actor=complaint.complainant, text="The left.", now=at("2026-12-11 10:00"))
    bodies.ask_person(
        number=complaint.number, actor=samat, question="A photo?", pause="documents", now=at("2026-12-11 11:00")
    )
    complaint.refresh_from_db()
    assert (complaint.waited_days, str(complaint.respond_by)) == (7, "2026-12-14")


@pytest.mark.parametrize("pause", ["", "holiday"])
def test_a_pause_needs_a_reason_that_the_rule_names(complaint, samat, pause):
    Complaint.objects.update(status="with_body")
    error = refused(Invalid, bodies.ask_person, complaint, actor=samat, question="Which?", pause=pause, now=NOW)
    assert [item.field for item in error.errors] == ["pause"]


def test_the_reason_of_a_pause_stands_in_the_event(client, complaint, samat):
    Complaint.objects.update(status="with_body")
    client.force_login(samat)
    page = client.get(f"/en/review/{complaint.number}/").content.decode()
    assert "A document that the person has is needed" in page
    client.post(f"/en/complaints/{complaint.number}/ask-person/", {"question": "A photo?", "pause": "documents"})
    assert Event.objects.get(kind="complaint.asked").data["pause"] == "documents"


# --- More time, another body -----------------------------------------------------------------------


def test_a_body_extends_once(complaint, samat):
    bodies.extend(number=complaint.number, actor=samat, reason="An expert is asked.", now=NOW)
    complaint.refresh_from_db()
    assert complaint.respond_by > date(2026, 12, 25)
    refused(bodies.NoMoreTime, bodies.extend, complaint, actor=samat, reason="Again.", now=NOW)
    Rule.objects.filter(code="complaint.extensions").update(value={"count": 2})
    assert bodies.extend(number=complaint.number, actor=samat, reason="Again.", now=NOW).status == 200


def test_the_next_body_may_extend_for_itself(complaint, samat):
    bodies.extend(number=complaint.number, actor=samat, reason="An expert is asked.", now=NOW)
    bodies.redirect(number=complaint.number, actor=samat, authority="krk-KZ-79", reason="Theirs.", now=NOW)
    other = make_inspector("krk", "krk-KZ-79")
    assert bodies.extend(number=complaint.number, actor=other, reason="We have just begun.", now=NOW).status == 200


def test_in_danger_there_is_no_more_time():
    complaint = make_complaint(person=make_person(), subject="danger", now=at("2026-11-23 10:00"))
    clocks.run(at("2026-11-24 10:01"))
    complaint.refresh_from_db()
    assert str(complaint.respond_by) == "2026-11-24"
    refused(
        bodies.NoMoreTime, bodies.extend, complaint, actor=make_inspector(), reason="Later.", now=at("2026-11-24 11:00")
    )


def test_after_failed_settlement_danger_keeps_its_clock():
    complaint = make_complaint(person=make_person(), subject="danger", now=at("2026-11-23 10:00"))
    clocks.run(at("2026-11-24 10:01"))
    samat, number = make_inspector(), complaint.number
    bodies.to_pretrial(
        number=number, actor=samat, consent="Letters", kind="mediator", body="Mediation centre",
        person_consented_on=date(2026, 11, 24), supplier_consented_on=date(2026, 11, 24), now=at("2026-11-24 11:00"),
    )  # fmt: skip
    bodies.pretrial_failed(number=number, actor=samat, now=at("2026-11-25 11:00"))
    complaint.refresh_from_db()
    assert str(complaint.respond_by) == "2026-11-25"


def test_a_redirected_matter_names_its_body(client, complaint, samat):
    said = {"actor": samat, "outcome": "redirected", "text": "Not ours.", "now": NOW}
    for code in ("", "nobody", "dtzpp-KZ-79"):
        error = refused(Invalid, bodies.decide, complaint, authority=code, **said)
        assert [item.field for item in error.errors] == ["authority"]
    bodies.decide(number=complaint.number, authority="krk-KZ-79", **said)
    event = Event.objects.get(kind="complaint.decided")
    assert (event.data["handed_to"], event.data["told_in_time"]) == ("krk-KZ-79", True)
    client.force_login(complaint.complainant)
    page = client.get(f"/en/complaints/{complaint.number}/").content.decode()
    assert body("krk-KZ-79").name in page
    timeline = client.get(f"/api/v1/complaints/{complaint.number}").json()["timeline"]
    assert timeline[-1]["to"] == body("krk-KZ-79").name


@pytest.mark.parametrize(("day", "in_time"), [("2026-12-08", True), ("2026-12-09", False)])
def test_misdirected_is_told_within_three_working_days(complaint, samat, day, in_time):
    """Received on Thursday 3 December: Friday, Monday, Tuesday."""
    bodies.redirect(
        number=complaint.number, actor=samat, authority="krk-KZ-79", reason="Theirs.", now=at(f"{day} 10:00")
    )
    data = Event.objects.get(kind="complaint.redirected").data
    assert (data["tell_by"], data["told_in_time"]) == ("2026-12-08", in_time)


# --- Duplicates ------------------------------------------------------------------------------------


def visitor(phone="", now="2026-11-24 10:00"):
    said = Filing(
        subject="defect", text="It broke.", supplier="jarqyn-med", sphere="durable",
        contact={"phone": phone} if phone else {},
    )  # fmt: skip
    answer = filing.file(actor=AnonymousUser(), filing=said, now=at(now))
    return Complaint.objects.get(number=answer.body["number"])


def test_two_unknown_people_are_not_the_same():
    make_supplier()
    first, second = visitor(), visitor(now="2026-11-25 10:00")
    clocks.run(at("2026-12-08 00:05"))
    samat = make_inspector()
    error = refused(
        Invalid, bodies.link_duplicate, second, actor=samat, duplicate_of=first.number, now=at("2026-12-08 10:00")
    )
    assert [item.code for item in error.errors] == ["other_person"]


def test_one_phone_is_the_same_person():
    make_supplier()
    first, second = visitor("8 701 000 00 01"), visitor("+7 701 000 00 01", now="2026-11-25 10:00")
    clocks.run(at("2026-12-08 00:05"))
    bodies.link_duplicate(
        number=second.number, actor=make_inspector(), duplicate_of=first.number, now=at("2026-12-08 10:00")
    )
    second.refresh_from_db()
    assert (second.status, second.duplicate_of) == ("duplicate_linked", first)


def test_a_desk_is_shown_candidates_and_what_was_linked(client):
    make_supplier()
    make_supplier("other", "Other")
    old = visitor("8 701 000 00 01", now="2026-09-01 10:00")
    first, second = visitor("8 701 000 00 01"), visitor("8 701 000 00 01", now="2026-11-25 10:00")
    stranger = visitor("8 701 000 00 02", now="2026-11-23 10:00")
    Complaint.objects.update(addressee_authority=body(), status="with_body", respond_by=date(2026, 12, 25))
    client.force_login(make_reviewer())
    page = client.get(f"/en/review/{second.number}/").content.decode()
    assert "Perhaps the same matter" in page
    assert all(case.number in page for case in (first, stranger))  # the same phone; the same supplier and subject
    assert old.number not in page
    bodies.link_duplicate(number=second.number, actor=make_reviewer_again(), duplicate_of=first.number, now=NOW)
    page = client.get(f"/en/review/{first.number}/").content.decode()
    assert "Later complaints of the same matter" in page
    assert second.number in page
    seller_of = make_seller(Partner.objects.get(code="jarqyn-med"))
    client.force_login(seller_of)
    assert "Perhaps the same matter" not in client.get(f"/en/supplier/complaints/{first.number}/").content.decode()


def make_reviewer_again():
    return User.objects.get(username="ministry")


# --- Remedies, and coming back -----------------------------------------------------------------------


def test_a_remedy_is_one_of_the_demands():
    complaint = make_complaint(person=make_person())
    marat = make_seller(Partner.objects.get())
    said = {"actor": marat, "text": "A new wheel", "now": at("2026-11-23 10:00")}
    error = refused(Invalid, seller.offer, complaint, remedy="free beer", **said)
    assert [item.field for item in error.errors] == ["remedy"]
    assert seller.offer(number=complaint.number, remedy="free_repair", **said).status == 200


def test_a_refusal_may_be_appealed_for_thirty_days(complaint, samat):
    bodies.refuse(number=complaint.number, actor=samat, ground="decided_by_court", text="Decided.", now=NOW)
    aigul = complaint.complainant
    # 30 days end on Sunday 3 January, then comes a day off
    refused(person.TooLate, person.appeal_refusal, complaint, actor=aigul, now=at("2027-01-06 00:00"))
    assert person.appeal_refusal(number=complaint.number, actor=aigul, now=at("2027-01-05 23:00")).status == 200


def test_withdrawn_too_early_it_is_opened_again_within_thirty_days(complaint):
    aigul = complaint.complainant
    person.withdraw(number=complaint.number, actor=aigul, reason="pressure", now=NOW)
    refused(person.TooLate, person.reopen, complaint, actor=aigul, now=at("2027-01-06 00:00"))
    person.reopen(number=complaint.number, actor=aigul, now=at("2027-01-05 23:00"))
    complaint.refresh_from_db()
    assert (complaint.status, complaint.addressee_authority, complaint.outcome) == ("escalated", body(), "")


@pytest.mark.parametrize("end", ["withdraw", "refuse"])
def test_an_ended_case_does_not_come_back_beside_a_new_one(complaint, samat, end):
    aigul = complaint.complainant
    if end == "withdraw":
        person.withdraw(number=complaint.number, actor=aigul, now=NOW)
    else:
        bodies.refuse(number=complaint.number, actor=samat, ground="decided_by_court", text="Decided.", now=NOW)
    again = make_complaint(person=aigul, line=complaint.order_line, now=NOW)
    step = person.reopen if end == "withdraw" else person.appeal_refusal
    error = refused(filing.AlreadyOpen, step, complaint, actor=aigul, now=NOW)
    assert error.extra == {"number": again.number}


# --- Rule data ---------------------------------------------------------------------------------------


def test_every_rule_of_complaints_is_read_by_some_code():
    root = Path(__file__).parents[2]
    apps = ("complaints", "marketplace")
    code = "".join(path.read_text(encoding="utf-8") for app in apps for path in sorted((root / app).rglob("*.py")))
    stored = json.loads((root / "marketplace" / "data" / "rules.json").read_text(encoding="utf-8"))
    codes = [rule["code"] for rule in stored if rule["code"].startswith("complaint.")]
    assert len(codes) > 20
    assert [rule for rule in codes if f'"{rule}"' not in code] == []


def test_the_hour_of_the_sweep_is_a_rule(complaint):
    assert rules.get("complaint.escalation_time").value["time"] == "00:05"
    Rule.objects.filter(code="complaint.escalation_time").update(value={"time": "09:30", "day": "next"})
    assert clocks.run(at("2026-12-26 09:29:59")).done["bodies overdue"] == 0
    assert clocks.run(at("2026-12-26 09:30")).done["bodies overdue"] == 1
