"""When the person says nothing: a call after a check of the caller, a panel in her place, else "unconfirmed"."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from complaints import bodies, clocks, confirming, person, seller
from complaints.models import Complaint, PanelVote
from marketplace import outbox
from marketplace.errors import Forbidden, Invalid
from marketplace.models import Event, Notice, OutboxRow, Role
from suppliers.models import ComplaintFact
from tests.complaints.factories import (
    at,
    make_complaint,
    make_inspector,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
    make_user,
)
from tests.complaints.test_api import post

CALL = at("2027-01-04 10:00")


@pytest.fixture
def complaint():
    """Decided by the body as satisfied on 4 December; nobody confirms in twenty days."""
    complaint = make_complaint(person=make_person())
    clocks.run(at("2026-12-03 00:05"))
    bodies.decide(
        number=complaint.number,
        actor=make_inspector(),
        outcome="satisfied",
        text="Replaced.",
        now=at("2026-12-04 10:00"),
    )
    return complaint


@pytest.fixture
def called(complaint):
    """The hotline has to call."""
    clocks.run(at("2026-12-25 00:05"))
    complaint.refresh_from_db()
    return complaint


@pytest.fixture
def paneled(called, operator):
    confirming.not_reached(number=called.number, actor=operator, text="Three calls.", now=CALL)
    called.refresh_from_db()
    return called


@pytest.fixture
def operator():
    return make_user("operator", Role.HOTLINE)


def facts():
    return (
        list(Complaint.objects.values()),
        list(PanelVote.objects.values()),
        Event.objects.count(),
        OutboxRow.objects.count(),
    )


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def test_the_call_stands_on_the_desk_of_the_hotline_with_its_own_date_and_the_phone(client, called, operator):
    assert (called.status, str(called.respond_by)) == ("outcome_call", "2027-01-05")
    assert called.due_explained["rule"] == "complaint.outcome_call_days"
    client.force_login(operator)
    desk = text_of(client.get("/en/hotline/"))
    assert "Ask if it is settled" in desk
    assert called.number in desk
    case = text_of(client.get(f"/en/complaints/{called.number}/"))
    assert "+77000000001" in case
    assert "The wheel broke" not in case


def test_the_person_is_told_that_the_hotline_calls(called):

    outbox.drain()
    assert Notice.objects.filter(kind="complaint.call_due", recipient=called.complainant).count() == 1


def test_confirmed_by_phone_after_two_facts(client, called, operator):
    client.force_login(operator)
    address = f"/en/complaints/{called.number}/confirm-by-phone/"
    before = facts()
    for wrong in ({}, {"facts": ["name"]}, {"facts": ["name", "name"]}, {"facts": ["name", "passport"]}):
        assert client.post(address, wrong).status_code == 200
        assert facts() == before
    client.post(address, {"facts": ["name", "code"], "text": "She walks again."})
    called.refresh_from_db()
    assert (called.status, called.outcome, called.confirmed_by) == ("closed", "satisfied", "phone")
    event = Event.objects.get(kind="complaint.confirmed")
    assert (event.actor, event.data["facts"], event.data["by"]) == (operator, ["name", "code"], "phone")
    assert event.data["confirmed"] is True
    assert ComplaintFact.objects.filter(kind="confirmed").count() == 1


def test_a_fact_that_the_case_does_not_have_proves_nothing(called, operator):
    Complaint.objects.update(contact={"phone": "+77000000001"}, complainant=None, order_line=None)
    before = facts()
    for told in (["name", "code"], ["order", "code"]):
        with pytest.raises(Invalid):
            confirming.confirm_by_phone(number=called.number, actor=operator, facts=told, now=CALL)
    assert facts() == before
    confirming.confirm_by_phone(number=called.number, actor=operator, facts=["phone", "filed"], now=CALL)


def test_the_person_says_by_phone_that_it_is_not_settled(called, operator):
    confirming.reopen_by_phone(
        number=called.number, actor=operator, facts=["name", "phone"], text="It broke again.", now=CALL
    )
    called.refresh_from_db()
    assert (called.status, called.reopened, called.outcome, called.confirmed_by) == ("escalated", 1, "", "")


def test_she_may_still_say_it_herself(called):
    person.confirm_outcome(number=called.number, actor=called.complainant, now=CALL)
    called.refresh_from_db()
    assert (called.outcome, called.confirmed_by) == ("satisfied", "person")


def test_the_hotline_says_nothing_before_its_turn(complaint, operator):
    before = facts()
    for step in (confirming.confirm_by_phone, confirming.reopen_by_phone):
        with pytest.raises(Forbidden):
            step(number=complaint.number, actor=operator, facts=["name", "code"], now=at("2026-12-10 10:00"))
    assert facts() == before


def test_who_gave_no_phone_goes_to_the_panel_at_once(complaint):
    Complaint.objects.update(contact={})
    clocks.run(at("2026-12-25 00:05"))
    complaint.refresh_from_db()
    assert (complaint.status, str(complaint.respond_by)) == ("outcome_panel", "2027-01-05")


def test_two_reviewers_who_took_no_part_make_the_panel(client, paneled):
    assert (paneled.status, str(paneled.respond_by)) == ("outcome_panel", "2027-01-14")
    first, second = make_reviewer("dana"), make_reviewer("erlan")
    client.force_login(first)
    assert "Vote on the outcome" in text_of(client.get(f"/en/review/{paneled.number}/"))
    client.post(f"/en/complaints/{paneled.number}/vote/", {"agrees": "yes"})
    paneled.refresh_from_db()
    assert (paneled.status, paneled.outcome, PanelVote.objects.count()) == ("outcome_panel", "", 1)
    before = facts()
    again = client.post(f"/en/complaints/{paneled.number}/vote/", {"agrees": "yes"}, follow=True)
    assert "You have voted on this outcome" in text_of(again)
    assert facts() == before
    client.force_login(second)
    answer = post(client, f"/complaints/{paneled.number}/vote", {"agrees": True, "text": "The receipt shows it."})
    assert (answer.json()["status"], answer.json()["confirmed_by"]) == ("closed", "panel")
    paneled.refresh_from_db()
    assert (paneled.outcome, paneled.confirmed_by) == ("satisfied", "panel")
    event = Event.objects.get(kind="complaint.confirmed_by_panel")
    assert (event.actor, event.data["confirmed"]) == (None, False)


def test_votes_against_confirm_nothing_and_the_outcome_stays_unconfirmed(paneled):
    for name, agrees in (("dana", True), ("erlan", False), ("asel", False)):
        confirming.vote(number=paneled.number, actor=make_reviewer(name), agrees=agrees, now=CALL)
    paneled.refresh_from_db()
    assert paneled.status == "outcome_panel"
    clocks.run(at("2027-01-15 00:05"))
    paneled.refresh_from_db()
    assert (paneled.status, paneled.outcome, paneled.outcome_detail) == ("closed", "explained", "unconfirmed")
    assert (paneled.confirmed_by, ComplaintFact.objects.filter(kind="confirmed").count()) == ("", 0)


def test_who_examined_the_case_and_other_roles_do_not_vote(complaint, operator):
    decider = make_reviewer("decider")
    Complaint.objects.update(status="escalated")
    bodies.take_up(number=complaint.number, actor=decider, now=at("2026-12-05 10:00"))
    Complaint.objects.update(status="outcome_panel")
    before = facts()
    for voter in (decider, operator, complaint.complainant, make_seller(complaint.supplier)):
        with pytest.raises(Forbidden):
            confirming.vote(number=complaint.number, actor=voter, agrees=True, now=CALL)
    assert facts() == before


def test_the_database_keeps_one_vote_of_each_and_no_satisfied_without_a_word(paneled):
    dana = make_reviewer("dana")
    confirming.vote(number=paneled.number, actor=dana, agrees=True, now=CALL)
    with pytest.raises(IntegrityError), transaction.atomic():
        PanelVote.objects.create(complaint=paneled, round=paneled.reopened, voter=dana, agrees=True, at=CALL)
    for word in ("", "clock"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Complaint.objects.update(status="closed", outcome="satisfied", confirmed_by=word)


def test_no_vote_before_the_panel(called):
    with pytest.raises(Forbidden):
        confirming.vote(number=called.number, actor=make_reviewer("dana"), agrees=True, now=CALL)


def test_an_outcome_that_is_not_satisfied_lapses_without_a_call(complaint):
    Complaint.objects.update(proposed_outcome="explained", proposed_detail="no_breach")
    clocks.run(at("2026-12-25 00:05"))
    complaint.refresh_from_db()
    assert (complaint.status, complaint.outcome_detail) == ("closed", "no_breach")


def test_news_of_a_visitor_come_in_the_language_of_the_complaint(client):

    told = {"supplier": make_supplier().code, "subject": "defect", "sphere": "durable", "region": "KZ-79"}
    told |= {"text": "Сломалось.", "contact": {"phone": "+77010000009"}}
    assert post(client, "/complaints", told, key="k", language="ru").status_code == 201
    complaint = Complaint.objects.get()
    assert complaint.language == "ru"
    with translation.override("kk"):
        seller.answer(number=complaint.number, actor=make_seller(complaint.supplier), text="Износ.")
        outbox.drain()
    notice = Notice.objects.get(kind="complaint.answered", recipient=None)
    assert (notice.language, notice.title) == ("ru", f"Жалоба {complaint.number}")
