"""A supplier works through the list: what is due first, one legal step each."""

from locust import task

from perf.locustfiles.common import PortalUser


class Supplier(PortalUser):
    accounts = ("supplier", "supplier2", "supplier3")
    weight = 1

    @task
    def work_list(self) -> None:
        with self.journey("supplier's work list"):
            self.page("supplier/", "supplier desk")
            for order in self.read("/orders")["results"][:5]:
                for action in ("confirm", "ship"):
                    if action in order["allowed"]:
                        self.think()
                        # another session of the same supplier may have been faster
                        self.send(
                            "POST",
                            f"/orders/{order['number']}/{action}",
                            {},
                            name=f"/orders/{{n}}/{action}",
                            expected=(200, 409),
                        )
                        return
