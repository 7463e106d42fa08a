"""People at their browsers: each signs in once, through the page."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import device
from tests.browser.line import Line
from tests.browser.pages import sign_in
from tests.journey.portal import JourneyPortal
from tests.patience import PAGE_PATIENCE_MS

SignedIn = Callable[..., BrowserContext]

expect.set_options(timeout=PAGE_PATIENCE_MS)


# Mothers of the tests, each with a child and a programme of her own: made together, since a start of Django is slow.
MOTHERS = (
    "journey",
    "noscript",
    "office",
    "keyboard",
    "kazakh",
    "english",
    "newcomer",
    "drafts",
    "photos",
    "recorder",
    "offline",
    "later",
    "screen",
)


@pytest.fixture(scope="session")
def mothers(portal: JourneyPortal) -> dict[str, str]:
    """User names by the word in MOTHERS."""
    return {name: family["guardian"] for name, family in portal.families(*MOTHERS).items()}


@pytest.fixture(scope="session")
def cookies() -> dict[str, object]:
    """The session of everybody who has signed in so far."""
    return {}


@pytest.fixture(scope="session")
def signed_in(browser: Browser, portal: JourneyPortal, cookies: dict[str, object]) -> Callable[..., BrowserContext]:
    """``signed_in("parent")``: a new window of the browser where that person is signed in; ``None`` is a visitor."""

    def window(username: str | None, **options: object) -> BrowserContext:
        if username is None:
            return browser.new_context(**options)
        if username not in cookies:
            with browser.new_context() as context:
                sign_in(context.new_page(), portal.url, username)
                cookies[username] = context.storage_state()
        return browser.new_context(storage_state=cookies[username], **options)

    return window


@pytest.fixture
def tab(signed_in: SignedIn) -> Iterator[Callable[..., Page]]:
    """``tab("parent")``: an empty page in a window of her own, closed with the test."""
    windows = []

    def opened(username: str | None, **options: object) -> Page:
        windows.append(signed_in(username, **options))
        windows[-1].set_default_timeout(PAGE_PATIENCE_MS)
        return windows[-1].new_page()

    yield opened
    for window in windows:
        window.close()


@pytest.fixture
def line(portal: JourneyPortal) -> Iterator[Line]:
    with Line(portal.url) as found:
        yield found


@pytest.fixture
def at_home(line: Line, signed_in: SignedIn) -> Iterator[Callable[..., Page]]:
    """``at_home(mother)``: her tab at the end of the line, with the service worker in place."""
    windows: list[BrowserContext] = []

    def opened(person: str) -> Page:
        windows.append(signed_in(person))
        windows[-1].set_default_timeout(PAGE_PATIENCE_MS)
        page = windows[-1].new_page()
        page.goto(f"{line.url}/ru/applications/")
        device.wait_for_worker(page)
        return page

    yield opened
    for window in windows:
        window.close()
