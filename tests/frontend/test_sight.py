"""Every component and error page in a real browser: axe with AA, AAA and best practice, in each low-vision scheme.

The pages come from Django's test client through a network of our own: no server, no database, the real policy headers.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Route

STATIC = Path(__file__).resolve().parents[2] / "marketplace" / "static"
AXE = Path(__file__).resolve().parents[1] / "browser" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "wcag2aaa", "best-practice"]
PORTAL = "http://portal.localhost"  # localhost counts as a safe origin, like https
SCHEMES = ["", "150.bw.1.1", "200.wb.0.0", "100.blue.0.1", "200.yb.1.1"]
SHEET = "/ru/demo/components/"
PAGES = [
    SHEET,
    "/kk/demo/components/?state=errors",
    "/en/demo/components/?state=conflict",
    "/ru/demo/components/?state=messages",
    "/kk/vision/",
    *[f"/ru/errors/{name}/" for name in ("400", "403", "404", "500", "503", "csrf", "refused")],
    *[f"/{language}/errors/waiting/" for language in ("kk", "ru", "en")],
    "/kk/errors/waiting/?renew=by-hand",
    "/static/app/overload.html",
]

pytestmark = [
    pytest.mark.urls("tests.frontend.urls"),
]


@pytest.fixture
def sight(context: BrowserContext) -> Callable[..., Page]:
    """``sight(width, scheme)``: a page of that width whose network is Django's test client."""

    def answer(route: Route) -> None:
        parts = urlsplit(route.request.url)
        assert f"{parts.scheme}://{parts.netloc}" == PORTAL, f"asked another host: {route.request.url}"
        if parts.path.startswith("/static/"):
            route.fulfill(path=STATIC / parts.path.removeprefix("/static/"))
            return
        client = Client()
        client.cookies.load({cookie["name"]: cookie["value"] for cookie in context.cookies()})
        response = client.get(f"{parts.path}?{parts.query}")
        route.fulfill(status=response.status_code, headers=dict(response.headers), body=response.content)

    context.route("**/*", answer)

    def make(width: int, scheme: str = "") -> Page:
        if scheme:
            context.add_cookies([{"name": "vision", "value": scheme, "url": PORTAL}])
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 800})
        page.faults = []
        page.on("console", lambda message: page.faults.append(message.text) if _is_fault(message) else None)
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        return page

    return make


def _is_fault(message: ConsoleMessage) -> bool:
    # That an error page came with its status is no fault of the page.
    return message.type == "error" and "the server responded with a status of" not in message.text


def axe(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(tags) => axe.run({runOnly: tags}).then((result) => result.violations)", TAGS)
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme or "standard")
def test_axe_finds_nothing_and_nothing_spills_over(sight, scheme, width):
    page = sight(width, scheme)
    for path in PAGES:
        page.goto(PORTAL + path)
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} scrolls sideways"
    assert page.faults == []


def test_main_controls_are_44_px_and_none_is_below_24(sight):
    page = sight(320)
    page.goto(PORTAL + SHEET)
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
          .filter((e) => e.getClientRects().length && e.type !== 'hidden' && !e.closest('p, .govuk-visually-hidden, .govuk-skip-link'))
          .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect().height,
                       e.matches('.govuk-button, .govuk-input, .govuk-select, .govuk-textarea, .app-tile')])"""
    )
    assert [size for size in sizes if size[1] < (44 if size[2] else 18)] == []
    assert len(sizes) > 50


def test_the_focus_is_always_visible(sight):
    page = sight(1280)
    page.goto(PORTAL + SHEET)
    seen = 0
    for _stop in range(60):
        page.keyboard.press("Tab")
        look = page.evaluate(
            """() => { const e = document.activeElement; if (e === document.body) return null;
              const s = (n) => getComputedStyle(n);
              const label = e.matches('.govuk-radios__input, .govuk-checkboxes__input') ? e.nextElementSibling : null;
              const box = label ? getComputedStyle(label, '::before') : s(e);
              return [e.outerHTML.slice(0, 80), box.outlineStyle, box.outlineWidth, box.boxShadow, s(e).backgroundColor] }"""
        )
        if look:
            seen += 1
            assert look[1] == "solid" and look[2] == "3px", look
            assert look[3] != "none" or look[4] == "rgb(255, 207, 74)", look
    assert seen == 60


def test_focus_goes_to_the_summary_of_errors_and_from_there_to_the_field(sight):
    page = sight(320)
    page.goto(f"{PORTAL}/en/demo/components/?state=errors")
    assert page.evaluate("document.activeElement.className") == "govuk-error-summary"
    page.get_by_role("link", name="Choose how we reach you.").click()
    assert page.evaluate("document.activeElement.id") == "id_channel"
    assert page.get_by_text("How do we reach you").is_visible()


def test_paper_has_the_answers_and_no_buttons(sight):
    page = sight(1280)
    page.goto(PORTAL + SHEET)
    page.emulate_media(media="print")
    shown = page.evaluate(
        "(selectors) => selectors.map((s) => [s, [...document.querySelectorAll(s)].some((e) => e.getClientRects().length > 0)])",
        [".govuk-summary-list__value", ".govuk-button", ".govuk-summary-list__actions", ".app-topbar", ".app-save"],
    )
    assert shown == [
        [".govuk-summary-list__value", True],
        [".govuk-button", False],
        [".govuk-summary-list__actions", False],
        [".app-topbar", False],
        [".app-save", False],
    ]


@pytest.mark.parametrize("media", [{"forced_colors": "active"}, {"contrast": "more"}, {"reduced_motion": "reduce"}])
def test_the_persons_system_settings_are_respected(sight, media):
    page = sight(320)
    page.emulate_media(**media)
    page.goto(PORTAL + SHEET)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == (
        "auto" if "reduced_motion" in media else "smooth"
    )
    assert page.locator(".app-bar rect").first.evaluate("(bar) => getComputedStyle(bar).fill") not in {"", "none"}
