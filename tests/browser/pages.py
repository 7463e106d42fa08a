"""A page as its checkers see it: axe, a ruler, a scale, and a guard at the network."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

from tests.browser.texts import words

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
AXE_OPTIONS = {
    "runOnly": {
        "type": "tag",
        "values": [
            "wcag2a",
            "wcag2aa",
            "wcag21a",
            "wcag21aa",
            "wcag22aa",
            "best-practice",
        ],
    },
    # Both are off in axe by default.
    "rules": {"target-size": {"enabled": True}, "region": {"enabled": True}},
    "resultTypes": ["violations"],
}
NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 900}
SMALLEST_TARGET = 24  # CSS pixels, WCAG 2.2 AA 2.5.8
SMALLEST_CONTROL = 44  # what the main controls of a form keep, WCAG 2.2 AAA 2.5.5

# Controls smaller than they may be. A link inside a sentence is exempt: its size follows the text (2.5.8, "inline").
TARGETS = """([target, control]) => {
  const small = [];
  const visible = (element) => element.getClientRects().length && getComputedStyle(element).visibility !== "hidden";
  for (const element of document.querySelectorAll("button, input, select, textarea, summary, a.govuk-button")) {
    if (element.type === "hidden" || !visible(element) || element.closest(".govuk-visually-hidden")) continue;
    const { width, height } = element.getBoundingClientRect();
    const main = element.matches(".govuk-button, .govuk-input, .govuk-select, .govuk-textarea");
    if (height < (main ? control : target) - 0.5 || width < target)
      small.push(`${element.outerHTML.slice(0, 120)} is ${Math.round(width)} x ${Math.round(height)}`);
  }
  return small;
}"""
# Every byte of the first visit as it came over the wire, also of the files this browser has kept since.
WEIGHT = """() => {
  const parts = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return parts.map((part) => [part.name, part.encodedBodySize, part.initiatorType]);
}"""
# What stands behind a summary is part of the page.
UNFOLD = "() => document.querySelectorAll('details').forEach((details) => { details.open = true; })"
EMPTY = """() => {
  for (const box of document.querySelectorAll("main form [type=text], main form [type=tel], main form textarea")) box.value = "";
}"""
SPILLING = """() => {
  const edge = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > edge + 1 && !element.closest(".app-scroll"))
    .slice(0, 3).map((element) => element.outerHTML.slice(0, 120));
}"""


def sign_in(page: Page, url: str, username: str, language: str = "ru") -> None:
    """As a person does it: the sign-in page, two boxes, one button."""
    say = words(language)
    page.goto(f"{url}/{language}/account/login/")
    page.get_by_label(say("User name")).fill(username)
    page.get_by_label(say("Password"), exact=True).fill("demo-portal")
    page.get_by_role("main").get_by_role("button", name=say("Sign in"), exact=True).click()
    page.get_by_role("button", name=say("Sign out")).wait_for()


def axe_violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands, one line an element."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(AXE)
    found = page.evaluate(
        "(options) => axe.run(document, options).then((result) => result.violations)",
        AXE_OPTIONS,
    )
    return [
        f"{rule['id']} ({rule['impact']}): {' '.join(node['target'][0]) if isinstance(node['target'][0], list) else node['target'][0]}"
        f" {node['html'][:160]} {node['failureSummary'].splitlines()[-1].strip()}"
        for rule in found
        for node in rule["nodes"][:5]
    ]


def reflow_faults(page: Page) -> list[str]:
    """WCAG 1.4.10: nothing makes a person scroll sideways at 320 px."""
    wide, window = page.evaluate("() => [document.scrollingElement.scrollWidth, innerWidth]")
    return [f"{wide} px wide in a window of {window} px: {page.evaluate(SPILLING)}"] if wide > window else []


def small_targets(page: Page) -> list[str]:
    """Controls too small for an unsteady hand."""
    return page.evaluate(TARGETS, [SMALLEST_TARGET, SMALLEST_CONTROL])


def policy_faults(response: Response) -> list[str]:
    """The content security policy allows this host only, and no script or style inside the page."""
    policy = response.headers.get("content-security-policy", "")
    if "default-src 'self'" not in policy:
        return [f"no strict content security policy: {policy!r}"]
    return [
        f"policy allows {word}"
        for word in policy.replace(";", " ").split()
        if word.startswith("'unsafe") or "*" in word
    ]


@dataclass
class Sight:
    """One page in one state, as it was looked at."""

    name: str
    path: str  # where the browser ended up
    html: str
    form: bool
    weight: dict[str, int] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(self.weight.values())


class Onlooker:
    """Goes through pages in one browser tab, looks at each (if ``wide``, in both widths) and writes down what is wrong."""

    def __init__(self, context: BrowserContext, url: str, *, wide: bool = True):
        self.url, self.host, self.wide = url, urlsplit(url).netloc, wide
        self.page = context.new_page()
        self.sights: list[Sight] = []
        self._errors: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self._errors.append(f"script error: {error}"))
        self.page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        # The browser also logs that a page itself was an error page; its status is checked by whoever opens it.
        if message.type == "error" and "status of 4" not in message.text:
            self._errors.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme.startswith("http") and parts.netloc != self.host:
            self._errors.append(f"asked another host: {request.url}")

    def look(self, path: str, *, status: int = 200) -> Sight:
        """Opens the page and looks at it."""
        self._errors = []
        self.page.set_viewport_size(NARROW)
        response = self.page.goto(self.url + path)
        assert response is not None
        assert response.status == status, f"{path}: {response.status}"
        return self._look(path, response)

    def press(self, path: str, button: str) -> Sight:
        """Opens a page, empties its form and sends it with this button; looks at what comes back."""
        self._errors = []
        self.page.set_viewport_size(NARROW)
        self.page.goto(self.url + path)
        self.page.evaluate(UNFOLD)
        self.page.evaluate(EMPTY)
        with self.page.expect_navigation() as navigation:
            self.page.get_by_role("main").get_by_role("button", name=button).first.click()
        return self._look(f"{path} after {button!r}", navigation.value)

    def _look(self, name: str, response: Response) -> Sight:
        page = self.page
        page.wait_for_load_state("load")
        html = response.text()
        page.evaluate(UNFOLD)
        sight = Sight(name, urlsplit(page.url).path, html, form=page.locator("main form[method=post]").count() > 0)
        sight.weight = {urlsplit(part).path: size for part, size, _how in page.evaluate(WEIGHT) if "/api/" not in part}
        sight.faults = {
            "axe at 320 px": axe_violations(page),
            "reflow": reflow_faults(page),
            "targets": small_targets(page),
            "policy": policy_faults(response),
        }
        if self.wide:
            page.set_viewport_size(WIDE)
            sight.faults["axe at 1280 px"] = axe_violations(page)
        sight.faults["errors"] = list(self._errors)
        self.sights.append(sight)
        return sight
