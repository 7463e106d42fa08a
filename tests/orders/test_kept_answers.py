"""A session that ends under a plain form loses nothing: the typed answers wait over the sign-in, or come back at once."""

import html
import re

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from marketplace import kept_answers
from marketplace.models import Draft
from tests.orders import factories as make
from tests.orders.test_pages_ordering import posted

PASSWORD = "a long password"


@pytest.fixture(autouse=True)
def no_counts():
    cache.clear()


def browser(user, **options) -> Client:
    client = Client(**options)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def sign_in(client: Client, user, next_url: str):
    """Through the page, as a person does it."""
    user.set_password(PASSWORD)
    user.save()
    data = {"login": user.username, "password": PASSWORD, "next": next_url}
    return client.post("/ru/account/login/", data)


def values(page: str) -> dict[str, str]:
    """What the page's text boxes, hidden fields and ticked boxes would send."""
    inputs = re.findall(r"<input\b[^>]*>", page)
    found = {}
    for item in inputs:
        name, value = re.search(r'name="([^"]*)"', item), re.search(r'value="([^"]*)"', item)
        loose = re.search(r'type="(?:radio|checkbox)"', item) and not re.search(r"\bchecked\b", item)
        if name and not loose:
            found[name[1]] = html.unescape(value[1] if value else "")
    for name, text in re.findall(r'<textarea\b[^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', page, re.S):
        found[name] = html.unescape(text)
    for name, options in re.findall(r'<select\b[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)"[^>]*selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def plain(text: str) -> str:
    """Browsers send every line break as CR LF."""
    return text.replace("\r\n", "\n")


@pytest.fixture
def draft(family) -> Draft:
    return make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))


TYPED = {
    "delivery.region": "KZ-79",
    "delivery.address": "Шымкент, Тәуке хан даңғылы, 5 <б> & «в»",
    "delivery.comment": "Бірінші қатар\r\nекінші 🙂 " + "ә" * 900,
}


def typed_after_the_session(client: Client, draft: Draft, name: str = "delivery", **fields: str):
    """The form as it stood before the session was lost, posted after."""
    url = f"/ru/applications/{draft.pk}/{name}/"
    form = posted(client.get(url), **(fields or TYPED))
    Session.objects.all().delete()
    return url, client.post(url, form)


# --- Over the sign-in -------------------------------------------------------------------------


def test_answers_posted_after_the_session_wait_over_the_sign_in(family, draft):
    client = browser(family.aigul)
    before = draft.fields
    url, answer = typed_after_the_session(client, draft)
    assert (answer.status_code, answer.url) == (302, f"/ru/account/login/?next={url}")

    back = sign_in(client, family.aigul, url)
    assert (back.status_code, back.url) == (302, url)
    page = client.get(url)

    assert page.status_code == 200
    shown = values(page.content.decode())
    assert {name: plain(shown[name]) for name in TYPED} == {name: plain(value) for name, value in TYPED.items()}
    assert "kept-answers" in page.content.decode()
    draft.refresh_from_db()
    assert draft.fields == before, "nothing is saved before the person presses the button"

    saved = client.post(url, posted(page, **TYPED))
    assert (saved.status_code, saved.url) == (302, f"/ru/applications/{draft.pk}/contact/")
    draft.refresh_from_db()
    assert draft.value("delivery.address") == TYPED["delivery.address"]
    assert plain(draft.value("delivery.comment")) == plain(TYPED["delivery.comment"])
    assert "kept-answers" not in client.get(url).content.decode(), "saved answers are not kept any longer"


def test_control_without_the_keeping_the_text_would_be_gone(family, draft, monkeypatch):
    monkeypatch.setattr(kept_answers, "_keep", lambda request: True)
    client = browser(family.aigul)
    url, _answer = typed_after_the_session(client, draft)
    sign_in(client, family.aigul, url)
    assert values(client.get(url).content.decode())["delivery.address"] != TYPED["delivery.address"]


def test_the_versions_that_the_person_had_seen_come_along(family, draft):
    """Somebody answered meanwhile: a question at the field, not a silent overwriting."""
    client = browser(family.aigul)
    url = f"/ru/applications/{draft.pk}/delivery/"
    form = posted(client.get(url), **TYPED)
    office = browser(family.gulnar)
    office.post(url, posted(office.get(url), **TYPED | {"delivery.address": "Өскемен, Абай, 7"}))
    Session.objects.all().delete()
    client.post(url, form)
    sign_in(client, family.aigul, url)

    page = client.get(url)
    assert values(page.content.decode())["_ver_delivery.address"] == form["_ver_delivery.address"]
    client.post(url, posted(page, **TYPED))

    draft.refresh_from_db()
    assert draft.value("delivery.address") == "Өскемен, Абай, 7"
    assert draft.conflicts["delivery.address"]["v"] == TYPED["delivery.address"]


def test_boxes_and_radios_come_back_too(family, draft):
    client = browser(family.aigul)
    fields = {"line.a.quantity": "2", "line.a.next1": str(family.other_diaper_offer.pk)}
    url, _answer = typed_after_the_session(client, draft, "goods", **fields)
    sign_in(client, family.aigul, url)
    shown = values(client.get(url).content.decode())
    assert {name: shown.get(name) for name in fields} == fields

    contact = {"contact.name": "Айгүл", "contact.phone": "не знаю", "contact.channel": "call"}
    url, _answer = typed_after_the_session(client, draft, "contact", **contact)
    sign_in(client, family.aigul, url)
    shown = values(client.get(url).content.decode())
    assert {name: shown.get(name) for name in contact} == contact, "also what is not right yet"


def test_a_caseworkers_date_comes_back_in_its_three_boxes(family, draft):
    client = browser(family.gulnar)
    fields = {"consent.proof": "visit", "consent.date_day": "23", "consent.date_month": "", "consent.date_year": "2026"}
    url, _answer = typed_after_the_session(client, draft, "consent", **fields)
    sign_in(client, family.gulnar, url)
    shown = values(client.get(url).content.decode())
    assert {name: shown.get(name) for name in fields} == fields


def test_who_may_not_open_the_draft_never_sees_what_was_typed(family, draft):
    client = browser(family.aigul)
    url, _answer = typed_after_the_session(client, draft)
    sign_in(client, family.dina, url)
    answer = client.get(url)
    assert answer.status_code == 404
    assert "Шымкент, Тәуке" not in answer.content.decode()
    waiting = client.session[kept_answers.SESSION_NAME]
    assert waiting == [], "dropped for good"


def test_another_page_does_not_get_the_answers(family, draft):
    client = browser(family.aigul)
    url, _answer = typed_after_the_session(client, draft)
    other = make.make_draft(family.aigul, {})
    sign_in(client, family.aigul, url)
    page = client.get(f"/ru/applications/{other.pk}/delivery/").content.decode()
    assert "Тәуке хан" not in page and "kept-answers" not in page


def test_answers_are_kept_for_an_hour(family, draft):
    client = browser(family.aigul)
    url, _answer = typed_after_the_session(client, draft)
    with time_machine.travel("2026-11-23T11:00:01+05:00", tick=False):
        sign_in(client, family.aigul, url)
        assert "Тәуке хан" not in client.get(url).content.decode()


def test_the_session_holds_them_sealed_and_without_token_and_passwords(family, draft, rf):
    client = browser(family.aigul)
    typed_after_the_session(client, draft, **TYPED, csrfmiddlewaretoken="the-token", old_password="secret-word")
    [(path, _at, sealed)] = client.session[kept_answers.SESSION_NAME]
    row = Session.objects.get(session_key=client.session.session_key)
    assert "Шымкент" not in str(row.get_decoded()) and "Тәуке" not in sealed
    request = rf.get(path)
    request.session = client.session
    kept = kept_answers._read(request)
    assert kept["delivery.address"] == TYPED["delivery.address"]
    assert "csrfmiddlewaretoken" not in kept and "old_password" not in kept
    request = rf.get("/ru/applications/")
    request.session = {kept_answers.SESSION_NAME: [["/ru/applications/", _at, sealed]]}
    assert kept_answers._read(request) is None, "sealed for its own address"


def test_what_does_not_fit_comes_back_in_the_answer_itself(family, draft):
    client = browser(family.aigul)
    long = "ә" * 40_000
    _url, answer = typed_after_the_session(client, draft, **TYPED | {"delivery.comment": long})
    assert answer.status_code == 403
    assert values(answer.content.decode())["delivery.comment"] == long
    assert kept_answers.SESSION_NAME not in client.session


def test_nobody_fills_the_sessions(family, draft):
    address, anybody = {"REMOTE_ADDR": "203.0.113.20"}, f"/ru/applications/{draft.pk}/delivery/"
    for _number in range(kept_answers.KEPT_OF_ADDRESS.most):
        assert Client(**address).post(anybody, {"delivery.address": "x"}).status_code == 302
    sessions = Session.objects.count()
    answer = Client(**address).post(anybody, {"delivery.address": "typed by the next one"})
    assert answer.status_code == 403 and "typed by the next one" in answer.content.decode()
    assert Session.objects.count() == sessions


def test_a_form_of_a_step_comes_back_to_be_sent_again(family):
    """The reason of a step stands on the order's page: a page of its own offers it."""
    order = family.order()
    client = browser(family.aigul)
    url = f"/ru/orders/{order.number}/cancel/"
    Session.objects.all().delete()
    reason = "Мы уже получили подгузники от поликлиники, больше не нужно"
    assert client.post(url, {"reason": reason}).status_code == 302
    sign_in(client, family.aigul, url)

    page = client.get(url)
    assert page.status_code == 200
    shown = values(page.content.decode())
    assert shown["reason"] == reason
    order.refresh_from_db()
    assert order.status != "cancelled"
    assert client.post(url, {"reason": shown["reason"]}).status_code == 302
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert client.get(url).url == f"/ru/orders/{order.number}/"


@pytest.mark.parametrize("door", ["orders", "supplier/orders"])
def test_the_reason_of_a_step_is_not_shown_to_strangers(family, door):
    order = family.order()
    client = Client()
    url = f"/ru/{door}/{order.number}/cancel/"
    client.post(url, {"reason": "a reason that is nobody's business"})
    stranger = family.marat if door == "orders" else family.natalya
    sign_in(client, stranger, url)
    answer = client.get(url)
    assert answer.status_code == 404 and "nobody&#x27;s business" not in answer.content.decode()


# --- The cookies are gone ---------------------------------------------------------------------


def test_without_the_csrf_cookie_the_answers_come_back_in_the_page(family, draft):
    client = browser(family.aigul, enforce_csrf_checks=True)
    url = f"/ru/applications/{draft.pk}/delivery/"
    form = posted(client.get(url), **TYPED)
    client.cookies.clear()

    answer = client.post(url, form | {"csrfmiddlewaretoken": "x" * 64}, headers={"Origin": "http://testserver"})

    assert answer.status_code == 403
    page = answer.content.decode()
    assert page.count("<h1") == 1 and "<б>" not in page
    shown = values(page)
    assert {name: plain(shown[name]) for name in TYPED} == {name: plain(value) for name, value in TYPED.items()}
    assert shown["_ver_delivery.address"] == form["_ver_delivery.address"]
    again = client.post(url, shown, headers={"Origin": "http://testserver"})
    assert (again.status_code, again.url) == (302, f"/ru/account/login/?next={url}"), "the new token is good"
    client.handler.enforce_csrf_checks = False
    sign_in(client, family.aigul, url)
    assert values(client.get(url).content.decode())["delivery.address"] == TYPED["delivery.address"]


def test_a_token_of_another_session_gives_the_answers_back_and_the_button_saves(family, draft):
    client = browser(family.aigul, enforce_csrf_checks=True)
    url = f"/ru/applications/{draft.pk}/delivery/"
    form = posted(client.get(url), **TYPED)
    answer = client.post(url, form | {"csrfmiddlewaretoken": "x" * 64})
    assert answer.status_code == 403
    saved = client.post(url, values(answer.content.decode()))
    assert (saved.status_code, saved.url) == (302, f"/ru/applications/{draft.pk}/contact/")
    draft.refresh_from_db()
    assert draft.value("delivery.address") == TYPED["delivery.address"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Referer": "https://evil.example/testserver/"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_form_is_not_offered_with_our_token(family, draft, headers):
    client = browser(family.aigul, enforce_csrf_checks=True)
    answer = client.post(
        f"/ru/applications/{draft.pk}/delivery/", {"delivery.address": "of the attacker"}, headers=headers
    )
    assert answer.status_code == 403
    assert "of the attacker" not in answer.content.decode()


@pytest.mark.parametrize("path", ["account/login/", "applications/new/", "account/logout/"])
def test_other_forms_get_the_plain_page(family, path):
    client = browser(family.aigul, enforce_csrf_checks=True)
    answer = client.post(f"/ru/{path}", {"password": "secret-word", "for": "1"})
    assert answer.status_code == 403 and "secret-word" not in answer.content.decode()


# --- Nothing is lost by an error or a step back -----------------------------------------------


def test_one_wrong_answer_does_not_keep_the_right_ones_from_being_saved(family, draft):
    client = browser(family.aigul)
    url = f"/ru/applications/{draft.pk}/contact/"
    fields = {"contact.name": "Айгүл Нұрланова", "contact.phone": "не знаю", "contact.channel": "call"}
    answer = client.post(url, posted(client.get(url), **fields))
    assert answer.status_code == 422
    draft.refresh_from_db()
    assert {name: draft.value(name) for name in fields} == fields
    assert {name: values(answer.content.decode())[name] for name in fields} == fields


def test_a_step_back_shows_what_was_saved(family, draft):
    client = browser(family.aigul)
    delivery = f"/ru/applications/{draft.pk}/delivery/"
    assert client.post(delivery, posted(client.get(delivery), **TYPED)).status_code == 302
    client.get(f"/ru/applications/{draft.pk}/contact/")
    shown = values(client.get(delivery).content.decode())
    assert shown["delivery.address"] == TYPED["delivery.address"] and shown["delivery.region"] == "KZ-79"
