"""The history of an application with its buttons, and applications that were put aside: pages without JavaScript."""

import re

import pytest
from django.test import Client

from marketplace.models import Draft, DraftKey
from orders import choosing
from tests.orders import factories as make


@pytest.fixture
def parent(family) -> Client:
    client = Client()
    client.force_login(family.aigul, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def office(family) -> Client:
    client = Client()
    client.force_login(family.gulnar, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def draft(family) -> Draft:
    """Two offers of diapers one after the other, and an address that was typed twice."""
    draft_id = choosing.choose_offer(actor=family.aigul, offer_id=family.other_diaper_offer.pk)
    found = Draft.objects.get(pk=draft_id)
    choosing.save(found.pk, family.aigul, {"delivery.address": "Көкпекті, 1"}, draft=found)
    found.refresh_from_db()
    choosing.save(found.pk, family.aigul, {"delivery.address": "Өскемен, 2"}, draft=found)
    found.refresh_from_db()
    return found


def page(client: Client, draft: Draft, **query: str) -> str:
    answer = client.get(f"/en/applications/{draft.pk}/history/", query)
    assert answer.status_code == 200
    return answer.content.decode().replace("\xa0", " ")


def buttons(text: str) -> list[dict[str, str]]:
    forms = re.findall(r'<form method="post" action="[^"]*bring-back/">(.*?)</form>', text, re.S)
    return [dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form)) for form in forms]


def test_the_history_names_offers_places_and_people(parent, family, draft):
    text = page(parent, draft)
    assert text.count("<h1") == 1
    assert f"{family.other_diaper_offer.product.title}, {family.altyn.name}" in text
    assert family.diapers_type.name in text or family.diapers.product_type.name_en in text
    assert "Region: KZ-63" not in text
    assert '<time datetime="2026-11-23T10:00:00+05:00">' in text


def test_a_button_brings_the_former_answer_back(parent, draft):
    text = page(parent, draft)
    former = next(
        item for item in buttons(text) if item["f"] == "delivery.address" and item["rev"] == str(draft.rev - 1)
    )
    answer = parent.post(f"/en/applications/{draft.pk}/history/bring-back/", former)
    assert (answer.status_code, answer.url) == (302, f"/en/applications/{draft.pk}/history/")
    draft.refresh_from_db()
    assert draft.value("delivery.address") == "Көкпекті, 1"
    after = page(parent, draft)
    assert "Brought back: Address." in after and "brought back" in after

    saves = draft.saves.count()
    parent.post(f"/en/applications/{draft.pk}/history/bring-back/", former)
    assert draft.saves.count() == saves, "the same form twice is one save"


def test_live_answers_have_no_button(parent, draft):
    listed = [item for item in buttons(page(parent, draft)) if item["f"] == "delivery.address"]
    assert {item["rev"] for item in listed} == {str(draft.rev - 1), "1"}
    assert page(parent, draft).count("stands now") >= 3


def test_the_office_gets_no_button_for_the_persons_consent(parent, office, family, draft):
    for value in (True, False):
        draft.refresh_from_db()
        choosing.save(draft.pk, family.aigul, {"consent.terms": value}, draft=draft)
    assert "consent.terms" in {item["f"] for item in buttons(page(parent, draft))}
    assert "consent.terms" not in {item["f"] for item in buttons(page(office, draft))}
    rev = Draft.objects.get(pk=draft.pk).rev - 1
    forged = office.post(f"/en/applications/{draft.pk}/history/bring-back/", {"f": "consent.terms", "rev": rev})
    assert forged.status_code == 403
    assert Draft.objects.get(pk=draft.pk).value("consent.terms") is False


def test_devices_are_said_in_words(parent, draft):
    body = {"device": "phone-1", "schema": 1, "ops": [{"f": "delivery.comment", "v": "a", "base": 0, "seq": 1}]}
    parent.patch(
        f"/api/v1/drafts/{draft.pk}", body, content_type="application/json", headers={"Idempotency-Key": "k-1"}
    )
    assert ", on this device" not in page(parent, draft) and ", on another device" not in page(parent, draft)
    answer = parent.post(f"/api/v1/drafts/{draft.pk}/key", {"device": "phone-1"}, content_type="application/json")
    text = page(parent, draft)
    assert ", on this device" in text and "with a button of the page" in text

    body["device"], body["ops"] = "phone-1", [{"f": "delivery.comment", "v": "b", "base": 1, "seq": 2}]
    headers = {"Idempotency-Key": "k-2", "Draft-Key": answer.json()["key"]}
    assert Client().patch(
        f"/api/v1/drafts/{draft.pk}", body, content_type="application/json", headers=headers
    ).status_code == 200  # fmt: skip
    assert "after the session had ended" in page(parent, draft)
    assert answer.json()["key"] not in page(parent, draft)
    DraftKey.objects.update(device="tablet")
    assert ", on another device" in page(parent, draft)


def test_a_long_history_has_pages_and_a_fixed_number_of_queries(parent, family, draft, django_assert_max_num_queries):
    for number in range(70):
        draft.refresh_from_db()
        choosing.save(draft.pk, family.aigul, {"delivery.comment": f"{number}"}, draft=draft)
    with django_assert_max_num_queries(12):
        text = page(parent, draft)
    assert text.count('class="app-timeline__event"') == 30
    assert "Көкпекті, 1" in page(parent, draft, page="3")


def test_strangers_see_nothing(family, draft):
    client = Client()
    client.force_login(family.dina, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/en/applications/{draft.pk}/history/").status_code == 404
    assert client.post(f"/en/applications/{draft.pk}/history/bring-back/", {"f": "x", "rev": "1"}).status_code == 404
    assert client.post(f"/en/applications/{draft.pk}/restore/").status_code == 404


@pytest.mark.parametrize("rev", ["", "x", "-1", "9" * 30, "²"])
def test_a_damaged_revision_is_nothing(parent, draft, rev):
    posted = {"f": "delivery.address", "rev": rev}
    assert parent.post(f"/en/applications/{draft.pk}/history/bring-back/", posted).status_code == 404


def test_a_former_answer_that_never_was_is_said_in_words(parent, draft):
    answer = parent.post(
        f"/en/applications/{draft.pk}/history/bring-back/", {"f": "delivery.address", "rev": "99"}, follow=True
    )
    assert "The history has no such answer." in answer.content.decode() or answer.status_code == 200
    draft.refresh_from_db()
    assert draft.value("delivery.address") == "Өскемен, 2"


# --- Put aside --------------------------------------------------------------------------------


def test_an_application_that_was_put_aside_is_listed_until_its_day_and_restored_by_a_button(parent, draft):
    answer = parent.post(f"/en/applications/{draft.pk}/discard/")
    text = answer.content.decode().replace("\xa0", " ")
    assert "It is kept until 23 December 2026." in text and f"/en/applications/{draft.pk}/restore/" in text

    listed = parent.get("/en/applications/").content.decode().replace("\xa0", " ")
    assert "Put aside" in listed and "It is kept until 23 December 2026." in listed
    opened = parent.get(f"/en/applications/{draft.pk}/")
    assert (opened.status_code, opened.url) == (302, "/en/applications/")

    answer = parent.post(f"/en/applications/{draft.pk}/restore/")
    assert (answer.status_code, answer.url) == (302, f"/en/applications/{draft.pk}/")
    draft.refresh_from_db()
    assert (draft.status, draft.value("delivery.address")) == ("open", "Өскемен, 2")
    assert "Put aside" not in parent.get("/en/applications/").content.decode()
    assert parent.get(answer.url).status_code == 200


def test_the_list_takes_a_fixed_number_of_queries(parent, family, draft, django_assert_max_num_queries):
    for _number in range(5):
        draft_id = choosing.start(actor=family.aigul)
        parent.post(f"/en/applications/{draft_id}/discard/")
    with django_assert_max_num_queries(12):
        assert parent.get("/en/applications/").content.decode().count("/restore/") == 5


def test_restoring_by_an_address_goes_to_the_list(parent, draft):
    answer = parent.get(f"/en/applications/{draft.pk}/restore/")
    assert (answer.status_code, answer.url) == (302, "/en/applications/")


def test_what_was_sent_leads_to_its_receipt(parent, family):
    family.order()
    sent = Draft.objects.get(status="submitted")
    assert parent.post(f"/en/applications/{sent.pk}/restore/").url == f"/en/applications/{sent.pk}/sent/"


def test_sending_an_application_ends_its_keys(parent, family):
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    key = parent.post(f"/api/v1/drafts/{draft.pk}/key", {"device": "phone"}, content_type="application/json").json()
    sent = parent.post(
        f"/api/v1/drafts/{draft.pk}/submit", {}, content_type="application/json",
        headers={"Idempotency-Key": "s-1", "If-Match": f'"{draft.rev}"'},
    )  # fmt: skip
    assert sent.status_code == 201
    assert DraftKey.objects.get().revoked_at is not None
    body = {"device": "phone", "ops": [{"f": "delivery.comment", "v": "late"}]}
    headers = {"Idempotency-Key": "k-1", "Draft-Key": key["key"]}
    answer = Client().patch(f"/api/v1/drafts/{draft.pk}", body, content_type="application/json", headers=headers)
    assert answer.status_code == 401
