"""What a device keeps of a person, and for how long: sessions that end, sign-out, shared computers, other devices."""

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import device, errands
from tests.browser.conftest import SignedIn
from tests.browser.pages import WEIGHT, sign_in
from tests.browser.texts import words
from tests.journey.client import Client
from tests.journey.portal import JourneyPortal
from tests.patience import PAGE_PATIENCE_MS

pytestmark = [pytest.mark.xdist_group("portal")]

say = words("ru")
SECRET = "Құпиябаева"
FORM_PAGE = 30 * 1024  # bytes over the wire on a first visit
Tab = Callable[..., Page]


@pytest.fixture
def mother(mothers: dict[str, str]) -> str:
    return mothers["offline"]


@pytest.fixture
def program(portal: JourneyPortal, mother: str) -> Client:
    return Client(portal.url, mother, language="ru")


@pytest.fixture
def draft(program: Client) -> str:
    created = str(uuid.uuid4())
    program.save(created, {"contact.channel": "sms"})
    return created


def name(page: Page):
    return page.get_by_label(say("Whom should the courier call?"))


def value(program: Client, draft: str, field: str) -> object:
    return program.get(f"/drafts/{draft}")["fields"].get(field, {}).get("v")


def at_contact(portal: JourneyPortal, browser, person: str, draft: str) -> Page:
    """A browser of its own, signed in through the page: its session may be ended."""
    page = browser.new_context().new_page()
    page.set_default_timeout(PAGE_PATIENCE_MS)
    sign_in(page, portal.url, person)
    device.wait_for_worker(page)
    page.goto(f"{portal.url}/ru/applications/{draft}/contact/")
    return page


def test_a_session_that_ends_while_typing_saves_on_by_the_key_and_signs_in_later(
    portal: JourneyPortal, browser, program: Client, draft: str
):
    page = at_contact(portal, browser, program.username, draft)
    name(page).fill(SECRET)
    errands.saved(page, say)
    page.wait_for_timeout(700)  # the key comes after the first receipt
    page.context.clear_cookies()
    name(page).fill(f"{SECRET} Ә.")
    status = page.locator("[data-draft-status]")
    expect(status).to_have_attribute("data-state", "keyed")
    expect(status.get_by_role("link")).to_have_attribute(
        "href", f"/ru/account/login/?next=%2Fru%2Fapplications%2F{draft}%2Fcontact%2F"
    )
    assert value(program, draft, "contact.name") == f"{SECRET} Ә."
    assert page.evaluate(f"() => fetch('/api/v1/drafts/{draft}').then((answer) => answer.status)") == 401
    status.get_by_role("link").click()
    page.get_by_label(say("User name")).fill(program.username)
    page.get_by_label(say("Password"), exact=True).fill("demo-portal")
    page.get_by_role("main").get_by_role("button", name=say("Sign in"), exact=True).click()
    expect(name(page)).to_have_value(f"{SECRET} Ә.")
    page.context.close()


def test_sign_out_leaves_nothing_also_not_behind_the_back_button(
    portal: JourneyPortal, browser, program: Client, draft: str
):
    page = at_contact(portal, browser, program.username, draft)
    name(page).fill(SECRET)
    errands.saved(page, say)
    assert SECRET in device.everything(page), "the control"
    page.get_by_role("button", name=say("Sign out"), exact=True).click()
    page.wait_for_url("**/ru/")
    left = device.everything(page)
    assert SECRET not in left
    assert draft not in left
    assert value(program, draft, "contact.name") == SECRET, "it was sent before"
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(say("Sign in"))
    page.context.set_offline(True)
    page.goto(f"{portal.url}/ru/applications/{draft}/contact/")
    expect(page.get_by_role("heading", level=1)).to_have_text(say("On this device"))
    page.wait_for_timeout(500)
    assert SECRET not in page.content()
    assert SECRET not in device.everything(page)
    page.context.close()


def test_a_shared_computer_keeps_nothing_from_the_sign_in_on(
    portal: JourneyPortal, browser, program: Client, draft: str
):
    page = browser.new_context().new_page()
    page.goto(f"{portal.url}/ru/account/login/")
    page.get_by_label(say("User name")).fill(program.username)
    page.get_by_label(say("Password"), exact=True).fill("demo-portal")
    page.get_by_label(say("This is a shared computer: keep nothing here")).check()
    page.get_by_role("main").get_by_role("button", name=say("Sign in"), exact=True).click()
    page.get_by_role("button", name=say("Sign out")).wait_for()
    page.goto(f"{portal.url}/ru/applications/{draft}/contact/")
    name(page).fill(SECRET)
    errands.saved(page, say)
    page.goto(f"{portal.url}/ru/applications/")
    assert page.evaluate("() => indexedDB.databases()") == []
    assert device.cached(page) == {}
    assert page.evaluate("() => [localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("() => navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    session = next(cookie for cookie in page.context.cookies() if cookie["name"] == "session")
    assert session["expires"] == -1, "it ends with the browser"
    page.context.close()


def test_the_switch_erases_what_was_there(portal: JourneyPortal, browser, program: Client, draft: str):
    page = at_contact(portal, browser, program.username, draft)
    name(page).fill(SECRET)
    errands.saved(page, say)
    page.goto(f"{portal.url}/ru/shared-computer/")
    assert SECRET in device.everything(page), "the control"
    page.get_by_role("button", name=say("This is a shared computer: keep nothing here")).click()
    expect(page.get_by_role("button", name=say("This is my own device"))).to_be_visible()
    page.goto(f"{portal.url}/ru/applications/{draft}/contact/")
    expect(name(page)).to_have_value(SECRET)  # the server has it
    assert page.evaluate("() => indexedDB.databases()") == []
    assert device.cached(page) == {}
    page.context.close()


def test_a_caseworkers_copies_are_sealed_and_gone_after_the_sign_out(
    portal: JourneyPortal, browser, program: Client, draft: str
):
    page = at_contact(portal, browser, "caseworker", draft)
    name(page).fill(SECRET)
    errands.saved(page, say)
    page.wait_for_timeout(300)
    assert [row["f"] for row in device.rows(page, "fields") if row["draft"] == draft and row["f"] == "contact.name"]
    assert SECRET not in device.everything(page)
    page.context.set_offline(True)
    page.reload()
    expect(name(page)).to_have_value(SECRET)
    page.context.set_offline(False)
    page.goto(f"{portal.url}/ru/office/")
    page.get_by_role("button", name=say("Sign out"), exact=True).click()
    page.wait_for_url("**/ru/")
    assert device.rows(page, "fields") == device.rows(page, "device") == []
    page.context.close()


def test_a_caseworkers_ended_session_is_wiped_by_the_sign_in_page_once_all_is_sent(
    portal: JourneyPortal, browser, program: Client, draft: str
):
    page = at_contact(portal, browser, "caseworker", draft)
    name(page).fill("А")
    errands.saved(page, say)
    page.wait_for_timeout(700)
    page.context.set_offline(True)
    name(page).fill(SECRET)
    page.wait_for_timeout(300)
    page.context.clear_cookies()
    page.context.set_offline(False)
    page.goto(f"{portal.url}/ru/account/login/")
    expect(page.get_by_label(say("User name"))).to_be_visible()
    page.wait_for_timeout(2000)
    assert value(program, draft, "contact.name") == SECRET, "the draft key has sent it"
    assert device.rows(page, "fields") == device.rows(page, "device") == []
    page.context.close()


def test_from_the_phone_to_the_desk_in_another_language(
    portal: JourneyPortal, signed_in: SignedIn, program: Client, draft: str
):
    kazakh = words("kk")
    with (
        signed_in(program.username, viewport={"width": 360, "height": 640}) as pocket,
        signed_in(program.username) as desk,
    ):
        phone = pocket.new_page()
        phone.goto(f"{portal.url}/kk/applications/{draft}/contact/")
        phone.get_by_label(kazakh("Whom should the courier call?")).fill("Әлия")
        errands.saved(phone, kazakh)
        phone.get_by_label(kazakh("Phone"), exact=True).fill("8 701")
        errands.saved(phone, kazakh)
        home = desk.new_page()
        home.goto(f"{portal.url}/ru/applications/{draft}/contact/")
        expect(name(home)).to_have_value("Әлия")
        home.get_by_label(say("Phone"), exact=True).fill("8 701 000 00 30")
        errands.saved(home, say)
        phone.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
        phone.get_by_label(kazakh("Whom should the courier call?")).focus()
        phone.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
        expect(phone.get_by_label(kazakh("Phone"), exact=True)).to_have_value("8 701 000 00 30")
    assert program.get(f"/drafts/{draft}")["conflicts"] == []


@pytest.mark.parametrize("step", ["goods", "delivery", "contact"])
def test_a_form_page_is_light_on_a_first_visit(
    portal: JourneyPortal, signed_in: SignedIn, program: Client, draft: str, step: str
):
    with signed_in(program.username, service_workers="block") as window:
        page = window.new_page()
        page.goto(f"{portal.url}/ru/applications/{draft}/{step}/")
        page.wait_for_load_state("networkidle")
        parts = [(path, size) for path, size, _how in page.evaluate(WEIGHT) if "/api/" not in path]
    assert sum(size for _path, size in parts) <= FORM_PAGE, parts
