"""A shared computer in a browser: the question comes, is spoken, can be answered, and without an answer all is gone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import NARROW, axe_violations, reflow_faults, sign_in, small_targets
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

Tab = Callable[..., Page]


@pytest.fixture
def kiosk(portal: JourneyPortal, tab: Tab) -> Page:
    """A window of a visitor that was marked as shared; its clock goes when it is told to."""
    page = tab(None, viewport=NARROW)
    page.set_default_timeout(60_000)  # dropping its cache takes a browser seconds
    page.goto(f"{portal.url}/en/shared-computer/")
    page.get_by_role("button", name="This is a shared computer").click()
    page.get_by_role("button", name="This is my own device").wait_for()
    page.clock.install()
    return page


def question(page: Page):
    return page.get_by_role("alertdialog", name="Are you still here?")


def test_the_question_is_modal_spoken_and_any_answer_extends_it(kiosk: Page, portal: JourneyPortal) -> None:
    sign_in(kiosk, portal.url, "person", "en")
    kiosk.goto(f"{portal.url}/en/orders/")
    assert axe_violations(kiosk) + reflow_faults(kiosk) + small_targets(kiosk) == []
    for answer in (
        lambda: kiosk.get_by_role("button", name="I am still here").click(),
        lambda: kiosk.keyboard.press("Space"),
        lambda: kiosk.keyboard.press("Escape"),
    ):
        kiosk.clock.run_for("03:01")
        expect(question(kiosk)).to_be_visible()
        expect(kiosk.get_by_role("button", name="I am still here")).to_be_focused()
        assert axe_violations(kiosk) + reflow_faults(kiosk) == []
        kiosk.clock.run_for(31_000)
        expect(question(kiosk).locator("[data-said]")).to_have_text("Seconds left: 30")
        answer()
        expect(question(kiosk)).to_be_hidden()
    kiosk.clock.run_for("02:50")
    kiosk.keyboard.press("Tab")  # somebody is there
    kiosk.clock.run_for("02:50")
    expect(question(kiosk)).to_be_hidden()


def test_without_an_answer_everything_is_gone(kiosk: Page, portal: JourneyPortal) -> None:
    sign_in(kiosk, portal.url, "person", "en")
    kiosk.goto(f"{portal.url}/en/orders/")
    kiosk.clock.run_for("03:01")
    expect(question(kiosk)).to_be_visible()
    kiosk.clock.run_for(61_000)
    kiosk.wait_for_url("**/en/shared-computer/finished/")
    expect(kiosk.get_by_role("heading", name="Everything is erased")).to_be_visible()
    assert axe_violations(kiosk) + reflow_faults(kiosk) == []
    assert {cookie["name"] for cookie in kiosk.context.cookies()} <= {"shared-computer", "language"}
    kiosk.go_back()
    expect(kiosk.get_by_text("My orders")).to_be_hidden()


def test_what_a_visitor_types_counts_as_being_there_and_is_gone_afterwards(kiosk: Page, portal: JourneyPortal) -> None:
    kiosk.goto(f"{portal.url}/en/complaints/new/visitor/?subject=defect&sphere=goods&region=KZ-79")
    story = kiosk.get_by_label("What happened?")
    for word in ("The", " wheel", " broke"):
        story.press_sequentially(word)
        kiosk.clock.run_for("02:00")
        expect(question(kiosk)).to_be_hidden()
    kiosk.evaluate("scrollBy(0, 40)")  # as a page does when something appears in it: nobody is there
    kiosk.clock.run_for("01:01")
    expect(question(kiosk)).to_be_visible()
    kiosk.clock.run_for(61_000)
    kiosk.wait_for_url("**/en/shared-computer/finished/")
    kiosk.goto(f"{portal.url}/en/complaints/new/visitor/?subject=defect&sphere=goods&region=KZ-79")
    expect(kiosk.get_by_label("What happened?")).to_have_value("")


def test_a_page_that_nobody_touched_asks_nobody(kiosk: Page, portal: JourneyPortal) -> None:
    kiosk.context.clear_cookies(name="session")
    kiosk.goto(f"{portal.url}/en/")
    kiosk.clock.run_for("30:00")
    expect(question(kiosk)).to_be_hidden()


def test_the_button_without_javascript(portal: JourneyPortal, tab: Tab) -> None:
    page = tab(None, java_script_enabled=False, viewport=NARROW)
    page.set_default_timeout(60_000)
    page.goto(f"{portal.url}/en/shared-computer/")
    page.get_by_role("button", name="This is a shared computer").click()
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("User name").fill("person")
    page.get_by_label("Password", exact=True).fill("demo-portal")
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Sign out").wait_for()
    page.get_by_role("button", name="Finish and forget").click()
    expect(page.get_by_role("heading", name="Everything is erased")).to_be_visible()
    page.goto(f"{portal.url}/en/account/")
    expect(page.get_by_label("User name")).to_be_visible()
