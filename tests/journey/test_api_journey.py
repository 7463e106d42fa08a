"""The main job through the public API alone, against the running portal with its demo data.

The mother sees her child's entitlements, finds goods of two suppliers, saves and submits a draft; the
suppliers deliver; she accepts one order and complains about the other; the silent supplier's complaint passes to
the state body by itself; the body decides, she confirms, the monthly report counts it.
"""

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.journey.client import Client

pytestmark = [pytest.mark.xdist_group("portal")]

REGION = "KZ-79"  # the demo inspector's department is Shymkent's


def choose(parent: Client, entitlement: dict, *, not_from: str = "") -> tuple[dict, dict]:
    """The first product of the entitlement's type with an offer that delivers to the region, and the offer."""
    products = parent.get("/products", type=entitlement["type"]["code"], region=REGION)["results"]
    assert products, entitlement
    for product in products:
        for offer in parent.get(f"/products/{product['id']}")["offers"]:
            login = LOGINS.get(offer["supplier"]["code"])
            if login and offer["stock"] > 0 and REGION in offer["regions"] and offer["supplier"]["code"] != not_from:
                return product, offer
    raise AssertionError(f"no offer of a demo supplier for {entitlement['type']}")


LOGINS: dict[str, str] = {}


def test_the_whole_life_of_an_order(portal):
    for login in ("supplier", "supplier2", "supplier3"):
        answer = Client(portal.url).post("/auth/token", {"username": login, "password": "demo-portal"})
        LOGINS[answer["supplier"]] = login
    parent = Client(portal.url, "parent")

    # she sees what the programme entitles to
    entitlements = {row["type"]["code"]: row for row in parent.get("/entitlements")["results"]}
    walker = next(row for code, row in entitlements.items() if "child" in code and "diaper" not in code)
    diapers = next(row for code, row in entitlements.items() if "diaper" in code)
    assert diapers["remaining_quantity"] <= 365 and diapers["next_date"]

    # she finds goods and compares offers
    _product, walker_offer = choose(parent, walker)
    _product, diaper_offer = choose(parent, diapers, not_from=walker_offer["supplier"]["code"])
    assert {"price", "unit_price", "state_pays", "you_pay", "score", "score_parts", "why"} <= set(walker_offer)

    # she fills in a draft that saves itself
    draft = str(uuid.uuid4())
    fields = {
        "line.a.entitlement": walker["id"],
        "line.a.offer": walker_offer["id"],
        "line.a.quantity": 1,
        "line.b.entitlement": diapers["id"],
        "line.b.offer": diaper_offer["id"],
        "line.b.quantity": 2,
        "contact.name": "Әлия Сәрсенова",
        "contact.phone": "+77000000011",
        "delivery.region": REGION,
        "delivery.address": "Шымкент, Тәуке хан даңғылы 1",
        "consent.terms": True,
    }
    receipt = parent.save(draft, fields)
    assert {result["s"] for result in receipt["r"].values()} == {"applied"}
    read = parent.get(f"/drafts/{draft}")
    assert {name: read["fields"][name]["v"] for name in fields} == fields

    # she submits: two suppliers, two orders, whatever happens to the answer on its way
    key = str(uuid.uuid4())
    submit = {"idempotency_key": key, "if_match": f'"{receipt["rev"]}"'}
    orders = parent.post(f"/drafts/{draft}/submit", expect=201, **submit)["orders"]
    again = parent.post(f"/drafts/{draft}/submit", expect=201, **submit)["orders"]
    assert orders == again and parent.headers["Idempotent-Replayed"] == "true"
    assert len(orders) == 2
    by_supplier = {order["supplier"]["code"]: order["number"] for order in orders}
    good, bad = by_supplier[diaper_offer["supplier"]["code"]], by_supplier[walker_offer["supplier"]["code"]]

    # each supplier sees only its own order, confirms, ships, delivers with her code
    for offer, number, foreign in ((diaper_offer, good, bad), (walker_offer, bad, good)):
        supplier = Client(portal.url, LOGINS[offer["supplier"]["code"]])
        supplier.get(f"/orders/{foreign}", expect=404)
        assert "delivery_code" not in supplier.get(f"/orders/{number}")
        code = parent.get(f"/orders/{number}")["delivery_code"]
        supplier.post(f"/orders/{number}/ship", expect=409)
        supplier.post(f"/orders/{number}/confirm")
        supplier.post(f"/orders/{number}/ship")
        wrong = "000000" if code != "000000" else "111111"
        supplier.post(f"/orders/{number}/deliver", {"code": wrong}, expect=422)
        assert supplier.post(f"/orders/{number}/deliver", {"code": code})["status"] == "delivered"
    parent.post(f"/orders/{good}/accept")
    act = parent.get(f"/orders/{good}/act.pdf")
    assert act.startswith(b"%PDF")

    # she complains about the other one from its delivered line, and sees where it goes before she sends it
    line = parent.get(f"/orders/{bad}")["lines"][0]["id"]
    route = parent.post("/complaints/route", {"order_line": line, "subject": "defect", "sphere": "durable"})
    assert route["addressee"]["code"] == walker_offer["supplier"]["code"]
    filed = parent.post(
        "/complaints",
        {
            "order_line": line,
            "template": "T2",
            "subject": "defect",
            "sphere": "durable",
            "text": "Артқы дөңгелегі бір күннен кейін сынып қалды.",
            "demand": "same_replacement",
        },
        expect=201,
        idempotency_key=str(uuid.uuid4()),
    )
    number, due = filed["number"], datetime.fromisoformat(filed["due_at"])
    assert filed["addressee"]["code"] == walker_offer["supplier"]["code"]
    today = datetime.now(due.tzinfo).date()
    assert timedelta(days=10) <= due.date() - today <= timedelta(days=14)
    tracked = Client(portal.url).get("/complaints/track", number=number, code=filed["tracking_code"])
    assert tracked["status"] == "with_seller"
    supplier = Client(portal.url, LOGINS[walker_offer["supplier"]["code"]])
    assert supplier.get(f"/complaints/{number}")["due_at"] == filed["due_at"]

    # silence: not a minute early, then the named body has it
    portal.manage("run_clock", "--now", due.isoformat())
    assert parent.get(f"/complaints/{number}")["status"] == "with_seller"
    portal.manage("run_clock", "--now", (due + timedelta(minutes=5, seconds=1)).isoformat())
    escalated = parent.get(f"/complaints/{number}")
    assert escalated["status"] in {"escalated", "with_body"}
    assert escalated["addressee"]["code"] == "dtzpp-KZ-79".lower() or "KZ-79" in escalated["addressee"]["code"]
    assert [step for step in escalated["timeline"] if step["after"] == "ignored"]

    # the body decides; only she can make it satisfied
    inspector = Client(portal.url, "inspector")
    inspector.post(f"/complaints/{number}/confirm-outcome", expect=403)
    inspector.post(
        f"/complaints/{number}/decide",
        {
            "outcome": "satisfied",
            "detail": "after_authority",
            "text": "Жеткізуші дөңгелекті ауыстырды.",
            "returned": "0",
        },
    )
    assert parent.get(f"/complaints/{number}")["outcome"] in {"", None}
    closed = parent.post(f"/complaints/{number}/confirm-outcome")
    assert (closed["status"], closed["outcome"]) == ("closed", "satisfied")

    # it stands in the report of the region, and the report adds up
    month = today.replace(day=1)
    until = due.date() + timedelta(days=60)
    report = Client(portal.url).get(
        "/reports/complaints", **{"from": month.isoformat(), "to": until.isoformat(), "region": REGION}
    )
    assert report["self_check"] == "ok"
    assert report["outcomes"]["satisfied"] >= 1
    assert sum(report["outcomes"].values()) == report["examined"]
    assert Decimal(str(report["returned_kzt"])) >= 0


def test_a_caseworker_prepares_the_order_on_the_mothers_draft(portal):
    parent, caseworker = Client(portal.url, "parent"), Client(portal.url, "caseworker")
    diapers = next(row for row in parent.get("/entitlements")["results"] if "diaper" in row["type"]["code"])
    draft = str(uuid.uuid4())
    parent.save(draft, {"line.a.entitlement": diapers["id"], "contact.name": "Әлия"})

    # the office goes on with the same draft; another office sees nothing
    seen = caseworker.get(f"/drafts/{draft}")
    assert seen["fields"]["contact.name"]["v"] == "Әлия"
    caseworker.save(draft, {"contact.phone": "+77000000011"})
    Client(portal.url, "caseworker-shymkent").get(f"/drafts/{draft}", expect=404)
    refused = caseworker.save(draft, {"contact.name": "Алия"}, base=0)
    assert refused["r"]["contact.name"]["s"] == "conflict"
    question = parent.get(f"/drafts/{draft}")["conflicts"][0]
    assert (question["yours"], question["theirs"]) == ("Әлия", "Алия")
    history = parent.get(f"/drafts/{draft}/history")["results"]
    assert len(history) == 3

    # submitting is blocked until somebody settles it
    rev = parent.get(f"/drafts/{draft}")["rev"]
    parent.post(f"/drafts/{draft}/submit", expect=409, idempotency_key=str(uuid.uuid4()), if_match=f'"{rev}"')
    parent.post(f"/drafts/{draft}/resolve", {"f": "contact.name", "pick": "yours", "base": 1})
    assert parent.get(f"/drafts/{draft}")["conflicts"] == []
