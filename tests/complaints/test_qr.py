"""Printed codes through their addresses: what was scanned, three doors, the sheet, how far they spread."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from complaints.codes import sheets, spreading, subjects
from complaints.codes.models import PrintedCode
from complaints.feedback.models import Feedback
from complaints.models import Complaint
from marketplace.models import Region
from suppliers import qr
from tests.complaints.factories import make_caseworker, make_line, make_person, make_seller, make_supplier, office

ENGLISH = {"Accept-Language": "en"}
STATIC = Path(__file__).parents[2] / "marketplace" / "static" / "app"


@pytest.fixture
def supplier():
    return make_supplier()


@pytest.fixture
def line(supplier):
    line = make_line(person=make_person(), supplier=supplier)
    line.lot = "B-7"
    line.save()
    return line


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def test_four_kinds_of_codes_say_what_they_are_and_nothing_of_a_person(client, supplier, line):
    tokens = {
        qr.make(qr.SUPPLIER, supplier.pk): ("Supplier", "Жарқын Мед"),
        qr.make(qr.OFFICE, office().pk): ("Social office", "Shymkent"),
        qr.make(qr.DELIVERY_NOTE, line.order.pk): ("Delivery note", "Жарқын Мед"),
        qr.make(qr.LOT, line.pk): ("Lot of goods", "lot B-7"),
    }
    for token, words in tokens.items():
        page = text_of(client.get(f"/q/{token}", headers=ENGLISH))
        assert all(word in page for word in words), token
        assert "Aigul" not in page
        assert line.order.number not in page
        assert page.count(f"/complaints/scanned/{token}/?to=") == 3


@pytest.mark.parametrize("token", ["S1-AAAAAAAAAA", "X1-AAAAAAAAAA", "F", "N9-"])
def test_a_code_that_nobody_issued_is_not_found(client, token):
    assert client.get(f"/q/{token}").status_code == 404


def test_a_signed_code_of_a_thing_that_is_gone_is_not_found(client, supplier):
    for kind in (qr.SUPPLIER, qr.OFFICE, qr.DELIVERY_NOTE, qr.LOT, "X"):
        assert client.get(f"/q/{qr.make(kind, 987654)}").status_code == 404


def test_three_steps_from_the_code_to_the_receipt_without_an_account(client, supplier):
    token = qr.token_of(supplier)
    first = text_of(client.get(f"/q/{token}", headers=ENGLISH))
    door = re.search(r'href="(/en/complaints/scanned/[^"]+to=seller)"', first)[1]
    assert "Tell what happened" in text_of(client.get(door))
    said = {"to": "seller", "key": "k-1", "subject": "defect", "text": "The wheel broke at once."}
    check = text_of(client.post(door, said))
    assert "Жарқын Мед" in check
    assert "Send the complaint" in check
    assert not Complaint.objects.exists()
    sent = client.post(door, said | {"send": "1"})
    again = client.post(door, said | {"send": "1"})
    complaint = Complaint.objects.get()
    assert sent.url == again.url == f"/en/complaints/{complaint.number}/sent/"
    assert (complaint.channel, complaint.complainant, complaint.contact) == ("qr", None, {})
    assert (complaint.addressee_supplier, complaint.status) == (supplier, "with_seller")


@pytest.mark.parametrize(("target", "addressee"), [("body", "dtzpp-KZ-79"), ("association", "pretrial-association")])
def test_the_other_two_doors_lead_past_the_seller(client, supplier, target, addressee):
    address = f"/en/complaints/scanned/{qr.token_of(supplier)}/"
    said = {"to": target, "key": "k-2", "subject": "defect", "text": "It broke.", "send": "1"}
    assert client.post(address, said).status_code == 302
    complaint = Complaint.objects.get()
    assert (complaint.supplier, complaint.addressee_supplier) == (supplier, None)
    assert complaint.addressee_authority.code == addressee
    assert complaint.respond_by is not None


def test_danger_goes_to_the_seller_and_the_bodies_at_once_whatever_was_chosen(client, supplier):
    address = f"/en/complaints/scanned/{qr.token_of(supplier)}/"
    client.post(address, {"to": "association", "key": "k-3", "subject": "danger", "text": "It fell.", "send": "1"})
    complaint = Complaint.objects.get()
    assert complaint.addressee_supplier == supplier
    assert complaint.parallels.exists()


def test_an_office_is_complained_about_to_its_head(client):
    address = f"/en/complaints/scanned/{qr.make(qr.OFFICE, office().pk)}/"
    client.post(address, {"to": "seller", "key": "k-4", "subject": "staff", "text": "Rude words.", "send": "1"})
    complaint = Complaint.objects.get()
    assert (complaint.office, complaint.sphere, complaint.channel) == (office(), "office", "qr")
    assert complaint.addressee_authority.kind == "social_office"


def test_nothing_typed_is_lost_when_something_is_missing(client, supplier):
    address = f"/en/complaints/scanned/{qr.token_of(supplier)}/"
    page = text_of(client.post(address, {"to": "body", "key": "k-5", "text": "It broke on day two."}))
    assert "Choose what is wrong." in page
    assert "It broke on day two." in page
    assert 'name="to" value="body"' in page
    assert not Complaint.objects.exists()


def test_the_path_weighs_at_most_25_kilobytes_on_a_first_visit(client, supplier):
    token = qr.token_of(supplier)
    shared = sum(len(gzip.compress((STATIC / name).read_bytes())) for name in ("app.css", "mark.svg"))
    for address in (f"/q/{token}", f"/en/complaints/scanned/{token}/?to=seller", f"/en/feedback/codes/{token}/"):
        page = client.get(address, headers=ENGLISH)
        scripts = re.findall(r'<script[^>]*src="/static/app/([a-z]+\.js)', page.content.decode())
        assert sorted(scripts) == ["pace.js", *(["scanned.js"] if "/scanned/" in address else [])], address
        module = sum(len(gzip.compress((STATIC / name).read_bytes())) for name in scripts)
        assert module <= 2_000
        assert shared + module + len(gzip.compress(page.content)) <= 25_000, address


def test_a_mark_by_the_code_of_a_wall_is_one_a_day_and_weighs_nothing_in_the_market(client, supplier):
    address = f"/en/feedback/codes/{qr.token_of(supplier)}/"
    assert client.post(address, {"mark": "5", "facets.fits": "yes"}).url == "/en/feedback/thanks/"
    second = client.post(address, {"mark": "1"})
    assert second.status_code == 409
    assert "already here" in text_of(second)
    given = Feedback.objects.get()
    assert (given.channel, given.mark, given.facets, given.region_id) == ("qr", 5, {"fits": "yes"}, "KZ-79")
    assert client.session["visitor"] not in given.event
    supplier.refresh_from_db()
    assert supplier.rating_count == 0
    assert type(client)().post(address, {"mark": "4"}).status_code == 302


def test_a_delivery_note_is_rated_once_by_whoever_holds_it(client, supplier, line):
    address = f"/en/feedback/codes/{qr.make(qr.DELIVERY_NOTE, line.order.pk)}/"
    assert client.post(address, {"mark": "4"}).status_code == 302
    assert type(client)().post(address, {"mark": "1"}).status_code == 409
    assert Feedback.objects.get().event == f"order:{line.order.number}"
    supplier.refresh_from_db()
    assert (supplier.rating_sum, supplier.rating_count) == (4, 1)


def test_the_sheet_names_its_owner_and_the_address_it_must_lead_to(client, supplier):
    token = qr.token_of(supplier)
    sheet = client.get(f"/en/codes/{token}.pdf")
    assert sheet["Content-Type"] == "application/pdf"
    assert sheet.content.startswith(b"%PDF")
    for language in sheets.LANGUAGES:
        with translation.override(language):
            words = sheets.page_of(subjects.of_supplier(supplier), language)
        assert words["name"] == "Жарқын Мед"
        assert len(words["steps"]) == 3
        assert settings.PORTAL_URL.partition("://")[2] + "/q/" in words["address"]
        assert token in words["typed"]
    svg = client.get(f"/en/codes/{token}.svg")
    assert b"<svg" in svg.content
    assert client.get("/en/codes/S1-AAAAAAAAAA.pdf").status_code == 404


def test_sheets_are_listed_for_the_own_shop_and_office_only(client, supplier, line):
    line.order.status = "confirmed"
    line.order.save()
    other = make_supplier("other", "Басқа")
    client.force_login(make_seller(supplier))
    page = text_of(client.get("/en/codes/"))
    for token in (qr.token_of(supplier), qr.make(qr.DELIVERY_NOTE, line.order.pk), qr.make(qr.LOT, line.pk)):
        assert f"/en/codes/{token}.pdf" in page
    assert qr.token_of(other) not in page
    client.force_login(make_caseworker())
    assert qr.make(qr.OFFICE, office().pk) in text_of(client.get("/en/codes/"))
    client.force_login(make_person("dana"))
    assert client.get("/en/codes/").status_code == 403


def test_the_roll_out_counts_once_printed_or_scanned_and_keeps_no_trace(client, supplier):
    of_supplier, of_office = qr.token_of(supplier), subjects.of_office(office()).token
    client.get(f"/en/codes/{of_supplier}.pdf")  # a stranger's copy is no roll-out
    assert not PrintedCode.objects.exists()
    client.get(f"/q/{of_office}")
    client.get(f"/q/{of_office}")
    client.head(f"/q/{of_office}")
    client.force_login(make_seller(supplier))
    client.get(f"/en/codes/{of_supplier}.pdf")
    counted = {(row.kind, row.printed, row.scanned) for row in PrintedCode.objects.all()}
    assert counted == {("F", 0, 2), ("S", 1, 0)}
    share = next(share for share in spreading.by_region() if share.region == Region.objects.get(pk="KZ-79"))
    offices = office().region.offices.count()
    assert (share.total, share.printed, share.scanned, share.reached) == (offices + 1, 1, 1, 2)
    assert share.percent == round(200 / (offices + 1))
    table = client.get("/en/reports/codes.csv").content.decode("utf-8-sig").splitlines()
    assert len(table) == 21
    assert f"{offices + 1},1,1,{share.percent}" in "\n".join(table)


def test_pages_keep_to_their_queries(client, supplier, line, django_assert_max_num_queries):
    for most in (12, 4):  # the first scan of a code begins its count
        with django_assert_max_num_queries(most):
            client.get(f"/q/{qr.token_of(supplier)}")
    with django_assert_max_num_queries(12):
        client.get(f"/en/complaints/scanned/{qr.make(qr.LOT, line.pk)}/")
    with django_assert_max_num_queries(12):
        client.get("/en/reports/codes/")
