"""What every complaint asks (domain 5.1): common questions, several demands, who writes, photos, also of visitors."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from complaints import filing, templates
from complaints.checking import Filing
from complaints.contact_keys import key_of
from complaints.models import Complaint, ComplaintTemplate
from marketplace import tidying
from marketplace.drafts import files
from marketplace.models import Draft, Rule, StoredFile
from tests.complaints.factories import (
    make_caseworker,
    make_guardian,
    make_line,
    make_person,
    make_supplier,
)  # fmt: skip

VISITOR = "/en/complaints/new/visitor/"
CARRIED = {"subject": "defect", "sphere": "durable", "region": "KZ-79", "key": "k1"}
COMMON = {
    "noticed_on", "wanted_by", "seller_told", "seller_told_on", "seller_told_how", "representative",
    "representative_basis", "consent",
}  # fmt: skip


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def line(aigul):
    return make_line(person=aigul, supplier=make_supplier())


def photo(name: str = "дөңгелек.jpg") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.effect_noise((60, 40), 50).convert("RGB").save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def test_every_form_asks_the_common_questions_of_the_rule(client):
    for template in [*ComplaintTemplate.objects.all(), None]:
        asked = templates.questions(template)
        assert {question.code for question in asked if question.common} == COMMON
        assert len({question.code for question in asked}) == len(asked), template
    answer = client.get("/api/v1/complaint-templates?subject=defect&sphere=durable").json()
    assert {field["code"] for field in answer["results"][0]["fields"]} > COMMON
    rule = Rule.objects.get(code="complaint.common_questions")
    rule.pk, rule.valid_from = None, timezone.localdate()
    rule.value = {"fields": rule.value["fields"][:1]}
    rule.save()
    assert [question.code for question in templates.questions(None)] == ["noticed_on"]


def test_the_answers_are_kept_and_shown(client, aigul, line):
    client.force_login(aigul)
    url = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    assert "Say more: when, who was told, who writes" in text_of(client.get(url))
    told = {"text": "It broke.", "answer.seller_told": "yes", "answer.seller_told_how": "phone", "leave": ""}
    client.post(
        url, told | {f"answer.wanted_by_{part}": value for part, value in (("day", 5), ("month", 12), ("year", 2026))}
    )
    assert '<details class="govuk-details" open>' in text_of(client.get(url))
    check = text_of(client.get(f"{url}check/"))
    assert "Have you already told the seller?" in check and "By phone" in check and "5 December 2026" in check


def test_several_demands_and_own_words(client, aigul, line):
    client.force_login(aigul)
    url = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    client.post(url, {"text": "It broke.", "demands": ["free_repair", "apology"], "demand": "Come on Monday"})
    assert Draft.objects.get(kind="complaint").value("demands") == ["free_repair", "apology"]
    page = text_of(client.get(url))
    assert page.count(" checked") == 2 and "Come on Monday</textarea>" in page
    client.post(f"{url}check/", {"rev": Draft.objects.get(kind="complaint").rev})
    complaint = Complaint.objects.get()
    assert complaint.demands == ["Come on Monday", "free_repair", "apology"]
    assert complaint.demand == "Come on Monday"
    answer = client.get(f"/api/v1/complaints/{complaint.number}").json()
    assert [row["code"] for row in answer["demands"]] == complaint.demands
    page = text_of(client.get(f"/en/complaints/{complaint.number}/"))
    assert "Come on Monday<br>" in page


def test_one_demand_of_a_program_still_works(client, aigul, line):
    filed = filing.file(
        actor=aigul, filing=Filing(subject="defect", order_line=line.pk, text="It broke.", demand="refund")
    )
    complaint = Complaint.objects.get(number=filed.body["number"])
    assert (complaint.demand, complaint.wanted) == ("refund", ["refund"])
    Complaint.objects.update(demands=[])  # a case of before
    complaint.refresh_from_db()
    assert complaint.wanted == ["refund"]


def test_a_draft_with_one_demand_shows_it_ticked(client, aigul, line):
    client.force_login(aigul)
    url = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    client.post(url, {"text": "It broke.", "demand": "refund", "leave": ""})
    page = text_of(client.get(url))
    assert re.search(r'value="refund"[^>]* checked', page)
    assert "refund</textarea>" not in page


def test_a_representative_is_filled_in(client, aigul, line):
    sholpan = make_guardian(aigul)
    client.force_login(sholpan)
    client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"})
    draft = Draft.objects.get(author=sholpan)
    assert (draft.value("answer.representative"), draft.value("answer.representative_basis")) == (
        "Sholpan", "birth certificate",
    )  # fmt: skip
    assert "Filled in for you. Change it if it is wrong." in text_of(client.get(f"/en/complaints/new/{draft.pk}/"))

    gulnar = make_caseworker()
    client.force_login(gulnar)
    client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "late"})
    draft = Draft.objects.get(author=gulnar)
    assert draft.value("answer.representative_basis") == gulnar.office.name


def test_who_says_no_is_not_named_to_the_seller(aigul, line):
    for said, hidden in (("yes", False), ("no", True)):
        Complaint.objects.all().delete()
        filing.file(
            actor=aigul, filing=Filing(subject="defect", order_line=line.pk, text="It broke.", fields={"consent": said})
        )
        assert Complaint.objects.get().hide_name is hidden


def test_the_phone_of_the_contact_is_found_by_its_digest(aigul, line):
    filing.file(
        actor=aigul,
        filing=Filing(subject="defect", order_line=line.pk, text="It broke.", contact={"phone": "8 701 000 00 07"}),
    )
    complaint = Complaint.objects.get()
    assert bytes(complaint.contact_key) == key_of("+77010000007") != key_of("+77010000008")
    assert key_of("12") == key_of("") == b""


# --- Photos -------------------------------------------------------------------------------------------


def test_a_complaint_takes_as_many_photos_as_the_rule_says(client, aigul, line, monkeypatch):
    client.force_login(aigul)
    url = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    draft = Draft.objects.get(kind="complaint")
    assert files.most(draft) == 10
    assert 'data-most="10"' in client.get(url).content.decode()
    rule = Rule.objects.get(code="complaint.attachments")
    rule.pk, rule.valid_from, rule.value = None, timezone.localdate(), {"count": 2}
    rule.save()
    for number in range(2):
        client.post(url, {"_photo": photo(f"{number}.jpg"), "_add_photo": "1"})
    refused = client.post(url, {"_photo": photo("2.jpg"), "_add_photo": "1"})
    assert refused.status_code == 422 and "2 files at most" in text_of(refused)
    assert draft.files.count() == 2
    order = Draft(kind="order")
    assert files.most(order) == 5


def test_a_visitors_photo_goes_with_the_complaint(client):
    assert 'enctype="multipart/form-data"' in text_of(client.get(VISITOR, CARRIED))
    added = client.post(VISITOR, CARRIED | {"text": "It bro", "_photo": photo(), "_add_photo": "1"})
    assert "дөңгелек.jpg" in text_of(added) and "It bro</textarea>" in text_of(added)
    assert "Tell in your own words" not in text_of(
        client.post(VISITOR, CARRIED | {"_photo": photo("b.jpg"), "_add_photo": "1"})
    )
    stored = list(StoredFile.objects.order_by("created_at"))
    assert {(item.subject, item.owner) for item in stored} == {("visitor:k1", None)}
    gone = client.post(VISITOR, CARRIED | {"text": "It broke.", "_remove_photo": str(stored[1].pk)})
    assert "b.jpg" not in text_of(gone)

    check = client.post(VISITOR, CARRIED | {"text": "It broke.", "demands": ["free_repair", "refund"]})
    assert "дөңгелек.jpg" in text_of(check)
    assert text_of(check).count('name="demands"') == 2
    for _twice in range(2):
        client.post(VISITOR, CARRIED | {"text": "It broke.", "demands": ["free_repair", "refund"], "send": "1"})
    complaint = Complaint.objects.get()
    assert complaint.demands == ["free_repair", "refund"]
    assert StoredFile.objects.get().subject == f"complaint:{complaint.number}"


def test_a_bad_photo_of_a_visitor_is_refused_and_the_text_stays(client):
    bad = SimpleUploadedFile("a.pdf", b"%PDF-1.7 and so on", "application/pdf")
    page = client.post(VISITOR, CARRIED | {"text": "It broke.", "_photo": bad})
    assert page.status_code == 422 and "take a photo of its page" in text_of(page)
    assert "It broke.</textarea>" in text_of(page)
    assert not StoredFile.objects.exists()


def test_another_browser_neither_sees_nor_takes_a_visitors_photo(client):
    client.post(VISITOR, CARRIED | {"text": "Mine", "_photo": photo(), "_add_photo": "1"})
    stored = StoredFile.objects.get()
    other = type(client)()
    assert "дөңгелек" not in text_of(other.post(VISITOR, CARRIED | {"text": "Hers", "edit": "1"}))
    other.post(VISITOR, CARRIED | {"text": "Hers", "_remove_photo": str(stored.pk)})
    other.post(VISITOR, CARRIED | {"text": "Hers", "send": "1"})
    stored.refresh_from_db()
    assert stored.subject == "visitor:k1"
    assert client.get(f"/files/{stored.pk}/").status_code == 404


def test_a_visitor_adds_as_many_as_the_rule_says(client):
    rule = Rule.objects.get(code="complaint.attachments")
    rule.pk, rule.valid_from, rule.value = None, timezone.localdate(), {"count": 1}
    rule.save()
    client.post(VISITOR, CARRIED | {"text": "It broke.", "_photo": photo(), "_add_photo": "1"})
    refused = client.post(VISITOR, CARRIED | {"text": "It broke.", "_photo": photo("b.jpg"), "_add_photo": "1"})
    assert refused.status_code == 422
    assert StoredFile.objects.count() == 1


def test_photos_that_were_never_sent_are_forgotten_at_night(client, line, aigul):
    client.post(VISITOR, CARRIED | {"text": "It broke.", "_photo": photo(), "_add_photo": "1"})
    now = timezone.now()
    assert tidying.tidy_up(now + timedelta(hours=47))["visitor_photos"] == 0
    assert tidying.tidy_up(now + timedelta(hours=49))["visitor_photos"] == 1
    assert not StoredFile.objects.exists()
