"""`make load`: the usual mix against a portal of its own, bounded, with a result page.

Environment: LOAD_USERS (30), LOAD_SECONDS (60), LOAD_PEOPLE (200 beneficiaries with accounts). Exits with 1
when more than one request in a hundred failed.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path

from perf.portal import ROOT, RunningPortal

RESULTS = ROOT / "perf" / "results"
ERROR_BUDGET = 0.01
ORDERS_PER_PERSON = 5  # as perf/seed.py shares them out


def main() -> int:
    users = int(os.environ.get("LOAD_USERS", "30"))
    seconds = int(os.environ.get("LOAD_SECONDS", "60"))
    people = int(os.environ.get("LOAD_PEOPLE", "200"))
    if not (0 < users <= 500 and 0 < seconds <= 1800):
        print("LOAD_USERS must be 1 to 500 and LOAD_SECONDS 1 to 1800.")
        return 2
    RESULTS.mkdir(exist_ok=True)
    with RunningPortal(ROOT / ".state" / "load") as portal:
        portal.manage(
            "seed_scale",
            "--products",
            "200",
            "--offers",
            "3",
            "--orders",
            str(people * ORDERS_PER_PERSON),
            "--seed",
            "1",
        )
        locust = subprocess.run(
            [
                *(sys.executable, "-m", "locust", "-f", "perf/locustfiles/mixed.py", "--headless"),
                *("--host", portal.url, "--users", str(users), "--spawn-rate", "5", "--run-time", f"{seconds}s"),
                *("--stop-timeout", "10", "--exit-code-on-error", "0"),
                *("--html", str(RESULTS / "load.html"), "--csv", str(RESULTS / "load"), "--only-summary"),
            ],
            cwd=ROOT,
            env={**os.environ, "LOAD_PEOPLE": str(people), "PYTHONPATH": str(ROOT)},
            timeout=seconds + 120,
            check=False,
        )
    if locust.returncode:
        return locust.returncode
    return verdict(RESULTS / "load_stats.csv")


def verdict(stats: Path) -> int:
    """Read Locust's totals: 0 within the error budget, 1 beyond it."""
    with stats.open(encoding="utf-8") as file:
        total = next(row for row in csv.DictReader(file) if row["Name"] == "Aggregated")
    requests, failures = int(total["Request Count"]), int(total["Failure Count"])
    share = failures / requests if requests else 1.0
    print(
        f"{requests} requests, {failures} failed ({share:.2%} of {ERROR_BUDGET:.0%} allowed), "
        f"median {total['Median Response Time']} ms, p95 {total['95%']} ms, {float(total['Requests/s']):.1f} a second.\n"
        f"Result page: {RESULTS / 'load.html'}"
    )
    return 0 if requests and share <= ERROR_BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
