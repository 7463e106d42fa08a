"""Whoever is addressed beside the addressee: told at filing, with an own date, on its desk, and late in public."""

import pytest
from django.utils import translation

from complaints import clocks, parallels, person, routing, selectors, stepping
from complaints.models import Complaint, ComplaintParallel
from marketplace import outbox
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Event, Notice
from suppliers.models import Partner
from tests.complaints.factories import (
    at,
    body,
    make_caseworker,
    make_complaint,
    make_inspector,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
    region,
)  # fmt: skip

FILED = at("2026-11-23 10:00")


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def danger():
    """About a walker of Zharqyn Med, filed on Monday 23.11.2026 at ten."""
    return make_complaint(person=make_person(), subject="danger", now=FILED)


@pytest.fixture
def extra_payment():
    """The office is asked first, the supplier beside it."""
    return make_complaint(person=make_person(), subject="extra_payment", now=FILED)


def rows(complaint):
    found = complaint.parallels.select_related("authority", "supplier").order_by("pk")
    return [(row.addressee.code, row.why, str(row.respond_by)) for row in found]


def told(kind):
    return {notice.recipient.username for notice in Notice.objects.filter(kind=kind).select_related("recipient")}


def test_in_danger_the_bodies_have_the_same_day_from_the_filing_on(danger):
    assert rows(danger) == [("dtzpp-KZ-79", "safety", "2026-11-23"), ("mfk", "safety", "2026-11-23")]
    assert danger.status == "with_seller"


def test_told_without_a_date(extra_payment):
    complaint = make_complaint(subject="defect", sphere="consumable", supplier=Partner.objects.get().code, now=FILED)
    assert rows(complaint) == [("so-shymkent", "informed", "None")]


def test_the_supplier_beside_the_office_has_its_own_ten_days(extra_payment):
    assert extra_payment.addressee_authority == body("so-shymkent")
    assert rows(extra_payment) == [("jarqyn-med", "rule", "2026-12-03")]
    marat = make_seller(Partner.objects.get())
    assert list(selectors.visible(marat)) == [extra_payment]
    assert [(case.number, case.own_turn) for case in selectors.worklist(marat)] == [(extra_payment.number, 0)]


def test_everybody_is_told_at_filing():
    make_inspector()
    make_inspector("mfk-staff", "mfk")
    make_inspector("far", "dtzpp-KZ-63")
    make_complaint(person=make_person(), subject="danger", now=FILED)
    outbox.drain()
    assert told("complaint.filed") == {"aigul", "samat", "mfk-staff"}


def test_a_told_body_finds_the_case_on_its_desk_until_it_says_what_it_did(client, danger):
    samat = make_inspector()
    client.force_login(samat)
    assert danger.number in client.get("/en/review/").content.decode()
    page = client.get(f"/en/review/{danger.number}/").content.decode()
    assert "You are addressed as well" in page
    address = f"/en/complaints/{danger.number}/parallel-done/"

    empty = client.post(address, {"text": "  "})
    assert "error-summary" in empty.content.decode()
    assert not Event.objects.filter(kind="complaint.parallel_done").exists()

    assert client.post(address, {"text": "We stopped the sale."}).status_code == 302
    row = danger.parallels.get(authority=body())
    assert (row.done, bool(row.done_at)) == ("We stopped the sale.", True)
    event = Event.objects.get(kind="complaint.parallel_done")
    assert (event.actor, event.data["to"], event.data["why"]) == (samat, "dtzpp-KZ-79", "safety")
    assert danger.number not in client.get("/en/review/").content.decode()
    client.force_login(danger.complainant)
    case = client.get(f"/en/complaints/{danger.number}/").content.decode()
    assert "Another addressee told what it did" in case
    assert "We stopped the sale." in case


def test_only_who_is_addressed_reports_and_once(danger):
    samat = make_inspector()
    for actor, refusal in (
        (make_inspector("far", "dtzpp-KZ-63"), NotFound), (make_reviewer(), Forbidden),
        (danger.complainant, Forbidden), (make_caseworker(), Forbidden),
        (make_seller(Partner.objects.get()), Forbidden),
    ):  # fmt: skip
        with pytest.raises(refusal):
            parallels.report(number=danger.number, actor=actor, text="Done.", now=FILED)
    with pytest.raises(Invalid):
        parallels.report(number=danger.number, actor=samat, text=" ", now=FILED)
    assert not danger.parallels.exclude(done_at=None).exists()
    parallels.report(number=danger.number, actor=samat, text="Done.", now=FILED)
    with pytest.raises(parallels.NothingToReport):
        parallels.report(number=danger.number, actor=samat, text="Again.", now=FILED)
    assert danger.parallels.get(authority=body()).done == "Done."


def test_after_the_end_nobody_is_asked(danger):
    person.withdraw(number=danger.number, actor=danger.complainant, now=FILED)
    with pytest.raises(parallels.NothingToReport):
        parallels.report(number=danger.number, actor=make_inspector(), text="Done.", now=FILED)
    assert clocks.run(at("2026-11-25 00:05")).done["parallel addressees late"] == 0


def test_its_silence_is_told_once_and_not_before_its_time(danger):
    make_inspector("mfk-staff", "mfk")
    make_inspector("committee", "kzpp")
    assert clocks.run(at("2026-11-24 00:04:59")).done["parallel addressees late"] == 0
    assert clocks.run(at("2026-11-24 00:05")).done["parallel addressees late"] == 2
    assert clocks.run(at("2026-11-24 00:06")).done["parallel addressees late"] == 0
    outbox.drain()
    assert told("complaint.parallel_late") == {"aigul", "mfk-staff", "committee"}
    late = Event.objects.filter(kind="complaint.parallel_late").order_by("pk")
    assert [(event.data["to"], event.after) for event in late] == [("dtzpp-KZ-79", ""), ("mfk", "")]


def test_a_body_that_gets_the_case_itself_owes_nothing_beside_it(danger):
    clocks.run(at("2026-11-24 10:00:01"))
    danger.refresh_from_db()
    assert (danger.status, danger.addressee_authority) == ("escalated", body())
    assert danger.parallels.get(authority=body()).done_at == at("2026-11-24 10:00:01")
    assert danger.parallels.get(authority=body("mfk")).done_at is None


def test_the_case_page_and_the_api_show_who_else_is_addressed(client, danger):
    client.force_login(danger.complainant)
    page = client.get(f"/en/complaints/{danger.number}/").content.decode()
    assert "Committee for Medical and Pharmaceutical Control" in page
    shown = client.get(f"/api/v1/complaints/{danger.number}").json()["parallels"]
    assert [(row["code"], row["why"], row["respond_by"], row["late"]) for row in shown] == [
        ("dtzpp-KZ-79", "safety", "2026-11-23", False), ("mfk", "safety", "2026-11-23", False),
    ]  # fmt: skip


def test_over_the_api_a_parallel_addressee_tells_what_it_did(client, danger):
    client.force_login(make_inspector())
    address = f"/api/v1/complaints/{danger.number}/parallel-done"
    answer = client.post(address, {"text": "Sale stopped."}, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json()["status"] == "with_seller"
    assert client.post(address, {"text": "Again."}, content_type="application/json").status_code == 409
    assert danger.parallels.get(authority=body()).done == "Sale stopped."


def test_fraud_is_never_told_to_the_supplier():
    rows_of_fraud = [row for row in routing.table().rows if row["hide_person"]]
    assert {row["rule"] for row in rows_of_fraud} == {"R19", "R20"}
    for row in rows_of_fraud:
        found = routing.route(
            subject=row["subject"], sphere="durable", region=region(), supplier=make_supplier(row["rule"].lower()),
            now=FILED,
        )  # fmt: skip
        assert (found.supplier, found.parallels) == (None, [])


def test_two_sweeps_at_once_tell_once(danger, monkeypatch):
    """The condition of the update decides: a second sweep that read the same rows moves none."""
    due = list(parallels.waiting().filter(stepping.passed(at("2026-11-24 00:05"))).values_list("pk", flat=True))
    assert len(due) == 2
    parallels.run(at("2026-11-24 00:05"))
    assert not parallels.waiting().filter(pk__in=due).update(late_at=at("2026-11-24 00:06"))
    assert ComplaintParallel.objects.filter(late_at=at("2026-11-24 00:05")).count() == 2
    assert Complaint.objects.get().status == "with_seller"
