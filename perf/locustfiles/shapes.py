"""Open loops for Locust: people come by the clock, whatever the portal does, do one thing each, and leave.

Locust lets in as many users as a shape asks for and keeps their number: whoever ends is replaced. So nobody ends here. The
shape asks for as many as should have come until now; each does her one journey and then nothing (``PortalUser.once``), and the
chart of users shows how many have come.
"""

from collections.abc import Callable

from locust import LoadTestShape

from perf.locustfiles.coming import TAIL

ANCHORS = 1  # Anchor, who is there all the time


class Arrivals(LoadTestShape):
    """``come(t)``: how many people should have come ``t`` seconds after the beginning."""

    abstract = True
    come: Callable[[float], float]
    seconds: float

    def tick(self) -> tuple[int, float] | None:
        """Once a second: everybody who is due until the next tick."""
        now = self.get_run_time()
        if now > self.seconds + TAIL:
            return None
        due = ANCHORS + int(type(self).come(min(now + 1, self.seconds)))
        before = ANCHORS + int(type(self).come(min(now, self.seconds)))
        return due, float(max(1, due - before))
