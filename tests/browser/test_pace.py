"""What a browser tells of a page's pace: once, the page's name and times, nothing of who looked; of savers nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

Tab = Callable[..., Page]
CHOSEN = "Math.random = () => 0;"  # this visit is one of those that tell
SAVES = "Object.defineProperty(navigator, 'connection', {value: {saveData: true, effectiveType: '2g'}});"
ON_2G = "Object.defineProperty(navigator, 'connection', {value: {saveData: false, effectiveType: '2g'}});"
LEAVE = """() => {
  Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def told(page: Page, address: str, *scripts: str) -> list[Any]:
    """What was sent to /pace while somebody looked at the page and left it twice."""
    sent: list[Any] = []
    for script in scripts:
        page.add_init_script(script)
    # Kept in the page, too: not every browser shows what a beacon carries.
    page.add_init_script(
        "window.beacons = []; const real = navigator.sendBeacon.bind(navigator);"
        "navigator.sendBeacon = (to, body) => { window.beacons.push([to, body]); return real(to, body); };"
    )
    answers: list[int] = []
    page.on("response", lambda response: answers.append(response.status) if response.url.endswith("/pace") else None)
    page.goto(address, wait_until="load")
    page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
    for _time in range(2):
        page.evaluate(LEAVE)
    sent = [json.loads(body) for to, body in page.evaluate("window.beacons") if to == "/pace"]
    page.wait_for_timeout(300)
    assert set(answers) <= {204}
    return sent


def test_a_visit_tells_once_and_nothing_of_whose_it_was(
    portal: JourneyPortal, tab: Tab, mothers: dict[str, str]
) -> None:
    [sent] = told(tab(mothers["screen"]), f"{portal.url}/ru/account/?secret=17", CHOSEN, ON_2G)
    assert (sent.pop("r"), sent.pop("c"), sent.pop("g")) == ("marketplace:account", "2g", "ru")
    assert {"b", "l"} <= sent.keys() <= {"b", "d", "l"}
    assert all(type(spent) is int and 0 <= spent < 120_000 for spent in sent.values())


def test_who_saves_data_tells_nothing(portal: JourneyPortal, tab: Tab) -> None:
    assert told(tab(None), f"{portal.url}/ru/map/", CHOSEN, SAVES) == []
    asks_for_less = (
        "const asked = matchMedia; window.matchMedia = (what) => ({matches: what.includes('reduced-data')});"
    )
    assert told(tab(None), f"{portal.url}/ru/map/", CHOSEN, asks_for_less) == []


def test_who_is_not_chosen_tells_nothing(portal: JourneyPortal, tab: Tab) -> None:
    assert told(tab(None), f"{portal.url}/ru/map/", "Math.random = () => 0.5;") == []
