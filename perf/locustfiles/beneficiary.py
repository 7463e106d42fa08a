"""A person orders: programme → catalogue → product → draft, field by field → check → submit."""

import random
import uuid

from locust import task

from perf.locustfiles.common import PEOPLE, PortalUser


class Beneficiary(PortalUser):
    accounts = ("person", "parent")
    weight = 6

    def account(self) -> str:
        return f"scale-{random.randint(1, PEOPLE):06d}" if PEOPLE else super().account()

    @task(2)
    def look_around(self) -> None:
        self.page("", "home")
        self.page("catalog/", "catalogue")
        for document in (self.read("/products", "products", page=1) or {"results": []})["results"][:1]:
            self.read(f"/products/{document['id']}", "product")

    @task(3)
    def order(self) -> None:
        entitlements = (self.read("/entitlements") or {"results": []})["results"]
        open_ones = [row for row in entitlements if row["status"] == "active" and row["remaining_quantity"] > 0]
        if not open_ones:
            self.look_around()
            return
        wanted = random.choice(open_ones)
        products = (self.read("/products", "products?type", type=wanted["type"]["code"]) or {"results": []})["results"]
        offers = [
            offer
            for product in products[:2]
            for offer in (self.read(f"/products/{product['id']}", "product") or {"offers": []})["offers"]
            if offer["stock"] > 0 and offer["pack_size"] <= wanted["remaining_quantity"]
        ]
        if not offers:
            return
        self.fill_in_and_submit(wanted, random.choice(offers))

    def fill_in_and_submit(self, wanted: dict, offer: dict) -> None:
        draft = str(uuid.uuid4())
        fields = {
            "line.a.entitlement": wanted["id"],
            "line.a.offer": offer["id"],
            "line.a.quantity": 1,
            "contact.name": "Нагрузка Тексеру",
            "contact.phone": "+77000000099",
            "delivery.region": offer["regions"][0],
            "delivery.address": "Тексеру көшесі 1",
            "consent.terms": True,
        }
        receipt = None
        for seq, (name, value) in enumerate(fields.items(), 1):
            receipt = self.save(draft, {name: value}, seq)
            if receipt is None:
                return
        self.send(
            "POST",
            f"/drafts/{draft}/submit",
            {},
            name="/drafts/{id}/submit",
            # the norm or the stock may be used up by others meanwhile: an honest refusal
            expected=(201, 409),
            **{"Idempotency-Key": str(uuid.uuid4()), "If-Match": f'"{receipt["rev"]}"'},
        )
