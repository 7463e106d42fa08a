"""Whole walks, page by page and form by form: to a placed order in the portal, and to one in stock Oscar.

A walk raises Refused when an answer is not the expected one; nothing is skipped to be quicker.
"""

import threading
import time
import uuid
from collections.abc import Callable, Sequence

from perf.bench.client import BROKEN, Result
from perf.bench.visitor import Refused, Visitor

PASSWORD = "demo-portal"
LANGUAGE = "ru"


def sign_in(port: int, name: str) -> Visitor:
    """Through the sign-in page, with its CSRF token. Raises Refused."""
    visitor = Visitor(port)
    page = f"/{LANGUAGE}/account/login/"
    visitor.page(page)
    visitor.post(page, {"login": name, "password": PASSWORD})
    visitor.csrf = visitor.get("/api/v1/csrf").json["token"]
    return visitor


def save(visitor: Visitor, draft: str, fields: dict[str, object]) -> int:
    """One save as draft.js sends it; the draft's version after it."""
    operations = [{"f": name, "v": value, "base": 0, "seq": seq} for seq, (name, value) in enumerate(fields.items(), 1)]
    answer = visitor.call(
        "PATCH",
        f"/api/v1/drafts/{draft}",
        {"device": "walk", "schema": 1, "ops": operations},
        200,
        idempotency_key=str(uuid.uuid4()),
    )
    return int(answer.json["rev"])


def walk_portal(visitor: Visitor, kind: str, chosen: "Chosen") -> None:
    """Browse, look at a product, three saves, check, send, receipt: 8 requests of a person who is signed in."""
    send, receipt = fill_in(visitor, kind, chosen)
    send()
    visitor.get(receipt)


def fill_in(visitor: Visitor, kind: str, chosen: "Chosen") -> tuple[Callable[[], object], str]:
    """The walk as far as the page "Check your answers": (what sends it, the address of the receipt)."""
    visitor.get(f"/{LANGUAGE}/catalog/{kind}/")
    visitor.get(chosen.page)
    draft = str(uuid.uuid4())
    save(visitor, draft, {"line.a.entitlement": chosen.entitlement, "line.a.offer": chosen.offer, "line.a.quantity": 1})
    save(visitor, draft, {"contact.name": "Өлшеу Тексеру", "contact.phone": "+77000000099"})
    address = {"delivery.region": chosen.region, "delivery.address": "Тексеру көшесі 1"}
    save(visitor, draft, {**address, "consent.terms": True})
    check = f"/{LANGUAGE}/applications/{draft}/check/"
    page = visitor.page(check)
    form = {name: page.found(rf'name="{name}" value="([^"]*)"') for name in ("rev", "key", "you_pay")}
    return lambda: visitor.post(check, {**form, "consent.terms": "on"}), f"/{LANGUAGE}/applications/{draft}/sent/"


def entitlement(visitor: Visitor, kind: str) -> tuple[int, int]:
    """(which, how much is left of it) of a person who is entitled to this kind."""
    rows = visitor.get("/api/v1/entitlements").json["results"]
    return next((row["id"], row["remaining_quantity"]) for row in rows if row["type"]["code"] == kind)


class Chosen:
    """What a person orders in a walk: an offer of a product that her programme names and a region it delivers to."""

    def __init__(self, visitor: Visitor, kind: str, turn: int = 0) -> None:
        """``turn``: how many fitting offers to leave to others, who would wait for this one's stock."""
        self.entitlement, left = entitlement(visitor, kind)
        self.page, self.offer, self.region = "", 0, ""
        fitting = 0
        for product in visitor.get(f"/api/v1/products?type={kind}").json["results"]:
            found = visitor.get(f"/api/v1/products/{product['id']}").json
            for offer in found["offers"]:
                if offer["stock"] > 0 and offer["pack_size"] <= left and offer["regions"]:
                    # Any slug leads to the right one.
                    self.page = visitor.get(f"/{LANGUAGE}/catalog/a_{found['id']}/", 301).headers["location"]
                    self.offer, self.region = offer["id"], offer["regions"][0]
                    fitting += 1
                    break
            if fitting > turn:
                break
        if not fitting:
            raise Refused(f"no offer of {kind} fits what is left of the norm ({left})")


def walk_oscar(visitor: Visitor, product: str, product_id: int) -> None:
    """Product, basket, guest checkout with an address, preview, order, thanks: as stock Oscar asks for it."""
    visitor.page(product)
    visitor.post(f"/basket/add/{product_id}/", {"quantity": 1})
    visitor.page("/basket/")
    visitor.page("/checkout/")
    visitor.post("/checkout/", {"username": "walk@example.com", "options": "anonymous"})
    visitor.page("/checkout/shipping-address/")
    address = {"first_name": "Өлшеу", "last_name": "Тексеру", "line1": "Тексеру 1", "line4": "Алматы"}
    visitor.post("/checkout/shipping-address/", {**address, "postcode": "050000", "country": "KZ"})
    visitor.page("/checkout/shipping-method/")  # leads on to the payment's details: there is one method of each
    visitor.page("/checkout/preview/")
    visitor.post("/checkout/preview/", {"action": "place_order"})
    visitor.page("/checkout/thank-you/")


Walk = Callable[[], object]


def walking(walks: Sequence[Walk], seconds: float, warm_up: float, at_least: int = 0) -> Result:
    """Everybody of ``walks`` walks again and again for ``seconds``; ``latencies`` are those of whole walks.

    Goes on beyond that until ``at_least`` walks ended, well or not.
    """
    result, lock = Result(seconds), threading.Lock()
    start = time.perf_counter()
    begin, end = start + warm_up, start + warm_up + seconds

    def walk_on(walk: Walk) -> None:
        while (begun := time.perf_counter()) < end or sum(result.statuses.values()) < at_least:
            try:
                walk()
                fault = b""
            except (Refused, OSError) as error:
                fault = str(error).encode()
            now = time.perf_counter()
            with lock:
                if fault:
                    result.statuses[BROKEN] += 1
                    result.odd.setdefault(BROKEN, fault)
                elif begin <= now and (now <= end or sum(result.statuses.values()) < at_least):
                    result.seconds = max(seconds, now - begin)
                    result.statuses[200] += 1
                    result.latencies.append(now - begun)
            if fault:
                time.sleep(0.05)

    threads = [threading.Thread(target=walk_on, args=(walk,), daemon=True) for walk in walks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return result
