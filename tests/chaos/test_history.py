"""The checker itself: it must see every fault that a storm of kills could cause."""

from typing import Any

import pytest

from perf.chaos.history import Save, check

DRAFT = "d1"


def row(rev: int, *ops: dict[str, Any]) -> dict[str, Any]:
    return {"rev": rev, "ops": list(ops)}


def op(field: str, value: str, ver: int, state: str = "applied") -> dict[str, Any]:
    return {"f": field, "v": value, "ver": ver, "s": state}


def saved(field: str, value: str, ver: int, state: str = "applied") -> Save:
    return Save(DRAFT, field, value, "ok", state, ver)


SAVES = [saved("name", "a", 1), saved("name", "b", 2), saved("name", "c", 2, "conflict"), saved("phone", "x", 1)]
LOG = [row(1, op("name", "a", 1)), row(2, op("name", "b", 2)), row(3, op("name", "c", 2, "conflict"))]
LOG = [*LOG, row(4, op("phone", "x", 1))]
SHOWN = {"rev": 4, "fields": {"name": {"v": "b", "ver": 2}, "phone": {"v": "x", "ver": 1}}}


def faults(saves: list[Save] = SAVES, log: list[dict[str, Any]] = LOG, shown: Any = SHOWN) -> list[str]:
    return [fault.removeprefix("draft d1: ") for fault in check(saves, {DRAFT: shown}, {DRAFT: log})]


def test_a_true_history_has_no_faults():
    assert faults() == []


@pytest.mark.parametrize("there", [True, False])
def test_an_unknown_outcome_may_have_happened_or_not(there: bool):
    log = [*LOG, row(5, op("phone", "y", 2))] if there else LOG
    shown = {"rev": 5, "fields": SHOWN["fields"] | {"phone": {"v": "y", "ver": 2}}} if there else SHOWN
    assert faults([*SAVES, Save(DRAFT, "phone", "y", "unknown")], log, shown) == []


def test_an_acknowledged_save_that_is_gone():
    shown = {"rev": 3, "fields": {"name": {"v": "b", "ver": 2}}}
    assert faults(log=LOG[:3], shown=shown) == ["lost: phone = x"]


def test_a_save_that_was_applied_twice():
    log = [*LOG, row(5, op("phone", "x", 2))]
    shown = {"rev": 5, "fields": SHOWN["fields"] | {"phone": {"v": "x", "ver": 2}}}
    assert faults(log=log, shown=shown) == ["2 times: phone = x"]


def test_a_refused_save_that_is_there_all_the_same():
    refused = [*SAVES[:3], Save(DRAFT, "phone", "x", "fail")]
    assert faults(refused) == ["refused, yet there: phone = x"]


def test_a_receipt_that_was_not_true():
    assert faults([*SAVES[:3], saved("phone", "x", 7)]) == [
        f"the receipt said applied 7, the log {op('phone', 'x', 1)}",
    ]


def test_a_value_that_nobody_sent():
    log = [*LOG, row(5, op("phone", "z", 2))]
    shown = {"rev": 5, "fields": SHOWN["fields"] | {"phone": {"v": "z", "ver": 2}}}
    assert faults(log=log, shown=shown) == ["from nobody: ['z']"]


def test_a_gap_in_the_versions_and_in_the_revisions():
    log = [*LOG[:3], row(5, op("phone", "x", 2))]
    shown = {"rev": 5, "fields": SHOWN["fields"] | {"phone": {"v": "x", "ver": 2}}}
    assert faults([*SAVES[:3], saved("phone", "x", 2)], log, shown) == [
        "revision 5 after 3",
        "phone: version 2 after 0",
    ]


def test_a_draft_that_shows_something_else_than_its_log():
    shown = {"rev": 4, "fields": SHOWN["fields"] | {"phone": {"v": "", "ver": 1}}}
    assert faults(shown=shown) == ["shows [('phone', (1, '')), ('phone', (1, 'x'))]"]
    assert faults(shown=None) == ["the draft is gone"]
