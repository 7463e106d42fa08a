"""A specialist fills in, a tablet beside her shows it to the person in large letters, and the person agrees line by line."""

import re
import statistics
import time
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import errands
from tests.browser.pages import NARROW, axe_violations, policy_faults, reflow_faults, small_targets
from tests.browser.texts import words
from tests.journey.client import Client
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

say = words("ru")
Tab = Callable[..., Page]
LIVE_WITHIN = 2.0  # seconds from the receipt of the save to the letters on the other screen


@pytest.fixture
def office(portal: JourneyPortal) -> Client:
    return Client(portal.url, "caseworker", language="ru")


@pytest.fixture
def mother(portal: JourneyPortal, mothers: dict[str, str]) -> Client:
    return Client(portal.url, mothers["screen"], language="ru")


@pytest.fixture
def draft(mother: Client, office: Client) -> str:
    """An application with one line, complete with the office's proof of consent."""
    created = str(uuid.uuid4())
    entitlement = next(row for row in mother.get("/entitlements")["results"] if row["type"]["code"] == "child-diapers")
    product = mother.get("/products", type="child-diapers", region=errands.SHYMKENT)["results"][0]
    offer = next(
        row for row in mother.get(f"/products/{product['id']}")["offers"] if errands.SHYMKENT in row["regions"]
    )
    mother.save(
        created,
        {
            "line.a.entitlement": entitlement["id"],
            "line.a.offer": offer["id"],
            "line.a.quantity": 1,
            "contact.name": "Әлия",
            "contact.phone": "8 701 000 00 11",
            "delivery.region": errands.SHYMKENT,
            "delivery.address": "Тәуке хан даңғылы, 1-үй",
        },
    )
    office.save(created, {"consent.proof": "visit", "consent.date": "2026-11-23"})
    return created


@pytest.fixture
def desk(portal: JourneyPortal, tab: Tab, draft: str) -> Callable[[str], Page]:
    """``desk("contact/")``: the specialist's page of the application."""
    page = tab("caseworker")

    def at(step: str) -> Page:
        page.goto(f"{portal.url}/ru/applications/{draft}/{step}")
        return page

    return at


def code_on(page: Page) -> str:
    shown = page.locator(".app-code")
    expect(shown).to_be_visible()
    spoken = shown.get_attribute("aria-label") or ""
    assert re.fullmatch(r"\d \d \d, \d \d \d", spoken), spoken
    return shown.inner_text()


def tablet_with(tab: Tab, portal: JourneyPortal, code: str, **options: object) -> Page:
    tablet = tab(None, viewport=NARROW, **options)
    answer = tablet.goto(f"{portal.url}/ru/mirror/")
    assert answer is not None and not policy_faults(answer)
    looks_right(tablet)
    tablet.get_by_label(say("Code of 6 digits")).fill(code)
    tablet.get_by_role("button", name=say("Open"), exact=True).click()
    expect(tablet.get_by_role("heading", level=1)).to_have_text(say("Your application"))
    return tablet


def paired(desk: Callable[[str], Page], tab: Tab, portal: JourneyPortal, draft: str, **options: object) -> Page:
    """The tablet after the specialist has read out the code."""
    page = desk("")
    page.get_by_role("link", name=say("Show on a second screen")).click()
    page.get_by_role("button", name=say("Get a code"), exact=True).click()
    expect(page.locator(".app-address")).to_contain_text("/ru/mirror/")
    return tablet_with(tab, portal, code_on(page), **options)


def looks_right(page: Page) -> None:
    assert not axe_violations(page)
    assert not reflow_faults(page)
    assert not small_targets(page)


def test_the_person_sees_every_save_and_the_office_sends_what_she_confirmed(
    desk: Callable[[str], Page], tab: Tab, portal: JourneyPortal, draft: str, office: Client
) -> None:
    tablet = paired(desk, tab, portal, draft)
    looks_right(tablet)
    page = desk("contact/")
    phone = page.get_by_label(say("Phone"), exact=True)
    took = []
    for digits in ("8 701 000 00 22", "8 701 000 00 33", "8 701 000 00 44"):
        phone.fill(digits)
        while office.get(f"/drafts/{draft}")["fields"]["contact.phone"]["v"] != digits:
            time.sleep(0.02)
        received = time.monotonic()
        expect(tablet.get_by_text(digits)).to_be_visible()
        took.append(time.monotonic() - received)
    assert statistics.median(took) <= LIVE_WITHIN, took
    expect(tablet.locator("[data-mirror-announce]")).to_have_text(say("Something on this screen has changed."))

    page = desk("check/")
    page.get_by_role("button", name=say("Send the application")).click()
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text(
        say("Ask the person to press “This is right” on the second screen: %(line)s.").split("%")[0]
    )
    assert not axe_violations(page)
    assert office.get(f"/drafts/{draft}")["status"] == "open"

    right = tablet.get_by_role("button", name=say("This is right"))
    box = right.bounding_box()
    assert box is not None and box["height"] >= 44
    right.focus()
    tablet.keyboard.press("Enter")  # one switch, or a finger
    expect(tablet.get_by_text(say("You said: this is right."))).to_be_visible()
    expect(tablet.locator("[id^=said-]")).to_be_focused()
    looks_right(tablet)

    page.get_by_role("button", name=say("Send the application")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(say("The application is sent"))
    expect(
        tablet.get_by_text(say("This screen is closed. To open it again, ask the specialist for a new code."))
    ).to_be_visible()


def test_a_line_that_changes_asks_again(
    desk: Callable[[str], Page], tab: Tab, portal: JourneyPortal, draft: str, office: Client
) -> None:
    tablet = paired(desk, tab, portal, draft)
    tablet.get_by_role("button", name=say("This is right")).click()
    expect(tablet.get_by_text(say("You said: this is right."))).to_be_visible()
    page = desk("goods/")
    page.get_by_label(say("How many packs?")).fill("2")
    errands.saved(page, say)
    expect(tablet.get_by_text(say("This line has changed. Look at it again."))).to_be_visible(timeout=3000)
    looks_right(tablet)
    expect(tablet.get_by_role("button", name=say("This is right"))).to_be_visible()


def test_without_a_script_the_screen_has_a_button(
    desk: Callable[[str], Page], tab: Tab, portal: JourneyPortal, draft: str, mother: Client
) -> None:
    page = desk("")
    page.get_by_role("link", name=say("Show on a second screen")).click()
    page.get_by_role("button", name=say("Get a code"), exact=True).click()
    tablet = tab(None, java_script_enabled=False)
    tablet.goto(f"{portal.url}/ru/mirror/")
    tablet.get_by_label(say("Code of 6 digits")).fill(code_on(page))
    tablet.get_by_role("button", name=say("Open"), exact=True).click()
    mother.save(draft, {"contact.name": "Әлия Сәрсенова"}, base=9)
    tablet.get_by_role("button", name=say("Refresh")).click()
    expect(tablet.get_by_text("Әлия Сәрсенова")).to_be_visible()
    tablet.get_by_role("button", name=say("This is right")).click()
    expect(tablet.get_by_text(say("You said: this is right."))).to_be_visible()


def test_a_code_told_by_phone_opens_the_application_for_1414(
    tab: Tab, portal: JourneyPortal, draft: str, mothers: dict[str, str], mother: Client
) -> None:
    hers = tab(mothers["screen"], viewport=NARROW)
    hers.goto(f"{portal.url}/ru/applications/{draft}/")
    hers.get_by_role("link", name=say("Get help with this application")).click()
    looks_right(hers)
    hers.get_by_role("button", name=say("I agree: get a code"), exact=True).click()
    expect(hers.locator(".app-code")).to_be_focused()
    looks_right(hers)
    code = code_on(hers)

    operator = tab("hotline")
    operator.goto(f"{portal.url}/ru/hotline/")
    operator.get_by_label(say("Code of 6 digits")).fill(code)
    operator.get_by_role("button", name=say("Open the application")).click()
    expect(operator.get_by_role("heading", level=1)).to_have_text(say("Application for goods and services"))
    assert code.replace(" ", "") not in operator.url
    errands.open_task(operator, say, "Contact")
    operator.get_by_label(say("Phone"), exact=True).fill("8 701 000 00 44")
    errands.saved(operator, say)
    assert mother.get(f"/drafts/{draft}")["fields"]["contact.phone"]["v"] == "8 701 000 00 44"

    hers.goto(f"{portal.url}/ru/applications/{draft}/")
    expect(hers.locator("[data-presence]")).to_have_text(
        say("{who} has this application open now.").replace("{who}", say("An operator of 1414"))
    )
    looks_right(hers)
    hers.get_by_role("button", name=say("Stop the help")).click()
    stopped = say("The help is stopped. The specialist does not see this application any more.")
    expect(hers.get_by_text(stopped)).to_be_visible()
    Client(portal.url, "hotline").get(f"/drafts/{draft}", expect=404)


def test_a_specialist_who_decides_says_how_the_person_takes_part(
    desk: Callable[[str], Page], draft: str, mother: Client
) -> None:
    page = desk("contact/")
    name = page.get_by_label(say("Whom should the courier call?"))
    expect(name).to_have_value("Әлия")
    mother.save(draft, {"contact.name": "Әлия Сәрсенова"}, base=1)
    name.fill("Алия")
    question = page.get_by_role("group", name=say("Which answer do we keep?"))
    expect(question).to_be_visible()
    question.get_by_role("button", name=say("Keep my answer")).click()
    expect(
        question.get_by_text(say("Say how the person takes part: she is here, or she is on the phone."))
    ).to_be_visible()
    assert not axe_violations(page)
    assert mother.get(f"/drafts/{draft}")["conflicts"]
    question.get_by_role("radio", name=say("The person is on the phone")).check()
    question.get_by_role("button", name=say("Keep my answer")).click()
    expect(question).to_have_count(0)
    now = mother.get(f"/drafts/{draft}")
    assert (now["fields"]["contact.name"]["v"], now["conflicts"]) == ("Алия", [])
