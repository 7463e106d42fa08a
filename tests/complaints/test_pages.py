"""Pages through their addresses: the whole way of a complaint without JavaScript, for every side."""

import re

import pytest
from django.core.cache import cache

from complaints import clocks, tracking
from complaints.models import Complaint
from marketplace.models import Draft, Role
from suppliers import qr
from suppliers.models import ComplaintFact
from tests.complaints.factories import (
    at,
    make_caseworker,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
    make_user,
)  # fmt: skip


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


def test_a_complaint_from_the_delivered_line_to_the_receipt(client, aigul, line):
    client.force_login(aigul)
    page = client.get(f"/en/complaints/new/?line={line.pk}")
    assert "What is wrong?" in text_of(page)

    began = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"})
    draft = Draft.objects.get(kind="complaint")
    assert began.url == f"/en/complaints/new/{draft.pk}/"
    form = text_of(client.get(began.url))
    assert "Serial number" in form
    assert f'data-draft="{draft.pk}"' in form

    saved = client.post(
        began.url,
        {"text": "The wheel broke.", "answer.serial": "77", "contact.phone": "8 700 000 00 01", "demand": "refund"},
    )
    assert saved.url == f"/en/complaints/new/{draft.pk}/check/"
    check = text_of(client.get(saved.url))
    assert "Жарқын Мед" in check
    assert "rule R2" in check
    assert "joins by itself" in check
    assert not Complaint.objects.exists()

    draft.refresh_from_db()
    sent = client.post(saved.url, {"rev": draft.rev})
    complaint = Complaint.objects.get()
    assert sent.url == f"/en/complaints/{complaint.number}/sent/"
    receipt = text_of(client.get(sent.url))
    assert complaint.number in receipt
    assert tracking.code_of(complaint.number) in receipt
    assert complaint.fields == {"serial": "77"}
    assert complaint.draft == draft
    # the button pressed twice leads to the same complaint
    assert client.post(saved.url, {"rev": draft.rev}).url == f"/en/complaints/{complaint.number}/"
    assert Complaint.objects.count() == 1


def test_what_was_typed_is_kept_when_it_is_wrong(client, aigul, line):
    client.force_login(aigul)
    url = client.post(f"/ru/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    page = client.post(url, {"text": "", "answer.serial": "77", "contact.phone": "8 700 000 00 01"})
    assert page.status_code == 200
    assert "77</textarea>" in text_of(page)
    draft = Draft.objects.get(kind="complaint")
    assert draft.value("answer.serial") == "77"
    client.post(url, {"text": "Сломалось", "contact.phone": "12"})
    page = client.get(f"{url}check/")
    assert 'value="12"' in text_of(page)
    assert not Complaint.objects.exists()


def test_a_visitor_complains_with_the_printed_code(client, supplier):
    token = qr.token_of(supplier)
    page = client.get(f"/en/complaints/new/?qr={token}")
    assert "What is the complaint about?" in text_of(page)
    asked = client.post(f"/en/complaints/new/?qr={token}&sphere=durable", {"subject": "conduct"})
    assert asked.status_code == 200  # nobody answers for conduct in this sphere: choose from the list
    began = client.post(f"/en/complaints/new/?qr={token}&sphere=durable", {"subject": "defect"})
    assert began.url.startswith("/en/complaints/new/visitor/?")
    assert "Tell what happened" in text_of(client.get(began.url))

    carried = {"subject": "defect", "sphere": "durable", "qr": token, "key": "k1"}
    check = client.post("/en/complaints/new/visitor/", {**carried, "text": "It broke at once."})
    assert "Жарқын Мед" in text_of(check)
    assert not Complaint.objects.exists()
    sent = client.post("/en/complaints/new/visitor/", {**carried, "text": "It broke at once.", "send": "1"})
    again = client.post("/en/complaints/new/visitor/", {**carried, "text": "It broke at once.", "send": "1"})
    complaint = Complaint.objects.get()
    assert sent.url == again.url == f"/en/complaints/{complaint.number}/sent/"
    assert (complaint.channel, complaint.complainant) == ("qr", None)
    assert tracking.code_of(complaint.number) in text_of(client.get(sent.url))
    # another browser has no receipt
    assert type(client)().get(sent.url).status_code == 404


def test_tracking_needs_number_and_code(client):
    complaint = make_complaint()
    code = tracking.code_of(complaint.number)
    page = text_of(client.post("/en/track/", {"number": complaint.number.lower(), "code": f"{code[:5]} {code[5:]}"}))
    assert "With the supplier" in page
    assert "The wheel broke" not in page
    wrong = client.post("/en/track/", {"number": complaint.number, "code": "1234567890"})
    assert "We found no complaint" in text_of(wrong)


def test_supplier_answers_person_disagrees_body_decides_person_confirms(client, aigul, supplier, line):
    complaint = make_complaint(person=aigul, line=line)
    number = complaint.number
    client.force_login(make_seller(supplier))
    assert number in text_of(client.get("/en/supplier/complaints/"))
    assert "The wheel broke" in text_of(client.get(f"/en/supplier/complaints/{number}/"))
    refused = client.post(f"/en/complaints/{number}/answer/", {"text": " "})
    assert refused.status_code == 200
    assert Complaint.objects.get().status == "with_seller"
    assert client.post(f"/en/complaints/{number}/answer/", {"text": "Worn out by use."}).status_code == 302

    client.force_login(aigul)
    assert "Worn out by use." in text_of(client.get(f"/en/complaints/{number}/"))
    client.post(f"/en/complaints/{number}/reject-answer/", {"text": "It was new."})

    client.force_login(make_inspector())
    assert number in text_of(client.get("/en/review/"))
    assert "It was new." in text_of(client.get(f"/en/review/{number}/"))
    client.post(
        f"/en/complaints/{number}/decide/",
        {"verdict": "satisfied:after_authority", "text": "The wheel was replaced.", "returned": "1 500,50"},
    )
    client.force_login(aigul)
    assert "Only the person confirms it" in text_of(client.get(f"/en/complaints/{number}/"))
    client.post(f"/en/complaints/{number}/confirm-outcome/")
    complaint.refresh_from_db()
    assert (complaint.status, complaint.outcome, f"{complaint.returned_sum}") == ("closed", "satisfied", "1500.50")
    assert (complaint.confirmed_by, complaint.respond_by) == ("person", None)
    supplier.refresh_from_db()
    assert ComplaintFact.objects.filter(kind="confirmed", supplier=supplier).count() == 1


def test_a_step_out_of_turn_changes_nothing(client, aigul, line):
    complaint = make_complaint(person=aigul, line=line)
    client.force_login(aigul)
    page = client.post(f"/en/complaints/{complaint.number}/confirm-outcome/", follow=True)
    assert "not possible" in text_of(page)
    assert client.post(f"/en/complaints/{complaint.number}/answer/", {"text": "x"}).status_code == 403
    assert client.post(f"/en/complaints/{complaint.number}/explode/").status_code == 404
    complaint.refresh_from_db()
    assert complaint.status == "with_seller"


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/en/complaints/{}/", 404),
        ("/en/complaints/{}/sent/", 404),
        ("/en/supplier/complaints/{}/", 403),
        ("/en/review/{}/", 403),
    ],
)
def test_a_foreign_case_is_a_missing_case(client, path, refused):
    complaint = make_complaint()
    client.force_login(make_person("zhanar"))
    foreign = client.get(path.format(complaint.number))
    missing = client.get(path.format("C-2026-999999"))
    assert (foreign.status_code, missing.status_code) == (refused, refused)


def test_desks_are_for_their_roles(client, aigul):
    client.force_login(aigul)
    assert [client.get(f"/en/{path}/").status_code for path in ("supplier/complaints", "review", "hotline")] == [
        403
    ] * 3
    client.logout()
    assert client.get("/en/complaints/").status_code == 302


def test_the_operator_finds_the_caller_and_registers_for_her(client, aigul, line):
    complaint = make_complaint(person=aigul, line=line)
    operator = make_user("hotline-user", Role.HOTLINE)
    client.force_login(operator)
    page = text_of(client.post("/en/hotline/", {"what": "8 700 000 00 01"}))
    assert f"?person={aigul.pk}" in page
    assert complaint.number in page
    case = text_of(client.get(f"/en/complaints/{complaint.number}/"))
    assert "The wheel broke" not in case
    assert "+77000000001" not in case
    assert "+7 ••• ••• 00 01" in case

    began = client.post(
        f"/en/complaints/new/?sphere=market&beneficiary={aigul.pk}", {"subject": "no_choice", "region": "KZ-79"}
    )
    client.post(began.url, {"text": "Only one supplier.", "channel": "hotline"})
    draft = Draft.objects.get(kind="complaint")
    client.post(f"{began.url}check/", {"rev": draft.rev})
    filed = Complaint.objects.get(subject="no_choice")
    assert (filed.complainant, filed.filed_by, filed.channel) == (aigul, operator, "hotline")


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_public_pages_open_in_every_language(client, language):
    make_complaint()
    for path in (
        "track/",
        "reports/",
        "reports/?month=2026-11&region=shymkent",
        "defenders/?region=KZ-79",
        "complaints/new/",
    ):
        assert client.get(f"/{language}/{path}").status_code == 200, path
    for kind in ("csv", "pdf", "html"):
        assert client.get(f"/{language}/reports/complaints.{kind}?month=2026-11").status_code == 200


def test_pages_ask_few_queries_whatever_the_number_of_rows(client, aigul, supplier, django_assert_max_num_queries):
    for _number in range(12):
        make_complaint(person=aigul, line=make_line(person=aigul, supplier=supplier))
    number = Complaint.objects.order_by("pk").values_list("number", flat=True).first()
    seller, inspector, reviewer = make_seller(supplier), make_inspector(), make_reviewer()
    clocks.run(at("2026-12-03 00:05"))
    lists = [
        (aigul, "/en/complaints/"), (seller, "/en/supplier/complaints/"), (inspector, "/en/review/"),
        (reviewer, "/en/review/"), (make_caseworker(), "/en/complaints/"),
    ]  # fmt: skip
    for user, path in lists:
        client.force_login(user)
        client.get(path)
        with django_assert_max_num_queries(8):
            assert client.get(path).status_code == 200
    pages = [
        (aigul, f"/en/complaints/{number}/"), (seller, f"/en/supplier/complaints/{number}/"),
        (inspector, f"/en/review/{number}/"), (reviewer, f"/en/review/{number}/"), (aigul, "/en/reports/"),
        (aigul, f"/en/complaints/new/?line={Complaint.objects.first().order_line_id}"),
    ]  # fmt: skip
    for user, path in pages:
        client.force_login(user)
        cache.clear()
        # A body also sees what the state did about the case, and its forms have lists of bodies.
        with django_assert_max_num_queries(22 if "/review/" in path else 14):
            assert client.get(path).status_code == 200


def test_the_printed_code_opens_in_the_language_of_the_phone(client, supplier):
    page = client.get(f"/q/{qr.token_of(supplier)}", headers={"Accept-Language": "en"})
    assert "Жарқын Мед" in text_of(page)
    assert f"/en/complaints/new/?qr={qr.token_of(supplier)}" in text_of(page)
    assert client.get("/q/S1A-AAAAAAAAAA").status_code == 404


def test_the_home_page_says_what_waits(client, aigul, supplier, line):
    complaint = make_complaint(person=aigul, line=line)
    client.force_login(make_seller(supplier))
    assert complaint.number in text_of(client.get("/en/"))
    client.force_login(aigul)
    assert complaint.number not in text_of(client.get("/en/"))


def test_an_administrator_finds_a_case_without_reading_it(client, aigul, line):
    """Numbers and states, to find out why something does not work (data classes: no P2, no P3)."""
    complaint = make_complaint(person=aigul, line=line, text="The left wheel broke on the stairs.")
    complaint.contact = {"name": "Айгүл", "phone": "+77010000002"}
    complaint.save(update_fields=["contact"])
    client.force_login(make_user("admin", Role.ADMIN))
    for address in (f"/en/review/{complaint.number}/", f"/api/v1/complaints/{complaint.number}", "/en/complaints/"):
        page = client.get(address)
        text = text_of(page)
        assert page.status_code == 200 and complaint.number in text, address
        for secret in ("left wheel", "Айгүл", "77010000002", aigul.full_name):
            assert secret not in text, (address, secret)
