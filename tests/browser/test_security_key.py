"""A security key in a browser: a virtual one of Chromium's signs in the second time, and only with the right secret."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.pages import NARROW, axe_violations, reflow_faults, sign_in, small_targets
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

# Its key is gone again at the end: other tests of the portal sign in as this account, too.
WHO = "guest"


@pytest.fixture
def window(portal: JourneyPortal, browser) -> BrowserContext:
    """Keys belong to names of hosts, not to addresses: the same portal under the name of this machine."""
    context = browser.new_context(base_url=portal.url.replace("127.0.0.1", "localhost"), viewport=NARROW)
    yield context
    context.close()


def virtual_key(page: Page) -> Callable[[str, dict], dict]:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": False,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return lambda verb, more: devtools.send(f"WebAuthn.{verb}", {"authenticatorId": made["authenticatorId"], **more})


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()


def first_step(page: Page, host: str) -> None:
    page.goto(f"{host}/en/account/login/")
    page.get_by_label("User name").fill(WHO)
    page.get_by_label("Password", exact=True).fill("demo-portal")
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()


def test_a_key_is_added_opens_and_goes_again(portal: JourneyPortal, window: BrowserContext) -> None:
    host, page = portal.url.replace("127.0.0.1", "localhost"), window.new_page()
    key = virtual_key(page)
    sign_in(page, host, WHO, "en")
    page.goto(f"{host}/en/account/second-step/key/")
    page.get_by_label("What do you call this key?").fill("Red key")
    assert axe_violations(page) + reflow_faults(page) + small_targets(page) == []
    page.get_by_role("button", name="Add a key").click()
    expect(page.get_by_role("heading", name="Ten codes on paper")).to_be_visible()
    assert axe_violations(page) + reflow_faults(page) == []
    page.get_by_role("link", name="I have kept the codes").click()
    expect(page.get_by_role("button", name="Remove the key Red key")).to_be_visible()
    assert axe_violations(page) + reflow_faults(page) + small_targets(page) == []
    sign_out(page)

    # The first visit has the key, the second one another key: the same answer does not open it.
    first_step(page, host)
    expect(page.get_by_role("heading", name="Second step of sign-in")).to_be_visible()
    assert axe_violations(page) + reflow_faults(page) + small_targets(page) == []
    credentials = key("getCredentials", {})["credentials"]
    key("clearCredentials", {})
    page.get_by_role("button", name="Use a security key").click()
    expect(page.get_by_role("alert")).to_have_text("The key gave no valid answer. Try again.", timeout=90_000)
    key("addCredential", {"credential": credentials[0]})
    page.get_by_role("button", name="Use a security key").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    page.goto(f"{host}/en/account/second-step/")
    page.get_by_role("button", name="Remove the key Red key").click()
    expect(page.get_by_text("Removed.")).to_be_visible()
    sign_out(page)
    first_step(page, host)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
