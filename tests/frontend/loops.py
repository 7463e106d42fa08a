"""Races show in loops: a single run passes by luck. How often, says DRAFT_RUNS.

Without it a loop runs a share of its full count, enough to catch a plain mistake in a minute. ``DRAFT_RUNS=full``
runs all of them, as before a release; a number is a percentage.
"""

import os

SHARE = 20  # percent
# A key's way to the disk may take 50 ms (test_draft_limits.py), on a busy machine twice that. Who waits for a pause in
# typing, or for the next flush of localStorage, has lost all by then.
WRITTEN_MS = 100


def runs(full: int, *, least: int = 2) -> int:
    """How often to repeat, ``least`` times or more."""
    asked = os.environ.get("DRAFT_RUNS", "")
    share = 100 if asked == "full" else int(asked or SHARE)
    return max(least, full * share // 100)
