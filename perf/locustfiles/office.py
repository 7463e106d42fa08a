"""A caseworker's morning: the desk, then the people of her office one after the other, an application for each."""

import datetime
from typing import Any

from locust import task

from perf.locustfiles.beneficiary import PHONE, sending_form
from perf.locustfiles.common import PortalUser, every, first


class Caseworker(PortalUser):
    """Keeps her queue over the pages of the list; begins anew when everybody has been helped."""

    accounts = ("caseworker", "caseworker-shymkent")
    weight = 2

    def on_start(self) -> None:
        super().on_start()
        self.queue: list[str] = []
        self.next_page = 1

    @task(1)
    def desk(self) -> None:
        with self.journey("office desk"):
            self.page("office/", "office desk")
            self.read("/orders")

    @task(3)
    def next_in_line(self) -> None:
        if not self.queue:
            with self.journey("list of people"):
                listed = self.page(f"office/people/?page={self.next_page}", "people of the office")
                self.queue = every(rf'href="/{self.language}/office/people/(\d+)/"', listed)
                self.next_page = self.next_page + 1 if f"page={self.next_page + 1}" in listed else 1
        if self.queue:
            with self.journey("help a person"):
                self.help(self.queue.pop(0))

    def help(self, person: str) -> None:
        """Open her page, fill in an application with her, send it with the proof that she agreed. Raises Broken."""
        self.page(f"office/people/{person}/", "person")
        self.think()
        entitlements = self.read("/entitlements", "/entitlements?beneficiary", beneficiary=int(person))["results"]
        open_ones = [row for row in entitlements if row["status"] == "active" and row["remaining_quantity"] > 0]
        answer = self.post(f"office/people/{person}/start/", {}, "start for a person")
        draft = first(r"/applications/([0-9a-f-]{36})/", answer.url)
        versions = self.versions(draft)
        told: dict[str, Any] = {"contact.phone": PHONE, "delivery.address": "Тексеру көшесі 1"}
        told |= {"consent.proof": "visit", "consent.date": datetime.datetime.now(tz=datetime.UTC).date().isoformat()}
        for wanted in open_ones[:1]:
            for offer in self.offers(wanted):
                told |= {"line.a.entitlement": wanted["id"], "line.a.offer": offer["id"], "line.a.quantity": 1}
                told |= {"delivery.region": offer["regions"][0]}
                break
        for seq, (name, value) in enumerate(told.items(), 1):
            self.think(0.1, 0.4)
            self.save(draft, {name: value}, seq, versions)
        if "line.a.offer" not in told:
            return  # nothing can be had now: the application waits
        path = f"applications/{draft}/check/"
        form = sending_form(self.page(path, "check"))
        if form:  # else the goods were taken by others meanwhile, and the page leads back to them
            self.think()
            self.post(path, form, "send", expected=(200, 409))

    def offers(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        products = self.read("/products", "/products?type", type=wanted["type"]["code"])["results"]
        return [
            offer
            for product in products[:1]
            for offer in self.read(f"/products/{product['id']}", "/products/{id}")["offers"]
            if offer["stock"] > 0 and offer["regions"] and offer["pack_size"] <= wanted["remaining_quantity"]
        ]
