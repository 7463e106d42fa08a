"""The path of a printed code in a real browser over a line that dies: the text stays in the tab, one complaint is sent.

And the pages that only people without an account meet, looked at by axe on narrow screens in every language.
"""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from complaints import seller, tracking
from complaints.models import Complaint
from suppliers import qr
from tests.browser.line import Line
from tests.browser.pages import UNFOLD, axe_violations, reflow_faults, small_targets
from tests.complaints.factories import make_line, make_person, make_seller, make_supplier
from tests.patience import PAGE_PATIENCE_MS

STORY = "Дөңгелегі бір күнде сынды. ӘҒҚҢӨҰҮҺІ"
WIDTHS = (360, 320)


@pytest.fixture(autouse=True)
def _database_beside_a_browser(monkeypatch):
    expect.set_options(timeout=PAGE_PATIENCE_MS)
    # Playwright runs a loop in this thread; the tests read the database between its steps, never in them.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture
def supplier():
    return make_supplier()


@pytest.fixture
def token(supplier) -> str:
    return qr.token_of(supplier)


@pytest.fixture
def line(live_server) -> Iterator[Line]:
    with Line(live_server.url) as found:
        yield found


@pytest.fixture
def visitor(context: BrowserContext) -> Page:
    context.set_default_timeout(PAGE_PATIENCE_MS)
    page = context.new_page()
    page.set_viewport_size({"width": WIDTHS[0], "height": 640})
    return page


def address(line: Line, token: str, language: str = "en") -> str:
    return f"{line.url}/{language}/complaints/scanned/{token}/?to=seller"


def begin(page: Page, line: Line, token: str) -> None:
    page.goto(address(line, token))
    page.get_by_role("radio").first.check()
    page.get_by_label("What happened?").fill(STORY)


def test_the_text_waits_for_the_line_and_is_sent_once(visitor, line, token):
    begin(visitor, line, token)
    line.cut()
    visitor.get_by_role("button", name="Check the answers").click()
    expect(visitor.locator("[data-scanned-note]")).to_contain_text("No connection")
    expect(visitor.get_by_label("What happened?")).to_have_value(STORY)
    line.mend()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Check and send")
    line.cut()
    visitor.get_by_role("button", name="Send the complaint").click()
    expect(visitor.locator("[data-scanned-note]")).to_contain_text("No connection")
    assert Complaint.objects.count() == 0
    line.mend()
    expect(visitor.get_by_text("Tracking code", exact=True)).to_be_visible()
    assert Complaint.objects.get().text == STORY
    # The tab has forgotten it: the next complaint is a new one.
    visitor.goto(address(line, token))
    expect(visitor.get_by_label("What happened?")).to_have_value("")


def test_an_answer_that_was_lost_on_the_way_is_asked_for_again_by_the_same_key(visitor, line, token):
    begin(visitor, line, token)
    visitor.get_by_role("button", name="Check the answers").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Check and send")
    lost = []

    def lose_the_first(route):
        if route.request.method == "POST" and not lost:
            lost.append(visitor.request.fetch(route.request, max_redirects=0).status)
            route.abort()
        else:
            route.continue_()

    visitor.route("**/complaints/scanned/**", lose_the_first)
    visitor.get_by_role("button", name="Send the complaint").click()
    expect(visitor.get_by_text("Tracking code", exact=True)).to_be_visible()
    assert lost == [302]
    assert Complaint.objects.count() == 1


def test_a_reload_keeps_what_was_typed_and_wrong_answers_come_back_in_place(visitor, line, token):
    begin(visitor, line, token)
    visitor.get_by_label("Phone").fill("12")
    visitor.reload()
    expect(visitor.get_by_label("What happened?")).to_have_value(STORY)
    expect(visitor.get_by_role("radio").first).to_be_checked()
    visitor.get_by_role("button", name="Check the answers").click()
    expect(visitor.locator(".govuk-error-summary")).to_contain_text("Enter a phone number")
    expect(visitor.get_by_label("What happened?")).to_have_value(STORY)


def test_a_shared_computer_keeps_nothing(visitor, line, token, context):
    context.add_cookies([{"name": "shared-computer", "value": "1", "url": line.url}])
    begin(visitor, line, token)
    visitor.reload()
    expect(visitor.get_by_label("What happened?")).to_have_value("")


def test_control_without_the_module_a_dead_line_takes_the_text(visitor, line, token):
    visitor.route("**/scanned.js", lambda route: route.abort())
    begin(visitor, line, token)
    line.cut()
    visitor.get_by_role("button", name="Check the answers").click()
    expect(visitor.get_by_label("What happened?")).to_have_count(0)
    line.mend()
    visitor.goto(address(line, token))
    expect(visitor.get_by_label("What happened?")).to_have_value("")


# --- How the pages look -------------------------------------------------------------------------


def look(page: Page) -> None:
    page.evaluate(UNFOLD)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 640})
        assert reflow_faults(page) == [], page.url
    assert small_targets(page) == [], page.url
    assert axe_violations(page) == [], page.url


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_pages_without_an_account_on_narrow_screens(visitor, line, supplier, token, language):
    parcel = make_line(person=make_person(), supplier=supplier)
    visitor.set_extra_http_headers({"Accept-Language": language})
    visitor.goto(f"{line.url}/q/{token}")
    look(visitor)
    for code in (token, qr.make(qr.DELIVERY_NOTE, parcel.order.pk)):
        visitor.goto(address(line, code, language))
        visitor.locator("main form button").click()
        visitor.locator(".govuk-error-summary").wait_for()
        look(visitor)
    visitor.get_by_role("radio").first.check()
    visitor.locator("textarea").fill(STORY)
    visitor.locator("main form button").click()
    visitor.locator("button[name=send]").wait_for()
    look(visitor)
    visitor.locator("button[name=send]").click()
    visitor.wait_for_url("**/sent/")
    look(visitor)
    complaint = Complaint.objects.get()

    visitor.goto(f"{line.url}/{language}/complaints/new/visitor/?subject=conduct&sphere=office&region=KZ-79")
    visitor.locator("textarea[name=text]").fill(STORY)
    visitor.locator("main form button").last.click()
    visitor.locator("button[name=send]").wait_for()
    look(visitor)

    seller.offer(number=complaint.number, actor=make_seller(supplier), text="Жаңасын береміз.")
    visitor.goto(f"{line.url}/{language}/track/")
    visitor.locator("[name=number]").fill(complaint.number)
    visitor.locator("[name=code]").fill(tracking.code_of(complaint.number))
    visitor.locator("main form button").click()
    visitor.locator('form[action$="/track/accept-offer/"] button').wait_for()
    look(visitor)

    for _mark in range(2):
        visitor.goto(f"{line.url}/{language}/feedback/codes/{token}/")
        visitor.get_by_role("radio").first.check()
        visitor.locator("main form button").first.click()
        visitor.wait_for_load_state()
    look(visitor)  # a code is rated once a day: "over"
