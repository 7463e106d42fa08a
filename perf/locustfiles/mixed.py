"""The usual mix: run it with `locust -f perf/locustfiles/mixed.py`, or `make load` for the bounded run."""

from locust import task

from perf.locustfiles.beneficiary import Beneficiary
from perf.locustfiles.common import PortalUser
from perf.locustfiles.complaint import Complainant
from perf.locustfiles.office import Caseworker
from perf.locustfiles.supplier import Supplier


class Visitor(PortalUser):
    """Somebody who only looks: no account."""

    weight = 4

    @task(3)
    def browse(self) -> None:
        self.page("catalog/", "catalogue")
        for product in (self.read("/products", "products", page=1) or {"results": []})["results"][:2]:
            self.read(f"/products/{product['id']}", "product")

    @task(1)
    def search(self) -> None:
        self.read("/products", "products?q", q="ходунки")
        self.read("/products", "products?q", q="жөргек")


__all__ = ["Beneficiary", "Caseworker", "Complainant", "Supplier", "Visitor"]
