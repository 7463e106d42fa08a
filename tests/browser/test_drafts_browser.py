"""The draft of an order on the real pages: saved while typing, kept through reloads and dead lines, never overwritten.

The engine itself is tested hard in tests/frontend against a server with faults; here, that the pages are wired to it.
"""

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import errands
from tests.browser.texts import words
from tests.journey.client import Client
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

say = words("ru")
Tab = Callable[..., Page]


@pytest.fixture
def mother(mothers: dict[str, str]) -> str:
    return mothers["drafts"]


@pytest.fixture
def program(portal: JourneyPortal, mother: str) -> Client:
    """The same mother through the API: what the server really has."""
    return Client(portal.url, mother, language="ru")


@pytest.fixture
def draft(program: Client) -> str:
    """Her new application with a contact name."""
    created = str(uuid.uuid4())
    program.save(created, {"contact.name": "Әлия"})
    return created


@pytest.fixture
def contact(portal: JourneyPortal, tab: Tab, mother: str, draft: str) -> Callable[..., Page]:
    """``contact()`` opens the step with name and phone in a new window."""

    def opened(person: str = mother) -> Page:
        page = tab(person)
        page.goto(f"{portal.url}/ru/applications/{draft}/contact/")
        return page

    return opened


def name(page: Page):
    return page.get_by_label(say("Whom should the courier call?"))


def phone(page: Page):
    return page.get_by_label(say("Phone"), exact=True)


def value(program: Client, draft: str, field: str) -> object:
    return program.get(f"/drafts/{draft}")["fields"].get(field, {}).get("v")


def test_typing_is_saved_without_a_click_and_survives_a_reload(contact, program: Client, draft: str):
    page = contact()
    phone(page).press_sequentially("8 701 000 00 11")
    errands.saved(page, say)
    assert value(program, draft, "contact.phone") == "8 701 000 00 11"
    page.reload()
    expect(phone(page)).to_have_value("8 701 000 00 11")
    expect(name(page)).to_have_value("Әлия")


def test_text_typed_without_a_connection_is_kept_and_sent_when_it_is_back(contact, program: Client, draft: str):
    page = contact()
    expect(name(page)).to_have_value("Әлия")
    page.context.set_offline(True)
    phone(page).fill("8 701 000 00 12")
    status = page.locator("[data-draft-status]")
    expect(status).to_contain_text(say("Saved only on this device. We send it when the connection is back."))
    assert value(program, draft, "contact.phone") is None
    page.context.set_offline(False)
    errands.saved(page, say)
    assert value(program, draft, "contact.phone") == "8 701 000 00 12"


def test_two_tabs_show_the_same_and_never_ask(contact, portal: JourneyPortal, program: Client, draft: str):
    first = contact()
    second = first.context.new_page()
    second.goto(first.url)
    phone(first).fill("8 701 000 00 13")
    expect(phone(second)).to_have_value("8 701 000 00 13")
    errands.saved(first, say)
    phone(first).blur()  # what a person is in the middle of typing is never touched
    phone(second).fill("8 701 000 00 14")
    errands.saved(second, say)
    expect(phone(first)).to_have_value("8 701 000 00 14")
    assert value(program, draft, "contact.phone") == "8 701 000 00 14"
    assert program.get(f"/drafts/{draft}")["conflicts"] == []


def test_two_people_with_different_answers_are_asked_at_the_field(contact, program: Client, draft: str):
    hers, office = contact(), contact("caseworker")
    expect(name(hers)).to_have_value("Әлия")
    name(office).fill("Алия Сәрсенова")
    errands.saved(office, say)
    name(hers).fill("Әлия С.")
    question = hers.get_by_role("group", name=say("Which answer do we keep?"))
    expect(question).to_contain_text("Әлия С.")
    expect(question).to_contain_text("Алия Сәрсенова")
    assert value(program, draft, "contact.name") == "Алия Сәрсенова"

    rev = program.get(f"/drafts/{draft}")["rev"]
    program.post(f"/drafts/{draft}/submit", expect=409, idempotency_key=str(uuid.uuid4()), if_match=f'"{rev}"')
    hers.reload()
    expect(question).to_be_visible()
    question.get_by_role("button", name=say("Keep my answer")).click()
    expect(question).to_have_count(0)
    errands.saved(hers, say)
    assert value(program, draft, "contact.name") == "Әлия С."
    assert program.get(f"/drafts/{draft}")["conflicts"] == []
