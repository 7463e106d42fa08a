"""The matrix made from the table itself: every state × action × role; illegal steps are refused and change nothing."""

import pytest

from complaints import bodies, confirming, court, person, selectors, seller, stepping
from complaints.models import Complaint
from complaints.states import COMPLAINT, ENDED_STATES, HAPPENED, OPEN_STATES, WHOSE_TURN, ComplaintStatus
from complaints.views.case import DOORS
from marketplace.errors import Forbidden, IllegalStep
from marketplace.models import Event, OutboxRow, Role
from suppliers.models import ComplaintFact, Partner
from tests.complaints.factories import (
    at,
    body,
    make_complaint,
    make_inspector,
    make_person,
    make_reviewer,
    make_seller,
    make_user,
)  # fmt: skip

NOW = at("2026-12-04 10:00")
ACTIONS = sorted({step.action for step in COMPLAINT.steps})
PEOPLE = ("person", "supplier", "inspector", "ministry", "hotline", "auditor")
CHECKED = {"decided", "outcome_check", "outcome_call", "outcome_panel"}
WITH_BODY_ADDRESSED = set(ComplaintStatus) - {
    "registered",
    "with_seller",
    "settled_offer",
    "answered",
    "remedy_running",
}


@pytest.fixture
def complaint():
    return make_complaint(person=make_person())


@pytest.fixture
def people(complaint):
    return {
        "person": complaint.complainant,
        "supplier": make_seller(Partner.objects.get()),
        "inspector": make_inspector(),
        "ministry": make_reviewer(),
        "hotline": make_user("hotline-user", Role.HOTLINE),
        "auditor": make_user("auditor", Role.AUDITOR),
    }


def place(complaint, state):
    """Put the case into a state with the columns that belong to it."""
    ended, dated = state in ENDED_STATES, at("2026-12-20 23:59")
    Complaint.objects.filter(pk=complaint.pk).update(
        status=state,
        addressee_authority=body() if state in WITH_BODY_ADDRESSED else None,
        escalated_at=at("2026-12-03 00:05"),
        respond_by=None if ended else dated.date(),
        due_at=None if ended else dated,
        closed_at=at("2026-12-03 12:00") if ended else None,
        outcome="explained" if ended else "",
        outcome_detail="no_breach" if ended else "",
        proposed_outcome="satisfied" if state in CHECKED else "",
        proposed_detail="full" if state in CHECKED else "",
        remedy={"promised_on": "2026-12-20", "amount": "0"},
        paused_on=at("2026-12-03 12:00").date() if state == "waiting_person" else None,
        paused_respond_by=dated.date() if state == "waiting_person" else None,
        reopened=0,
        confirmed_by="",
    )
    complaint.refresh_from_db()


def refuse_plan(case):
    raise AssertionError("an illegal step got as far as its plan")


@pytest.mark.parametrize("who", PEOPLE)
def test_illegal_steps_change_nothing(who, complaint, people):
    actor, refused = people[who], 0
    for state in ComplaintStatus:
        place(complaint, state)
        before = Complaint.objects.values().get(), Event.objects.count(), OutboxRow.objects.count()
        seen = selectors.visible(actor).filter(pk=complaint.pk).exists()
        held = selectors.parties(actor, complaint)
        for action in ACTIONS:
            if action in COMPLAINT.actions(state, held):
                continue
            own = any(step.action == action and held & set(step.parties) for step in COMPLAINT.steps)
            expected = (IllegalStep if own else Forbidden) if seen else stepping.selectors.NotFound
            with pytest.raises(expected) as error:
                stepping.take(number=complaint.number, action=action, actor=actor, plan=refuse_plan, now=NOW)
            assert error.value.status == {IllegalStep: 409, Forbidden: 403}.get(expected, 404)
            if expected is IllegalStep:
                assert error.value.extra["allowed"] == COMPLAINT.actions(state, held)
            refused += 1
        assert (Complaint.objects.values().get(), Event.objects.count(), OutboxRow.objects.count()) == before
    assert refused > 400


PRETRIAL = {
    "consent": "Letters of both",
    "kind": "mediator",
    "body": "Mediators of Shymkent",
    "person_consented_on": NOW.date(),
    "supplier_consented_on": NOW.date(),
}
STEPS = {
    "answer": ("supplier", seller.answer, {"text": "Worn out by use."}),
    "offer": ("supplier", seller.offer, {"text": "A new wheel"}),
    "remedy-done": ("supplier", seller.remedy_done, {"no_proof": "No paper."}),
    "accept-offer": ("person", person.accept_offer, {}),
    "accept-answer": ("person", person.accept_answer, {}),
    "reject-answer": ("person", person.reject_answer, {}),
    "withdraw": ("person", person.withdraw, {}),
    "confirm-outcome": ("person", person.confirm_outcome, {}),
    "reopen": ("person", person.reopen, {}),
    "appeal-refusal": ("person", person.appeal_refusal, {}),
    "reply": ("person", person.reply, {"text": "The left one."}),
    "confirm-by-phone": ("hotline", confirming.confirm_by_phone, {"facts": ["name", "code"]}),
    "reopen-by-phone": ("hotline", confirming.reopen_by_phone, {"facts": ["phone", "order"]}),
    "not-reached": ("hotline", confirming.not_reached, {"text": "On 1, 2 and 3 December at noon."}),
    "vote": ("ministry", confirming.vote, {"agrees": True}),
    "take-up": ("inspector", bodies.take_up, {}),
    "decide": ("inspector", bodies.decide, {"outcome": "explained", "text": "No breach."}),
    "extend": ("inspector", bodies.extend, {"reason": "An expert is asked."}),
    "refuse": ("inspector", bodies.refuse, {"ground": "decided_by_court", "text": "Decided in May."}),
    "redirect": ("ministry", bodies.redirect, {"authority": "krk-KZ-79", "reason": "Their matter."}),
    "to-ministry": ("inspector", bodies.to_ministry, {"reason": "It happens everywhere."}),
    "to-pretrial": ("inspector", bodies.to_pretrial, PRETRIAL),
    "pretrial-agreed": ("inspector", bodies.pretrial_agreed, {"text": "A new wheel"}),
    "pretrial-failed": ("inspector", bodies.pretrial_failed, {}),
    "ask-person": ("inspector", bodies.ask_person, {"question": "Which wheel?", "pause": "details"}),
    "to-court": ("inspector", court.to_court, {"reason": "Damage"}),
    "court-result": ("inspector", court.court_result, {"result": "won", "recovered": "1424750"}),
}
LEGAL = [
    (step.action, source, step.target)
    for step in COMPLAINT.steps
    for source in step.sources
    if step.action in STEPS
]  # fmt: skip


@pytest.mark.parametrize(("action", "source", "target"), sorted(set(LEGAL)))
def test_legal_steps_move_log_and_announce(action, source, target, complaint, people):
    who, service, given = STEPS[action]
    place(complaint, source)
    events, rows = Event.objects.count(), OutboxRow.objects.count()

    service(number=complaint.number, actor=people[who], now=NOW, **given)

    complaint.refresh_from_db()
    event = Event.objects.latest("pk")
    assert complaint.status == target
    assert (event.kind, event.before, event.after) == (f"complaint.{HAPPENED[action][0]}", source, target)
    assert event.actor == people[who]
    assert Event.objects.count() == events + 1
    assert OutboxRow.objects.filter(topic=event.kind, key=complaint.number).exists()
    assert OutboxRow.objects.count() > rows
    if target in ENDED_STATES:
        assert (bool(complaint.outcome), complaint.respond_by, complaint.closed_at) == (True, None, NOW)
    elif target != "court":
        assert complaint.respond_by is not None


def test_a_duplicate_is_linked_to_the_earlier_one(complaint, people):
    later = make_complaint(
        person=complaint.complainant, line=complaint.order_line, subject="short_quantity", now=at("2026-11-23 10:00")
    )
    bodies.link_duplicate(number=later.number, actor=people["ministry"], duplicate_of=complaint.number, now=NOW)
    later.refresh_from_db()
    assert (later.status, later.duplicate_of, later.outcome, later.outcome_detail) == (
        "duplicate_linked", complaint, "explained", "duplicate",
    )  # fmt: skip


def test_a_case_is_opened_again_once(complaint, people):
    place(complaint, "closed")
    person.reopen(number=complaint.number, actor=people["person"], now=NOW)
    complaint.refresh_from_db()
    assert (complaint.status, complaint.reopened, complaint.outcome, complaint.closed_at) == ("escalated", 1, "", None)
    Complaint.objects.update(status="closed", closed_at=NOW)
    with pytest.raises(person.AlreadyReopened):
        person.reopen(number=complaint.number, actor=people["person"], now=NOW)


def test_thirty_days_after_closing_it_is_too_late(complaint, people):
    place(complaint, "closed")  # on 3 December; 30 days end on 2 January, a holiday, then a weekend
    with pytest.raises(person.TooLate):
        person.reopen(number=complaint.number, actor=people["person"], now=at("2027-01-06 00:00"))
    assert person.reopen(number=complaint.number, actor=people["person"], now=at("2027-01-05 23:00")).status == 200


def test_a_refusal_after_five_working_days_is_not_possible(complaint, people):
    place(complaint, "escalated")  # got it on 3 December
    refuse = {
        "number": complaint.number,
        "actor": people["inspector"],
        "ground": "decided_by_court",
        "text": "Decided.",
    }
    with pytest.raises(bodies.RefusalTooLate):
        bodies.refuse(**refuse, now=at("2026-12-11 10:00"))
    assert bodies.refuse(**refuse, now=at("2026-12-10 10:00")).status == 200


def test_redirecting_keeps_the_clock(complaint, people):
    place(complaint, "escalated")
    bodies.redirect(
        number=complaint.number, actor=people["inspector"], authority="krk-KZ-79", reason="Their matter.", now=NOW
    )
    complaint.refresh_from_db()
    assert (complaint.addressee_authority.code, str(complaint.respond_by)) == ("krk-KZ-79", "2026-12-20")


def test_only_the_persons_word_makes_it_satisfied(complaint, people):
    place(complaint, "decided")
    for who in ("supplier", "inspector", "ministry", "hotline"):
        with pytest.raises(Forbidden):
            person.confirm_outcome(number=complaint.number, actor=people[who], now=NOW)
    person.confirm_outcome(number=complaint.number, actor=people["person"], now=NOW)
    complaint.refresh_from_db()
    assert (complaint.outcome, complaint.confirmed_by) == ("satisfied", "person")
    assert ComplaintFact.objects.filter(kind="confirmed").count() == 1


def test_every_step_has_words_and_a_button():
    by_people = {step.action for step in COMPLAINT.steps if set(step.parties) - {"clock"}}
    assert set(DOORS) == by_people
    assert set(HAPPENED) == {step.action for step in COMPLAINT.steps}
    assert set(WHOSE_TURN) == set(OPEN_STATES) - {"registered"}
