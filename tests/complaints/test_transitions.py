"""The matrix of transitions.txt: every state × action × everybody; what is not in it is refused and changes nothing."""

import copy
from contextlib import contextmanager
from datetime import date
from itertools import groupby
from operator import itemgetter

import pytest
from django.db import transaction

from complaints import bodies, confirming, court, person, selectors, seller, stepping
from complaints.measures import deciding
from complaints.models import Complaint
from complaints.states import COMPLAINT, ENDED_STATES, HAPPENED, OPEN_STATES, WHOSE_TURN, ComplaintStatus
from complaints.tracking import Holder
from complaints.views.case import DOORS
from marketplace import idempotency
from marketplace.errors import DomainError, Forbidden
from marketplace.idempotency import Answer
from marketplace.machine import Machine, Step
from marketplace.models import Event, OutboxRow, Role
from suppliers.models import ComplaintFact
from tests.complaints.factories import at, make_complaint, make_line
from tests.complaints.matrix import CASES, NOW, PEOPLE, cells, everybody, expected, facts, make_case, place

BASIS = {"text": "It happens everywhere.", "legal_basis": "Law 274-IV, art. 42-6"}
PRETRIAL = {
    "consent": "Letters of both",
    "kind": "mediator",
    "body": "Mediators of Shymkent",
    "person_consented_on": NOW.date(),
    "supplier_consented_on": NOW.date(),
}
# Each step with the words it needs, so that a refusal is never about them.
STEPS = {
    "answer": (seller.answer, {"text": "Worn out by use."}),
    "offer": (seller.offer, {"text": "A new wheel"}),
    "remedy-done": (seller.remedy_done, {"no_proof": "No paper."}),
    "accept-offer": (person.accept_offer, {}),
    "accept-answer": (person.accept_answer, {}),
    "reject-answer": (person.reject_answer, {}),
    "withdraw": (person.withdraw, {}),
    "confirm-outcome": (person.confirm_outcome, {}),
    "reopen": (person.reopen, {}),
    "appeal-refusal": (person.appeal_refusal, {}),
    "reply": (person.reply, {"text": "The left one."}),
    "confirm-by-phone": (confirming.confirm_by_phone, {"facts": ["name", "code"]}),
    "reopen-by-phone": (confirming.reopen_by_phone, {"facts": ["phone", "order"]}),
    "not-reached": (confirming.not_reached, {"text": "On 1, 2 and 3 December at noon."}),
    "vote": (confirming.vote, {"agrees": True}),
    "take-up": (bodies.take_up, {}),
    "decide": (bodies.decide, {"outcome": "explained", "text": "No breach."}),
    "extend": (bodies.extend, {"reason": "An expert is asked."}),
    "refuse": (bodies.refuse, {"ground": "decided_by_court", "text": "Decided in May."}),
    "redirect": (bodies.redirect, {"authority": "krk-KZ-79", "reason": "Their matter."}),
    "to-ministry": (bodies.to_ministry, {"reason": "It happens everywhere."}),
    "to-pretrial": (bodies.to_pretrial, PRETRIAL),
    "pretrial-agreed": (bodies.pretrial_agreed, {"text": "A new wheel"}),
    "pretrial-failed": (bodies.pretrial_failed, {}),
    "ask-person": (bodies.ask_person, {"question": "Which wheel?", "pause": "details"}),
    "link-duplicate": (bodies.link_duplicate, {"duplicate_of": "earlier"}),
    "to-court": (court.to_court, {"reason": "Damage"}),
    "court-result": (court.court_result, {"result": "won", "recovered": "1424750"}),
    "instruct": (deciding.instruct, BASIS | {"authority": "dtzpp-KZ-63", "respond_by": date(2026, 12, 20)}),
    "ban": (deciding.ban, {"reason": "Again", "legal_basis": "art. 42-6", "until": date(2027, 1, 31)}),
    "change-rule": (
        deciding.change_rule,
        BASIS | {"rule": "complaint.decision_days", "valid_from": date(2024, 1, 1)},
    ),
    "stop-sale": (deciding.stop_sale, BASIS),
}
ACTIONS = sorted(STEPS)
TARGETS = {(step.action, source): step.target for step in COMPLAINT.steps for source in step.sources}
BY_CODE = ("accept-offer", "accept-answer", "confirm-outcome", "reject-answer", "reopen", "appeal-refusal", "reply", "withdraw")  # fmt: skip


@pytest.fixture
def people():
    return everybody()


@pytest.fixture
def earlier(people):
    """The same person's complaint of the day before: what a duplicate is linked to."""
    line = make_line(person=people["person"], supplier=people["supplier"].partners.get())
    return make_complaint(person=people["person"], line=line, subject="late", now=at("2026-11-21 10:00"))


@pytest.fixture
def complaint(people, earlier):
    return make_case("defect", people)


@contextmanager
def undone():
    """Whatever happens inside is rolled back."""
    before = transaction.savepoint()
    yield
    transaction.savepoint_rollback(before)


@contextmanager
def remembered(monkeypatch, actor, complaint):
    """Who may see the case and in which capacity is asked once for all steps: a refusal changes neither.

    Without a savepoint of its own a step that writes before it refuses is seen, too.
    """
    try:
        locked, held = selectors.lock(actor, complaint.number), selectors.parties(actor, complaint)
    except selectors.NotFound:
        locked, held = None, set()

    def lock(_actor, _number):
        if locked is None:
            raise selectors.NotFound
        return copy.copy(locked)

    with monkeypatch.context() as patch:
        patch.setattr(selectors, "lock", lock)
        patch.setattr(selectors, "parties", lambda _actor, _complaint: held)
        patch.setattr(idempotency, "once", lambda _request, work: Answer(*work()))
        yield


def try_step(action, actor, complaint, earlier):
    """The status of the step: what the API would answer."""
    service, given = STEPS[action]
    if action == "link-duplicate":
        given = {"duplicate_of": earlier.number}
    try:
        return service(number=complaint.number, actor=actor, now=NOW, **given).status
    except DomainError as error:
        return error.status


def differences(monkeypatch, case, people, complaint, earlier, actions):
    """Where the services do other than the table says, and in which state a refused step changed something."""
    wrong = []
    for state, rows in groupby(cells(case, people), key=itemgetter(0)):
        place(complaint, state)
        before, possible = facts(), []
        for _state, who in rows:
            told, actor = expected(case, who, state), people[who]
            possible += [(who, action) for action in actions if action in told.may]
            with remembered(monkeypatch, actor, complaint):
                for action in (action for action in actions if action not in told.may):
                    status = try_step(action, actor, complaint, earlier)
                    if status != told.refusal(action):
                        wrong.append((state, who, action, f"{status}, not {told.refusal(action)}"))
        if facts() != before:
            wrong.append((state, "refusals", "changed something"))
        for who, action in possible:
            with undone():
                faults = legal_faults(action, people[who], complaint, earlier)
                wrong += [(state, who, action, fault) for fault in faults]
    return wrong


def legal_faults(action, actor, complaint, earlier):
    """A step that is possible moves the case, is logged once, announced once, and dates what comes next."""
    source, target = complaint.status, TARGETS[action, complaint.status]
    logged, announced = Event.objects.filter(subject=f"complaint:{complaint.number}"), OutboxRow.objects.count()
    events = logged.count()
    status = try_step(action, actor, complaint, earlier)
    if status != 200:
        return [f"refused with {status}"]
    after = Complaint.objects.get(pk=complaint.pk)
    event = logged.latest("pk")
    kind = f"complaint.{HAPPENED[action][0]}"
    ends = (bool(after.outcome), after.respond_by, after.closed_at) == (True, None, NOW)
    facts_of_step = {
        "moves": after.status == target,
        "log": (event.kind, event.before, event.after) == (kind, source, target),
        "actor": event.actor == (None if isinstance(actor, Holder) else actor),
        "one event": logged.count() == events + 1,
        "announced": OutboxRow.objects.filter(topic=kind, key=complaint.number).exists(),
        "outbox": OutboxRow.objects.count() > announced,
        "dates": ends if target in ENDED_STATES else target == "court" or after.respond_by is not None,
    }
    return [name for name, holds in facts_of_step.items() if not holds]


def test_every_step_of_everybody_in_every_state(monkeypatch, people, complaint, earlier):
    wrong = differences(monkeypatch, "defect", people, complaint, earlier, ACTIONS)
    assert not wrong, "\n".join(map(str, wrong[:20]))


@pytest.mark.parametrize("case", [case for case in CASES if case != "defect"])
def test_rights_in_other_cases(case, monkeypatch, people):
    """In danger, at triage, without an account, by a supplier: other people hold the same capacities."""
    complaint, wrong = make_case(case, people), []
    for state, who in cells(case, people):
        if complaint.status != state:
            place(complaint, state)
        told = expected(case, who, state)
        seen = selectors.visible(people[who]).filter(pk=complaint.pk).exists()
        held = selectors.parties(people[who], complaint) if seen else set()
        if (seen, set(COMPLAINT.actions(state, held))) != (told.seen, told.may):
            wrong.append((state, who, seen, sorted(set(COMPLAINT.actions(state, held)) ^ told.may)))
    assert not wrong, "\n".join(map(str, wrong[:20]))


def test_in_danger_the_sale_is_stopped_by_those_of_the_table_only(monkeypatch, people):
    complaint = make_case("danger", people)
    wrong = differences(monkeypatch, "danger", people, complaint, None, ["stop-sale"])
    assert not wrong, "\n".join(map(str, wrong[:20]))


def broken(action, **changes):
    """The machine with one guard of one step removed."""
    steps = [
        Step(step.action, changes.get("sources", step.sources), step.target, changes.get("parties", step.parties), "")
        if step.action == action
        else step
        for step in COMPLAINT.steps
    ]
    return Machine("complaint", ComplaintStatus, steps)


@pytest.mark.parametrize(
    ("action", "changes", "seen"),
    [
        (
            "confirm-outcome",
            {"parties": ("owner", "supplier")},
            ("decided", "supplier", "confirm-outcome", "200, not 403"),
        ),
        ("withdraw", {"sources": ("court",)}, ("court", "guardian", "withdraw", "200, not 409")),
        ("decide", {"parties": ("ministry",)}, ("with_body", "inspector", "decide", "refused with 403")),
    ],
)
def test_control_a_removed_guard_is_seen(action, changes, seen, monkeypatch, people, complaint, earlier):
    machine = broken(action, **changes)
    monkeypatch.setattr(stepping, "COMPLAINT", machine)
    monkeypatch.setattr("tests.complaints.test_transitions.cells", lambda case, people: [seen[:2]])
    assert seen in differences(monkeypatch, "defect", people, complaint, earlier, [action])


def test_control_a_refusal_that_writes_is_seen(monkeypatch, people, complaint, earlier):
    def writes(*, number, actor, now):
        Complaint.objects.filter(number=number).update(answer="changed")
        raise Forbidden

    monkeypatch.setitem(STEPS, "withdraw", (writes, {}))
    monkeypatch.setattr("tests.complaints.test_transitions.cells", lambda case, people: [("closed", "auditor")])
    wrong = differences(monkeypatch, "defect", people, complaint, earlier, ["withdraw"])
    assert wrong == [("closed", "refusals", "changed something")]


def test_the_table_names_what_there_is(people):
    """A new state, step or role is missing here until somebody writes down who may do what."""
    by_people = {step.action for step in COMPLAINT.steps if set(step.parties) - {"clock"}}
    assert set(STEPS) == by_people == {action for case in CASES for state in ComplaintStatus for who in (*people, "code") for action in expected(case, who, state).may}  # fmt: skip
    named = {who for rows in PEOPLE.values() for cell in rows for who in cell}
    assert named - {"nobody", "code", "desk_code"} <= set(people)
    assert {actor.role for actor in people.values() if actor.is_authenticated} == set(Role)


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
