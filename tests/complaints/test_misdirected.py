"""A case at the wrong body: the body is asked on the last day, and who passes it on later is told about."""

import pytest
from django.utils import translation

from complaints import bodies, clocks, misdirected
from complaints.checking import Filing
from complaints.filing import file
from complaints.measures import systemic
from complaints.models import Complaint, ComplaintStep
from marketplace import outbox
from marketplace.models import Event, Notice, Rule
from tests.complaints.factories import at, body, make_complaint, make_inspector, make_person, make_reviewer, make_user

NOW = at("2026-12-08 09:00")


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def samat():
    inspector = make_inspector()
    inspector.language = "en"
    inspector.save(update_fields=["language"])
    return inspector


@pytest.fixture
def complaint(samat):
    """With the department since Thursday 3 December: it has until Tuesday the 8th to pass it on."""
    made = make_complaint(person=make_person())
    clocks.run(at("2026-12-03 00:05"))
    made.refresh_from_db()
    return made


def asked(kind="complaint.misdirected"):
    outbox.drain()
    return [(notice.recipient.username, notice.text) for notice in Notice.objects.filter(kind=kind).order_by("pk")]


def test_a_body_is_asked_on_the_last_day_once(complaint):
    for day in ("04", "05", "06", "07"):
        assert clocks.run(at(f"2026-12-{day} 09:00")).done["asked whether it is theirs"] == 0
    assert clocks.run(NOW).done["asked whether it is theirs"] == 1
    assert clocks.run(at("2026-12-08 23:59")).done["asked whether it is theirs"] == 0
    assert clocks.run(at("2026-12-09 09:00")).done["asked whether it is theirs"] == 0
    [(who, text)] = asked()
    assert who == "samat"
    assert text.startswith("Is this complaint yours? If not, pass it on today")
    assert ComplaintStep.objects.filter(step__startswith="misdirected:").count() == 1


def test_who_has_taken_it_up_or_passed_it_on_is_not_asked(complaint, samat):
    bodies.take_up(number=complaint.number, actor=samat, now=at("2026-12-04 10:00"))
    assert clocks.run(NOW).done["asked whether it is theirs"] == 0
    assert asked() == []


def test_a_body_that_got_it_first_is_asked_as_well(samat):
    """Filed on Sunday 22 November: Monday, Tuesday, Wednesday."""
    person = make_person()
    file(actor=person, filing=Filing(subject="overprice", sphere="goods", text="Dear"), now=at("2026-11-22 10:00"))
    complaint = Complaint.objects.get()
    reader = make_user("reader", "inspector", authority=complaint.addressee_authority)
    assert clocks.run(at("2026-11-24 09:00")).done["asked whether it is theirs"] == 0
    assert clocks.run(at("2026-11-25 09:00")).done["asked whether it is theirs"] == 1
    assert [who for who, _text in asked()] == [reader.username]


def test_the_days_are_the_rules(complaint):
    Rule.objects.filter(code="complaint.misdirected_days").update(value={"days": 1, "kind": "working"})
    assert clocks.run(at("2026-12-04 09:00")).done["asked whether it is theirs"] == 1


@pytest.mark.parametrize(("day", "late"), [("2026-12-08", False), ("2026-12-09", True)])
def test_who_passes_it_on_too_late_is_told_about(complaint, samat, client, day, late):
    reviewer = make_reviewer()
    bodies.redirect(
        number=complaint.number, actor=samat, authority="krk-KZ-79", reason="Theirs.", now=at(f"{day} 10:00")
    )
    told = [who for who, _text in asked("complaint.passed_on_late")]
    assert told == ([reviewer.username] if late else [])
    board = systemic.board(reviewer, now=at("2026-12-10 10:00"))
    assert board.passed_on_late == ([{"name": body().name, "cases": 1}] if late else [])
    client.force_login(complaint.complainant)
    assert client.get("/api/v1/board").status_code == 403
    page = client.get(f"/en/complaints/{complaint.number}/").content.decode()
    assert ("The person was told later than the rule allows" in page) == late
    note = client.get(f"/api/v1/complaints/{complaint.number}").json()["timeline"][-1]["note"]
    assert bool(note) == late
    client.force_login(reviewer)
    rows = client.get("/api/v1/board").json()["passed_on_late"]
    assert [row["cases"] for row in rows] == ([1] if late else [])
    assert ("Passed on too late" in client.get("/en/review/board/").content.decode()) == late


def test_a_decision_that_hands_it_over_counts_as_well(complaint, samat):
    bodies.decide(
        number=complaint.number, actor=samat, outcome="redirected", authority="krk-KZ-79", text="Not ours.",
        now=at("2026-12-09 10:00"),
    )  # fmt: skip
    assert Event.objects.get(kind="complaint.decided").data["from"] == "dtzpp-KZ-79"
    assert [row["cases"] for row in misdirected.late_since(at("2026-12-01 00:00").date())] == [1]
    assert misdirected.late_since(at("2026-12-10 00:00").date()) == []
