"""Ordering through the pages alone, as a browser without JavaScript does it."""

import re
import uuid

import pytest
from django.test import Client
from django.utils import translation

from catalog import types
from marketplace.models import Draft, DraftSave, ReadLog
from orders.models import Order
from orders.review import most_fallbacks
from suppliers.models import StockRecord
from tests.orders import factories as make

LANGUAGES = ("kk", "ru", "en")


@pytest.fixture
def signed_in(family):
    def client(user) -> Client:
        found = Client()
        found.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return found

    return client


def hidden(answer, name: str) -> str:
    """The value of a hidden input."""
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', answer.content.decode())
    assert found, name
    return found[1]


def posted(answer, **fields: str) -> dict[str, str]:
    """The hidden fields of a step's form with the given answers."""
    text = answer.content.decode()
    versions = dict(re.findall(r'name="(_ver_[^"]+)" value="(\d+)"', text))
    return versions | {"_key": hidden(answer, "_key"), "_device": ""} | fields


def test_from_the_catalogue_to_the_receipt_without_javascript(family, signed_in):
    parent = signed_in(family.aigul)
    for offer in (family.walker_offer, family.diaper_offer):
        answer = parent.post("/ru/applications/add/", {"offer": offer.pk})
        assert answer.status_code == 302
    draft = Draft.objects.get()
    assert answer.url == f"/ru/applications/{draft.pk}/"
    assert draft.value("line.l1.offer") == family.walker_offer.pk and draft.value("line.l2.quantity") == 1
    assert draft.value("delivery.address") == make.ADDRESS and draft.value("contact.phone") == "+77000000011"

    task_list = parent.get(answer.url)
    assert task_list.status_code == 200
    goods_url = f"/ru/applications/{draft.pk}/goods/"
    goods = parent.get(goods_url)
    fields = posted(goods, **{"line.l1.quantity": "1", "line.l2.quantity": "2"})
    answer = parent.post(goods_url, fields | {"line.l2.next1": str(family.other_diaper_offer.pk)})
    assert (answer.status_code, answer.url) == (302, f"/ru/applications/{draft.pk}/delivery/")
    delivery = parent.get(answer.url)
    answer = parent.post(
        answer.url,
        posted(
            delivery,
            **{"delivery.region": "KZ-63", "delivery.address": make.ADDRESS, "delivery.comment": "Есікті қағыңыз"},
        ),
    )
    contact = parent.get(answer.url)
    fields = {"contact.name": "Айгүл", "contact.phone": "8 701 000 00 01", "contact.channel": "sms"}
    answer = parent.post(answer.url, posted(contact, **fields))
    assert answer.url == f"/ru/applications/{draft.pk}/check/"

    check = parent.get(answer.url)
    text = check.content.decode().replace("\xa0", " ")
    assert "12 500 ₸" in text and "160 000 ₸" in text and "172 500 ₸" in text
    sending = {"rev": hidden(check, "rev"), "key": hidden(check, "key"), "you_pay": hidden(check, "you_pay")}
    refused = parent.post(answer.url, sending)
    assert refused.status_code == 422 and Order.objects.count() == 0
    answer = parent.post(answer.url, sending | {"consent.terms": "on"})
    assert (answer.status_code, answer.url) == (302, f"/ru/applications/{draft.pk}/sent/")
    receipt = parent.get(answer.url).content.decode()
    orders = list(Order.objects.order_by("partner_id"))
    assert len(orders) == 2 and all(order.number in receipt for order in orders)
    assert orders[0].delivery_comment == "Есікті қағыңыз"
    assert orders[0].fallback == {"l2": [family.other_diaper_offer.pk]}
    assert f'data-draft-done="{draft.pk}"' in receipt

    # The same button again: the same receipt, no second order.
    again = parent.post(f"/ru/applications/{draft.pk}/check/", sending | {"consent.terms": "on"})
    assert again.status_code == 302 and Order.objects.count() == 2
    assert parent.get(f"/ru/applications/{draft.pk}/").url == f"/ru/applications/{draft.pk}/sent/"


@pytest.mark.parametrize("language", LANGUAGES)
def test_bad_answers_are_kept_and_named_in_the_language(family, signed_in, language):
    parent = signed_in(family.aigul)
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    url = f"/{language}/applications/{draft.pk}/contact/"
    page = parent.get(url)
    fields = {"contact.name": "", "contact.phone": "не знаю", "contact.channel": "sms"}
    answer = parent.post(url, posted(page, **fields))
    assert answer.status_code == 422
    text = answer.content.decode()
    with translation.override(language):
        from django.utils.html import escape
        from django.utils.translation import gettext as _

        assert escape(_("This is not a phone number. Enter it like this: 8 701 000 00 01.")) in text
        assert escape(_("Enter the name of the person whom the supplier calls.")) in text
    assert 'value="не знаю"' in text and f'<html lang="{language}"' in text
    draft.refresh_from_db()
    assert draft.value("contact.phone") == "не знаю" and draft.value("contact.name") == ""


def test_save_and_leave_saves_without_checking(family, signed_in):
    parent = signed_in(family.aigul)
    draft = make.make_draft(family.aigul, {})
    url = f"/kk/applications/{draft.pk}/delivery/"
    answer = parent.post(url, posted(parent.get(url), **{"delivery.address": "Абай 1", "leave": "1"}))
    assert answer.url == "/kk/applications/"
    draft.refresh_from_db()
    assert draft.value("delivery.address") == "Абай 1"


def test_pressing_the_button_twice_saves_once(family, signed_in):
    parent = signed_in(family.aigul)
    draft = make.make_draft(family.aigul, {})
    url = f"/kk/applications/{draft.pk}/delivery/"
    fields = posted(
        parent.get(url), **{"delivery.address": "Абай 1", "delivery.region": "KZ-63", "delivery.comment": ""}
    )
    parent.post(url, fields)
    saves = DraftSave.objects.count()
    parent.post(url, fields)
    assert DraftSave.objects.count() == saves


def test_a_field_that_was_left_alone_never_overwrites_a_newer_answer(family, signed_in):
    parent = signed_in(family.aigul)
    draft = make.make_draft(family.aigul, {"contact.name": "Айгүл", "contact.phone": "8 701 000 00 01"})
    url = f"/kk/applications/{draft.pk}/contact/"
    seen = parent.get(url)
    make.save(draft.pk, family.gulnar, {"contact.phone": "8 702 000 00 02"}, base=1)
    fields = {"contact.name": "Айгүл Н.", "contact.phone": "8 701 000 00 01", "contact.channel": "sms"}
    answer = parent.post(url, posted(seen, **fields))
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert (draft.value("contact.name"), draft.value("contact.phone")) == ("Айгүл Н.", "8 702 000 00 02")
    assert draft.conflicts == {}


def test_two_different_answers_become_a_question_that_blocks_until_it_is_settled(family, signed_in):
    parent = signed_in(family.aigul)
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    url = f"/ru/applications/{draft.pk}/contact/"
    seen = parent.get(url)
    make.save(draft.pk, family.gulnar, {"contact.name": "Гүлнар"}, base=1)
    fields = {"contact.name": "Айгүл Н.", "contact.phone": "8 700 000 00 11", "contact.channel": "sms"}
    answer = parent.post(url, posted(seen, **fields))
    text = answer.content.decode()
    assert answer.status_code == 200 and "Айгүл Н." in text and "Гүлнар" in text
    check = parent.get(f"/ru/applications/{draft.pk}/check/")
    assert 'name="rev"' not in check.content.decode()
    answer = parent.post(url, posted(parent.get(url)) | {"_resolve": "mine:contact.name"})
    draft.refresh_from_db()
    assert draft.conflicts == {} and draft.value("contact.name") == "Айгүл Н."
    assert 'name="rev"' in parent.get(f"/ru/applications/{draft.pk}/check/").content.decode()


def test_a_price_that_rose_after_the_check_is_shown_again(family, signed_in):
    parent = signed_in(family.aigul)
    draft = make.make_draft(family.aigul, make.fields_for((family.walker, family.walker_offer, 1)))
    url = f"/en/applications/{draft.pk}/check/"
    check = parent.get(url)
    StockRecord.objects.filter(pk=family.walker_offer.pk).update(price="190000.00")
    sending = {"rev": hidden(check, "rev"), "key": hidden(check, "key"), "you_pay": hidden(check, "you_pay")}
    answer = parent.post(url, sending | {"consent.terms": "on"})
    assert answer.status_code == 412 and "30,000" in answer.content.decode().replace("\xa0", " ")
    assert Order.objects.count() == 0


def test_stock_that_ran_out_after_the_check_keeps_everything(family, signed_in):
    parent = signed_in(family.aigul)
    draft = make.make_draft(family.aigul, make.fields_for((family.walker, family.walker_offer, 1)))
    url = f"/en/applications/{draft.pk}/check/"
    check = parent.get(url)
    StockRecord.objects.filter(pk=family.walker_offer.pk).update(num_in_stock=0)
    sending = {"rev": hidden(check, "rev"), "key": hidden(check, "key"), "you_pay": hidden(check, "you_pay")}
    answer = parent.post(url, sending | {"consent.terms": "on"})
    assert answer.status_code == 409 and Order.objects.count() == 0
    draft.refresh_from_db()
    assert draft.status == "open"


def test_the_offer_of_another_supplier_takes_the_place_of_the_first(family, signed_in):
    parent = signed_in(family.aigul)
    parent.post("/ru/applications/add/", {"offer": family.diaper_offer.pk})
    draft = Draft.objects.get()
    parent.post("/ru/applications/add/", {"offer": family.other_diaper_offer.pk, "draft": draft.pk})
    draft.refresh_from_db()
    assert draft.value("line.l1.offer") == family.other_diaper_offer.pk and "line.l2.offer" not in draft.fields
    answer = parent.post(f"/ru/applications/{draft.pk}/goods/", {"_remove": "l1", "line.l1.quantity": "1"})
    draft.refresh_from_db()
    assert answer.status_code == 302 and draft.value("line.l1.offer") is None
    parent.post("/ru/applications/add/", {"offer": family.diaper_offer.pk})
    draft.refresh_from_db()
    assert draft.value("line.l2.offer") == family.diaper_offer.pk


def test_an_offer_outside_the_programme_says_why(family, signed_in):
    person = signed_in(family.marat)
    answer = person.post("/ru/applications/add/", {"offer": family.diaper_offer.pk}, follow=True)
    assert answer.status_code == 200 and answer.redirect_chain[-1][0] == "/ru/programme/"
    assert "child-diapers ru" in answer.content.decode()


@pytest.mark.parametrize("fields", [{}, {"offer": "x"}, {"offer": "999999"}, {"offer": "1", "draft": "no-uuid"}])
def test_broken_choices_are_not_found(family, signed_in, fields):
    assert signed_in(family.aigul).post("/ru/applications/add/", fields).status_code == 404
    assert Draft.objects.filter(fields__has_key="line.l1.offer").count() == 0


def test_foreign_drafts_and_unknown_steps_are_not_found(family, signed_in):
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    paths = ["", "goods/", "check/", "history/"]
    for stranger, refused in ((family.marat, 404), (family.dina, 404), (family.yerlan, 403)):
        client = signed_in(stranger)
        for path in paths:
            assert client.get(f"/ru/applications/{draft.pk}/{path}").status_code == refused, (stranger, path)
        assert client.post(f"/ru/applications/{draft.pk}/discard/").status_code == refused
    parent = signed_in(family.aigul)
    for path in ("nothing/", "consent/", "sent/"):
        assert parent.get(f"/ru/applications/{draft.pk}/{path}").status_code == 404
    assert parent.get(f"/ru/applications/{uuid.uuid4()}/").status_code == 404
    assert Client().get(f"/ru/applications/{draft.pk}/").status_code == 302
    assert signed_in(family.yerlan).get("/ru/applications/").status_code == 403


def test_putting_aside_and_history(family, signed_in):
    parent = signed_in(family.aigul)
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    assert "Айгүл Нұрланова" in parent.get(f"/kk/applications/{draft.pk}/history/").content.decode()
    answer = parent.post(f"/kk/applications/{draft.pk}/discard/")
    assert f'data-draft-done="{draft.pk}"' in answer.content.decode()
    draft.refresh_from_db()
    assert draft.status == "discarded"
    assert f'href="/kk/applications/{draft.pk}/"' not in parent.get("/kk/applications/").content.decode()


def test_the_caseworker_orders_for_a_person_with_a_proof_of_consent(family, signed_in):
    office = signed_in(family.gulnar)
    answer = office.post(f"/ru/office/people/{family.alihan.pk}/start/")
    draft = Draft.objects.get()
    assert answer.url == f"/ru/applications/{draft.pk}/" and draft.value("contact.name") == "Aigul"
    office.post("/ru/applications/add/", {"offer": family.diaper_offer.pk, "draft": draft.pk, "for": family.alihan.pk})
    url = f"/ru/applications/{draft.pk}/contact/"
    fields = {"contact.name": "Айгүл", "contact.phone": "8 701 000 00 01", "contact.channel": "call"}
    answer = office.post(url, posted(office.get(url), **fields))
    assert answer.url == f"/ru/applications/{draft.pk}/consent/"
    empty = office.post(answer.url, posted(office.get(answer.url)))
    assert empty.status_code == 422
    day = {"consent.date_day": "20", "consent.date_month": "11", "consent.date_year": "2026"}
    office.post(answer.url, posted(office.get(answer.url), **day, **{"consent.proof": "signed_form"}))
    check = office.get(f"/ru/applications/{draft.pk}/check/")
    assert "consent.terms" not in check.content.decode()
    sending = {"rev": hidden(check, "rev"), "key": hidden(check, "key"), "you_pay": hidden(check, "you_pay")}
    answer = office.post(f"/ru/applications/{draft.pk}/check/", sending)
    assert answer.url == f"/ru/applications/{draft.pk}/sent/"
    order = Order.objects.get()
    assert (order.user, order.placed_by) == (family.alihan, family.gulnar)
    assert ReadLog.objects.filter(actor=family.gulnar, person=family.alihan, purpose="draft").exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_of_an_application_needs_more_than_12_queries(
    family, signed_in, language, django_assert_max_num_queries
):
    fields = make.fields_for((family.walker, family.walker_offer, 1), (family.diapers, family.diaper_offer, 2))
    draft = make.make_draft(family.aigul, fields | {"line.b.fallback": [family.other_diaper_offer.pk]})
    types.book(), most_fallbacks.get()  # a process keeps them for a minute
    for user in (family.aigul, family.gulnar):
        client = signed_in(user)
        for path in ("", "goods/", "delivery/", "contact/", "check/", "history/"):
            with django_assert_max_num_queries(12):
                assert client.get(f"/{language}/applications/{draft.pk}/{path}").status_code == 200
    parent = signed_in(family.aigul)
    for path in ("", "programme/", "applications/"):
        with django_assert_max_num_queries(12):
            assert parent.get(f"/{language}/{path}").status_code == 200
