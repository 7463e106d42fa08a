"""The form of a draft before the stub of the protocol, which fails on demand, and before the engine itself."""

import uuid
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from marketplace.models import Draft, Office, PersonRecord, Region, User
from tests.frontend.draft_server import DraftServer, form_page
from tests.patience import PAGE_PATIENCE_MS

expect.set_options(timeout=PAGE_PATIENCE_MS)

DRAFT = "11111111-2222-4333-8444-555555555555"


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

    def has_state(self, state: str, timeout: float = PAGE_PATIENCE_MS) -> None:
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


@pytest.fixture
def ust_kamenogorsk(transactional_db) -> Office:
    region = Region.objects.create(code="KZ-63", slug="east-kazakhstan", name_kk="ШҚО", tile_column=6, tile_row=2)
    return Office.objects.create(code="ust-kamenogorsk", region=region, name_kk="Өскемен")


@pytest.fixture
def aigul(ust_kamenogorsk: Office) -> User:
    user = User.objects.create(username="aigul", full_name="Айгүл", role="beneficiary", office=ust_kamenogorsk)
    PersonRecord.objects.create(user=user, birth_date=date(1984, 9, 17))
    return user


@pytest.fixture
def marat(ust_kamenogorsk: Office) -> User:
    """The caseworker of Aigul's office."""
    return User.objects.create(username="marat", full_name="Марат", role="caseworker", office=ust_kamenogorsk)


@pytest.fixture
def at_the_form(browser: Browser, live_server) -> Callable[[User], Page]:
    """``at_the_form(aigul)``: the draft's form in that person's browser; the API behind it is the real one."""
    contexts: list[BrowserContext] = []

    def page_of(route: Route) -> None:
        draft = Draft.objects.filter(pk=DRAFT).first() or Draft(pk=uuid.UUID(DRAFT), kind="order", schema=1)
        route.fulfill(body=form_page(draft, token="stale"), content_type="text/html; charset=utf-8")

    def open_for(user: User) -> Page:
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        context = browser.new_context()
        contexts.append(context)
        cookie = client.cookies["session"]
        context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
        context.route("**/form", page_of)
        page = context.new_page()
        page.goto(f"{live_server.url}/form")
        return page

    yield open_for
    for context in contexts:
        context.close()
