"""A person orders: programme → catalogue → product → draft → check → submit; by the API, by pages, on a slow line."""

import itertools
import os
import random
import re
import socket
import uuid
import zlib
from typing import Any

from locust import task

from perf.locustfiles.common import PEOPLE, Broken, PortalUser, every, first
from perf.locustfiles.lines import LINES

KIND = "adult-diapers"  # what people of perf/seed.py are entitled to
PHONE = "+77000000099"
PROBLEMS = re.compile(r'govuk-error-summary__list".*?</ul>|govuk-warning-text__text.*?</strong>', re.DOTALL)
# So that two generators do not take the same person at the same time: each machine or container has its own name.
WORKER = int(os.environ.get("LOAD_WORKER") or zlib.crc32(socket.gethostname().encode()) % 1000)
_turn = itertools.count()


def sending_form(page: str) -> dict[str, str]:
    """What "Check your answers" sends; nothing when it says that the goods cannot be had any more, and leads back to
    them. Raises Broken with anything else that the page says must be corrected first.
    """
    if 'name="rev"' in page:
        return {name: first(rf'name="{name}" value="([^"]*)"', page) for name in ("rev", "key", "you_pay")}
    problems = " ".join(PROBLEMS.findall(page))
    steps = set(re.findall(r'href="[^"]*/([a-z]+)/"', problems))
    if steps == {"goods"}:
        return {}
    raise Broken(f"cannot be sent: {problems[:300]}")


def next_person() -> str:
    """People in their turn: each of them once before anybody comes again."""
    return f"scale-{1 + (next(_turn) + WORKER * 7919) % PEOPLE:06d}"


class Person(PortalUser):
    """Somebody with a programme."""

    abstract = True
    accounts = ("person", "parent")

    def account(self) -> str:
        return next_person() if PEOPLE else super().account()

    def order_by_pages(self, kind: str, *, assets: bool = False) -> bool:
        """From the pages of a kind of goods to the receipt; false when an honest refusal ended it. Raises Broken.

        She takes the first product of the list that she can have, as nearly everybody does.
        """
        listed = self.page(f"catalog/{kind}/", "type", assets=assets)
        self.think()
        for product in every(rf'href="(/{self.language}/catalog/[^"/]+_\d+/)[^"]*"', listed)[:3]:
            page = self.page(product, "product", assets=assets)
            self.think()
            offers = every(r'name="offer" value="(\d+)"', page)
            if offers:
                break
        else:
            return False  # sold out: the page says so
        draft = self.choose(offers[0])
        if not draft:
            return False  # sold out between the page and the button: the page that comes says so
        self.page(f"applications/{draft}/delivery/", "delivery", assets=assets)
        versions = self.versions(draft)
        for seq, fields in enumerate(
            ({"delivery.address": "Тексеру көшесі 1"}, {"delivery.comment": "Екінші қабат"}, {"contact.phone": PHONE}),
            2,
        ):
            self.think()
            self.save(draft, fields, seq * 10, versions)
        return self.check_and_send(draft, assets=assets)

    def choose(self, offer: str) -> str:
        """The button "Choose this offer"; the id of her new application, empty when the offer is gone."""
        answer = self.post("applications/add/", {"offer": offer}, "choose offer")
        return next(iter(every(rf"/{self.language}/applications/([0-9a-f-]{{36}})/", answer.url)), "")

    def check_and_send(self, draft: str, *, assets: bool = False) -> bool:
        """Read "Check your answers", agree, send, read the receipt; false for an honest refusal. Raises Broken."""
        path = f"applications/{draft}/check/"
        page = self.page(path, "check", assets=assets)
        self.think()
        form = sending_form(page)
        if not form:
            return False
        # 409: stock or norm were taken by others meanwhile; the page says what to do, and the answers are kept
        answer = self.post(path, {**form, "consent.terms": "on"}, "send", expected=(200, 409))
        if answer.status_code == 409:
            return False
        if not answer.url.endswith(f"{draft}/sent/"):
            raise Broken(f"no receipt but {answer.url}")
        return True


class Beneficiary(Person):
    """At home on a good line, with draft.js, which saves field by field."""

    weight = 6

    @task(2)
    def look_around(self) -> None:
        with self.journey("look around"):
            self.page("", "home")
            self.think()
            self.page("catalog/", "catalogue")
            self.think()
            for document in self.read("/products", "/products", page=1)["results"][:1]:
                self.read(f"/products/{document['id']}", "/products/{id}")

    @task(3)
    def order(self) -> None:
        with self.journey("order"):
            entitlements = self.read("/entitlements")["results"]
            open_ones = [row for row in entitlements if row["status"] == "active" and row["remaining_quantity"] > 0]
            if not open_ones:
                return
            wanted = random.choice(open_ones)
            offers = self.offers_for(wanted)
            self.think()
            if offers:
                self.fill_in_and_submit(wanted, random.choice(offers))

    def offers_for(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        products = self.read("/products", "/products?type", type=wanted["type"]["code"])["results"]
        return [
            offer
            for product in products[:2]
            for offer in self.read(f"/products/{product['id']}", "/products/{id}")["offers"]
            if offer["stock"] > 0 and offer["regions"] and offer["pack_size"] <= wanted["remaining_quantity"]
        ]

    def fill_in_and_submit(self, wanted: dict[str, Any], offer: dict[str, Any]) -> None:
        draft = str(uuid.uuid4())
        fields = {
            "line.a.entitlement": wanted["id"],
            "line.a.offer": offer["id"],
            "line.a.quantity": 1,
            "contact.name": "Нагрузка Тексеру",
            "contact.phone": PHONE,
            "delivery.region": offer["regions"][0],
            "delivery.address": "Тексеру көшесі 1",
            "consent.terms": True,
        }
        for seq, (name, value) in enumerate(fields.items(), 1):
            receipt = self.save(draft, {name: value}, seq)
            self.think(0.1, 0.4)
        self.send(
            "POST",
            f"/drafts/{draft}/submit",
            {},
            name="/drafts/{id}/submit",
            # the norm or the stock may be used up by others meanwhile: an honest refusal
            expected=(201, 409),
            **{"Idempotency-Key": str(uuid.uuid4()), "If-Match": f'"{receipt["rev"]}"'},
        )


class OnASlowLine(Person):
    """The same with an old phone in a village: whole pages with what belongs to them, over a line that is slow.

    ``LOAD_LINE``: gprs, 2g or 3g. Her phone keeps styles and scripts, as phones do.
    """

    weight = 2
    line = LINES[os.environ.get("LOAD_LINE", "2g")]

    @task
    def order_slowly(self) -> None:
        with self.journey("order on a slow line"):
            self.page("", "home", assets=True)
            self.think()
            programme = self.page("programme/", "programme", assets=True)
            kinds = re.findall(rf'href="/{self.language}/catalog/([a-z0-9-]+)/[^"]*"', programme)
            self.order_by_pages(KIND if KIND in kinds or not kinds else kinds[0], assets=True)
