"""The stub of the draft protocol, and a person's view of the form."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.frontend.draft_server import DraftServer


@pytest.fixture(scope="session")
def _draft_server() -> Iterator[DraftServer]:
    server = DraftServer()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def draft_server(_draft_server: DraftServer) -> DraftServer:
    _draft_server.reset()
    return _draft_server


class DraftPage:
    """The form of one draft in one tab."""

    def __init__(self, server: DraftServer, page: Page, draft: str) -> None:
        self.server, self.page, self.draft = server, page, draft

    @property
    def name(self):
        return self.page.get_by_label("Name")

    @property
    def phone(self):
        return self.page.get_by_label("Phone")

    def open(self) -> "DraftPage":
        self.page.goto(f"{self.server.url}/form?draft={self.draft}")
        return self

    def has_state(self, state: str, timeout: float = 6000) -> None:
        expect(self.page.locator("[data-draft-status]")).to_have_attribute("data-state", state, timeout=timeout)

    def saved(self, name: str) -> object:
        """The value on the server."""
        return self.server.value(self.draft, name)


@pytest.fixture
def draft_page(draft_server: DraftServer, context: BrowserContext) -> Callable[..., DraftPage]:
    """``draft_page()`` opens a new draft; ``draft_page(other)`` the same draft in a new tab or another browser."""

    def make(same: DraftPage | None = None, *, within: BrowserContext | None = None) -> DraftPage:
        draft = same.draft if same else str(uuid.uuid4())
        return DraftPage(draft_server, (within or context).new_page(), draft)

    return make
