"""A usual day, a closed loop: so many people, each of whom asks again only when she has her answer and has read it.

`locust -f perf/locustfiles/mixed.py`, or `make load`. What it shows: whether the portal does its day well. What it cannot
show: an overload. When the portal slows down, these people slow down with it, and nobody is counted who would have come
meanwhile; for that there is arrivals.py.
"""

from locust import task

from perf.locustfiles.beneficiary import Beneficiary, OnASlowLine
from perf.locustfiles.common import Anchor, PortalUser
from perf.locustfiles.complaint import Complainant, Hotline, Scanner
from perf.locustfiles.office import Caseworker
from perf.locustfiles.supplier import Supplier


class Visitor(PortalUser):
    """Somebody who only looks: no account."""

    weight = 4

    @task(3)
    def browse(self) -> None:
        with self.journey("browse"):
            self.page("catalog/", "catalogue")
            self.think()
            for product in self.read("/products", "/products", page=1)["results"][:2]:
                self.think()
                self.read(f"/products/{product['id']}", "/products/{id}")

    @task(1)
    def search(self) -> None:
        with self.journey("search"):
            for words in ("ходунки", "жөргек"):
                self.read("/products", "/products?q", q=words)
                self.think()


__all__ = [
    "Anchor",
    "Beneficiary",
    "Caseworker",
    "Complainant",
    "Hotline",
    "OnASlowLine",
    "Scanner",
    "Supplier",
    "Visitor",
]
