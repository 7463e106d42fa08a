"""Pages in states that no link leads to: wrong answers, nothing found, and every state of an order or complaint."""

import uuid
from dataclasses import dataclass

from tests.browser import errands
from tests.journey.client import Client


@dataclass(frozen=True)
class State:
    """A page, and the button (by its English text) that is pressed when every box of its form is empty."""

    path: str
    button: str = ""


# Two rows of which one is wrong, and a text that is no list at all.
PRICE_LISTS = ("sku;price\nnothing;1\nnothing;free\n", "Dear colleagues, see below.")


def states_of(person: str, program: Client) -> list[State]:
    """What this person may see beside the pages that links lead to; ``program`` acts for the same account."""
    return {
        "visitor": _visitor,
        "newcomer": _newcomer,
        "person": _person,
        "caseworker": _caseworker,
        "supplier": _supplier,
        "applicant": _applicant,
        "applicant2": _refused,
        "inspector": _inspector,
        "ministry": _ministry,
        "hotline": _hotline,
    }.get(person, lambda _program: [])(program)


def _visitor(_program: Client) -> list[State]:
    return [
        State("account/login/", "Sign in"),
        State("account/password/help/"),
        State("offline/application/"),
        State("offline/complaint/"),
        State("track/", "Show the complaint"),
        State("mirror/"),
        State("mirror/", "Open"),
        State("complaints/new/", "Continue"),
        State("complaints/new/?sphere=durable", "Continue"),
        State("complaints/new/visitor/?subject=defect&sphere=durable&region=KZ-79", "Check the answers"),
        State("catalog/search/?q=zzzzzz"),
        State("catalog/child-diapers/?price_from=much"),
        State("feedback/thanks/"),
        State("supplier/join/", "Make the account"),
        State("map/shymkent/mark/", "Send the mark"),
    ]


def _newcomer(program: Client) -> list[State]:
    """Applications and complaints half done and just sent, and one answer that somebody else changed."""
    empty, begun, ready, complaint, told = (str(uuid.uuid4()) for _ in range(5))
    program.save(empty, {"contact.channel": "sms"})
    fields = errands.complete(program, packs=2)
    rev = program.save(ready, fields | {"consent.terms": True})["rev"]
    order = program.post(f"/drafts/{ready}/submit", expect=201, idempotency_key=ready, if_match=f'"{rev}"')["orders"][0]
    program.save(begun, fields)
    office = Client(program.base.removesuffix("/api/v1"), "caseworker")
    office.save(begun, {"contact.name": "Алия Сәрсенова"})
    program.save(complaint, {"subject": "conduct", "sphere": "office"}, kind="complaint")
    rude = {"subject": "conduct", "sphere": "office", "text": "Маман дөрекі сөйледі."}
    program.save(told, rude, kind="complaint")
    filed = program.post("/complaints", rude | {"region": errands.SHYMKENT}, expect=201, idempotency_key=told)
    return [
        *[
            State(f"applications/{empty}/{step}")
            for step in ("", "goods/", "delivery/", "contact/", "check/", "history/")
        ],
        State(f"applications/{empty}/goods/", "Save and continue"),
        State(f"applications/{empty}/delivery/", "Save and continue"),
        State(f"applications/{empty}/contact/", "Save and continue"),
        *[State(f"applications/{begun}/{step}") for step in ("", "goods/", "contact/", "check/", "history/")],
        State(f"complaints/new/{complaint}/", "Check the answers"),
        State(f"complaints/new/{complaint}/", "Put this complaint aside"),
        State(f"complaints/new/{told}/subject/"),
        State(f"complaints/new/{told}/history/"),
        State(f"complaints/new/{told}/check/"),
        State(f"complaints/{filed['number']}/sent/"),
        State(f"orders/{order['number']}/"),
        State(f"orders/{order['number']}/card/"),
        State(f"applications/{ready}/sent/"),
        State(f"drafts/{begun}/help/"),
        State(f"drafts/{begun}/help/", "I agree: get a code"),
        State(f"applications/{begun}/"),
        State(f"applications/{empty}/", "Put this application aside"),
        State("account/password/change/", "Change the password"),
        State("account/logout/"),
    ]


def _one_of_each(program: Client, what: str) -> dict[str, str]:
    """A number for every state that this person can see."""
    found: dict[str, str] = {}
    page = program.get(f"/{what}")
    while True:
        for row in page["results"]:
            found.setdefault(row["status"], row["number"])
        if not page["next"]:
            return found
        page = program.get(page["next"].partition("/api/v1")[2])


def _person(program: Client) -> list[State]:
    return [
        State("account/sessions/"),
        State("account/second-step/"),
        State("account/second-step/app/"),
        *[State(f"orders/{number}/") for number in _one_of_each(program, "orders").values()],
        *[State(f"complaints/{number}/") for number in _one_of_each(program, "complaints").values()],
    ]


def _caseworker(program: Client) -> list[State]:
    drafts = [row["id"] for row in program.get("/drafts")["results"] if row["kind"] == "order"]
    consent = [State(f"applications/{drafts[0]}/consent/", "Save and continue")] if drafts else []
    screen = (
        [State(f"drafts/{drafts[0]}/screen/"), State(f"drafts/{drafts[0]}/screen/", "Get a code")] if drafts else []
    )
    code = [State("drafts/continue/"), State("drafts/continue/", "Open the application")]
    return [State("office/people/", "Find"), *consent, *screen, *code]


def _supplier(program: Client) -> list[State]:
    orders = _one_of_each(program, "orders")
    cases = _one_of_each(program, "complaints")
    return [
        *[State(f"supplier/orders/{number}/") for number in orders.values()],
        *[State(f"supplier/complaints/{number}/") for number in cases.values()],
        *[
            State(f"supplier/orders/{number}/", "Hand over with the code")
            for status, number in orders.items()
            if status == "in_delivery"
        ],
        *[
            State(f"supplier/complaints/{number}/", "Answer with reasons")
            for status, number in cases.items()
            if status == "with_seller"
        ],
        State("supplier/offers/", "Save"),
        State("supplier/price-lists/", "Check the price list"),
        *_goods(program),
        *[State(f"supplier/price-lists/{errands.price_list(program, text)}/") for text in PRICE_LISTS],
    ]


def _goods(program: Client) -> list[State]:
    """A new product that is described half, one of the catalogue whose offer is ready, and what the demo has sent."""
    new, ready = str(uuid.uuid4()), str(uuid.uuid4())
    program.save(new, {"product": "new", "type": "child-diapers"}, kind="listing")
    product = program.get("/products", type="child-diapers")["results"][0]
    terms = {"sku": "T-1", "price": "900000", "pack_size": "1", "stock": "1", "lead_days": "3", "regions": ["KZ-79"]}
    program.save(ready, {"product": str(product["id"]), **terms}, kind="listing")
    steps = ("", "product/", "about/", "offer/", "history/")
    wrong = [State(f"supplier/listings/{new}/{step}", "Save and continue") for step in ("about/", "offer/")]
    return [
        *[State(f"supplier/listings/{new}/{step}") for step in steps],
        *wrong,
        State(f"supplier/listings/{ready}/check/"),
    ]


def _applicant(program: Client) -> list[State]:
    """A draft that is empty, and one that can be sent; what is sent needs a photo."""
    empty = str(uuid.uuid4())
    program.save(empty, {"types.special-services": ["srv-5-home-care"]}, kind="onboarding")
    steps = ("", "business/", "goods/", "licence/", "papers/", "history/")
    pages = [State(f"supplier/applications/{empty}/{step}") for step in steps]
    wrong = [State(f"supplier/applications/{empty}/{step}", "Save and continue") for step in steps[1:5]]
    return [*pages, *wrong, *_sent(program), State(f"supplier/applications/{errands.application(program)}/check/")]


def _refused(program: Client) -> list[State]:
    return _sent(program)


def _sent(program: Client) -> list[State]:
    """The applications that the demo has sent for this account."""
    drafts = [row for row in program.get("/drafts")["results"] if row["kind"] == "onboarding" and row["orders"]]
    return [State(f"supplier/applications/{row['orders'][0]['application']['id']}/") for row in drafts]


def _inspector(program: Client) -> list[State]:
    cases = _one_of_each(program, "complaints")
    return [
        *[State(f"review/{number}/") for number in cases.values()],
        *[
            State(f"review/{number}/", "Decide")
            for status, number in cases.items()
            if status in {"escalated", "with_body"}
        ],
    ]


def _ministry(program: Client) -> list[State]:
    with_ministry = _one_of_each(program, "complaints").get("with_ministry")
    steps = ("Instruct a body", "Suspend the supplier", "Link a changed rule")
    return [
        *[State(f"review/{with_ministry}/", step) for step in steps if with_ministry],
        State("review/board/cases/?by=region&key=KZ-79&subject=defect"),
        State("review/suppliers/kerbez-trade/", "End the suspension"),
        State("review/applications/1/", "Refuse"),
        State("review/listings/1/", "Refuse"),
        State("review/headquarters/", "Open the headquarters"),
        State("review/outreach/", "Add"),
        State("review/rules/order.confirm_days/", "Show what changes"),
        State("review/calendar/add/", "Show what changes"),
        State("review/routing/", "Begin a new version"),
        State("review/routing/change/"),
        State("review/routing/change/1/"),
        State("review/routing/change/56/"),
        State("review/routing/change/", "Publish the new version"),
        State(
            "review/routing/simulator/?subject=staff&sphere=office&region=KZ-79"
            "&day_day=24&day_month=11&day_year=2026&other=change"
        ),
    ]


def _hotline(_program: Client) -> list[State]:
    return [State("hotline/", "Find")]
