"""A photo on a real page, in a real browser: cut in the middle, offline, reloaded, without scripts; it arrives once."""

import io
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.pages import axe_violations
from tests.browser.texts import words
from tests.journey.client import Client
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

say = words("ru")
Tab = Callable[..., Page]
# What lies in the page's own database of photos: [id, bytes] of each.
ON_DEVICE = """() => new Promise((resolve) => {
  const request = indexedDB.open("tirek-photos", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("photos", { keyPath: "id" });
  request.onsuccess = () => {
    const all = request.result.transaction("photos").objectStore("photos").getAll();
    all.onsuccess = () => { request.result.close(); resolve(all.result.map((photo) => photo.blob.size)); };
  };
})"""


@pytest.fixture
def mother(mothers: dict[str, str]) -> str:
    return mothers["photos"]


@pytest.fixture
def program(portal: JourneyPortal, mother: str) -> Client:
    """The same mother through the API: what the server really has."""
    return Client(portal.url, mother, language="ru")


@pytest.fixture
def draft(program: Client) -> str:
    created = str(uuid.uuid4())
    program.save(created, {"contact.name": "Әлия"})
    return created


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A camera's picture: 2400 points wide, turned by its EXIF, far larger than what is sent."""
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn it clockwise
    picture = Image.effect_noise((2400, 1200), 80).convert("RGB")
    picture.paste((255, 0, 0), (0, 0, 2400, 200))  # the red edge is on the right once it is turned
    path = tmp_path / "рецепт.jpg"
    picture.save(path, "JPEG", quality=95, exif=exif)
    return path


@pytest.fixture
def goods(portal: JourneyPortal, tab: Tab, mother: str, draft: str) -> Callable[..., Page]:
    """``goods()`` opens the step with the photo in a new window."""

    def opened(**options: object) -> Page:
        page = tab(mother, **options)
        page.goto(f"{portal.url}/ru/applications/{draft}/goods/")
        return page

    return opened


def item(page: Page):
    return page.locator("[data-photo]")


def state(page: Page):
    return page.locator("[data-photo-state]")


def choose(page: Page, photo: Path) -> None:
    page.get_by_label(say("Add a photo")).set_input_files(photo)


def saved(page: Page) -> None:
    expect(item(page)).to_have_attribute("data-state", "saved")
    expect(state(page)).to_contain_text(say("Saved at {time}").partition("{")[0].strip())


def files(program: Client, draft: str) -> list[dict]:
    return program.get(f"/drafts/{draft}/files")["results"]


class Pieces:
    """Stands between the page and the server: lets so many pieces through, then cuts the line."""

    def __init__(self, page: Page, through: int) -> None:
        self.left, self.offsets = through, []
        page.route("**/api/v1/drafts/*/files/*", self.handle)

    def handle(self, route: Route) -> None:
        if route.request.method != "PUT":
            route.fallback() if self.left > 0 else route.abort()
            return
        self.offsets.append(int(route.request.headers["upload-offset"]))
        if self.left <= 0:
            route.abort()
        else:
            self.left -= 1
            route.continue_()


def test_a_photo_is_made_smaller_sent_and_shown(goods, program: Client, draft: str, photo: Path):
    page = goods()
    choose(page, photo)
    saved(page)
    expect(page.get_by_role("img", name=say("Preview: {name}").replace("{name}", "рецепт.jpg"))).to_be_visible()
    (kept,) = files(program, draft)
    assert (kept["status"], kept["name"]) == ("kept", "рецепт.jpg")
    assert kept["length"] < photo.stat().st_size / 2
    address = program.base.removesuffix("/api/v1") + kept["url"]
    with Image.open(io.BytesIO(page.request.get(address).body())) as picture:
        assert picture.size == (800, 1600)
        red, green, _blue = picture.getpixel((790, 800))
        assert red > 200 and green < 80, "the picture lies on its side"
    assert page.evaluate(ON_DEVICE) == []  # erased here when the server has it
    page.reload()
    expect(item(page)).to_have_count(1)
    assert axe_violations(page) == []


def test_a_script_that_comes_late_takes_no_focus_away(goods):
    page, held = goods(), []
    page.route("**/app/photos*.js", lambda route: held.append(route))
    page.get_by_label(say("Add a photo")).focus()  # that is when the script is fetched
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name=say("Save the photo"))
    expect(button).to_be_focused()
    while not held:
        page.wait_for_timeout(20)
    with page.expect_response("**/app/photos*.js"):
        held[0].continue_()
    page.wait_for_load_state("networkidle")
    expect(button).to_be_focused()
    page.keyboard.press("Tab")
    expect(button).to_be_hidden()  # choosing is enough
    assert page.evaluate("document.activeElement !== document.body")


def test_cut_in_the_middle_and_reloaded_it_goes_on_and_is_finished(goods, program: Client, draft: str, photo: Path):
    page = goods()
    pieces = Pieces(page, through=2)
    choose(page, photo)
    expect(item(page)).to_have_attribute("data-state", "local")
    expect(state(page)).to_have_text(say("Kept only on this device. We send it when the connection is back."))
    (partial,) = files(program, draft)
    assert partial["status"] == "partial" and 0 < partial["offset"] < partial["length"]
    assert page.evaluate(ON_DEVICE) == [partial["length"]]

    page.unroute("**/api/v1/drafts/*/files/*")
    pieces = Pieces(page, through=100)
    page.reload()
    saved(page)
    assert pieces.offsets[0] == partial["offset"], "it began anew instead of going on"
    (kept,) = files(program, draft)
    assert (kept["id"], kept["status"]) == (partial["id"], "kept")
    assert page.evaluate(ON_DEVICE) == []
    expect(item(page)).to_have_count(1)


def test_chosen_without_a_connection_it_is_sent_when_that_is_back(goods, program: Client, draft: str, photo: Path):
    page = goods()
    page.locator("[data-photos]").hover()  # the script comes with the first touch
    page.wait_for_function("() => document.querySelector('[data-photos-button]').hidden")
    page.context.set_offline(True)
    choose(page, photo)
    expect(item(page)).to_have_attribute("data-state", "local")
    assert files(program, draft) == []
    page.context.set_offline(False)
    saved(page)
    assert [file["status"] for file in files(program, draft)] == ["kept"]


def test_a_photo_that_waits_is_seen_before_sending(goods, portal: JourneyPortal, draft: str, photo: Path):
    page = goods()
    Pieces(page, through=1)
    choose(page, photo)
    expect(item(page)).to_have_attribute("data-state", "local")
    page.goto(f"{portal.url}/ru/applications/{draft}/check/")
    expect(item(page)).to_have_attribute("data-state", "local")
    expect(page.get_by_role("heading", name=say("Photos"))).to_be_visible()
    page.unroute("**/api/v1/drafts/*/files/*")
    page.reload()
    saved(page)


def test_what_is_no_picture_is_refused_in_words_and_not_kept(goods, program: Client, draft: str, tmp_path: Path):
    page = goods()
    paper = tmp_path / "договор.pdf"
    paper.write_bytes(b"%PDF-1.7 " + bytes(2000))
    choose(page, paper)
    expect(item(page)).to_have_attribute("data-state", "refused")
    expect(state(page)).to_contain_text(
        say("We can read photos: JPEG, PNG or WebP. If it is a document, take a photo of its page.")
    )
    assert page.evaluate(ON_DEVICE) == [] and files(program, draft) == []
    item(page).get_by_role("button").click()
    expect(item(page)).to_have_count(0)


def test_a_photo_is_removed_without_leaving_the_page(goods, program: Client, draft: str, photo: Path):
    page = goods()
    choose(page, photo)
    saved(page)
    item(page).get_by_role("button", name=say("Remove")).click()
    expect(item(page)).to_have_count(0)
    assert files(program, draft) == []


def test_without_scripts_the_button_of_the_form_sends_it(goods, program: Client, draft: str, photo: Path):
    page = goods(java_script_enabled=False)
    choose(page, photo)
    page.get_by_role("button", name=say("Save the photo")).click()
    expect(state(page)).to_contain_text(say("Saved at {time}").partition("{")[0].strip())
    assert [file["status"] for file in files(program, draft)] == ["kept"]
    page.get_by_role("button", name=say("Remove")).click()
    expect(item(page)).to_have_count(0)
    assert files(program, draft) == []


def test_a_busy_server_is_asked_again_when_it_said_and_not_earlier(goods, program: Client, draft: str, photo: Path):
    page = goods()
    asked: list[float] = []

    def busy(route: Route) -> None:
        if route.request.method != "PUT":
            route.fallback()
            return
        asked.append(time.monotonic())
        if len(asked) == 1:
            route.fulfill(status=503, headers={"Retry-After": "3"}, body="<html>busy</html>")
        else:
            route.continue_()

    page.route("**/api/v1/drafts/*/files/*", busy)
    choose(page, photo)
    expect(item(page)).to_have_attribute("data-state", "local")
    saved(page)
    assert asked[1] - asked[0] >= 3


def test_on_a_shared_computer_nothing_stays_and_the_page_says_so(
    goods, portal: JourneyPortal, program: Client, draft: str, photo: Path
):
    page = goods()
    page.context.add_cookies([{"name": "shared-computer", "value": "1", "url": portal.url}])
    page.reload()
    Pieces(page, through=1)
    choose(page, photo)
    expect(item(page)).to_have_attribute("data-state", "open")
    expect(state(page)).to_have_text(say("No connection. Keep this page open: we send the photo when it is back."))
    assert page.evaluate(ON_DEVICE) == []
    page.unroute("**/api/v1/drafts/*/files/*")
    page.evaluate("() => window.dispatchEvent(new Event('online'))")
    saved(page)
    assert [file["status"] for file in files(program, draft)] == ["kept"]


def test_signing_out_leaves_no_photo_on_the_device(goods, portal: JourneyPortal, draft: str, photo: Path):
    page = goods()
    Pieces(page, through=1)
    choose(page, photo)
    expect(item(page)).to_have_attribute("data-state", "local")
    page.get_by_role("button", name=say("Sign out"), exact=True).click()
    expect(page.get_by_role("alertdialog")).to_be_visible()  # not dropped silently
    page.get_by_role("button", name=say("Go on and delete the answers")).click()
    expect(page.get_by_role("button", name=say("Sign out"), exact=True)).to_have_count(0)
    assert page.evaluate(ON_DEVICE) == []
