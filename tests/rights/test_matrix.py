"""The table of rights (routes.txt) is what the portal does: every route, every method, everybody, every thing.

`RIGHTS=write python -m pytest tests/rights/test_matrix.py` writes the table anew; the change is read in the diff before it
is kept. `RIGHTS=full` also draws every page and compares refusals as they are drawn.
"""

import os
from collections.abc import Callable, Iterator

import pytest

from marketplace.models import User
from orders.models import Order
from tests.rights import matrix
from tests.rights.world import World, add_cases_and_recalls, undone

HOW = os.environ.get("RIGHTS", "")
# Drawn on every run: pages whose address names somebody's thing, one of each desk.
DRAWN = {"orders:detail", "orders:office_person", "complaints:detail", "orders:draft", "stored_file"}
# Pages that change something when they are read, and why that may be.
READS_THAT_WRITE = {
    "sign_in_signature": {"marketplace_signincode"},  # the line to sign, new for each page: nobody signs an old one
    "scanned": {"complaints_printedcode"},  # how often a printed code was scanned
    "complaints:code_sheet": {"complaints_printedcode"},  # that who owns the code has printed it
}
# The country stands around each test; what a test does is undone before the next one.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("rights")]


@pytest.fixture(scope="module")
def country(country: World) -> Iterator[World]:
    """With a case of everybody's; of no matter to the tests of leaks."""
    with undone():
        add_cases_and_recalls("person", "child", "nurbol")
        yield World()


@pytest.fixture(scope="module")
def findings(country: World) -> matrix.Findings:
    found = matrix.examine(matrix.routes(), country, draws=HOW == "full")
    if HOW == "write":
        matrix.TABLE.write_text(matrix.written(found.rows), encoding="utf-8")
    return found


def differences(rows: dict[str, str], table: dict[str, str]) -> list[str]:
    return [
        f"{door}\n  is    {cells}\n  table {table.get(door)}"
        for door, cells in rows.items()
        if table.get(door) != cells
    ]


def named(*names: str) -> list[matrix.Route]:
    return [route for route in matrix.routes() if route.name in names]


def test_every_door_answers_as_the_table_says(findings):
    assert differences(findings.rows, matrix.table()) == []
    assert sorted(matrix.table().keys() - findings.rows.keys()) == [], "no such door"


def test_every_door_has_a_policy(findings):
    assert [door for door, cells in findings.rows.items() if cells.endswith("| none")] == []


def test_no_door_breaks_whoever_knocks(findings):
    assert findings.broken == []


def test_what_is_foreign_looks_like_what_is_missing(findings):
    assert findings.unlike() == []
    assert len(findings.reads) > 50, "and whoever may read a thing is told more of it"


def test_reading_changes_nothing(findings):
    assert {name: tables for name, tables in findings.writing.items() if tables != READS_THAT_WRITE.get(name)} == {}
    assert READS_THAT_WRITE.keys() - findings.writing.keys() == set(), "these change nothing any more"


def test_refusals_look_alike_as_they_are_drawn(country: World):
    drawn = matrix.examine(named(*DRAWN), country, draws=True)
    assert len(drawn.rows) >= len(DRAWN)
    assert (drawn.unlike(), differences(drawn.rows, matrix.table())) == ([], [])


@pytest.mark.parametrize(
    ("what", "instead", "names"),
    [
        (
            "marketplace.policy.Policy.admits",
            lambda said, visitor, method="": True,
            {"orders:office", "suppliers:review_listings"},
        ),
        ("marketplace.policy.only_looks", lambda visitor, method: False, {"suppliers:review_listing"}),
        ("marketplace.access.people_of", lambda *a, **k: User.objects.filter(record__isnull=False), {"orders:detail"}),
        ("orders.selectors.visible", lambda actor: Order.objects.all(), {"api:read_order"}),
    ],
)
def test_a_check_that_is_taken_away_is_noticed(
    country: World, monkeypatch: pytest.MonkeyPatch, what: str, instead: Callable[..., object], names: set[str]
):
    """The control: without the policy, or without what selectors let one see, lines differ from the table."""
    monkeypatch.setattr(what, instead)
    found = matrix.examine(named(*names), country)
    assert len(differences(found.rows, matrix.table())) >= len(names)


def test_control_a_telling_answer_and_a_read_that_writes_are_found():
    """What the lists above would hold."""
    found = matrix.Findings()
    found.told = [("supplier", "order", "far", "POST /x far: --!."), ("auditor", "order", "far", "POST /x far: --!.")]
    found.reads = {("auditor", "order", "far")}
    assert found.unlike() == ["POST /x far: --!."]
