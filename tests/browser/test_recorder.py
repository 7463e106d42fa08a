"""A complaint is told by voice and by video on its own page, in a real browser: recorded, heard, sent without a word."""

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import axe_violations
from tests.browser.texts import words
from tests.journey.client import Client
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

say = words("ru")


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_what_is_recorded_here_is_the_complaint(
    portal: JourneyPortal, tab: Callable[..., Page], mothers: dict[str, str], kind: str
) -> None:
    mother, draft = mothers["recorder"], str(uuid.uuid4())
    program = Client(portal.url, mother, language="ru")
    program.save(draft, {"subject": "staff", "sphere": "office", "region": "KZ-63"}, kind="complaint")
    page = tab(mother, permissions=["microphone", "camera"], viewport={"width": 320, "height": 700})
    page.goto(f"{portal.url}/ru/complaints/new/{draft}/")
    page.get_by_role("button", name=say("Record voice" if kind == "audio" else "Record video")).click()
    stop = page.get_by_role("button", name=say("Stop recording"))
    expect(stop).to_be_focused()
    page.wait_for_timeout(1500)
    stop.click()
    item = page.locator("[data-photo]")
    expect(item).to_have_attribute("data-state", "saved")
    expect(item.locator(kind)).to_be_visible()
    (kept,) = program.get(f"/drafts/{draft}/files")["results"]
    assert kept["status"] == "kept" and kept["length"] > 1000
    assert axe_violations(page) == []

    page.reload()
    player = page.locator(f"[data-photo] {kind}")
    expect(player).to_be_visible()
    seconds = player.evaluate(
        "(player) => new Promise((done) => { player.onloadedmetadata = () => done([player.readyState, player.error]);"
        " player.onerror = () => done([0, player.error.message]); player.preload = 'metadata'; player.load(); })"
    )
    assert seconds[0] >= 1, seconds
    assert axe_violations(page) == []

    page.get_by_role("button", name=say("Check the answers")).click()
    expect(page.get_by_text(say("You say it in the recording."))).to_be_visible()
    page.get_by_role("button", name=say("Send the complaint")).click()
    page.wait_for_url("**/sent/")
    number = page.url.rstrip("/").split("/")[-2]
    (file,) = program.get(f"/complaints/{number}")["files"]
    assert file["content_type"].startswith(f"{kind}/")
    page.goto(f"{portal.url}/ru/complaints/{number}/")
    expect(page.locator(f"main {kind}")).to_be_visible()
    assert axe_violations(page) == []
