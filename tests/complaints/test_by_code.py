"""Number and code are enough: whoever has no account finishes her complaint, and nobody else does."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser

from complaints import effects, filing, person, selectors, tracking
from complaints.checking import Filing
from complaints.models import Complaint
from complaints.selectors import WRONG_CODES_OF_ADDRESS, WRONG_CODES_OF_NUMBER_THERE
from marketplace.errors import NotFound, TooManyTries
from marketplace.models import Event, Notice, OutboxRow, Role
from suppliers import qr
from tests.complaints.factories import (
    make_caseworker,
    make_complaint,
    make_inspector,
    make_person,
    make_seller,
    make_supplier,
    make_user,
)  # fmt: skip
from tests.complaints.test_api import post

WRONG = "1234567890"


@pytest.fixture
def supplier():
    return make_supplier()


@pytest.fixture
def complaint(supplier, client):
    """A visitor's, by the printed code."""
    address = f"/en/complaints/scanned/{qr.token_of(supplier)}/"
    client.post(address, {"to": "seller", "key": "k", "subject": "defect", "text": "The wheel broke.", "send": "1"})
    return Complaint.objects.get()


def shown(complaint):
    return {"number": complaint.number, "code": tracking.code_of(complaint.number)}


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def facts():
    return list(Complaint.objects.values()), Event.objects.count(), OutboxRow.objects.count()


def test_a_visitor_of_a_printed_code_reaches_satisfied(client, supplier, complaint):
    seller = make_seller(supplier)
    client.force_login(seller)
    client.post(f"/en/complaints/{complaint.number}/offer/", {"text": "A new wheel"})
    client.logout()

    page = text_of(client.post("/en/track/", shown(complaint)))
    assert "A new wheel" in page
    assert "The wheel broke." not in page
    assert 'action="/en/track/accept-offer/"' in page
    assert f'name="code" value="{shown(complaint)["code"]}"' in page
    page = text_of(client.post("/en/track/accept-offer/", shown(complaint)))
    assert "The person accepted the offer" in page

    client.force_login(seller)
    client.post(f"/en/complaints/{complaint.number}/remedy-done/", {"text": "Done.", "no_proof": "She signed nothing."})
    client.logout()
    client.post("/en/track/confirm-outcome/", shown(complaint))
    complaint.refresh_from_db()
    assert (complaint.status, complaint.outcome, complaint.complainant) == ("closed", "satisfied", None)
    for kind in ("complaint.offer_accepted", "complaint.confirmed"):
        event = Event.objects.get(kind=kind)
        assert (event.actor, event.data["party"], event.data["by"]) == (None, "owner", "code")


def test_a_program_takes_the_steps_by_code_and_each_key_once(client, supplier, complaint):
    client.force_login(make_seller(supplier))
    client.post(f"/en/complaints/{complaint.number}/answer/", {"text": "Worn out by use."})
    client.logout()
    body = shown(complaint)
    read = post(client, "/complaints/track", body).json()
    assert (read["answer"], read["status"]) == ("Worn out by use.", "answered")
    assert read["allowed"] == ["accept-answer", "reject-answer", "withdraw"]
    assert not {"text", "contact", "person", "order_line"} & set(read)
    first = post(client, "/complaints/track/reject-answer", body | {"text": "It was new."}, key="k1")
    again = post(client, "/complaints/track/reject-answer", body | {"text": "It was new."}, key="k1")
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (200, 200, "true")
    assert first.json()["status"] == "escalated"
    assert Event.objects.filter(kind="complaint.answer_rejected").count() == 1
    assert post(client, "/complaints/track/confirm-outcome", body).status_code == 409
    assert post(client, "/complaints/track/decide", body).status_code == 422
    withdrawn = post(client, "/complaints/track/withdraw", body | {"kind": "pressure"}).json()
    assert (withdrawn["status"], withdrawn["allowed"]) == ("withdrawn", ["reopen"])


@pytest.mark.parametrize("action", ["withdraw", "accept-offer", "confirm-outcome"])
def test_a_wrong_code_changes_nothing(client, complaint, action):
    before = facts()
    wrong = shown(complaint) | {"code": WRONG, "reason": "own_will", "kind": "own_will"}
    page = client.post(f"/en/track/{action}/", wrong)
    assert "We found no complaint" in text_of(page)
    assert post(client, f"/complaints/track/{action}", wrong).status_code == 404
    assert facts() == before


def test_a_holder_made_by_hand_opens_nothing(complaint):
    """The code is looked at again under the lock of the step."""
    forged = tracking.Holder(complaint.number, WRONG)
    other = make_complaint()
    before = facts()
    for number, holder_of in ((complaint.number, forged), (other.number, tracking.Holder(**shown(complaint)))):
        with pytest.raises(NotFound):
            person.withdraw(number=number, actor=holder_of)
    assert facts() == before


@pytest.mark.parametrize("action", ["decide", "answer", "redirect", "link-duplicate"])
def test_the_code_gives_no_step_of_another_side(client, complaint, action):
    before = facts()
    assert client.post(f"/en/track/{action}/", shown(complaint) | {"text": "x"}).status_code == 404
    assert facts() == before


def test_guessing_stops_per_address(client, complaint):
    for guess in range(WRONG_CODES_OF_ADDRESS.most):
        assert post(client, "/complaints/track", {"number": f"C-2026-{guess:06d}", "code": WRONG}).status_code == 404
    refused = post(client, "/complaints/track", shown(complaint))
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")
    assert refused["Retry-After"]
    page = client.post("/en/track/", shown(complaint))
    assert page.status_code == 429
    assert "Too many tries" in text_of(page)
    assert f'value="{complaint.number}"' in text_of(page)


def test_a_stranger_who_knows_the_number_locks_himself_out_and_nobody_else(complaint):
    for _guess in range(WRONG_CODES_OF_NUMBER_THERE.most):
        with pytest.raises(NotFound):
            holder(complaint, WRONG, "10.0.0.1")
    with pytest.raises(TooManyTries):
        holder(complaint, shown(complaint)["code"], "10.0.0.1")
    assert holder(complaint, shown(complaint)["code"], "10.0.1.1").number == complaint.number


def test_a_code_is_long_enough_for_its_limit():
    """An even chance at one case takes ten thousand addresses more than a year."""
    a_day = WRONG_CODES_OF_NUMBER_THERE.most * 86400 // WRONG_CODES_OF_NUMBER_THERE.seconds
    assert 10**tracking.CODE_DIGITS / 2 / (a_day * 10_000) > 365


def test_right_codes_do_not_count_as_tries(complaint):
    for _try in range(2 * WRONG_CODES_OF_ADDRESS.most):
        holder(complaint, shown(complaint)["code"], "10.0.0.1")


def holder(complaint, code, address, viewer=None):
    return selectors.holder(number=complaint.number, code=code, address=address, viewer=viewer or AnonymousUser())


def test_desks_and_the_other_side_do_not_act_with_the_persons_code(client, supplier, complaint):
    before = facts()
    for user in (make_user("operator", Role.HOTLINE), make_caseworker(), make_inspector(), make_seller(supplier)):
        client.force_login(user)
        page = text_of(client.post("/en/track/", shown(complaint)))
        assert complaint.number in page
        assert "/en/track/withdraw/" not in page
        answer = client.post("/en/track/withdraw/", shown(complaint) | {"reason": "own_will"})
        assert answer.status_code == 403
    assert facts() == before
    client.force_login(make_person("dana"))
    client.post("/en/track/withdraw/", shown(complaint) | {"reason": "own_will"})
    complaint.refresh_from_db()
    assert complaint.status == "withdrawn"


def test_the_caller_without_a_name_finishes_by_the_code_that_the_operator_read_out(client, supplier):
    operator = make_user("operator", Role.HOTLINE)
    told = Filing(subject="defect", sphere="durable", supplier=supplier.code, region="KZ-79", text="It broke.")
    answer = filing.file(actor=operator, filing=told)
    case = Complaint.objects.get()
    assert case.complainant is None
    body = {"number": case.number, "code": answer.body["tracking_code"]}
    assert post(client, "/complaints/track/withdraw", body).json()["status"] == "withdrawn"


def test_a_step_by_code_is_told_to_the_person(client):
    complaint = make_complaint(person=make_person())
    post(client, "/complaints/track/withdraw", shown(complaint))
    effects.tell(OutboxRow.objects.get(topic="complaint.withdrawn"))
    assert Notice.objects.filter(kind="complaint.withdrawn", recipient=complaint.complainant).exists()
