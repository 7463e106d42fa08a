"""The main job through the pages, as the people of the story see it, by the words on the buttons.

The mother orders a walker and diapers of two suppliers, they deliver, she accepts one order and complains about
the other, the silent supplier's case passes to the state body, the body decides, she confirms, the report counts it.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import errands
from tests.browser.errands import Wanted
from tests.browser.pages import sign_in
from tests.browser.texts import Say, words
from tests.journey.client import Client
from tests.journey.portal import JourneyPortal
from tests.patience import PAGE_PATIENCE_MS

pytestmark = [pytest.mark.xdist_group("portal")]

LOGINS = {"jarqyn-med": "supplier", "qadam-orto": "supplier2", "altyn-qol": "supplier3"}
Tab = Callable[..., Page]


def order(page: Page, say: Say, goods: list[Wanted], *, scripted: bool) -> dict[str, str]:
    """From the home page to the receipt; returns order numbers by supplier."""
    errands.choose_offer(page, say, goods[0])
    errands.open_task(page, say, "Goods")
    errands.set_packs(page, say, goods[0])
    if scripted:
        errands.saved(page, say)
    else:
        errands.go_on(page, say)
        page.get_by_role("link", name=say("To the application")).click()
        errands.open_task(page, say, "Goods")
    errands.choose_offer(page, say, goods[1])
    errands.open_task(page, say, "Goods")
    expect(page.get_by_role("region", name=goods[0].product).get_by_label(say("How many packs?"))).to_have_value("1")
    errands.set_packs(page, say, goods[1])
    errands.go_on(page, say)
    errands.fill_delivery(page, say)
    errands.go_on(page, say)
    errands.fill_contact(page, say)
    errands.go_on(page, say)
    return check_and_send(page, say, goods)


def check_and_send(page: Page, say: Say, goods: list[Wanted]) -> dict[str, str]:
    """She sees each order, both quantities, what the state pays and what she pays, and sends."""
    expect(page.get_by_role("heading", level=1)).to_have_text(say("Check your answers"))
    main = page.get_by_role("main")
    for wanted in goods:
        expect(main.get_by_role("region").filter(has_text=wanted.supplier)).to_contain_text(wanted.product)
    expect(main).to_contain_text("163\u00a0000")
    expect(main).to_contain_text("160\u00a0000")
    expect(main).to_contain_text("3\u00a0000")
    consent = page.get_by_role("checkbox")
    if consent.count():
        consent.check()
    page.get_by_role("button", name=say("Send the application")).click()
    return errands.order_numbers(page, say)


def test_the_whole_life_of_an_order_in_russian(portal: JourneyPortal, mothers: dict[str, str], tab: Tab):
    say = words("ru")
    mother = mothers["journey"]
    catalogue = Client(portal.url, mother, language="ru")
    goods = [errands.walker(catalogue), errands.diapers(catalogue)]

    her = tab(mother)
    her.goto(f"{portal.url}/ru/")
    numbers = order(her, say, goods, scripted=True)
    assert set(numbers) == {wanted.supplier for wanted in goods}
    bad, good = (numbers[wanted.supplier] for wanted in goods)

    suppliers = {bad: tab(LOGINS["qadam-orto"]), good: tab(LOGINS["altyn-qol"])}
    for number, desk in suppliers.items():
        deliver(portal, say, her, desk, number)

    her.goto(f"{portal.url}/ru/orders/{good}/")
    her.get_by_role("button", name=say("Accept: everything is right")).click()
    expect(her.get_by_role("main")).to_contain_text(say("Accepted"))
    expect(her.get_by_role("link", name=say("Acceptance act (PDF)"))).to_be_visible()

    complaint = complain(portal, say, her, bad, goods[0])
    due = datetime.fromisoformat(catalogue.get(f"/complaints/{complaint}")["due_at"])
    supplier = suppliers[bad]
    supplier.goto(f"{portal.url}/ru/supplier/complaints/")
    supplier.get_by_role("link", name=complaint).click()
    expect(supplier.get_by_role("main")).to_contain_text(str(due.day))
    expect(supplier.get_by_role("heading", name=say("What you can do now"))).to_be_visible()

    portal.manage("run_clock", "--now", (due + timedelta(minutes=5, seconds=1)).isoformat())
    decide(portal, say, tab("inspector"), complaint)

    before = satisfied(portal, say, her)
    her.goto(f"{portal.url}/ru/complaints/{complaint}/")
    her.get_by_role("button", name=say("Confirm: it is settled")).click()
    expect(her.get_by_role("main")).to_contain_text(say("After the state body joined"))
    assert satisfied(portal, say, her) == before + 1


def deliver(portal: JourneyPortal, say: Say, her: Page, desk: Page, number: str) -> None:
    """The supplier confirms and ships from the work list, and hands over with the code that only she sees."""
    her.goto(f"{portal.url}/ru/orders/{number}/")
    shown = her.get_by_role("region", name=say("Code for the courier")).inner_text()
    code = re.search(r"\b\d{6}\b", shown)
    assert code, shown
    desk.goto(f"{portal.url}/ru/supplier/")
    desk.get_by_role("button", name=f"{say('Confirm the order')} {number}").click()
    expect(desk.get_by_role("main")).not_to_contain_text(code[0])
    desk.get_by_role("button", name=f"{say('Send the goods')} {number}").click()
    desk.goto(f"{portal.url}/ru/supplier/orders/{number}/")
    expect(desk.get_by_role("main")).to_contain_text("Әлия Сәрсенова")
    desk.get_by_label(say("Code of the person")).fill("000000" if code[0] != "000000" else "111111")
    desk.get_by_role("button", name=say("Hand over with the code")).click()
    expect(desk.get_by_role("alert")).to_be_visible()
    desk.get_by_label(say("Code of the person")).fill(code[0])
    desk.get_by_role("button", name=say("Hand over with the code")).click()
    expect(desk.get_by_role("main")).to_contain_text(say("Delivered, waiting for acceptance"))


def complain(portal: JourneyPortal, say: Say, her: Page, number: str, wanted: Wanted) -> str:
    """From the delivered line: what is wrong, the story, whom it goes to and why, sent. Returns its number."""
    her.goto(f"{portal.url}/ru/orders/{number}/")
    her.get_by_role("link", name=say("Complain about this product")).click()
    her.get_by_role("radio", name="Плохое качество, брак").check()
    her.get_by_role("button", name=say("Continue")).click()
    her.get_by_label(say("What happened?")).fill("Артқы дөңгелегі бір күннен кейін сынып қалды.")
    errands.saved(her, say)
    her.get_by_role("button", name=say("Check the answers")).click()
    expect(her.get_by_role("main")).to_contain_text(wanted.supplier)
    expect(her.get_by_role("main")).to_contain_text(say("Legal basis"))
    her.get_by_role("button", name=say("Send the complaint")).click()
    expect(her.get_by_role("heading", level=1)).to_have_text(say("Complaint sent"))
    found = re.search(r"C-\d{4}-\d+", her.get_by_role("main").inner_text())
    assert found
    return found[0]


def decide(portal: JourneyPortal, say: Say, inspector: Page, complaint: str) -> None:
    """The body finds the case on its desk, that nobody had to pass on by hand, and decides for her."""
    inspector.goto(f"{portal.url}/ru/review/")
    inspector.get_by_role("link", name=complaint).click()
    expect(inspector.get_by_role("main")).to_contain_text(say("The supplier was silent"))
    inspector.locator("summary", has_text=say("Decide")).click()
    inspector.get_by_role("radio", name=say("After the state body joined")).check()
    inspector.get_by_label(say("Decision and its reasons")).fill("Жеткізуші дөңгелекті ауыстырды.")
    inspector.get_by_role("button", name=say("Decide")).click()
    expect(inspector.get_by_role("main")).to_contain_text(say("Proposed outcome:"))


def satisfied(portal: JourneyPortal, say: Say, page: Page) -> int:
    """How many of Shymkent's complaints ended well this month, by the public report."""
    page.goto(f"{portal.url}/ru/reports/?region={errands.SHYMKENT}")
    row = page.get_by_role("table", name=say("How the complaints ended")).first.get_by_role(
        "row", name=say("Satisfied")
    )
    return int(row.get_by_role("cell").inner_text())


def test_ordering_without_javascript(portal: JourneyPortal, mothers: dict[str, str], browser: Browser):
    say = words("ru")
    mother = mothers["noscript"]
    catalogue = Client(portal.url, mother, language="ru")
    goods = [errands.walker(catalogue), errands.diapers(catalogue)]
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.set_default_timeout(PAGE_PATIENCE_MS)
        sign_in(page, portal.url, mother)
        numbers = order(page, say, goods, scripted=False)
    assert set(numbers) == {wanted.supplier for wanted in goods}
    assert {row["number"] for row in catalogue.get("/orders")["results"]} == set(numbers.values())


def test_a_caseworker_fills_in_and_sends_the_mothers_application(
    portal: JourneyPortal, mothers: dict[str, str], tab: Tab
):
    """She begins on her phone, the office goes on with the same draft and records her consent."""
    say = words("ru")
    mother = mothers["office"]
    catalogue = Client(portal.url, mother, language="ru")
    goods = [errands.walker(catalogue), errands.diapers(catalogue)]
    her, office = tab(mother), tab("caseworker")
    her.goto(f"{portal.url}/ru/")
    errands.choose_offer(her, say, goods[0])
    draft = errands.path_of(her)
    errands.open_task(her, say, "Goods")
    errands.set_packs(her, say, goods[0])
    errands.saved(her, say)

    office.goto(portal.url + draft)
    errands.open_task(office, say, "Goods")
    expect(office.get_by_label(say("How many packs?"))).to_have_value("1")
    errands.choose_offer(office, say, goods[1])
    errands.open_task(office, say, "Goods")
    errands.set_packs(office, say, goods[1])
    errands.go_on(office, say)
    errands.fill_delivery(office, say)
    errands.go_on(office, say)
    errands.fill_contact(office, say)
    errands.go_on(office, say)
    expect(office.get_by_role("heading", level=1)).to_have_text(say("Consent of the person"))
    office.get_by_role("radio", name=say("The person is here")).check()
    errands.go_on(office, say)
    numbers = check_and_send(office, say, goods)

    her.goto(f"{portal.url}/ru/orders/")
    for number in numbers.values():
        expect(her.get_by_role("link", name=number)).to_be_visible()


def test_ordering_with_the_keyboard_alone(portal: JourneyPortal, mothers: dict[str, str], tab: Tab):
    """Tab, space, arrows and Enter reach everything from the home page to the receipt; the focus is always visible."""
    say = words("ru")
    mother = mothers["keyboard"]
    catalogue = Client(portal.url, mother, language="ru")
    wanted = errands.diapers(catalogue)
    page = tab(mother, reduced_motion="reduce")  # without smooth scrolling the focus is in view at once
    page.goto(f"{portal.url}/ru/")
    press_to(page, wanted.line)
    press_to(page, wanted.product)
    press_to(page, f"{say('Choose this offer')} {wanted.supplier}")
    press_to(page, say("Goods"))
    type_into(page, say("How many packs?"), wanted.packs)
    press_to(page, say("Save and continue"))
    type_into(page, say("Region"), "Шым")
    type_into(page, say("Address"), "Шымкент, Тәуке хан даңғылы, 1-үй")
    press_to(page, say("Save and continue"))
    type_into(page, say("Whom should the courier call?"), "Әлия")
    type_into(page, say("Phone"), "8 701 000 00 11")
    press_to(page, say("Save and continue"))
    press_to(page, say("I agree that my data is used for this order, and I confirm the answers"), key="Space")
    press_to(page, say("Send the application"))
    assert set(errands.order_numbers(page, say)) == {wanted.supplier}


FOCUS = """() => {
  const element = document.activeElement;
  const label = element.labels && element.labels.length ? element.labels[0].innerText : "";
  const style = getComputedStyle(element);
  const { top, bottom } = element.getBoundingClientRect();
  return {
    name: (label || element.getAttribute("aria-label") || element.innerText || "").replace(/\\s+/g, " ").trim(),
    ring: style.outlineStyle !== "none" || style.boxShadow !== "none" || Boolean(label),
    seen: bottom > 0 && top < innerHeight,
  };
}"""
MOST_STOPS = 200


def walk_to(page: Page, name: str) -> None:
    """Tab by tab to the control of this name."""
    before = page.evaluate(FOCUS)["name"]
    for _stop in range(MOST_STOPS):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        assert focus["ring"] and focus["seen"], (before, focus)
        before = focus["name"]
        if focus["name"].startswith(name):
            return
    raise AssertionError(f"the keyboard does not reach {name!r} on {page.url}")


def press_to(page: Page, name: str, key: str = "Enter") -> None:
    walk_to(page, name)
    if key != "Enter":
        page.keyboard.press(key)
        return
    with page.expect_navigation():
        page.keyboard.press(key)


def type_into(page: Page, name: str, text: str) -> None:
    walk_to(page, name)
    page.keyboard.type(text)


@pytest.mark.parametrize(("language", "name"), [("kk", "kazakh"), ("en", "english")])
def test_the_beginning_in_the_other_languages(
    portal: JourneyPortal, mothers: dict[str, str], tab: Tab, language: str, name: str
):
    """From the home page to the saved number of packs, and on to the check page, in Kazakh and in English."""
    say = words(language)
    mother = mothers[name]
    wanted = errands.diapers(Client(portal.url, mother, language=language))
    page = tab(mother)
    page.goto(f"{portal.url}/{language}/")
    errands.choose_offer(page, say, wanted)
    errands.open_task(page, say, "Goods")
    errands.set_packs(page, say, wanted)
    errands.saved(page, say)
    page.goto(f"{portal.url}{errands.path_of(page).removesuffix('goods/')}check/")
    expect(page.get_by_role("heading", level=1)).to_have_text(say("Check your answers"))
    expect(page.get_by_role("main")).to_contain_text(wanted.product)
    expect(page.locator("html")).to_have_attribute("lang", language)
