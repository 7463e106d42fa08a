"""Who hid her name stays unknown to the supplier: no order, line, picture or contact leads back to her."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from complaints import attachments, person, selectors
from complaints.models import Complaint
from marketplace.models import StoredFile
from tests.complaints.factories import (
    at,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_seller,
    make_supplier,
)
from tests.complaints.test_api import API

HIDDEN = {"hide_name": True}


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def supplier():
    return make_supplier()


@pytest.fixture
def line(aigul, supplier):
    return make_line(person=aigul, supplier=supplier)


@pytest.fixture
def seller(supplier):
    return make_seller(supplier)


def picture():
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(data, "PNG")
    return SimpleUploadedFile("label.png", data.getvalue(), "image/png")


def page_of(client, complaint, desk="supplier/complaints"):
    return re.sub(r"\s+", " ", client.get(f"/en/{desk}/{complaint.number}/").content.decode())


def traces(line, complaint):
    stored = StoredFile.objects.get(subject=f"complaint:{complaint.number}")
    return [line.order.number, line.title, "Aigul", "+77000000001", "SN-77", f"{stored.pk}"]


def case(aigul, line, **more):
    complaint = make_complaint(person=aigul, line=line, fields={"serial": "SN-77", "part": "left wheel"}, **more)
    attachments.add(number=complaint.number, actor=aigul, upload=picture())
    return complaint


def test_the_supplier_of_a_hidden_person_gets_the_story_without_a_trace(client, aigul, line, seller):
    complaint = case(aigul, line, **HIDDEN)
    client.force_login(seller)
    page = page_of(client, complaint)
    assert "The wheel broke" in page
    assert "left wheel" in page
    assert not [trace for trace in traces(line, complaint) if trace in page]
    told = client.get(f"{API}/complaints/{complaint.number}").json()
    assert (told["text"], told["fields"]) == ("The wheel broke after one day.", {"part": "left wheel"})
    assert (told["order_line"], told["person"], told["contact"]) == (None, None, None)
    stored = StoredFile.objects.get(subject=f"complaint:{complaint.number}")
    assert client.get(f"/en/files/{stored.pk}/").status_code == 404
    assert not attachments.may_open(seller, complaint.number)


def test_control_the_supplier_of_a_named_person_gets_them_and_so_does_the_body(client, aigul, line, seller):
    named, line2 = case(aigul, line), line
    client.force_login(seller)
    page = page_of(client, named)
    assert [trace for trace in traces(line2, named) if trace not in page] == []
    assert attachments.may_open(seller, named.number)
    Complaint.objects.update(hide_name=True, addressee_authority=make_inspector().authority)
    client.force_login(type(seller).objects.get(username="samat"))
    page = page_of(client, named, "review")
    assert [trace for trace in traces(line2, named) if trace not in page] == []


@pytest.mark.parametrize("subject", selectors.FRAUD)
def test_fraud_hides_the_person_whatever_was_ticked(client, aigul, line, supplier, seller, subject):
    complaint = make_complaint(person=aigul, line=line)
    Complaint.objects.update(subject=subject, hide_name=False, addressee_supplier=supplier)
    client.force_login(seller)
    page = page_of(client, complaint)
    assert "The wheel broke" in page
    assert not [trace for trace in (line.order.number, line.title, "Aigul", "+77000000001") if trace in page]


def test_the_contact_goes_when_the_case_is_closed(client, aigul, line, seller):
    complaint = make_complaint(person=aigul, line=line)
    client.force_login(seller)
    assert "+77000000001" in page_of(client, complaint)
    person.withdraw(number=complaint.number, actor=aigul, now=at("2026-11-23 10:00"))
    page = page_of(client, complaint)
    assert "+77000000001" not in page
    assert "Aigul" in page
    assert client.get(f"{API}/complaints/{complaint.number}").json()["contact"] is None
