"""A person gets all that the portal keeps of her, as a page and as a file, and nobody else does."""

import json

import pytest

from marketplace import crypto, personal
from marketplace.models import Notice, PersonRecord, Role
from tests import factories as make
from tests.rights.data_classes import register

BACKEND = "django.contrib.auth.backends.ModelBackend"
# Whose rows are about a person by themselves, and which part tells them; what is told nowhere says why.
PARTS = {
    "marketplace.User": "account", "marketplace.PersonRecord": "account", "marketplace.Guardianship": "guardians",
    "marketplace.Draft": "drafts", "marketplace.Notice": "notices", "catalogue.MeasuredValue": "measures",
    "partner.UnmetNeed": "needs", "order.Entitlement": "programme", "order.Order": "orders",
    "complaints.Complaint": "complaints",
}  # fmt: skip


@pytest.fixture
def marat(db):
    person = make.make_person("marat", phone="+77010000001", measures={"height_mm": 1700})
    PersonRecord.objects.filter(user=person).update(
        iin_encrypted=crypto.encrypt("840917300123", bound_to=crypto.place_of_iin(person.pk))
    )
    Notice.objects.create(
        recipient=person,
        kind="x",
        subject="x",
        channel="sms",
        language="ru",
        address="+77010000001",
        text="Hello",
        dedupe="x",
    )
    return person


def test_the_file_holds_what_is_kept(client, marat):
    client.force_login(marat, BACKEND)
    answer = client.get("/en/account/data/file/")
    told = json.loads(answer.content)
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert answer["Cache-Control"] == "private, no-store"
    assert set(PARTS.values()) <= set(told)
    text = answer.content.decode()
    told_words = ("Marat", "+77010000001", "840917300123", "Hello", "September", "1984")
    assert [word for word in told_words if word not in text] == []
    page = client.get("/en/account/data/").content.decode()
    assert "840917300123" in page and "Hello" in page


def test_a_table_of_people_is_told_or_named(marat):
    """A new table of somebody's personal data has to come into her file, or be put on the list of those that need not."""
    elsewhere = {  # rows of other persons' work, of things told with their order or complaint, or held for hours
        "account.EmailAddress", "address.UserAddress", "admin.LogEntry", "complaints.BoardGuest", "complaints.CallRound",
        "complaints.ComplaintParallel", "complaints.Feedback", "complaints.MysteryVisit", "complaints.MysteryVisitor",
        "complaints.NoInvitations", "complaints.Occasion", "complaints.PretrialCase", "complaints.PublicReply",
        "complaints.TelegramChat", "complaints.TelegramPhoto", "complaints.VisitFee", "complaints.Measure",
        "marketplace.DraftFile", "marketplace.DraftFileChunk", "marketplace.DraftSave", "marketplace.EmergencyAccess",
        "marketplace.Event", "marketplace.IdempotencyKey", "marketplace.StoredFile", "order.Act", "order.Delivery", "order.Line",
        "order.OrderNote", "order.PaperSignature", "order.RecallHolder", "order.ShippingAddress", "order.ShippingEvent", "order.Tranche",
        "partner.Application", "partner.LotRecall", "partner.Partner",
    }  # fmt: skip
    personal_tables = {model for (model, _column), name in register().items() if name in {"P2", "P3"}}
    assert personal_tables - elsewhere - set(PARTS) == set()
    assert {part.code for part in personal.of(marat)} >= set(PARTS.values())


def test_it_is_nobody_elses(client, marat):
    others = [make.make_person("other"), make.make_guardian("stranger")]
    for other in others:
        client.force_login(other, BACKEND)
        for address in ("/en/account/data/", "/en/account/data/file/"):
            foreign = client.get(f"{address}?for={marat.pk}")
            missing = client.get(f"{address}?for=999999")
            assert (foreign.status_code, missing.status_code) == (404, 404)
    for role in (Role.CASEWORKER, Role.SUPPLIER, Role.REVIEWER, Role.AUDITOR, Role.ADMIN):
        client.force_login(make.make_user(f"a-{role}", role), BACKEND)
        assert client.get(f"/en/account/data/file/?for={marat.pk}").status_code == 403


def test_a_guardian_gets_the_wards(client, marat):
    client.force_login(make.make_guardian("aigul", [marat]), BACKEND)
    assert b"840917300123" in client.get(f"/en/account/data/file/?for={marat.pk}").content
    assert b"840917300123" not in client.get("/en/account/data/file/").content
