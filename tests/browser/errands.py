"""What people do on the pages, one errand a function, by the words they read. Works with and without JavaScript."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.texts import Say

SHYMKENT = "KZ-79"  # the demo's inspector works there


@dataclass(frozen=True)
class Wanted:
    """What to look for in the catalogue and what to take."""

    line: str  # the programme's words for it
    parameter: str  # a parameter of the type …
    between: tuple[str, str]  # … and the interval asked for
    product: str
    too_small: str  # a product that the parameter sorts out
    supplier: str
    packs: str


def path_of(page: Page) -> str:
    return urlsplit(page.url).path


def choose_offer(page: Page, say: Say, wanted: Wanted) -> None:
    """From a page that names the programme's line to the offer in the application: find, filter, compare, choose."""
    page.get_by_role("main").get_by_role("link", name=wanted.line).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(wanted.line)
    products = page.get_by_role("main").get_by_role("article")
    expect(products.filter(has_text=wanted.too_small)).not_to_have_count(0)
    for end, value in zip(("from", "to"), wanted.between, strict=True):
        label = say(f"%(parameter)s {end}, %(unit)s", parameter=wanted.parameter, unit="")
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name=say("Show results")).click()
    expect(products.filter(has_text=wanted.too_small)).to_have_count(0)
    page.get_by_role("link", name=wanted.product, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(wanted.product)
    page.get_by_label(say("Delivery to")).select_option(SHYMKENT)
    page.get_by_role("button", name=say("Show for this region")).click()
    page.get_by_role("button", name=f"{say('Choose this offer')} {wanted.supplier}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(say("Application for goods and services"))


def set_packs(page: Page, say: Say, wanted: Wanted) -> None:
    page.get_by_role("region", name=wanted.product).get_by_label(say("How many packs?")).fill(wanted.packs)


def open_task(page: Page, say: Say, task: str) -> None:
    """A part of the application from its task list."""
    page.get_by_role("main").get_by_role("link", name=say(task), exact=True).click()


def go_on(page: Page, say: Say) -> None:
    page.get_by_role("button", name=say("Save and continue")).click()


def fill_delivery(page: Page, say: Say) -> None:
    page.get_by_label(say("Region")).select_option(SHYMKENT)
    page.get_by_label(say("Address")).fill("Шымкент, Тәуке хан даңғылы, 1-үй, 12-пәтер")


def fill_contact(page: Page, say: Say) -> None:
    page.get_by_label(say("Whom should the courier call?")).fill("Әлия Сәрсенова")
    page.get_by_label(say("Phone"), exact=True).fill("8 701 000 00 11")
    page.get_by_role("radio", name=say("SMS")).check()


def order_numbers(page: Page, say: Say) -> dict[str, str]:
    """Order numbers by supplier, from the receipt."""
    expect(page.get_by_role("heading", level=1)).to_have_text(say("The application is sent"))
    template = re.escape(say("Order %(number)s: %(name)s", number="\0", name="\1"))
    pattern = re.compile(template.replace("\0", "(?P<number>[0-9]+)").replace("\1", "(?P<name>.+)"))
    found = [pattern.search(text) for text in page.get_by_role("main").get_by_role("link").all_inner_texts()]
    return {match["name"].strip(): match["number"] for match in found if match}


def saved(page: Page, say: Say) -> None:
    """The page says that everything typed is on the server."""
    expect(page.locator("[data-draft-status]")).to_contain_text(say("Saved at {time}").partition("{")[0].strip())
    expect(page.locator("[data-draft-status]")).to_have_attribute("data-state", "saved")
