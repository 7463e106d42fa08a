"""Up to three addressees that a person chooses, and the question whether it is about the addressee itself."""

import re

import pytest
from django.utils import translation

from complaints import clocks, filing
from complaints.checking import Filing
from complaints.models import Complaint, ComplaintParallel
from marketplace.errors import Invalid
from marketplace.models import Draft, Rule
from suppliers import qr
from tests.complaints.factories import (
    at,
    body,
    make_line,
    make_person,
    make_seller,
    make_supplier,
    office,
)  # fmt: skip

NOW = at("2026-11-23 10:00")


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def supplier():
    return make_supplier()


@pytest.fixture
def line(aigul, supplier):
    return make_line(person=aigul, supplier=supplier)


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def file(actor, **said):
    said.setdefault("subject", "defect")
    filing.file(actor=actor, filing=Filing(text="It broke.", **said), now=NOW)
    return Complaint.objects.latest("pk")


def who(complaint):
    to = complaint.addressee_authority or complaint.addressee_supplier
    rows = complaint.parallels.select_related("authority", "supplier").order_by("pk")
    return to.code, [(row.addressee.code, row.why, str(row.respond_by)) for row in rows]


TEN_DAYS, FIFTEEN_WORKING = "2026-12-03", "2026-12-14"
SHOP, DEPARTMENT, ASSOCIATION = "jarqyn-med", "dtzpp-KZ-79", "pretrial-association"


@pytest.mark.parametrize(
    ("chosen", "addressee", "beside"),
    [
        ([], SHOP, []),
        (["seller"], SHOP, []),
        (["body"], DEPARTMENT, []),
        (["seller", "body"], SHOP, [(DEPARTMENT, "target", FIFTEEN_WORKING)]),
        (["body", "seller"], DEPARTMENT, [(SHOP, "target", TEN_DAYS)]),
        (["association", "body"], ASSOCIATION, [(DEPARTMENT, "target", FIFTEEN_WORKING)]),
        (
            ["seller", "association", "body"], SHOP,
            [(ASSOCIATION, "target", FIFTEEN_WORKING), (DEPARTMENT, "target", FIFTEEN_WORKING)],
        ),
        (["seller", "seller"], SHOP, []),
    ],
)  # fmt: skip
def test_the_first_is_the_addressee_and_the_others_have_dates_of_their_own(aigul, line, chosen, addressee, beside):
    assert who(file(aigul, order_line=line.pk, targets=chosen)) == (addressee, beside)


def test_one_target_as_before(aigul, line):
    assert who(file(aigul, order_line=line.pk, target="body")) == (DEPARTMENT, [])


def test_the_number_is_a_rule(aigul, line):
    Rule.objects.filter(code="complaint.targets").update(value={"count": 2})
    with pytest.raises(Invalid) as refused:
        file(aigul, order_line=line.pk, targets=["seller", "association", "body"])
    assert [(error.field, error.code) for error in refused.value.errors] == [("targets", "too_many")]
    with pytest.raises(Invalid) as refused:
        file(aigul, order_line=line.pk, targets=["seller", "president"])
    assert [(error.field, error.code) for error in refused.value.errors] == [("targets", "choice")]
    assert not Complaint.objects.exists()
    assert not ComplaintParallel.objects.exists()


def test_in_danger_the_table_decides_and_the_choice_stands_beside(aigul, line):
    complaint = file(aigul, order_line=line.pk, subject="danger", targets=["association", "body"])
    addressee, beside = who(complaint)
    assert addressee == SHOP
    assert [(code, why) for code, why, _day in beside] == [
        (DEPARTMENT, "safety"), ("mfk", "safety"), (ASSOCIATION, "target"),
    ]  # fmt: skip


def test_a_fraud_is_not_told_to_the_supplier_even_when_it_was_ticked(aigul, line):
    complaint = file(aigul, order_line=line.pk, subject="fake_act", targets=["seller", "body"])
    assert who(complaint) == ("desk-fraud", [])


def test_the_seller_who_was_told_only_gets_a_date_when_the_person_chose_it(aigul, line):
    complaint = file(aigul, order_line=line.pk, subject="overprice", targets=["seller"])
    assert who(complaint) == ("desk-market", [(SHOP, "target", TEN_DAYS)])


def test_the_chosen_body_takes_the_case_over_when_the_seller_is_silent(aigul, line):
    complaint = file(aigul, order_line=line.pk, targets=["seller", "body"])
    clocks.run(at(f"{TEN_DAYS} 23:59"))
    clocks.run(at("2026-12-04 00:05"))
    complaint.refresh_from_db()
    assert complaint.addressee_authority == body(DEPARTMENT)
    assert complaint.parallels.get().done_at == at("2026-12-04 00:05")
    assert clocks.run(at("2026-12-15 00:05")).done["parallel addressees late"] == 0


def test_over_the_api_the_preview_and_the_receipt_list_all(client, aigul, line):
    client.force_login(aigul)
    said = {
        "order_line": line.pk,
        "subject": "defect",
        "targets": ["seller", "body", "association"],
        "text": "It broke.",
    }
    preview = client.post("/api/v1/complaints/route", said, content_type="application/json").json()
    assert preview["addressee"]["code"] == SHOP
    assert [row["code"] for row in preview["parallels"]] == [DEPARTMENT, ASSOCIATION]
    assert all(row["rule"] == "R2" and row["legal_basis"] and row["respond_by"] for row in preview["parallels"])
    assert not Complaint.objects.exists()
    filed = client.post(
        "/api/v1/complaints", said, content_type="application/json", headers={"Idempotency-Key": "k"}
    ).json()
    assert [row["code"] for row in filed["parallels"]] == [DEPARTMENT, ASSOCIATION]
    assert Complaint.objects.get().parallels.count() == 2
    wrong = client.post("/api/v1/complaints/route", said | {"targets": ["nobody"]}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "targets")


def test_one_target_over_the_api(client, aigul, line):
    client.force_login(aigul)
    said = {"order_line": line.pk, "subject": "defect", "target": "body"}
    preview = client.post("/api/v1/complaints/route", said, content_type="application/json").json()
    assert preview["addressee"]["code"] == DEPARTMENT


def test_the_signed_in_form_asks_and_the_check_page_lists_each(client, aigul, line):
    client.force_login(aigul)
    form = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    assert "I complain to a consumer association" in text_of(client.get(form))
    client.post(form, {"text": "It broke.", "target.seller": "on", "target.body": "on"})
    draft = Draft.objects.get(kind="complaint")
    check = text_of(client.get(f"{form}check/"))
    assert "Department of Trade and Consumer Protection, Shymkent" in check
    assert "Chosen by the person" in check
    assert "The answer stands in the same complaint." in check
    client.post(f"{form}check/", {"rev": draft.rev})
    assert who(Complaint.objects.get()) == (SHOP, [(DEPARTMENT, "target", str(Complaint.objects.get().parallels.get().respond_by))])  # fmt: skip


def test_a_scanned_code_offers_the_other_two(client, supplier):
    make_seller(supplier)
    address = f"/en/complaints/scanned/{qr.token_of(supplier)}/"
    assert "Whom else do you complain to?" in text_of(client.get(f"{address}?to=seller"))
    said = {"to": "seller", "key": "k-1", "subject": "defect", "text": "It broke.", "also": ["body", "association"]}
    check = text_of(client.post(address, said))
    assert check.count('name="also"') == 2
    assert "Consumer association (demo)" in check
    client.post(address, said | {"send": "1"})
    addressee, beside = who(Complaint.objects.get())
    assert (addressee, [code for code, _why, _day in beside]) == (SHOP, [DEPARTMENT, ASSOCIATION])


@pytest.mark.parametrize(
    ("door", "addressee"), [("seller", "so-shymkent"), ("body", "ukz-KZ-79"), ("association", ASSOCIATION)]
)
def test_the_three_doors_of_an_office_lead_to_three_addressees(client, door, addressee):
    address = f"/en/complaints/scanned/{qr.make(qr.OFFICE, office().pk)}/"
    client.post(address, {"to": door, "key": door, "subject": "staff", "text": "Rude words.", "send": "1"})
    assert Complaint.objects.get().addressee_authority.code == addressee


def test_a_scanned_office_asks_whether_it_is_about_its_head(client):
    address = f"/en/complaints/scanned/{qr.make(qr.OFFICE, office().pk)}/"
    assert 'name="about"' in text_of(client.get(address))
    said = {"to": "seller", "key": "k", "subject": "staff", "text": "He shouted.", "about": "on"}
    assert "one level up" in text_of(client.post(address, said))
    client.post(address, said | {"send": "1"})
    complaint = Complaint.objects.get()
    assert complaint.addressee_authority == body("ukz-KZ-79")
    assert [complaint.escalates_to.code, *complaint.joins] == ["krk-KZ-79"]


def test_the_signed_in_form_asks_it_where_a_body_would_judge_itself(client, aigul, line):
    client.force_login(aigul)
    goods = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    assert 'name="about"' not in text_of(client.get(goods))
    form = client.post("/en/complaints/new/?sphere=office", {"subject": "staff"}).url
    assert 'name="about"' in text_of(client.get(form))
    client.post(form, {"text": "The head refused.", "about": "on"})
    assert "Coordination" in text_of(client.get(f"{form}check/"))
    draft = Draft.objects.get(pk=form.split("/")[-2])
    client.post(f"{form}check/", {"rev": draft.rev})
    assert Complaint.objects.get().addressee_authority == body("ukz-KZ-79")


def test_a_visitor_is_asked_the_same(client):
    carried = {"subject": "staff", "sphere": "office", "region": "KZ-79", "key": "k"}
    form = text_of(client.get("/en/complaints/new/visitor/", carried))
    assert 'name="about"' in form
    assert 'name="target.body"' in form
    client.post("/en/complaints/new/visitor/", {**carried, "text": "He shouted.", "about": "True", "send": "1"})
    assert Complaint.objects.get().addressee_authority == body("ukz-KZ-79")
