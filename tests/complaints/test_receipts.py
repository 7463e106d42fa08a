"""The paper of a deadline: for both sides, in three languages, with the way the date was computed, without a name."""

import pytest
from django.utils import translation

from complaints import clocks, person, receipts, tracking
from complaints.models import Complaint
from marketplace import events
from marketplace.models import Event
from suppliers import qr
from tests.complaints.factories import (
    at,
    make_complaint,
    make_inspector,
    make_person,
    make_seller,
    make_supplier,
)  # fmt: skip

NOW = at("2026-11-22 12:00")


@pytest.fixture
def complaint():
    return make_complaint(person=make_person())


def is_paper(response):
    return (
        response.status_code == 200
        and response["Content-Type"] == "application/pdf"
        and response.content[:4] == b"%PDF"
    )


@pytest.mark.parametrize(("language", "words"), [("en", "calendar days"), ("ru", "календарн"), ("kk", "күнтізбелік")])
def test_it_says_what_until_when_why_and_by_which_rule(complaint, language, words):
    with translation.override(language):
        page = receipts.words(complaint, now=NOW)
        assert receipts.pdf(complaint, now=NOW)[:4] == b"%PDF"
    text = " ".join(value for row in page["rows"] for value in row)
    for part in (words, "02.12.2026", "R2.", "Жарқын Мед", "42-4"):
        assert part in text, part
    assert complaint.number in page["title"]
    assert page["address"].endswith(f"/{language}/track/?number={complaint.number}")
    everything = f"{page}"
    for secret in ("Aigul", "+77000000001", "The wheel broke", tracking.code_of(complaint.number)):
        assert secret not in everything


def test_days_off_are_named(complaint):
    clocks.run(at("2026-12-12 00:05"))  # the body has 15 working days over the new year
    complaint.refresh_from_db()
    with translation.override("en"):
        rows = dict(receipts.words(complaint, now=NOW)["rows"])
    assert rows["Days off that were skipped"].count("2026") >= 3
    assert "working days" in rows["How the date was computed"]


def test_the_digest_is_that_of_the_filing_and_changes_with_it(complaint):
    filed = Event.objects.get(kind="complaint.filed")
    assert receipts.digest(complaint) == events.digest_of(iter([filed]), events.GENESIS)[0]
    filed.reason = "another"
    assert receipts.digest(complaint) != events.digest_of(iter([filed]), events.GENESIS)[0]


def test_a_closed_case_has_an_outcome_and_no_date(complaint):
    person.withdraw(number=complaint.number, actor=complaint.complainant)
    complaint.refresh_from_db()
    with translation.override("en"):
        rows = dict(receipts.words(complaint, now=NOW)["rows"])
    assert rows["Outcome"].startswith("Withdrawn")
    assert "Answer by" not in rows


def test_both_sides_and_the_body_get_it_and_nobody_else(client, complaint):
    address = f"/en/complaints/{complaint.number}/receipt.pdf"
    assert client.get(address).status_code == 404
    seller = make_seller(complaint.supplier)
    clocks.run(at("2026-12-03 00:05"))
    for user, page in (
        (complaint.complainant, f"/en/complaints/{complaint.number}/"),
        (seller, f"/en/supplier/complaints/{complaint.number}/"),
        (make_inspector(), f"/en/review/{complaint.number}/"),
    ):
        client.force_login(user)
        assert address in client.get(page).content.decode()
        assert is_paper(client.get(address)), user
    for user in (make_person("zhanar"), make_seller(make_supplier("other", "Басқа"), "other")):
        client.force_login(user)
        assert client.get(address).status_code == 404


def test_a_visitor_gets_it_from_the_sent_page_and_by_number_and_code(client):
    token = qr.token_of(make_supplier())
    said = {"to": "seller", "key": "k", "subject": "defect", "text": "It broke.", "send": "1"}
    sent = client.post(f"/ru/complaints/scanned/{token}/", said)
    complaint = Complaint.objects.get()
    address = f"/ru/complaints/{complaint.number}/receipt.pdf"
    assert address in client.get(sent.url).content.decode()
    assert is_paper(client.get(address))
    other = type(client)()
    assert other.get(address).status_code == 404
    shown = {"number": complaint.number, "code": tracking.code_of(complaint.number)}
    assert 'action="/ru/track/receipt.pdf"' in other.post("/ru/track/", shown).content.decode()
    assert is_paper(other.post("/ru/track/receipt.pdf", shown))
    refused = other.post("/ru/track/receipt.pdf", shown | {"code": "1234567890"})
    assert refused["Content-Type"].startswith("text/html")
    assert "1234567890" not in refused.request["PATH_INFO"] + refused.request["QUERY_STRING"]
    assert other.get("/ru/track/receipt.pdf").status_code == 200
