"""Drafts without a server: pages open from the service worker with all that was typed, and sync themselves later."""

import re
import time
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.browser import device, errands
from tests.browser.conftest import SignedIn
from tests.browser.line import Line, eventually
from tests.browser.pages import axe_violations, reflow_faults
from tests.browser.texts import words
from tests.frontend.killing import kill_browser_of
from tests.frontend.loops import WRITTEN_MS
from tests.journey.client import Client
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

say = words("ru")
KAZAKH = "Әжең ғұмыр бойы ӘҒҚҢӨҰҮҺІ – «қамқор» 🦽"
NAME, PHONE = "Whom should the courier call?", "Phone"


@pytest.fixture
def mother(mothers: dict[str, str]) -> str:
    return mothers["offline"]


@pytest.fixture
def program(portal: JourneyPortal, mother: str) -> Client:
    """The same mother through the API: what the server really has."""
    return Client(portal.url, mother, language="ru")


@pytest.fixture
def draft(program: Client) -> str:
    created = str(uuid.uuid4())
    program.save(created, {"contact.name": "Әлия", "delivery.address": "Бажов көшесі, 12"})
    return created


def contact(line: Line, draft: str) -> str:
    return f"{line.url}/ru/applications/{draft}/contact/"


def name(page: Page):
    return page.get_by_label(say(NAME))


def phone(page: Page):
    return page.get_by_label(say(PHONE), exact=True)


def value(program: Client, draft: str, field: str) -> object:
    return program.get(f"/drafts/{draft}")["fields"].get(field, {}).get("v")


# --- Without a server ----------------------------------------------------------------------------------


def test_with_a_dead_server_the_form_opens_with_all_text_and_syncs_without_a_click(
    at_home, line: Line, program: Client, draft: str
):
    """Three fields, two reloads, another step, and back to life."""
    page = at_home(program.username)
    page.goto(contact(line, draft))
    expect(name(page)).to_have_value("Әлия")
    page.wait_for_timeout(500)
    line.cut()
    name(page).fill(KAZAKH)
    phone(page).fill("8 701 000 00 12")
    page.get_by_role("radio", name=say("SMS")).check()
    for _again in range(2):
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text(say("Contact"))
        expect(name(page)).to_have_value(KAZAKH)
        expect(phone(page)).to_have_value("8 701 000 00 12")
        expect(page.get_by_role("radio", name=say("SMS"))).to_be_checked()
    page.get_by_role("link", name=say("Forms on this device")).first.click()
    expect(page.locator("[data-device-state=waiting]").first).to_be_visible()
    page.goto(f"{line.url}/ru/applications/{draft}/delivery/")
    expect(page.get_by_label(say("Address"))).to_have_value("Бажов көшесі, 12")  # never typed here, only seen
    page.get_by_label(say("Address")).fill("Тәуке хан даңғылы, 1")
    assert value(program, draft, "contact.name") == "Әлия"
    line.mend()
    eventually(lambda: value(program, draft, "delivery.address"), "Тәуке хан даңғылы, 1")
    eventually(lambda: value(program, draft, "contact.name"), KAZAKH)
    assert value(program, draft, "contact.phone") == "8 701 000 00 12"
    assert value(program, draft, "contact.channel") == "sms"
    assert program.get(f"/drafts/{draft}")["conflicts"] == []


def test_a_killed_browser_starts_with_a_dead_server_and_loses_nothing(
    line: Line,
    program: Client,
    draft: str,
    signed_in: SignedIn,
    playwright: Playwright,
    tmp_path: Path,
    browser_type_launch_args: dict[str, object],
):
    """SIGKILL while typing, cold start without a server, then the server is back. Nobody clicks."""

    def start() -> BrowserContext:
        return playwright.chromium.launch_persistent_context(str(tmp_path), **browser_type_launch_args)

    with signed_in(program.username) as known:
        cookies = known.cookies()
    browser = start()
    browser.add_cookies(cookies)
    page = browser.new_page()
    page.goto(contact(line, draft))
    device.wait_for_worker(page)
    page.wait_for_timeout(500)
    line.cut()
    name(page).fill("")
    name(page).press_sequentially(KAZAKH, delay=10)
    page.wait_for_timeout(WRITTEN_MS)
    kill_browser_of(tmp_path)
    browser = start()
    browser.add_cookies(cookies)
    page = browser.new_page()
    page.goto(contact(line, draft))
    expect(name(page)).to_have_value(KAZAKH)
    line.mend()
    eventually(lambda: value(program, draft, "contact.name"), KAZAKH)
    errands.saved(page, say)
    browser.close()


@pytest.mark.parametrize("trouble", ["busy", "slow"])
def test_a_busy_or_silent_server_opens_the_form_from_the_device(
    at_home, line: Line, draft: str, program: Client, trouble
):
    """503, or nothing for four seconds."""
    page = at_home(program.username)
    page.goto(contact(line, draft))
    expect(name(page)).to_have_value("Әлия")
    page.wait_for_timeout(500)
    line.busy, line.delay = trouble == "busy", 30 if trouble == "slow" else 0
    began = time.monotonic()
    page.goto(contact(line, draft))
    expect(name(page)).to_have_value("Әлия")
    assert time.monotonic() - began < 8
    expect(page.locator("[data-shell]")).to_have_count(1)
    line.busy, line.delay = False, 0


def test_a_form_that_this_device_does_not_know_is_not_faked(at_home, line: Line, program: Client, draft: str):
    page = at_home(program.username)
    line.cut()
    page.goto(contact(line, draft))
    expect(page.get_by_role("heading", level=1)).to_have_text(say("On this device"))
    expect(page.get_by_role("textbox")).to_have_count(0)


def test_the_button_of_a_form_without_a_server_brings_the_form_back(at_home, line: Line, program: Client, draft: str):
    page = at_home(program.username)
    page.goto(contact(line, draft))
    phone(page).fill("8 701 000 00 13")
    errands.saved(page, say)
    line.cut()
    phone(page).fill("8 701 000 00 14")
    errands.go_on(page, say)  # the plain button of the server's page
    expect(phone(page)).to_have_value("8 701 000 00 14")
    errands.go_on(page, say)  # the button of the shell: the next page needs the server
    expect(page.get_by_role("main")).to_contain_text(
        say("This page needs a connection. Your answers are kept on this device.")
    )


def test_a_complaint_goes_on_without_a_server(at_home, line: Line, program: Client):
    created = str(uuid.uuid4())
    program.save(created, {"subject": "conduct", "sphere": "office"}, kind="complaint")
    page = at_home(program.username)
    page.goto(f"{line.url}/ru/complaints/new/{created}/")
    story = page.get_by_label(say("What happened?"))
    story.fill("Маман дөрекі")
    errands.saved(page, say)
    line.cut()
    story.press_sequentially(" сөйледі.")
    page.reload()
    expect(page.locator("[data-shell]")).to_have_count(1)
    expect(story).to_have_value("Маман дөрекі сөйледі.")
    line.mend()
    eventually(lambda: value(program, created, "text"), "Маман дөрекі сөйледі.")


def test_every_page_without_a_server_is_accessible(at_home, line: Line, program: Client, draft: str):
    page = at_home(program.username)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(contact(line, draft))
    phone(page).fill("8 701 000 00 15")
    errands.saved(page, say)
    page.wait_for_timeout(500)
    line.cut()
    faults = []
    for path in (
        f"applications/{draft}/{step}" for step in ("", "goods/", "delivery/", "contact/", "consent/", "check/")
    ):
        page.goto(f"{line.url}/ru/{path}")
        expect(page.locator("[data-shell-part]:not([hidden])")).to_have_count(1)
        faults += [f"{path}: {fault}" for fault in axe_violations(page) + reflow_faults(page)]
    page.goto(f"{line.url}/ru/orders/")
    expect(page.locator("[data-device-items] li").first).to_be_visible()
    faults += axe_violations(page) + reflow_faults(page)
    assert not faults, "\n".join(faults)


# --- Many drafts -----------------------------------------------------------------------------------------


def test_a_caseworker_begins_fills_in_and_sends_two_drafts_of_a_day_without_a_line(
    at_home, line: Line, portal: JourneyPortal, program: Client
):
    """The tablet of a village: people seen while there was a line, applications while there was none."""
    office = at_home("caseworker")
    office.goto(f"{line.url}/ru/office/people/")
    people = [
        link.inner_text() for link in office.get_by_role("main").get_by_role("listitem").get_by_role("link").all()
    ][:2]
    office.wait_for_timeout(500)
    line.cut()
    addresses = []
    for number, person in enumerate(people):
        office.goto(f"{line.url}/ru/offline/")
        office.get_by_label(say("For whom?")).select_option(label=person)
        office.get_by_role("button", name=say("Start an application")).click()
        office.wait_for_url("**/applications/*/")
        expect(office.get_by_role("main")).to_contain_text(person)
        addresses.append(office.url)
        office.get_by_role("link", name=say("Contact"), exact=True).click()
        name(office).fill(f"Ауыл тұрғыны {number}")
        phone(office).fill(f"8 701 000 00 2{number}")
        expect(office.locator("[data-shell-part=contact] [data-draft-status]")).to_have_attribute("data-state", "local")
    office.goto(f"{line.url}/ru/offline/")
    items = office.locator("[data-device-items] > li")
    for number, person in enumerate(reversed(people)):
        expect(items.nth(number)).to_contain_text(person)
        expect(items.nth(number)).to_contain_text(say("Waiting to be sent: {count}").replace("{count}", "2"))
    lying_there = device.everything(office)
    for secret in [*people, "Ауыл тұрғыны", "8 701 000 00 2"]:
        assert secret not in lying_there, "copies of staff are sealed"
    line.mend()
    expect(items.nth(0).locator("[data-device-state]")).to_have_attribute("data-device-state", "saved")
    expect(items.nth(1).locator("[data-device-state]")).to_have_attribute("data-device-state", "saved")
    api = Client(portal.url, "caseworker", language="ru")
    for number, address in enumerate(addresses):
        draft = re.search(r"applications/([0-9a-f-]{36})/", address)[1]
        assert value(api, draft, "contact.name") == f"Ауыл тұрғыны {number}"
        assert value(api, draft, "contact.phone") == f"8 701 000 00 2{number}"


def test_a_question_that_came_up_meanwhile_is_in_the_list_and_leads_to_its_field(
    at_home, line: Line, portal: JourneyPortal, program: Client, draft: str
):
    page = at_home(program.username)
    page.goto(contact(line, draft))
    expect(name(page)).to_have_value("Әлия")
    page.wait_for_timeout(500)
    line.cut()
    name(page).fill("Әлия С.")
    page.wait_for_timeout(300)
    office = Client(portal.url, "caseworker")
    office.save(draft, {"contact.name": "Алия Сәрсенова"}, base=1)
    page.goto(f"{line.url}/ru/offline/")
    line.mend()
    item = page.locator("[data-device-items] > li").filter(has=page.locator(f"a[href*='{draft}']")).first
    expect(item.locator("[data-device-state]")).to_have_attribute("data-device-state", "asked")
    item.get_by_role("link", name=say("Contact")).click()
    expect(page.get_by_role("group", name=say("Which answer do we keep?"))).to_contain_text("Әлия С.")


# --- The service worker itself ---------------------------------------------------------------------------


def test_cache_storage_holds_files_and_shells_and_nothing_of_the_person(
    at_home, line: Line, program: Client, draft: str
):
    page = at_home(program.username)
    for path in ("", "orders/", "complaints/", "account/", f"applications/{draft}/", f"applications/{draft}/contact/"):
        page.goto(f"{line.url}/ru/{path}")
    name(page).fill("Құпиябаев")
    errands.saved(page, say)
    page.goto(f"{line.url}/kk/applications/{draft}/contact/")
    page.wait_for_timeout(1500)
    kept = device.cached(page)
    allowed = re.compile(
        r"/static/app/(app|device|queue|files|photos|mark)\.[0-9a-f]+\.(css|js|svg)|/(kk|ru|en)/offline/(application/|complaint/)?"
    )
    assert [path for path in kept if not allowed.fullmatch(path)] == []
    assert {"/ru/offline/", "/kk/offline/", "/ru/offline/application/", "/kk/offline/complaint/"} <= set(kept)
    person = program.get("/me")
    for secret in ("Құпиябаев", "Әлия", "Бажов", person["name"]):
        assert [path for path, text in kept.items() if secret in text] == []


def test_a_new_version_takes_over_at_once_and_hurts_no_text(at_home, line: Line, program: Client, draft: str):
    page = at_home(program.username)
    page.goto(contact(line, draft))
    before = page.evaluate("() => caches.keys()")
    worker = page.request.get(f"{line.url}/sw.js").text()
    version = re.search(r'"version": "([0-9a-f]+)"', worker)[1]
    assert before == [f"tirek-{version}"]
    page.context.set_offline(True)
    phone(page).fill("8 701 000 00 16")
    page.context.set_offline(False)
    line.canned["/sw.js"] = worker.replace(version, "0123456789abcdef").encode()
    page.evaluate("() => navigator.serviceWorker.getRegistration().then((found) => found.update())")
    eventually(lambda: page.evaluate("() => caches.keys()"), ["tirek-0123456789abcdef"])
    expect(phone(page)).to_have_value("8 701 000 00 16")
    page.reload()
    expect(phone(page)).to_have_value("8 701 000 00 16")
    eventually(lambda: value(program, draft, "contact.phone"), "8 701 000 00 16")
    line.cut()
    page.reload()
    expect(phone(page)).to_have_value("8 701 000 00 16")


def test_the_kill_switch_takes_the_worker_and_its_cache_out_and_saving_goes_on(
    at_home, line: Line, program: Client, draft: str
):
    page = at_home(program.username)
    page.goto(contact(line, draft))
    built = Path(__file__).resolve().parents[2] / "marketplace" / "static" / "app" / "sw-off.js"
    line.canned["/sw.js"] = built.read_bytes()
    page.evaluate("() => navigator.serviceWorker.getRegistration().then((found) => found.update())")
    eventually(lambda: page.evaluate("() => caches.keys()"), [])
    eventually(lambda: page.evaluate("() => navigator.serviceWorker.getRegistrations().then((all) => all.length)"), 0)
    phone(page).fill("8 701 000 00 17")
    errands.saved(page, say)
    assert value(program, draft, "contact.phone") == "8 701 000 00 17"
