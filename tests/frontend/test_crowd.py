"""Five thousand forms and a server that comes back after two minutes: the real sender in simulated time."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")
SCRIPTS = Path(__file__).resolve().parents[2] / "marketplace" / "frontend" / "scripts"
MOST_IN_A_SECOND = 250  # what the portal can take beside its pages

pytestmark = pytest.mark.skipif(
    NODE is None, reason="the simulation runs the browser's script in Node, which is missing"
)


def crowd(*, jitter: bool) -> dict[str, float]:
    """5,000 forms with unsent text while the server is away for 120 s."""
    done = subprocess.run(
        [str(NODE), str(Path(__file__).with_name("crowd.mjs")), str(SCRIPTS), "5000", "120", "yes" if jitter else "no"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_returning_server_is_not_run_over():
    seen = crowd(jitter=True)
    assert seen["saved"] == 5000
    assert 0 < seen["peak"] <= MOST_IN_A_SECOND
    assert seen["last"] <= 65, "nobody waits much longer than the longest pause of a minute"


def test_control_without_the_random_pause_all_come_at_once():
    assert crowd(jitter=False)["peak"] > 10 * MOST_IN_A_SECOND
