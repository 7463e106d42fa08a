"""The first morning of a quarter: everybody's tranche has opened, at nine all come at once and want the same shelf.

LOAD_ARRIVALS people (100) within LOAD_SECONDS (60), as an open loop: each signs in, goes to the same kind of goods, takes the
first product that can be had, fills in and sends. Who finds the shelf empty is told so: that is a journey that ended well,
counted as its own outcome. An answer that the portal is busy is waited out.
"""

import os

from locust import task

from perf.locustfiles.beneficiary import KIND, Person
from perf.locustfiles.coming import rush
from perf.locustfiles.common import Anchor
from perf.locustfiles.shapes import Arrivals

SECONDS = float(os.environ.get("LOAD_SECONDS", "60"))
MANY = int(os.environ.get("LOAD_ARRIVALS", "100"))


class AtNine(Person):
    """One of all who want their quarter's diapers in the first hour."""

    once = True

    @task
    def get_hers(self) -> None:
        with self.journey("nine o'clock: to the order"):
            self.page("programme/", "programme")
            ordered = self.order_by_pages(KIND)
            self.count("ordered" if ordered else "told that there is none")


class Morning(Arrivals):
    seconds = SECONDS
    come = staticmethod(rush(MANY, SECONDS))


__all__ = ["Anchor", "AtNine", "Morning"]
