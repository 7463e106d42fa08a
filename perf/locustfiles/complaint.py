"""Complaints: a visitor asks where a complaint would go and tracks one; a person files one about a supplier."""

import random
import uuid

from locust import task

from perf.locustfiles.common import PortalUser

CASES = (("defect", "durable"), ("late", "goods"), ("short_quantity", "consumable"), ("staff", "office"))


class Complainant(PortalUser):
    accounts = ("person", "parent")
    weight = 1

    @task(3)
    def preview(self) -> None:
        subject, sphere = random.choice(CASES)
        suppliers = (self.read("/suppliers") or {"results": []})["results"]
        if suppliers:
            body = {"supplier": random.choice(suppliers)["code"], "subject": subject, "sphere": sphere}
            self.send("POST", "/complaints/route", body, name="/complaints/route")

    @task(1)
    def file(self) -> None:
        suppliers = (self.read("/suppliers") or {"results": []})["results"]
        if not suppliers:
            return
        body = {
            "supplier": random.choice(suppliers)["code"],
            "subject": "late",
            "sphere": "goods",
            "text": "Тапсырыс уәде етілген күні келмеді.",
            "demand": "refund",
        }
        self.send("POST", "/complaints", body, name="/complaints", **{"Idempotency-Key": str(uuid.uuid4())})

    @task(2)
    def mine(self) -> None:
        self.page("complaints/", "my complaints")
        self.read("/complaints")
