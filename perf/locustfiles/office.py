"""A caseworker's morning: the desk, one person after the other, drafts in their names."""

import random
import uuid

from locust import task

from perf.locustfiles.common import PortalUser


class Caseworker(PortalUser):
    accounts = ("caseworker", "caseworker-shymkent")
    weight = 2

    @task(2)
    def desk(self) -> None:
        self.page("office/", "office desk")
        self.read("/orders")

    @task(3)
    def help_someone(self) -> None:
        entitlements = (self.read("/entitlements") or {"results": []})["results"]
        if not entitlements:
            return
        wanted = random.choice(entitlements)
        draft = str(uuid.uuid4())
        body = {
            "device": self.device,
            "schema": 1,
            "beneficiary": wanted["beneficiary"]["id"],
            "ops": [{"f": "line.a.entitlement", "v": wanted["id"], "base": 0, "seq": 1}],
        }
        self.send("PATCH", f"/drafts/{draft}", body, name="/drafts/{id}", **{"Idempotency-Key": str(uuid.uuid4())})
        for seq, name in enumerate(("contact.name", "contact.phone", "delivery.address"), 2):
            self.save(draft, {name: f"нагрузка {seq}"}, seq)
