"""Sending without a line: the wish to send stays on the device, seen and revocable, and has one effect."""

import uuid

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import errands
from tests.browser.line import Line, eventually
from tests.browser.pages import axe_violations, reflow_faults
from tests.browser.texts import words
from tests.journey.client import Client
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

say = words("ru")
WAITS = "Your application waits on this device"


@pytest.fixture
def program(portal: JourneyPortal, mothers: dict[str, str]) -> Client:
    """The mother through the API: what the server really has."""
    return Client(portal.url, mothers["later"], language="ru")


@pytest.fixture
def draft(program: Client) -> str:
    created = str(uuid.uuid4())
    program.save(created, errands.complete(program))
    return created


@pytest.fixture
def checked(at_home, line: Line, program: Client, draft: str) -> Page:
    """She has read her answers and agreed; the line is dead when she presses the button."""
    page = at_home(program.username)
    page.goto(f"{line.url}/ru/applications/{draft}/check/")
    page.get_by_label(say("I agree that my data is used for this order, and I confirm the answers")).check()
    return page


def press_send(page: Page) -> None:
    page.get_by_role("button", name=say("Send the application")).click()


def notice(page: Page):
    return page.get_by_role("status", name=say(WAITS))


def orders_of(program: Client, draft: str) -> int:
    return len(program.get(f"/drafts/{draft}")["orders"])


def test_sent_without_a_line_it_goes_when_the_line_is_back_once(
    checked: Page, line: Line, program: Client, draft: str
) -> None:
    checked.set_viewport_size({"width": 320, "height": 640})
    line.cut()
    press_send(checked)
    expect(notice(checked)).to_be_focused()
    assert not axe_violations(checked) + reflow_faults(checked)
    line.mend()
    checked.wait_for_url(f"**/applications/{draft}/sent/")
    assert orders_of(program, draft) == 1


def test_a_closed_page_leaves_the_wish_and_any_later_page_sends_it(
    checked: Page, line: Line, program: Client, draft: str
) -> None:
    line.cut()
    press_send(checked)
    expect(notice(checked)).to_be_visible()
    later = checked.context.new_page()
    checked.close()
    later.goto(f"{line.url}/ru/offline/")
    item = later.locator("[data-device-items] > li").filter(has=later.locator(f"a[href*='{draft}']"))
    expect(item).to_contain_text(say("Is sent when the connection is back"))
    line.mend()
    later.goto(f"{line.url}/ru/orders/")
    eventually(lambda: orders_of(program, draft), 1)


def test_what_was_taken_back_is_not_sent(checked: Page, line: Line, program: Client, draft: str) -> None:
    line.cut()
    press_send(checked)
    notice(checked).get_by_role("button", name=say("Do not send it")).click()
    expect(checked.get_by_role("button", name=say("Send the application"))).to_be_focused()
    line.mend()
    checked.goto(f"{line.url}/ru/orders/")
    checked.wait_for_timeout(2500)
    assert orders_of(program, draft) == 0
    assert program.get(f"/drafts/{draft}")["status"] == "open"


def test_what_changed_meanwhile_is_checked_again(checked: Page, line: Line, program: Client, draft: str) -> None:
    """Her phone at home changed the address: what she read is not what would be sent."""
    line.cut()
    press_send(checked)
    expect(notice(checked)).to_be_visible()
    program.save(draft, {"delivery.address": "Қонаев көшесі, 3"}, base=1)
    line.mend()
    expect(checked.get_by_role("main")).to_contain_text("Қонаев көшесі, 3")
    assert orders_of(program, draft) == 0
    expect(notice(checked)).to_be_hidden()


def test_an_answer_lost_on_its_way_is_not_a_second_order(
    checked: Page, line: Line, program: Client, draft: str
) -> None:
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.request.post_data or "")
            route.fetch(max_redirects=0)
            route.abort()
        else:
            route.continue_()

    checked.route("**/check/", lose)
    press_send(checked)
    checked.wait_for_url(f"**/applications/{draft}/sent/")
    assert len(lost) == 1
    assert orders_of(program, draft) == 1
    assert "key=" in lost[0]


def test_an_application_that_misses_something_says_so_at_once(checked: Page, program: Client, draft: str) -> None:
    checked.get_by_label(say("I agree that my data is used for this order, and I confirm the answers")).uncheck()
    press_send(checked)
    expect(checked.locator(".govuk-error-summary")).to_be_visible()
    assert orders_of(program, draft) == 0
