"""What people do on the pages, one errand a function, by the words they read. Works with and without JavaScript."""

import io
import re
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.texts import Say
from tests.journey.client import Client

SHYMKENT = "KZ-79"  # the demo's inspector works there


@dataclass(frozen=True)
class Wanted:
    """What to look for in the catalogue and what to take, in the words of one language."""

    line: str  # the programme's words for it
    parameter: str  # a parameter of the type …
    between: tuple[str, str]  # … and the interval asked for
    product: str
    other: str  # a product that the parameter sorts out
    supplier: str
    packs: str


def find_wanted(
    catalogue: Client,
    type_code: str,
    *,
    parameter: str,
    between: tuple[str, str],
    brand: str,
    other: str,
    supplier: str,
    packs: str,
) -> Wanted:
    """The same goods in the catalogue's language: brands are spelt alike in all three."""
    products = catalogue.get("/products", type=type_code, region=SHYMKENT)["results"]
    titles = sorted((product["title"] for product in products), key=len)
    product = next(product for product in products if brand in product["title"])
    offers = catalogue.get(f"/products/{product['id']}")["offers"]
    return Wanted(
        line=product["type"]["name"],
        parameter=product["attributes"][parameter]["name"],
        between=between,
        product=product["title"],
        other=next(title for title in titles if other in title),
        supplier=next(offer["supplier"]["name"] for offer in offers if offer["supplier"]["code"] == supplier),
        packs=packs,
    )


def walker(catalogue: Client) -> Wanted:
    """For a child of 104 cm; the supplier asks 3,000 tenge more than the state guarantees."""
    return find_wanted(
        catalogue,
        "posterior-rollator-child",
        parameter="user_height",
        between=("100", "110"),
        brand="Qulyn M",
        other="Qulyn S",
        supplier="qadam-orto",
        packs="1",
    )


def diapers(catalogue: Client) -> Wanted:
    """For a child of 17 kg: two packs of 48."""
    return find_wanted(
        catalogue,
        "child-diapers",
        parameter="user_mass",
        between=("17", "17"),
        brand="Mamyq 5",
        other="Jumsaq 3",
        supplier="altyn-qol",
        packs="2",
    )


def complete(program: Client, packs: int = 1) -> dict[str, object]:
    """Fields of an application for diapers that misses nothing but the consent."""
    wanted = diapers(program)
    entitlement = next(row for row in program.get("/entitlements")["results"] if row["type"]["code"] == "child-diapers")
    product = next(
        row for row in program.get("/products", type="child-diapers")["results"] if row["title"] == wanted.product
    )
    offer = program.get(f"/products/{product['id']}")["offers"][0]
    return {
        "line.a.entitlement": entitlement["id"],
        "line.a.offer": offer["id"],
        "line.a.quantity": packs,
        "contact.name": "Әлия",
        "contact.phone": "8 701 000 00 11",
        "delivery.region": SHYMKENT,
        "delivery.address": "Тәуке хан даңғылы, 1-үй",
    }


def path_of(page: Page) -> str:
    return urlsplit(page.url).path


def choose_offer(page: Page, say: Say, wanted: Wanted) -> None:
    """From a page that names the programme's line to the offer in the application: find, filter, compare, choose."""
    page.get_by_role("main").get_by_role("link", name=wanted.line).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(wanted.line)
    products = page.get_by_role("main").get_by_role("article")
    expect(products.filter(has_text=wanted.other)).not_to_have_count(0)
    filters = page.locator("details.app-filter__fields")
    if filters.get_attribute("open") is None:  # a small screen, or no script
        filters.get_by_role("heading", name=say("Filters")).click()
    for end, value in zip(("from", "to"), wanted.between, strict=True):
        label = say(f"%(parameter)s {end}, %(unit)s", parameter=wanted.parameter, unit="")
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name=say("Show results")).click()
    expect(products.filter(has_text=wanted.other)).to_have_count(0)
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


def application(program: Client) -> str:
    """A business's application that misses nothing, not sent; its id."""
    draft = str(uuid.uuid4())
    fields = {
        "bin": "221360008815", "name": "«Бала Қадам» ЖШС", "address": "Тараз қ.", "home_region": "KZ-31",
        "contact.name": "Айдос", "contact.phone": "8 700 000 00 81", "contact.email": "a@example.kz",
        "regions": ["KZ-31"], "types.orthopaedics": ["insoles"],
    }  # fmt: skip
    declared = {f"declare.{code}": True for code in ("true", "quality", "complaints", "independent")}
    program.save(draft, fields | declared, kind="onboarding")
    buffer = io.BytesIO()
    Image.new("RGB", (60, 80), (240, 240, 250)).save(buffer, "JPEG")
    content = buffer.getvalue()
    answer = program.session.put(
        f"{program.base}/drafts/{draft}/files/{uuid.uuid4()}", data=content, timeout=20,
        headers={
            "Content-Type": "application/octet-stream", "Upload-Type": "image/jpeg", "Upload-Offset": "0", "Upload-Length": str(len(content)),
        },
    )  # fmt: skip
    assert answer.status_code in (200, 201, 204), answer.text
    return draft


def price_list(program: Client, text: str) -> str:
    """A supplier's price list that was only checked; its id."""
    answer = program.session.post(
        f"{program.base}/supplier/price-list",
        files={"file": ("prices.csv", text.encode())},
        data={"dry_run": "true"},
        timeout=20,
    )
    assert answer.status_code in (200, 202), answer.text
    found: str = answer.json()["id"]
    return found
