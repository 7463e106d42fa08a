"""Who changed what in a complaint that is being written, in the words of its form, and the way back to an answer."""

import re

import pytest

from complaints import field_words
from complaints.models import Complaint
from marketplace.models import Draft
from tests.complaints.factories import make_line, make_person, make_supplier


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def address(client, aigul) -> str:
    """Aigul has told her story twice: the wheel broke, then the frame."""
    line = make_line(person=aigul, supplier=make_supplier())
    client.force_login(aigul)
    begun = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    client.post(begun, {"text": "The wheel broke.", "answer.days_in_use": "about thirty", "leave": ""})
    client.post(begun, {"text": "The frame broke.", "answer.days_in_use": "about thirty", "leave": ""})
    return begun


def draft() -> Draft:
    return Draft.objects.get(kind="complaint")


def buttons(text: str) -> list[dict[str, str]]:
    forms = re.findall(r'<form method="post" action="[^"]*bring-back/">(.*?)</form>', text, re.S)
    return [dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form)) for form in forms]


def test_the_history_speaks_the_words_of_the_form(client, address):
    assert f"{address}history/" in client.get(address).content.decode()
    text = client.get(f"{address}history/").content.decode()
    assert "What happened?" in text and "The wheel broke." in text and "about thirty" in text
    assert "answer." not in re.sub(r'name="f" value="[^"]*"', "", text)
    assert "quality, defect" in text and "Durable goods" in text
    assert client.get(f"{address.replace('/en/', '/ru/')}history/").status_code == 200


def test_a_former_story_comes_back(client, address):
    former = next(item for item in buttons(client.get(f"{address}history/").content.decode()) if item["f"] == "text")
    answer = client.post(f"{address}history/bring-back/", former)
    assert (answer.status_code, answer.url) == (302, f"{address}history/")
    assert draft().value("text") == "The wheel broke."
    assert "Brought back: What happened?" in client.get(answer.url).content.decode()
    saves = draft().saves.count()
    client.post(f"{address}history/bring-back/", former)
    assert draft().saves.count() == saves, "the same form twice is one save"


def test_strangers_and_other_kinds_find_nothing(client, address):
    before = draft().saves.count()
    former = {"f": "text", "rev": "1", "_key": "a"}
    assert client.get(f"/en/applications/{draft().pk}/history/").status_code == 404
    client.force_login(make_person("dana"))
    assert client.get(f"{address}history/").status_code == 404
    assert client.post(f"{address}history/bring-back/", former).status_code == 404
    assert draft().saves.count() == before and not Complaint.objects.exists()


@pytest.mark.parametrize("name", ["text", "demands", "target.body", "answer.days_in_use", "contact.phone"])
def test_every_field_of_the_form_has_a_question(client, address, name):
    assert field_words.label(name) != name
