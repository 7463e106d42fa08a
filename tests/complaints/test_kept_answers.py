"""The story of a complaint and a body's decision outlive the session also without JavaScript."""

import html
import re

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from marketplace.models import Draft
from tests.complaints.factories import make_complaint, make_line, make_person, make_seller, make_supplier

PASSWORD = "a long password"
STORY = "Доңғалақ сынды <b>, тежегіш ұстамайды & қауіпті.\nЕкінші жол."


@pytest.fixture(autouse=True)
def no_counts():
    cache.clear()


def sign_in(client, user, next_url):
    user.set_password(PASSWORD)
    user.save()
    answer = client.post("/ru/account/login/", {"login": user.username, "password": PASSWORD, "next": next_url})
    assert (answer.status_code, answer.url) == (302, next_url)


def area(response, name):
    found = re.search(
        rf'<textarea\b[^>]*name="{re.escape(name)}"[^>]*>\n?(.*?)</textarea>', response.content.decode(), re.S
    )
    return html.unescape(found[1]).replace("\r\n", "\n") if found else None


def test_the_story_waits_over_the_sign_in_and_is_saved_by_the_button(client):
    aigul = make_person()
    line = make_line(person=aigul, supplier=make_supplier())
    client.force_login(aigul)
    url = client.post(f"/ru/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    Session.objects.all().delete()

    answer = client.post(url, {"text": STORY, "answer.serial": "77", "contact.phone": "8 700 000 00 01"})
    assert (answer.status_code, answer.url) == (302, f"/ru/account/login/?next={url}")
    sign_in(client, aigul, url)

    page = client.get(url)
    assert area(page, "text") == STORY and 'value="8 700 000 00 01"' in page.content.decode()
    draft = Draft.objects.get(kind="complaint")
    assert draft.value("text") is None, "not saved before the button is pressed"
    saved = client.post(url, {"text": STORY, "answer.serial": "77", "contact.phone": "8 700 000 00 01"})
    assert saved.url == f"{url}check/"
    draft.refresh_from_db()
    assert draft.value("text") == STORY and draft.value("contact.phone") == "8 700 000 00 01"


def test_a_visitors_story_comes_back_when_the_cookies_are_gone():
    visitor = Client(enforce_csrf_checks=True)
    url = "/ru/complaints/new/visitor/?subject=defect&sphere=wheelchair"
    answer = visitor.post(url, {"text": STORY, "subject": "defect", "sphere": "wheelchair"})
    assert answer.status_code == 403
    assert area(answer, "text") == STORY


def test_an_answer_is_offered_again_to_its_writer_and_to_nobody_else(client):
    supplier = make_supplier()
    complaint = make_complaint(supplier=supplier)
    url = f"/ru/complaints/{complaint.number}/answer/"
    text = "We replaced the wheel on 5 December; the act of replacement is attached to the case."
    assert client.post(url, {"text": text}).status_code == 302
    sign_in(client, make_person("saule"), url)
    answer = client.get(url)
    assert answer.status_code == 404 and text not in answer.content.decode()

    client.post("/ru/account/logout/")
    assert client.post(url, {"text": text}).status_code == 302
    sign_in(client, make_seller(supplier), url)
    page = client.get(url)
    assert (page.status_code, area(page, "text")) == (200, text)
    assert client.post(url, {"text": area(page, "text")}).status_code == 302
    complaint.refresh_from_db()
    assert complaint.status == "answered"


def test_a_complaint_that_was_put_aside_is_listed_until_its_day_and_restored_by_a_button(client):
    aigul = make_person()
    line = make_line(person=aigul, supplier=make_supplier())
    client.force_login(aigul)
    url = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    client.post(url, {"text": STORY, "leave": "1"})
    draft = Draft.objects.get(kind="complaint")
    assert client.get(f"{url}discard/").url == "/en/complaints/"
    with time_machine.travel("2026-12-01T10:00:00+05:00"):
        client.force_login(aigul)
        assert client.post(f"{url}discard/").url == "/en/complaints/"
        listed = client.get("/en/complaints/").content.decode().replace("\xa0", " ")
    assert "Put aside" in listed and "It is kept until 31 December 2026." in listed
    client.force_login(aigul)
    assert client.get(url).status_code == 404
    assert client.post(f"{url}restore/").url == url
    assert area(client.get(url), "text") == STORY
    draft.refresh_from_db()
    assert draft.status == "open"
    client.force_login(make_person("saule"))
    assert client.post(f"{url}discard/").status_code == 404 and client.post(f"{url}restore/").status_code == 404
