"""The same people as on a usual day, as an open loop: LOAD_RATE of them come each second (3), for LOAD_SECONDS (60).

What it shows: what people see when more come than the portal can serve; nobody waits outside until the portal is ready
for her. What it is not: a proof beyond the rate that the generator itself keeps. It is one Python process: `make load`
says when it let people in too late or too few; then give it workers (LOAD_WORKERS). A latency counts from the moment at
which a person was let in, not from the one at which she should have been. For the hard measure of an overload, counted from
the due moment, there is perf/bench/overload.py.
"""

import os

from perf.locustfiles.coming import steady
from perf.locustfiles.common import PortalUser
from perf.locustfiles.mixed import *  # noqa: F403  the classes are what Locust looks for
from perf.locustfiles.shapes import Arrivals

PortalUser.once = True


class Steady(Arrivals):
    seconds = float(os.environ.get("LOAD_SECONDS", "60"))
    come = staticmethod(steady(float(os.environ.get("LOAD_RATE", "3"))))
