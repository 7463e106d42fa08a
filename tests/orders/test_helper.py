"""An operator of 1414 and a caseworker of another office help with one application, by the person's code."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import translation

from complaints import loading as complaint_data
from marketplace.drafts import hand_over
from marketplace.models import Draft, Event, ReadLog, User
from orders.models import Order
from tests.orders import factories as make


@pytest.fixture(autouse=True)
def fresh_counts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def saule(ground: None) -> User:
    """An operator of 1414."""
    return make.make_user("saule", role="hotline", full_name="Сәуле Ахметова")


@pytest.fixture
def draft(family) -> Draft:
    """Alihan's diapers, complete but for the consent."""
    fields = make.fields_for((family.diapers, family.diaper_offer, 2), **{"consent.terms": False})
    return make.make_draft(family.aigul, fields)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def path(name: str, *args: Any) -> str:
    return reverse(name, args=args)


def helped(family, helper: User, draft: Draft) -> Client:
    """The helper's browser after she entered the mother's code."""
    hand_over.redeem(actor=helper, code=hand_over.offer(draft_id=draft.pk, actor=family.aigul).code)
    return browser(helper)


@pytest.fixture(autouse=True)
def words_of_the_hotline(ground: None) -> None:
    """The operator's desk also takes complaints."""
    complaint_data.load_all()


def test_the_mother_gets_a_code_and_sees_who_helps(family, saule: User, draft: Draft) -> None:
    mother, operator = browser(family.aigul), browser(saule)
    page = mother.get(path("orders:draft", draft.pk)).content.decode()
    help_url = path("marketplace:help", draft.pk)
    assert help_url in page

    before = mother.get(help_url).content.decode()
    assert "The specialist helps for 24 hours at most." in before and "app-code" not in before

    shown = mother.post(help_url)
    text = shown.content.decode()
    found = re.search(r'role="img" aria-label="([0-9 ,]+)"[^>]*>([0-9]{3} [0-9]{3})<', text)
    assert found is not None and shown["Cache-Control"] == "private, no-store"
    spoken, code = found.groups()
    assert re.sub("[ ,]", "", spoken) == code.replace(" ", "") and spoken.count(",") == 1
    again = mother.get(help_url).content.decode()
    assert code not in again and "A new code takes its place." in again

    desk = operator.get(path("complaints:hotline")).content.decode()
    assert path("marketplace:continue") in desk
    answer = operator.post(path("marketplace:continue"), {"code": code})
    assert (answer.status_code, answer["Location"]) == (302, path("orders:draft", draft.pk))
    assert code.replace(" ", "") not in answer["Location"]

    page = mother.get(path("orders:draft", draft.pk)).content.decode()
    assert "Сәуле Ахметова (Operator of 1414) helps with this application until" in page
    assert "saule" not in page

    stopped = mother.post(path("marketplace:help_stop", draft.pk), follow=True).content.decode()
    assert "The help is stopped." in stopped and "Сәуле" not in stopped
    assert operator.get(path("orders:draft", draft.pk)).status_code == 404


def test_a_wrong_code_stays_on_the_form_with_its_reason(family, saule: User) -> None:
    answer = browser(saule).post(path("marketplace:continue"), {"code": "123 456"})
    assert answer.status_code == 422
    assert "This code does not work." in answer.content.decode()
    assert browser(family.aigul).get(path("marketplace:continue")).status_code == 403


@pytest.mark.parametrize("who", ["saule", "dina"])
def test_the_helper_walks_through_all_steps_and_changes_answers(family, saule: User, draft: Draft, who: str) -> None:
    helper = {"saule": saule, "dina": family.dina}[who]
    client = helped(family, helper, draft)
    for step in ("goods", "delivery", "contact"):
        shown = client.get(path("orders:step", draft.pk, step))
        assert shown.status_code == 200, step
        assert 'data-local="off"' in shown.content.decode(), "no copy stays on the helper's device"
    assert client.get(path("orders:step", draft.pk, "consent")).status_code == 404, "the proof is the own office's"
    assert client.get(path("orders:history", draft.pk)).status_code == 200

    answer = client.post(
        path("orders:step", draft.pk, "contact"),
        {
            "contact.name": "Айгүл Нұрланова",
            "contact.phone": "8 700 000 00 22",
            "contact.channel": "sms",
            "_ver_contact.name": "1",
            "_ver_contact.phone": "1",
            "_ver_contact.channel": "0",
        },
    )
    assert (answer.status_code, answer["Location"]) == (302, path("orders:check", draft.pk))
    draft.refresh_from_db()
    assert draft.value("contact.phone") == "8 700 000 00 22"
    left = client.post(path("orders:step", draft.pk, "contact"), {"leave": "1"}, follow=True)
    assert left.status_code == 200
    page = client.get(path("orders:draft", draft.pk)).content.decode()
    assert path("orders:discard", draft.pk) not in page and path("marketplace:help", draft.pk) not in page
    rows = ReadLog.objects.filter(actor=helper, purpose="help", subject=f"draft:{draft.pk}")
    assert {row.person for row in rows} == {family.alihan} and rows.count() >= 5


@pytest.mark.parametrize("who", ["saule", "dina"])
def test_the_helper_chooses_goods_of_the_programme(family, saule: User, draft: Draft, who: str) -> None:
    helper = {"saule": saule, "dina": family.dina}[who]
    client = helped(family, helper, draft)
    goods = client.get(path("orders:step", draft.pk, "goods")).content.decode()
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+\?draft=[^"]+)"', goods)]
    assert links and not any("for=" in link for link in links)

    answer = client.post(path("orders:add_line"), {"offer": family.walker_offer.pk, "draft": str(draft.pk)})

    assert (answer.status_code, answer["Location"]) == (302, path("orders:draft", draft.pk))
    draft.refresh_from_db()
    assert draft.value("line.l1.offer") == family.walker_offer.pk
    assert draft.value("line.l1.entitlement") == family.walker.pk


@pytest.mark.parametrize("who", ["saule", "dina"])
def test_the_helper_does_not_send(family, saule: User, draft: Draft, who: str) -> None:
    helper = {"saule": saule, "dina": family.dina}[who]
    client = helped(family, helper, draft)
    page = client.get(path("orders:check", draft.pk)).content.decode()
    assert "The person sends it herself" in page and 'name="consent.terms"' not in page

    form = {"rev": draft.rev, "you_pay": "0.00", "key": "k", "consent.terms": "on"}
    refused = client.post(path("orders:check", draft.pk), form)
    assert refused.status_code == 403
    assert "The person sends it herself" in refused.content.decode()
    api = client.post(
        f"/api/v1/drafts/{draft.pk}/submit", headers={"Idempotency-Key": "k", "If-Match": f'"{draft.rev}"'}
    )
    assert (api.status_code, api.json()["code"]) == (403, "only_helps")
    for field, value in (("consent.terms", True), ("consent.proof", "call"), ("consent.date", "2026-11-23")):
        receipt = make.save(draft.pk, helper, {field: value})
        assert receipt.answer["r"][field]["s"] == "locked", field
    draft.refresh_from_db()
    assert (draft.status, draft.value("consent.terms"), Order.objects.count()) == ("open", False, 0)


def test_the_own_office_sends_also_after_it_entered_a_code(family, draft: Draft) -> None:
    client = helped(family, family.gulnar, draft)
    assert "The person sends it herself" not in client.get(path("orders:check", draft.pk)).content.decode()
    make.save(draft.pk, family.gulnar, {"consent.proof": "visit", "consent.date": "2026-11-23"})
    assert make.submit(draft, family.gulnar).status == 201


@pytest.mark.parametrize("who", ["saule", "dina"])
def test_nothing_else_of_the_person_is_open_to_the_helper(family, saule: User, draft: Draft, who: str) -> None:
    order = family.order()
    other = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    helper = {"saule": saule, "dina": family.dina}[who]
    client = helped(family, helper, draft)

    for closed in (
        path("orders:draft", other.pk),
        path("orders:step", other.pk, "goods"),
        path("orders:detail", order.number),
        f"/en/catalog/?for={family.alihan.pk}",
        f"/api/v1/orders/{order.number}",
        f"/api/v1/drafts/{other.pk}",
    ):
        assert client.get(closed).status_code == 404, closed
    assert client.get(path("orders:office_person", family.alihan.pk)).status_code in {403, 404}
    assert client.get("/api/v1/entitlements").json()["count"] == 0
    assert client.get("/api/v1/orders").json()["count"] == 0
    assert [row["id"] for row in client.get("/api/v1/drafts").json()["results"]] == [str(draft.pk)]


def test_a_specialist_decides_between_two_answers_only_with_a_reason(family, draft: Draft) -> None:
    client = browser(family.gulnar)
    make.save(draft.pk, family.aigul, {"contact.name": "Айгүл"})
    make.save(draft.pk, family.gulnar, {"contact.name": "Айгуль"}, base=1)
    url = path("orders:step", draft.pk, "contact")
    question = client.get(url).content.decode()
    assert 'name="_reason_contact.name"' in question
    assert "_reason_" not in browser(family.aigul).get(url).content.decode()

    refused = client.post(url, {"_resolve": "mine:contact.name"})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert re.search(r'data-draft-reason-missing id="id_contact.name-reason-missing"', page)
    draft.refresh_from_db()
    assert "contact.name" in draft.conflicts

    answer = client.post(url, {"_resolve": "mine:contact.name", "_reason_contact.name": "present"})
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert (draft.conflicts, draft.value("contact.name")) == ({}, "Айгуль")
    assert Event.objects.get(kind="draft.decided_for_person").reason == "present"


def test_the_list_says_go_on(family, draft: Draft) -> None:
    page = browser(family.aigul).get(path("orders:applications")).content.decode()
    assert "Go on: application of" in page and path("orders:draft", draft.pk) in page


def test_pages_of_helper_and_mother_stay_within_twelve_queries(
    family, saule: User, draft: Draft, django_assert_max_num_queries
) -> None:
    helper, mother = helped(family, saule, draft), browser(family.aigul)
    for client, url in (
        (helper, path("orders:draft", draft.pk)),
        (helper, path("orders:step", draft.pk, "contact")),
        (helper, path("complaints:hotline")),
        (mother, path("marketplace:help", draft.pk)),
        (mother, path("orders:draft", draft.pk)),
    ):
        with django_assert_max_num_queries(12):
            assert client.get(url).status_code == 200


def test_a_complaint_begun_on_the_phone_goes_on_the_same_way(family, saule: User) -> None:
    complaint_data.load_all()
    fields = {"subject": "late", "sphere": "consumable", "text": "Жөргек әлі келген жоқ."}
    draft = make.make_draft(family.aigul, fields, kind="complaint", beneficiary_id=family.alihan.pk)
    client = helped(family, saule, draft)
    assert client.get(path("complaints:draft", draft.pk)).status_code == 200
    receipt = make.save(draft.pk, saule, {"text": "Жөргек екі аптадан бері келген жоқ."}, kind="complaint")
    assert receipt.answer["r"]["text"]["s"] == "applied"
    headers = {"Idempotency-Key": "k", "If-Match": f'"{receipt.rev}"'}
    refused = client.post(f"/api/v1/drafts/{draft.pk}/submit", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "only_helps")
    assert client.post(f"/api/v1/drafts/{draft.pk}/mirror").status_code == 404, "a complaint has no second screen"
