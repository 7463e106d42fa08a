"""`make chaos`: every fault with its control against a portal of its own, and the table of guarantees.

    python -m perf.chaos [--quick] [--only F8,F9] [--seed N] [--people 100] [--keep]

Writes perf/results/chaos.json. Exits with 1 when something that must hold did not, or a control saw nothing.
"""

import argparse
import sys
import time

from perf.chaos import faults
from perf.chaos.cluster import Cluster
from perf.chaos.sms_gateway import sms_gateway
from perf.chaos.suite import FAULTS, RESULT, chosen, lines, play, staged, write
from perf.portal import ROOT, RunningPortal

PEOPLE = 100
PEOPLE_OF_QUICK = 12


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the short list with small numbers")
    parser.add_argument("--only", default="", help=f"of {', '.join(FAULTS)}")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="go on with the portal's data of the last run")
    asked = parser.parse_args()
    try:
        todo = chosen([code for code in asked.only.split(",") if code], quick=asked.quick)
    except KeyError as unknown:
        parser.error(f"{unknown} is none of {', '.join(FAULTS)}")
    people = asked.people or (PEOPLE_OF_QUICK if asked.quick else PEOPLE)
    print(f"seed {asked.seed}", flush=True)
    results = []
    state = ROOT / ".state" / "chaos"
    with (
        sms_gateway() as gateway,
        RunningPortal(state, fresh=not asked.keep, SMS_GATEWAY_URL=gateway.url, SMS_GATEWAY_TOKEN="chaos") as portal,
        staged(Cluster(portal, people, gateway), quick=asked.quick, seed=asked.seed) as stage,
    ):
        for one in todo:
            said = play(one, stage)
            verdict = "not tried" if said.not_tried else "held" if said.held else "NOT HELD"
            print(f"{said.code} {said.name}: {verdict}, {said.seconds:.0f} s", flush=True)
            print(*(f"    {wrong}" for wrong in said.wrong[:10]), sep="\n", flush=True)
            results.append(said)
    print(f"\n{lines(results)}\n")
    write(results, quick=asked.quick, seed=asked.seed)
    print(f"Seed {asked.seed}. For programs: {RESULT}")
    return 0 if all(one.held or one.not_tried for one in results) else 1


assert faults.__all__  # importing them registers them

if __name__ == "__main__":
    sys.exit(main())
