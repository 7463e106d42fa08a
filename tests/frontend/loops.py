"""Races show in loops: a single run passes by luck. How often, says DRAFT_RUNS.

Without it a loop runs a share of its full count, enough to catch a plain mistake in a minute. ``DRAFT_RUNS=full``
runs all of them, as before a release; a number is a percentage.
"""

import os

SHARE = 20  # percent


def runs(full: int, *, least: int = 2) -> int:
    """How often to repeat, ``least`` times or more."""
    asked = os.environ.get("DRAFT_RUNS", "")
    share = 100 if asked == "full" else int(asked or SHARE)
    return max(least, full * share // 100)
