"""`make bench`: the portal beside stock Oscar and the machine's limits, in one run, as one table.

    python -m perf.bench [--quick] [--products 1000] [--orders 10000] [--only list,search] [--write-readme]

Writes perf/results/bench.json. Exits with 1 when a request failed; a missed goal is shown as missed and fails nothing.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

from perf.bench import compare, readme
from perf.bench.figures import Figures, goals_table, table
from perf.portal import ROOT, RunningPortal

RESULT = ROOT / "perf" / "results" / "bench.json"
OFFERS = 5
SECONDS_TO_SEED = 4 * 3600  # a million of each on a slow machine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="says that everything can be measured, and nothing else")
    parser.add_argument("--products", type=int, default=1_000)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=compare.FULL_LENGTH.seconds)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="rows, by commas")
    parser.add_argument("--write-readme", action="store_true")
    asked = parser.parse_args()
    options = compare.QUICK if asked.quick else compare.options(asked.seconds, asked.rounds, asked.only)
    with RunningPortal(ROOT / ".state" / "bench") as portal:
        prepare(portal, 0 if asked.quick else asked.products, 0 if asked.quick else asked.orders, options.people)
        figures = compare.measure(portal, options)
    return report(figures, asked.products, asked.orders, write_readme=asked.write_readme)


def prepare(portal: RunningPortal, products: int, orders: int, people: int, complaints: int = 0) -> None:
    """Goods, people, orders and complaints, beside the demo's own."""
    volume = {
        "products": products, "offers": OFFERS, "orders": orders, "people": people, "complaints": complaints,
    }  # fmt: skip
    words = [word for name, number in volume.items() for word in (f"--{name}", str(number))]
    portal.manage("seed_scale", *words, timeout=SECONDS_TO_SEED)


def report(figures: Figures, products: int, orders: int, *, write_readme: bool, result: Path = RESULT) -> int:
    """Print the table, write the file (and perf/README.md, when asked): 0, or 1 when a request failed."""
    faults = [
        f"{row} {side}: {found.failed} failed, first {found.fault}"
        for row, sides in figures.found.items()
        for side, found in sides.items()
        if found.failed
    ]
    calibrations = ", ".join(f"{seconds:.2f}" for seconds in figures.calibrations)
    words = (
        f"{products:,} products × {OFFERS} offers, {orders:,} orders; {os.cpu_count()} CPUs, Python "
        f"{platform.python_version()}; {time.strftime('%-d %B %Y')}. A loop that is always the same took "
        f"{calibrations} s between the rounds."
    )
    whole = "\n\n".join([table(figures), goals_table(figures), words])
    print(f"\n{whole}\n", *faults, sep="\n")
    result.parent.mkdir(exist_ok=True)
    result.write_text(json.dumps(figures.as_data() | {"about": words, "faults": faults}, indent=1, ensure_ascii=False))
    if write_readme:
        readme.write("compare", whole)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
