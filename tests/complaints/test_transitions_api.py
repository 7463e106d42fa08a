"""The matrix once more, as programs meet it: a refused step answers by the contract and changes nothing.

Every state × action is sent; who sends it goes round, so that everybody also meets every state and every action.
"""

import json
import logging

import pytest

from complaints import selectors, stepping
from complaints.api_by_code import STEPS as BY_CODE
from complaints.models import Complaint
from complaints.states import COMPLAINT, ComplaintStatus
from complaints.tracking import Holder
from marketplace import policy
from marketplace.machine import Machine, Step
from tests.complaints.conftest import Browser
from tests.complaints.factories import make_complaint
from tests.complaints.matrix import everybody, expected, facts, make_case, place
from tests.complaints.test_transitions import ACTIONS

BODIES = {
    "offer": {"text": "A new wheel"},
    "remedy-done": {"no_proof": "No paper."},
    "confirm-by-phone": {"facts": ["name", "code"]},
    "reopen-by-phone": {"facts": ["name", "code"]},
    "vote": {"agrees": True},
    "decide": {"outcome": "explained", "text": "No breach."},
    "refuse": {"ground": "decided_by_court", "text": "Decided in May."},
    "redirect": {"authority": "krk-KZ-79", "text": "Their matter."},
    "to-pretrial": {
        "text": "Letters of both", "kind": "mediator", "body": "Mediators of Shymkent",
        "person_consented_on": "2026-12-01", "supplier_consented_on": "2026-12-01",
    },
    "ask-person": {"text": "Which wheel?", "pause": "details"},
    "court-result": {"result": "won", "recovered": "1424750"},
    "instruct": {"text": "Look.", "legal_basis": "art. 42-6", "authority": "krk-KZ-79", "respond_by": "2099-01-01"},
    "ban": {"text": "Again", "legal_basis": "art. 42-6", "until": "2099-01-01"},
    "change-rule": {
        "text": "It is new.", "legal_basis": "art. 42-6", "rule": "complaint.decision_days", "valid_from": "2024-01-01",
    },
    "stop-sale": {"text": "It burns.", "legal_basis": "art. 42-6"},
}  # fmt: skip
PLAIN = {"text": "It is so."}
# Coprime to the number of people: the same person meets another action in the next state.
STRIDE = 5


@pytest.fixture(autouse=True)
def quiet():
    """Hundreds of refusals would fill the log of the test."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def people():
    return everybody()


@pytest.fixture
def earlier(people):
    return make_complaint(person=people["person"], subject="late")


@pytest.fixture
def complaint(people, earlier):
    return make_case("defect", people)


@pytest.fixture
def browsers(people, complaint):
    """Everybody at a machine of her own; whoever shows number and code has no account there."""
    found = {who: Browser(headers={"Accept-Language": "en"}) for who in people}
    for who, actor in people.items():
        if actor.is_authenticated:
            found[who].force_login(actor)
    found["desk_code"].force_login(people["inspector"])
    return found


def send(browser, actor, complaint, action, earlier):
    body = dict(BODIES.get(action, PLAIN))
    if action == "link-duplicate":
        body = {"duplicate_of": earlier.number}
    address = f"/api/v1/complaints/{complaint.number}/{action}"
    if isinstance(actor, Holder):
        address = f"/api/v1/complaints/track/{action}"
        body = {"number": actor.number, "code": actor.code, "text": "It is so.", "kind": "own_will"}
    return browser.post(address, json.dumps(body), content_type="application/json")


def refused_to(people, state, action, turn):
    """Whose turn it is to be refused this step: two times of three somebody whose step it is in another state."""
    names = list(people)
    rest = []
    for who in (names[(turn + offset) % len(names)] for offset in range(len(names))):
        told = expected("defect", who, state)
        if action in told.may or (isinstance(people[who], Holder) and action not in BY_CODE):
            continue
        if turn % 3 == 0 or (told.seen and action in told.own):
            return who, told
        rest.append((who, told))
    return rest[0]


def faults_of(states, people, browsers, complaint, earlier):
    """What the API did otherwise than the table and the contract say; and which refusals were looked at."""
    wrong, refused = [], []
    for row, state in enumerate(states):
        place(complaint, state)
        before = facts()
        for column, action in enumerate(ACTIONS):
            who, told = refused_to(people, state, action, row * STRIDE + column)
            answer = send(browsers[who], people[who], complaint, action, earlier)
            status = 401 if who == "anonymous" else told.refusal(action)
            if getattr(people[who], "role", None) in policy.ONLY_LOOK:
                status = 403  # at the door, whatever the case
            if answer.status_code != status:
                wrong.append((state, who, action, f"{answer.status_code}, not {status}"))
            elif status == 409 and sorted(answer.json()["allowed"]) != sorted(told.may):
                wrong.append((state, who, action, answer.json()["allowed"]))
            refused.append((state, who, action, status))
        if facts() != before:
            wrong.append((state, "something changed"))
    return wrong, refused


def test_refused_steps_answer_by_the_contract_and_change_nothing(people, browsers, complaint, earlier):
    wrong, refused = faults_of(ComplaintStatus.values, people, browsers, complaint, earlier)
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert len({(state, action) for state, _who, action, _status in refused}) == len(ComplaintStatus) * len(ACTIONS)
    assert {who for _state, who, _action, _status in refused} == set(people)
    assert {status for *_rest, status in refused} == {401, 403, 404, 409}
    assert sum(status == 409 for *_rest, status in refused) > 300


def test_control_a_step_that_is_open_in_every_state_is_seen(monkeypatch, people, browsers, complaint, earlier):
    steps = [Step(step.action, tuple(ComplaintStatus), step.target, step.parties, "") for step in COMPLAINT.steps]
    monkeypatch.setattr(stepping, "COMPLAINT", Machine("complaint", ComplaintStatus, steps))
    wrong, _refused = faults_of(["closed"], people, browsers, complaint, earlier)
    assert wrong[-1] == ("closed", "something changed")


def test_control_a_case_that_everybody_sees_is_seen(monkeypatch, people, browsers, complaint, earlier):
    monkeypatch.setattr(selectors, "visible", lambda actor: Complaint.objects.all())
    wrong, _refused = faults_of(["closed"], people, browsers, complaint, earlier)
    assert wrong
    assert all(fault[-1] == "403, not 404" for fault in wrong)
