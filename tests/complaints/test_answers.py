"""Answers to the further questions: nothing is refused for its style, and what the order knows is filled in."""

import re
from datetime import date, timedelta

import pytest
from django.utils import timezone, translation

from catalog import types
from catalog.loading import load_types
from catalog.models import Product, ProductAttribute, ProductAttributeValue
from complaints import templates
from complaints.models import Complaint, ComplaintTemplate
from marketplace.models import Draft
from orders.models import Act, Delivery
from suppliers import qr
from tests.complaints.factories import make_line, make_person, make_seller, make_supplier

FOUR_DAYS_AGO = timezone.now() - timedelta(days=4)
VISITOR = "/en/complaints/new/visitor/"


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def line(aigul):
    """Two packs of thirty, handed over by the courier four days ago, accepted."""
    supplier = make_supplier()
    line = make_line(person=aigul, supplier=supplier, sphere="consumable")
    line.lot, line.quantity, line.pack_size, line.units = "B-7", 2, 30, 60
    line.save()
    line.order.promised_on = date(2026, 11, 20)
    line.order.save()
    courier = make_seller(supplier)
    Delivery.objects.create(order=line.order, attempt=1, outcome="delivered", at=FOUR_DAYS_AGO, by=courier)
    Act.objects.create(
        order=line.order,
        number=f"T-{line.order.number}",
        snapshot={},
        digest="",
        person_signed_at=FOUR_DAYS_AGO,
        person_signed_by=aigul,
    )
    return line


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


# --- Own words --------------------------------------------------------------------------------------


def form(code: str) -> ComplaintTemplate:
    return ComplaintTemplate.objects.get(code=code)


@pytest.mark.parametrize(
    ("code", "question", "said"),
    [
        ("T4", "ordered_pieces", "about thirty"),
        ("T6", "sum_asked", "a week's wages"),
        ("T13", "when", "2026-11-"),
        ("T13", "when", "99999999999999999999-1-1"),
        ("T2", "safe", "mostly"),
        ("T1", "fault", "all of it"),
    ],
)
def test_an_answer_of_another_kind_is_kept_as_it_was_said(code, question, said):
    kept, errors = templates.clean_answers(form(code), {question: said})
    assert (kept, errors) == ({question: {"said": said}}, [])
    with translation.override("en"):
        assert f"“{said}” (in the person’s own words)" in dict(templates.shown(form(code), kept)).values()
    # a program that sends back what it read changes nothing
    assert templates.clean_answers(form(code), kept) == (kept, [])


def test_a_right_answer_is_stored_in_its_kind():
    kept, errors = templates.clean_answers(form("T4"), {"ordered_pieces": " 1 200 ", "seal_broken": "no"})
    assert (kept, errors) == ({"ordered_pieces": 1200, "seal_broken": False}, [])


def test_only_size_is_refused():
    for question in ("ordered_pieces", "seal_broken"):
        kept, errors = templates.clean_answers(form("T4"), {question: "x" * 2001})
        assert (kept, [(error.field, error.code) for error in errors]) == ({}, [(f"fields.{question}", "too_long")])
    _kept, errors = templates.clean_answers(form("T4"), {"colour": "red"})
    assert [error.code for error in errors] == ["unknown"]


def test_a_visitor_is_not_sent_back_for_about_thirty(client):
    told = {"subject": "danger", "sphere": "durable", "region": "KZ-79", "key": "k1", "text": "It fell."}
    told |= {
        "answer.when_day": "",
        "answer.when_month": "11",
        "answer.when_year": "2026",
        "answer.medical_help": "maybe",
    }
    check = client.post(VISITOR, told)
    assert "“2026-11-” (in the person’s own words)" in text_of(check)
    client.post(VISITOR, told | {"send": "1"})
    assert Complaint.objects.get().fields == {"when": {"said": "2026-11-"}, "medical_help": {"said": "maybe"}}


def test_a_draft_with_words_for_numbers_is_sent(client, aigul, line):
    client.force_login(aigul)
    url = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "short_quantity"}).url
    saved = client.post(url, {"text": "Too few.", "answer.received_pieces": "about thirty", "demand": ""})
    assert saved.url == f"{url}check/"
    assert "“about thirty” (in the person’s own words)" in text_of(client.get(saved.url))
    client.post(saved.url, {"rev": Draft.objects.get(kind="complaint").rev})
    complaint = Complaint.objects.get()
    assert complaint.fields["received_pieces"] == {"said": "about thirty"}
    assert "“about thirty” (in the person’s own words)" in text_of(client.get(f"/en/complaints/{complaint.number}/"))


# --- What the order knows -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "sphere", "template", "known"),
    [
        ("defect", "consumable", "T1", {"lot": "B-7"}),
        ("defect", "durable", "T2", {"serial": "B-7", "days_in_use": 4}),
        ("short_quantity", "consumable", "T4", {"ordered_pieces": 60, "pack_size": 30}),
        ("late", "consumable", "T5", {"promised": "2026-11-20"}),
        ("fake_act", "consumable", "T14", {"act_number": "T-{order}"}),
    ],
)
def test_the_form_of_a_delivered_line_is_filled_in(client, aigul, line, subject, sphere, template, known):
    kind = line.product.product_class
    kind.sphere = sphere
    kind.save()
    client.force_login(aigul)
    url = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": subject}).url

    draft = Draft.objects.get(kind="complaint")
    expected = {
        f"answer.{code}": value.format(order=line.order.number) if isinstance(value, str) else value
        for code, value in known.items()
    }
    assert {name: entry["v"] for name, entry in draft.fields.items() if name.startswith("answer.")} == expected
    first, filled_in = draft.saves.order_by("pk")
    assert {op["f"] for op in first.ops} == {"subject", "sphere", "line"}
    assert (filled_in.device, {op["f"]: op["v"] for op in filled_in.ops}) == ("portal", expected)
    assert text_of(client.get(url)).count("From your order. Change it if it is wrong.") == len(known)

    client.post(url, {"text": "Look."})
    assert text_of(client.get(f"{url}check/")).count("<br>From your order") == len(known)
    client.post(f"{url}check/", {"rev": Draft.objects.get(kind="complaint").rev})
    complaint = Complaint.objects.get()
    assert complaint.template_id == template
    assert {f"answer.{code}": value for code, value in complaint.fields.items()} == expected


def test_the_ordered_parameters_stand_in_the_form_of_a_misfit(client, aigul, line):
    load_types()
    types.forget()
    book = types.book()
    attribute = next(item for item in book.by_code["walking-frame-child"].attributes if item.kind == "range")
    product = Product.objects.create(
        title="Walker", product_class_id=book.by_code["walking-frame-child"].id, structure="standalone"
    )
    ProductAttributeValue.objects.create(
        product=product,
        attribute=ProductAttribute.objects.get(product_class=product.product_class, code=attribute.code),
        value_range=(700, 951),
    )
    line.product = product
    line.save()
    client.force_login(aigul)
    client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "misfit"})
    ordered = Draft.objects.get(kind="complaint").value("answer.ordered")
    assert ordered.startswith(f"{attribute.name}: ")
    assert "70" in ordered and "95" in ordered


def test_a_changed_answer_is_the_persons_own(client, aigul, line):
    client.force_login(aigul)
    url = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    client.post(url, {"text": "It leaks.", "answer.lot": "C-8", "_ver_answer.lot": "1"})
    draft = Draft.objects.get(kind="complaint")
    assert draft.value("answer.lot") == "C-8"
    assert "From your order" not in text_of(client.get(url))
    assert "From your order" not in text_of(client.get(f"{url}check/"))


def test_another_choice_fills_in_its_questions_and_leaves_what_was_answered(client, aigul, line):
    client.force_login(aigul)
    url = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "short_quantity"}).url
    client.post(url, {"text": "It is wrong.", "answer.ordered_pieces": "90", "_ver_answer.ordered_pieces": "1"})
    client.post(f"{url}subject/", {"subject": "defect"})
    client.post(f"{url}subject/", {"subject": "short_quantity"})
    draft = Draft.objects.get(kind="complaint")
    answers = {name: entry["v"] for name, entry in draft.fields.items() if name.startswith("answer.")}
    assert answers == {"answer.ordered_pieces": "90", "answer.pack_size": 30, "answer.lot": "B-7"}


def test_a_scanned_lot_answers_the_question_for_it(client, aigul, line):
    client.force_login(aigul)
    token = qr.make(qr.LOT, line.pk)
    url = client.post(f"/en/complaints/new/?qr={token}&sphere=consumable", {"subject": "defect"}).url
    draft = Draft.objects.get(kind="complaint")
    assert (draft.value("answer.lot"), draft.value("line")) == ("B-7", None)
    assert "From the code you scanned" in text_of(client.get(url))


def test_the_note_of_ones_own_parcel_leads_to_its_line_and_of_a_foreign_one_tells_nothing(client, aigul, line):
    token = qr.make(qr.DELIVERY_NOTE, line.order.pk)
    client.force_login(aigul)
    client.post(f"/en/complaints/new/?qr={token}", {"subject": "short_quantity"})
    own = Draft.objects.get(kind="complaint")
    assert (own.value("line"), own.value("channel"), own.value("answer.ordered_pieces")) == (str(line.pk), "qr", 60)

    client.force_login(make_person("yerbol"))
    client.post(f"/en/complaints/new/?qr={token}&sphere=consumable", {"subject": "short_quantity"})
    foreign = Draft.objects.get(kind="complaint", author__username="yerbol")
    assert foreign.value("supplier") == "jarqyn-med"
    assert not [name for name in foreign.fields if name.startswith("answer.") or name == "line"]
