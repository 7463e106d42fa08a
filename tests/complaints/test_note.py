"""A scanned delivery note binds the complaint to the order's line; the channel is what the server knows; a network
that floods is stopped without losing a word."""

import re

import pytest
from django.core.cache import cache

from complaints.models import Complaint
from marketplace.models import Draft, Rule
from suppliers import qr
from tests.complaints.factories import make_line, make_person, make_seller, make_supplier
from tests.complaints.test_api import API, post


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def supplier():
    return make_supplier()


@pytest.fixture
def line(aigul, supplier):
    return make_line(person=aigul, supplier=supplier, status="in_delivery")


def address(line):
    return f"/en/complaints/scanned/{qr.make(qr.DELIVERY_NOTE, line.order.pk)}/"


def told(**more):
    return {"to": "seller", "key": "k", "subject": "defect", "text": "The wheel broke.", "send": "1"} | more


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def second(line, title="Cushion"):
    more = make_line(person=line.order.user, supplier=line.partner)
    more.order_id, more.title = line.order_id, title
    more.product.title = title
    more.product.save()
    more.save()
    return more


# --- The line ---------------------------------------------------------------------------------


def test_the_only_line_is_bound_and_the_visitor_stays_unknown(client, line):
    assert "Which thing in the parcel?" not in text_of(client.get(address(line)))
    assert client.post(address(line), told()).status_code == 302
    complaint = Complaint.objects.get()
    assert (complaint.order_line, complaint.complainant, complaint.filed_by) == (line, None, None)
    assert (complaint.region_id, complaint.supplier, complaint.channel) == ("KZ-79", line.partner, "qr")
    client.force_login(make_seller(line.partner))
    page = text_of(client.get(f"/en/supplier/complaints/{complaint.number}/"))
    assert "The wheel broke." in page
    assert line.order.number not in page
    assert "Aigul" not in page
    assert client.get(f"{API}/complaints/{complaint.number}").json()["order_line"] is None


def test_one_open_complaint_of_a_line_and_subject_whatever_the_browser(client, line):
    client.post(address(line), told())
    again = type(client)().post(address(line), told(key="other", text="It broke again."))
    assert again.status_code == 409
    page = text_of(again)
    assert "already being examined" in page
    assert "It broke again." in page
    assert Complaint.objects.count() == 1


def test_a_parcel_of_several_things_asks_which_and_tells_nothing_of_the_person(client, line):
    cushion = second(line)
    page = text_of(client.get(address(line)))
    assert "Which thing in the parcel?" in page
    assert "Cushion" in page
    for personal in ("Aigul", line.order.number, "+77000000001", "Shymkent, "):
        assert personal not in page
    refused = client.post(address(line), told())
    assert "Choose which thing is wrong." in text_of(refused)
    assert "The wheel broke." in text_of(refused)
    foreign = make_line(person=make_person("dana"), supplier=line.partner)
    client.post(address(line), told(order_line=foreign.pk))
    assert not Complaint.objects.exists()
    client.post(address(line), told(order_line=cushion.pk))
    assert Complaint.objects.get().order_line == cushion


def test_a_program_binds_it_too_and_no_other_code_opens_a_line(client, line):
    token = qr.make(qr.DELIVERY_NOTE, line.order.pk)
    body = {"qr": token, "subject": "defect", "sphere": "durable", "text": "It broke."}
    assert post(client, "/complaints", body, key="a").status_code == 201
    assert Complaint.objects.get().order_line == line
    other = make_line(person=make_person("dana"), supplier=line.partner)
    for code in (token, qr.token_of(line.partner)):
        assert post(client, "/complaints", body | {"qr": code, "order_line": other.pk}, key=code).status_code == 404
    assert Complaint.objects.count() == 1


def test_the_payment_of_the_order_waits_for_a_complaint_of_danger(client, line):
    line.order.status = "reimbursement_pending"
    line.order.save()
    client.post(address(line), told(subject="danger", text="It fell."))
    line.order.refresh_from_db()
    assert Complaint.objects.get().hold_payment
    assert line.order.status == "held"


def test_the_owner_who_scans_her_own_note_complains_as_herself(client, aigul, line):
    client.force_login(aigul)
    client.post(address(line), told())
    assert Complaint.objects.get().complainant == aigul


# --- The channel ------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["kiosk", "telegram", "hotline", "office"])
def test_nobody_claims_a_channel(client, supplier, channel):
    body = {"supplier": supplier.code, "subject": "defect", "sphere": "durable", "text": "x", "channel": channel}
    answer = post(client, "/complaints", body, key="k")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "channel")
    assert not Complaint.objects.exists()


def test_a_shared_computer_is_a_kiosk_and_a_code_scanned_there_stays_a_code(client, supplier, line):
    carried = {"subject": "defect", "sphere": "durable", "region": "KZ-79", "supplier": supplier.code}
    said = carried | {"key": "v", "text": "It broke.", "send": "1"}
    client.post("/en/complaints/new/visitor/", said)
    client.cookies["shared-computer"] = "1"
    client.post("/en/complaints/new/visitor/", said | {"key": "w"})
    client.post(address(line), told())
    assert list(Complaint.objects.order_by("pk").values_list("channel", flat=True)) == ["portal", "kiosk", "qr"]


def test_an_account_at_a_kiosk(client, aigul, supplier):
    own = make_line(person=aigul, supplier=supplier)
    client.force_login(aigul)
    client.cookies["shared-computer"] = "1"
    url = client.post(f"/en/complaints/new/?line={own.pk}", {"subject": "defect"}).url
    client.post(url, {"text": "It broke."})
    client.post(f"{url}check/", {"rev": Draft.objects.get(kind="complaint").rev})
    assert Complaint.objects.get().channel == "kiosk"


# --- A flood ------------------------------------------------------------------------------------


@pytest.fixture
def two_an_hour():
    Rule.objects.filter(code="complaint.anonymous_filings").update(value={"of_address_an_hour": 2})
    cache.clear()


def test_a_flood_is_stopped_with_a_clear_text_that_keeps_what_was_typed(client, supplier, two_an_hour):
    page = f"/en/complaints/scanned/{qr.token_of(supplier)}/"
    client.post(page, told(key="1"))
    client.post(page, told(key="1"))  # the same one again does not count
    client.post(page, told(key="x", text=""))  # nor one that was refused
    client.post(page, told(key="2"))
    refused = client.post(page, told(key="3", text="The third of this hour."))
    assert refused.status_code == 429
    assert "Many complaints came from your network" in text_of(refused)
    assert "The third of this hour." in text_of(refused)
    assert Complaint.objects.count() == 2
    carried = {"subject": "defect", "sphere": "durable", "supplier": supplier.code, "key": "v", "send": "1"}
    visitor = client.post("/en/complaints/new/visitor/", carried | {"text": "The fourth."})
    assert (visitor.status_code, "The fourth." in text_of(visitor)) == (429, True)
    body = {"supplier": supplier.code, "subject": "defect", "sphere": "durable", "text": "x"}
    answer = post(client, "/complaints", body, key="p")
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (429, "3600", "too_many_tries")
    assert Complaint.objects.count() == 2
    client.force_login(make_person())
    assert post(client, "/complaints", body, key="p").status_code == 201
