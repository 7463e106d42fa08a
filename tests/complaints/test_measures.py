"""What goes beyond a case: instructions, bans, stop-sales, rule changes, fines, pre-trial records."""

import json
from datetime import date

import pytest

from complaints import bodies, clocks, reports, selectors
from complaints.measures import carrying_out, deciding, fines
from complaints.measures.models import Fine, Measure, PretrialCase
from complaints.models import Complaint, ComplaintParallel
from complaints.reporting import recount
from complaints.states import COMPLAINT
from marketplace import outbox
from marketplace.errors import Forbidden, IllegalStep, Invalid, NotFound
from marketplace.models import Event, Notice, Role, Rule
from suppliers.models import Partner, StockRecord
from tests.complaints.factories import (
    at,
    body,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
    make_user,
)  # fmt: skip

NOW = at("2026-12-04 10:00")
LAW = "Law No. 274-IV, article 42-4"


@pytest.fixture
def ministry():
    return make_reviewer()


@pytest.fixture
def case():
    """A case with the ministry."""
    return moved(make_complaint(), "with_ministry", "ministry")


def moved(complaint, status, authority):
    Complaint.objects.filter(pk=complaint.pk).update(
        status=status, addressee_authority=body(authority), respond_by=date(2026, 12, 20), due_at=at("2026-12-20 23:59")
    )
    complaint.refresh_from_db()
    return complaint


def instruct(case, actor, **more):
    given = {"authority": "dtzpp-KZ-79", "text": "Check every shop.", "legal_basis": LAW} | more
    return deciding.instruct(number=case.number, actor=actor, now=NOW, **({"respond_by": date(2026, 12, 10)} | given))


def titles(kind):
    return sorted(Notice.objects.filter(kind=kind).values_list("recipient__username", flat=True))


# --- Instructions ------------------------------------------------------------------------------------


def test_an_instruction_reaches_its_body_and_the_case_stays_with_the_ministry(case, ministry):
    inspector, other = make_inspector(), make_inspector("far", "dtzpp-KZ-63")
    instruct(case, ministry)
    case.refresh_from_db()
    measure = Measure.objects.get()
    assert (case.status, measure.kind, measure.addressee, measure.made_by) == (
        "with_ministry", "instruction", body(), ministry,
    )  # fmt: skip
    event = Event.objects.get(kind="complaint.instructed")
    assert event.data["measure"] == measure.pk and "Check every shop" not in json.dumps(event.data)
    outbox.drain()
    assert inspector.username in titles("complaint.instructed") and other.username not in titles("complaint.instructed")


def test_a_late_instruction_is_marked_and_told_once_and_reported_once(case, ministry):
    inspector = make_inspector()
    instruct(case, ministry)
    measure = Measure.objects.get()
    assert carrying_out.mark_late(at("2026-12-10 23:59")) == {}
    assert clocks.run(at("2026-12-11 00:05")).done["instructions late"] == 1
    assert carrying_out.mark_late(at("2026-12-11 00:06")) == {}
    outbox.drain()
    assert titles("complaint.measure_late") == ["ministry", "samat"]
    with pytest.raises(Invalid):
        carrying_out.report(measure_id=measure.pk, actor=inspector, result=" ", now=NOW)
    with pytest.raises(Forbidden):
        carrying_out.report(measure_id=measure.pk, actor=ministry, result="Done", now=NOW)
    with pytest.raises(NotFound):
        carrying_out.report(measure_id=measure.pk, actor=make_inspector("far", "dtzpp-KZ-63"), result="x", now=NOW)
    carrying_out.report(measure_id=measure.pk, actor=inspector, result="Twelve shops checked.", now=NOW)
    with pytest.raises(carrying_out.AlreadyDone):
        carrying_out.report(measure_id=measure.pk, actor=inspector, result="Again", now=NOW)
    measure.refresh_from_db()
    assert (measure.result, measure.done_by) == ("Twelve shops checked.", inspector)
    assert Event.objects.filter(kind="complaint.measure_done").count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"authority": "nobody"}, "authority"),
        ({"text": ""}, "text"),
        ({"legal_basis": ""}, "legal_basis"),
        ({"respond_by": date(2026, 12, 3)}, "respond_by"),
        ({"respond_by": None}, "respond_by"),
    ],
)
def test_an_instruction_names_body_words_basis_and_a_day(case, ministry, wrong, field):
    before = Event.objects.count()
    with pytest.raises(Invalid) as refused:
        instruct(case, ministry, **wrong)
    assert [error.field for error in refused.value.errors] == [field]
    assert not Measure.objects.exists() and Event.objects.count() == before


def test_only_the_ministry_decides_beyond_a_case_that_it_has(case, ministry):
    with pytest.raises((Forbidden, NotFound)):
        instruct(case, make_inspector())
    with pytest.raises((Forbidden, NotFound)):
        instruct(case, case.complainant)
    moved(case, "with_body", "dtzpp-KZ-79")
    with pytest.raises(IllegalStep):
        instruct(case, ministry)
    with pytest.raises(Forbidden):
        instruct(case, make_inspector("samat2"))
    assert not Measure.objects.exists()


# --- Bans and rules ------------------------------------------------------------------------------------


def test_a_ban_from_a_case_suspends_its_supplier_and_refuses_as_a_whole(case, ministry):
    with pytest.raises(Invalid):
        deciding.ban(number=case.number, actor=ministry, until=date(2040, 1, 1), reason="Bad", legal_basis=LAW, now=NOW)
    assert not Measure.objects.exists() and Partner.objects.get().status == "approved"
    deciding.ban(number=case.number, actor=ministry, until=date(2027, 1, 31), reason="Bad", legal_basis=LAW, now=NOW)
    measure = Measure.objects.get()
    assert Partner.objects.get().status == "suspended"
    assert (measure.suspension.until, measure.supplier) == (date(2027, 1, 31), Partner.objects.get())
    assert Event.objects.get(kind="supplier.suspended").data["complaint"] == case.number
    events = Event.objects.count()
    with pytest.raises(IllegalStep):  # banned already: the case's event must not stay alone
        deciding.ban(number=case.number, actor=ministry, until=date(2027, 2, 1), reason="x", legal_basis=LAW, now=NOW)
    assert Measure.objects.count() == 1 and Event.objects.count() == events


def test_a_rule_change_links_a_version_that_stands(case, ministry):
    rule = Rule.objects.first()
    given = {"number": case.number, "actor": ministry, "text": "Shorter.", "legal_basis": LAW, "now": NOW}
    with pytest.raises(Invalid) as refused:
        deciding.change_rule(rule=rule.code, valid_from=date(2031, 5, 5), **given)
    assert refused.value.errors[0].field == "rule"
    deciding.change_rule(rule=rule.code, valid_from=rule.valid_from, **given)
    measure = Measure.objects.get()
    assert measure.rule == rule and measure.done_at is not None


# --- Danger ----------------------------------------------------------------------------------------------


@pytest.fixture
def danger():
    """A walker of two suppliers hurt somebody; the case is with its seller, the department acts beside it."""
    aigul, jarqyn = make_person(), make_supplier()
    line = make_line(person=aigul, supplier=jarqyn)
    for partner in (jarqyn, make_supplier("qadam-orto", "Qadam")):
        StockRecord.objects.create(
            product=line.product, partner=partner, partner_sku=partner.code, price=100, num_in_stock=5,
            num_allocated=0, status="published",
        )  # fmt: skip
    return make_complaint(person=aigul, line=line, subject="danger")


def stop(case, actor, **more):
    words = {"text": "The frame breaks.", "legal_basis": LAW}
    return deciding.stop_sale(number=case.number, actor=actor, now=NOW, **(words | more))


def states():
    return dict(StockRecord.objects.values_list("partner__code", "status"))


def test_a_body_beside_the_case_stops_the_sale_of_this_supplier_and_the_seller_keeps_its_clock(danger):
    assert ComplaintParallel.objects.filter(complaint=danger, authority=body()).exists()
    inspector, before = make_inspector(), (danger.status, danger.respond_by)
    stop(danger, inspector, lot="L-17")
    danger.refresh_from_db()
    assert (danger.status, danger.respond_by) == before == ("with_seller", danger.respond_by)
    assert states() == {"jarqyn-med": "recalled", "qadam-orto": "published"}
    measure = Measure.objects.get()
    assert (measure.kind, measure.lot, measure.authority) == ("stop_sale", "L-17", body())
    carrying_out.report(measure_id=measure.pk, actor=inspector, result="The maker changed the frame.", now=NOW)
    assert states()["jarqyn-med"] == "withdrawn", "the supplier itself puts it on sale again"


def test_the_ministry_stops_everybodys_offers(danger, ministry):
    stop(danger, ministry, everywhere=True)
    assert set(states().values()) == {"recalled"}


def test_no_sale_is_stopped_without_danger_or_by_a_stranger(danger, case):
    inspector = make_inspector()
    with pytest.raises((Forbidden, NotFound)):
        stop(case, inspector)
    for stranger in (
        make_inspector("far", "dtzpp-KZ-63"),
        danger.complainant,
        make_seller(danger.supplier or danger.addressee_supplier),
    ):
        with pytest.raises((Forbidden, NotFound)):
            stop(danger, stranger)
    assert set(states().values()) == {"published"} and not Measure.objects.exists()
    assert "stop-sale" in COMPLAINT.actions(danger.status, selectors.parties(inspector, danger))
    assert "stop-sale" not in COMPLAINT.actions("with_body", {"authority", "ministry", "owner", "supplier"})


# --- Fines -------------------------------------------------------------------------------------------------


def test_a_fine_is_noted_appealed_and_paid_and_counted_in_its_month(ministry):
    case = moved(make_complaint(person=make_person()), "with_body", "dtzpp-KZ-79")
    inspector = make_inspector()
    fine = fines.impose(
        number=case.number, actor=inspector, article="КоАП 190", amount="78640", imposed_on=date(2026, 12, 3), now=NOW
    )
    assert (fine.supplier, fine.authority) == (Partner.objects.get(), body())
    december, november = (reports.Period.month(date(2026, month, 1)) for month in (12, 11))
    assert reports.facts(december)["fines"] == {"imposed": 1, "sum_kzt": 78640, "paid_kzt": 0}
    fines.note_appealed(fine_id=fine.pk, actor=inspector, now=NOW)
    fines.note_paid(fine_id=fine.pk, actor=inspector, now=NOW)
    with pytest.raises(fines.AlreadyNoted):
        fines.note_paid(fine_id=fine.pk, actor=inspector, now=NOW)
    assert reports.facts(december, case.region)["fines"]["paid_kzt"] == 78640
    assert reports.facts(november)["fines"] == {"imposed": 0, "sum_kzt": 0, "paid_kzt": 0}
    assert recount.recount(december)["fines"] == reports.facts(december)["fines"]
    assert reports.self_check(reports.facts(december)) == "ok"
    kinds = ["complaint.fined", "complaint.fine_appealed", "complaint.fine_paid"]
    assert list(Event.objects.filter(kind__startswith="complaint.fine").values_list("kind", flat=True)) == kinds


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"article": ""}, "article"),
        ({"amount": "0"}, "amount"),
        ({"amount": "much"}, "amount"),
        ({"imposed_on": date(2026, 12, 5)}, "imposed_on"),
    ],
)
def test_a_fine_names_its_article_sum_and_day(wrong, field):
    case = moved(make_complaint(person=make_person()), "with_body", "dtzpp-KZ-79")
    given = {"article": "КоАП 190", "amount": "1000", "imposed_on": date(2026, 12, 3)} | wrong
    with pytest.raises(Invalid) as refused:
        fines.impose(number=case.number, actor=make_inspector(), now=NOW, **given)
    assert [error.field for error in refused.value.errors] == [field] and not Fine.objects.exists()


def test_only_the_body_of_the_case_and_the_ministry_fine(ministry):
    case = moved(make_complaint(person=make_person()), "with_body", "dtzpp-KZ-79")
    strangers = [make_inspector("far", "dtzpp-KZ-63"), case.complainant, make_user("auditor", Role.AUDITOR)]
    for stranger in strangers:
        with pytest.raises((Forbidden, NotFound)):
            fines.impose(number=case.number, actor=stranger, article="x", amount="1", now=NOW)
    assert not Fine.objects.exists()
    assert fines.impose(number=case.number, actor=ministry, article="x", amount="1", now=NOW).pk


# --- Pre-trial settlement ------------------------------------------------------------------------------------

CONSENT = {
    "consent": "Letters of both",
    "kind": "arbitration",
    "body": "Arbitration of Shymkent",
    "person_consented_on": date(2026, 12, 2),
    "supplier_consented_on": date(2026, 12, 3),
}


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"kind": "friend"}, ["kind"]),
        ({"body": "", "person_consented_on": None}, ["body", "person_consented_on"]),
        ({"supplier_consented_on": date(2026, 12, 5)}, ["supplier_consented_on"]),
    ],
)
def test_pretrial_needs_a_body_of_the_law_and_both_consents_with_their_days(wrong, fields):
    case = moved(make_complaint(person=make_person()), "with_body", "dtzpp-KZ-79")
    with pytest.raises(Invalid) as refused:
        bodies.to_pretrial(number=case.number, actor=make_inspector(), now=NOW, **(CONSENT | wrong))
    assert [error.field for error in refused.value.errors] == fields
    case.refresh_from_db()
    assert case.status == "with_body" and not PretrialCase.objects.exists()


def test_the_record_says_how_the_settlement_ended_also_by_the_clock():
    inspector = make_inspector()
    agreed = moved(make_complaint(person=make_person()), "with_body", "dtzpp-KZ-79")
    silent = moved(make_complaint(subject="short_quantity"), "with_body", "dtzpp-KZ-79")
    for case in (agreed, silent):
        bodies.to_pretrial(number=case.number, actor=inspector, now=NOW, **CONSENT)
    bodies.pretrial_agreed(number=agreed.number, actor=inspector, text="A new wheel", returned="5000", now=NOW)
    record = PretrialCase.objects.get(complaint=agreed)
    assert (record.result, record.agreed_text, record.agreed_sum) == ("agreed", "A new wheel", 5000)
    clocks.run(at("2027-01-12 00:10"))
    assert PretrialCase.objects.get(complaint=silent).result == "not_agreed"


# --- Pages and API -------------------------------------------------------------------------------------------


def test_the_case_page_decides_and_shows_records_to_bodies_only(client, case, ministry):
    client.force_login(ministry)
    url = f"/en/complaints/{case.number}/instruct/"
    page = client.post(url, {"authority": "dtzpp-KZ-79", "text": "SECRET-ORDER to check", "legal_basis": LAW})
    assert b"SECRET-ORDER" in page.content and not Measure.objects.exists(), "the day is missing, the text is kept"
    days = {"respond_by_day": "10", "respond_by_month": "12", "respond_by_year": "2030"}
    given = {"authority": "dtzpp-KZ-79", "text": "SECRET-ORDER to check", "legal_basis": LAW}
    assert b"SECRET-ORDER" in client.post(url, given | days, follow=True).content
    measure = Measure.objects.get()
    for user, path in (
        (case.complainant, f"/en/complaints/{case.number}/"),
        (make_seller(case.addressee_supplier), f"/en/supplier/complaints/{case.number}/"),
    ):
        client.force_login(user)
        page = client.get(path)
        assert page.status_code == 200 and b"SECRET-ORDER" not in page.content
        assert client.get(f"/en/review/measures/{measure.pk}/").status_code == 403
        assert client.get("/en/review/measures/").status_code == 403
    inspector = make_inspector()
    client.force_login(inspector)
    assert b"Instruction" in client.get("/en/review/measures/").content
    page = client.post(f"/en/review/measures/{measure.pk}/", {"result": "All checked"}, follow=True)
    assert b"All checked" in page.content
    client.force_login(make_inspector("far", "dtzpp-KZ-63"))
    assert client.get(f"/en/review/measures/{measure.pk}/").status_code == 404


def test_fines_on_the_page(client):
    case = moved(make_complaint(person=make_person()), "with_body", "dtzpp-KZ-79")
    client.force_login(make_inspector())
    url = f"/en/review/{case.number}/fine/"
    day = {"imposed_on_day": "28", "imposed_on_month": "11", "imposed_on_year": "2026"}
    page = client.post(url, {"article": "КоАП 190", "amount": "much"} | day)
    assert "КоАП 190" in page.content.decode() and not Fine.objects.exists()
    client.post(url, {"article": "КоАП 190", "amount": "78640"} | day)
    fine = Fine.objects.get()
    page = client.post(f"/en/review/fines/{fine.pk}/paid/", follow=True)
    assert b"Paid on" in page.content
    assert client.post(f"/en/review/fines/{fine.pk}/burn/").status_code == 404
    client.force_login(make_inspector("far", "dtzpp-KZ-63"))
    assert client.post(f"/en/review/fines/{fine.pk}/paid/").status_code == 404


def test_the_api_decides_lists_and_reports(client, case, ministry):
    def post(path, given):
        return client.post(f"/api/v1{path}", json.dumps(given), content_type="application/json")

    client.force_login(ministry)
    basis = {"legal_basis": LAW}
    assert post(f"/complaints/{case.number}/instruct", {"text": "Check"} | basis).status_code == 422
    given = {"text": "Check", "authority": "dtzpp-KZ-79", "respond_by": "2030-12-10"} | basis
    assert post(f"/complaints/{case.number}/instruct", given).status_code == 200
    banned = post(f"/complaints/{case.number}/ban", {"text": "Bad", "until": "2027-01-31"} | basis)
    assert banned.status_code == 200 and "ban" in banned.json()["allowed"]
    assert post(f"/complaints/{case.number}/stop-sale", {"text": "x"} | basis).status_code in {403, 404}
    fined = post(f"/complaints/{case.number}/fines", {"article": "190", "amount": "100", "imposed_on": "2026-11-28"})
    assert fined.status_code == 201 and fined.json()["amount"]["amount"] == "100.00"
    rows = client.get("/api/v1/measures").json()["results"]
    assert {row["kind"] for row in rows} == {"ban", "instruction"}
    found = next(row for row in rows if row["kind"] == "instruction")
    assert not found["may_report"]
    assert post(f"/measures/{found['id']}/done", {"text": "x"}).status_code == 403
    client.force_login(make_inspector())
    answer = post(f"/measures/{found['id']}/done", {"text": "Checked"})
    assert answer.status_code == 200 and answer.json()["result"] == "Checked"
    assert post(f"/measures/{found['id']}/done", {"text": "Checked"}).status_code == 409
    client.force_login(case.complainant)
    assert client.get("/api/v1/measures").status_code == 403
    assert client.get(f"/api/v1/complaints/{case.number}/fines").json()["results"] == []
