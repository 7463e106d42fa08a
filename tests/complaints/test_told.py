"""Nobody learns of a step by chance: each has a text, and whoever has to act next is told."""

from complaints import effects
from complaints.states import BODY, COMPLAINT, HAPPENED, PERSON, SELLER, WHOSE_TURN

# Silence passes the case on in the same sweep, and that step is told; a vote is the panel's own affair until it decides.
TOLD_BY_THE_NEXT = {"ignored"}
TOLD_TO_NOBODY = {"voted"}


def test_every_step_has_a_notice_with_a_text():
    words = {word for word, _title in HAPPENED.values()}
    assert words - set(effects._TOLD) == TOLD_BY_THE_NEXT
    assert {word for word in words & set(effects._TOLD) if not effects._TOLD[word]} == TOLD_TO_NOBODY
    assert {word for word in effects._TOLD if not str(effects._TITLES.get(word, ""))} == set()


def test_whoever_acts_next_is_told_unless_it_was_their_own_step():
    untold = {
        (step.action, WHOSE_TURN[step.target])
        for step in COMPLAINT.steps
        if HAPPENED[step.action][0] not in TOLD_BY_THE_NEXT | TOLD_TO_NOBODY
        if WHOSE_TURN.get(step.target) in {PERSON, SELLER, BODY}
        if WHOSE_TURN[step.target] not in {*step.parties, *effects._TOLD[HAPPENED[step.action][0]]}
    }
    assert untold == set()
