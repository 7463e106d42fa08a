"""The remedy record (domain 5.4): what was delivered, when, what it is worth, by which proof. And papers of an answer."""

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from complaints import person, seller
from complaints.models import Complaint
from marketplace.errors import Invalid
from marketplace.models import Event, Role, Rule, StoredFile
from tests.complaints.factories import make_complaint, make_seller, make_user

NOW = timezone.now()


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def complaint():
    """Filed five days ago."""
    return make_complaint(now=NOW - timedelta(days=5))


@pytest.fixture
def marat(complaint):
    return make_seller(complaint.supplier)


@pytest.fixture
def promised(complaint, marat):
    """A replacement was promised and taken."""
    seller.offer(number=complaint.number, actor=marat, text="A new one.", remedy="same_replacement", amount=500)
    person.accept_offer(number=complaint.number, actor=complaint.complainant)
    return complaint


def photo(name: str = "act.jpg") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.effect_noise((60, 40), 50).convert("RGB").save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def test_the_record_holds_kind_day_value_and_proof(client, promised, marat):
    client.force_login(marat)
    page = f"/en/supplier/complaints/{promised.number}/"
    assert 'enctype="multipart/form-data"' in text_of(client.get(page))
    day = timezone.localdate() - timedelta(days=2)
    told = {"kind": "refund", "value": "12 500", "returned": "12500", "proof": photo(), "text": "Paid back."}
    told |= {"delivered_on_day": day.day, "delivered_on_month": day.month, "delivered_on_year": day.year}
    assert client.post(f"/en/complaints/{promised.number}/remedy-done/", told).status_code == 302

    promised.refresh_from_db()
    stored = StoredFile.objects.get()
    assert promised.status == "outcome_check"
    assert promised.remedy["kind"] == "same_replacement"
    assert promised.remedy["delivered"] == {
        "kind": "refund", "on": day.isoformat(), "value": "12500.00", "proof": [str(stored.pk)], "no_proof": "",
    }  # fmt: skip
    assert str(promised.returned_sum) == "12500.00"
    assert stored.subject == f"complaint:{promised.number}"
    assert Event.objects.get(kind="complaint.remedy_done").data["proof"] == [str(stored.pk)]

    client.force_login(promised.complainant)
    page = text_of(client.get(f"/en/complaints/{promised.number}/"))
    assert "Remedy" in page and "A picture of the case" in page and f"/files/{stored.pk}/" in page
    assert "12,500 ₸" in page


def test_without_a_proof_the_seller_says_why(client, promised, marat):
    client.force_login(marat)
    refused = client.post(f"/en/complaints/{promised.number}/remedy-done/", {"text": "Done, believe me."})
    assert "If there is none, say why." in text_of(refused) and "Done, believe me.</textarea>" in text_of(refused)
    promised.refresh_from_db()
    assert promised.status == "remedy_running"

    client.post(f"/en/complaints/{promised.number}/remedy-done/", {"no_proof": "She signed nothing."})
    promised.refresh_from_db()
    delivered = promised.remedy["delivered"]
    assert (delivered["kind"], delivered["no_proof"]) == ("same_replacement", "She signed nothing.")
    assert str(promised.returned_sum) == "500.00"  # the offered money, as nothing else was said
    assert "She signed nothing." not in str(Event.objects.get(kind="complaint.remedy_done").data)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "flowers"}, "kind"),
        ({"value": "much"}, "value"),
        ({"delivered_on": timezone.localdate() + timedelta(days=1)}, "delivered_on"),
        ({"delivered_on": timezone.localdate() - timedelta(days=9)}, "delivered_on"),
        ({"proof_file": "00000000-0000-0000-0000-000000000001"}, "proof_file"),
        ({"no_proof": "x" * 1001}, "no_proof"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(promised, marat, wrong, field):
    with pytest.raises(Invalid) as refused:
        seller.remedy_done(number=promised.number, actor=marat, **{"no_proof": "None.", **wrong})
    assert [error.field for error in refused.value.errors] == [field]
    promised.refresh_from_db()
    assert (promised.status, "delivered" in promised.remedy) == ("remedy_running", False)
    assert not Event.objects.filter(kind="complaint.remedy_done").exists()


def test_the_api_names_a_file_that_the_seller_added(client, promised, marat):
    client.force_login(promised.complainant)
    api = f"/api/v1/complaints/{promised.number}"
    hers = client.post(f"{api}/attachments", {"file": photo()}).json()["id"]
    client.force_login(marat)
    own = client.post(f"{api}/attachments", {"file": photo()}).json()["id"]

    def done(**body):
        return client.post(f"{api}/remedy-done", json.dumps(body), content_type="application/json")

    assert done().status_code == 422
    assert done(proof_file=hers).status_code == 422  # the person's own photo proves nothing of the seller's
    answer = done(proof_file=own, value="1000.50", text="Done.")
    assert answer.status_code == 200
    assert answer.json()["remedy"]["delivered"]["proof"] == [own]
    assert answer.json()["remedy"]["delivered"]["value"] == "1000.50"


def test_an_answer_carries_photos_of_its_documents(client, complaint, marat):
    client.force_login(marat)
    bad = SimpleUploadedFile("act.pdf", b"%PDF-1.7 and so on", "application/pdf")
    address = f"/en/complaints/{complaint.number}/answer/"
    refused = client.post(address, {"text": "See the act.", "papers": [photo(), bad]})
    assert "take a photo of its page" in text_of(refused) and "See the act.</textarea>" in text_of(refused)
    complaint.refresh_from_db()
    assert (complaint.status, StoredFile.objects.count()) == ("with_seller", 0)

    client.post(address, {"text": "See the act.", "papers": [photo("1.jpg"), photo("2.jpg")]})
    complaint.refresh_from_db()
    kept = {str(item.pk) for item in StoredFile.objects.filter(subject=f"complaint:{complaint.number}")}
    assert complaint.status == "answered"
    assert len(kept) == 2
    assert set(Event.objects.get(kind="complaint.answered").data["papers"]) == kept
    client.force_login(complaint.complainant)
    page = text_of(client.get(f"/en/complaints/{complaint.number}/"))
    assert all(f"/files/{pk}/" in page for pk in kept)
    client.force_login(make_user("yerbol", Role.BENEFICIARY))
    assert all(client.get(f"/files/{pk}/").status_code == 404 for pk in kept)


def test_more_pictures_than_the_rule_allows_stop_the_answer(client, complaint, marat):
    rule = Rule.objects.get(code="complaint.attachments")
    rule.pk, rule.valid_from, rule.value = None, timezone.localdate(), {"count": 1}
    rule.save()
    client.force_login(marat)
    told = {"text": "Look.", "papers": [photo("1.jpg"), photo("2.jpg")]}
    refused = text_of(client.post(f"/en/complaints/{complaint.number}/answer/", told))
    assert "1 files at most" in refused and "Look.</textarea>" in refused
    assert Complaint.objects.get(pk=complaint.pk).status == "with_seller"
    assert not StoredFile.objects.exists()
