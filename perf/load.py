"""`make load`: people against a portal of its own, bounded, with a result page; fails on errors and on slow journeys.

    python -m perf.load [--shape usual|arrivals|rush]

Environment: LOAD_SHAPE (usual), LOAD_SECONDS (60), LOAD_PEOPLE (200 beneficiaries with accounts), LOAD_WORKERS (0: one process;
else a master and so many workers on 127.0.0.1). Of the usual day: LOAD_USERS (30). Of arrivals: LOAD_RATE (3 people a second). Of
the rush: LOAD_ARRIVALS (100 people). LOAD_LINE (2g): the slow line, gprs, 2g or 3g.
Exits with 1 when the run was not as perf/budgets.py wants it, and then says why.
"""

import argparse
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psycopg2

from config import embedded
from config.embedded import attached_command
from perf import budgets
from perf.locustfiles.coming import TAIL
from perf.portal import ROOT, RunningPortal, free_port

RESULTS = ROOT / "perf" / "results"
ORDERS_PER_PERSON = 5  # as perf/seed.py shares them out
FILES = {"usual": "mixed.py", "arrivals": "arrivals.py", "rush": "rush.py"}
TO_FINISH = 15  # seconds in which people finish what they began
ON_THE_SHELF = 0.6  # packs for each of those who come to the rush


@dataclass(frozen=True)
class Plan:
    """How much of what; see the environment above."""

    shape: str = "usual"
    seconds: int = 60
    people: int = 200
    users: int = 30
    rate: float = 3.0
    arrivals: int = 100
    workers: int = 0

    @classmethod
    def of_environment(cls, shape: str = "") -> "Plan":
        """Raises ValueError for what is no bounded run."""
        names = {"seconds": int, "people": int, "users": int, "rate": float, "arrivals": int, "workers": int}
        given = {
            name: kind(os.environ[f"LOAD_{name.upper()}"])
            for name, kind in names.items()
            if os.environ.get(f"LOAD_{name.upper()}")
        }
        plan = cls(shape=shape or os.environ.get("LOAD_SHAPE") or "usual", **given)
        bounds = {"seconds": 1800, "people": 20_000, "users": 500, "rate": 100, "arrivals": 10_000}
        if plan.shape not in FILES or not 0 <= plan.workers <= 16:
            raise ValueError(f"LOAD_SHAPE is one of {', '.join(FILES)}, LOAD_WORKERS at most 16.")
        for name, most in bounds.items():
            if not 0 < getattr(plan, name) <= most:
                raise ValueError(f"LOAD_{name.upper()} must be above 0 and at most {most}.")
        return plan

    @property
    def due(self) -> int:
        """How many people should come, in an open loop."""
        return {"arrivals": int(self.rate * self.seconds), "rush": self.arrivals}.get(self.shape, 0)

    def environment(self) -> dict[str, str]:
        named = {"PEOPLE": self.people, "SECONDS": self.seconds, "RATE": self.rate, "ARRIVALS": self.arrivals}
        return {f"LOAD_{name}": str(value) for name, value in named.items()}

    @property
    def longest(self) -> float:
        """Seconds after which a generator that is still there hangs."""
        return self.seconds + TAIL + TO_FINISH + 120


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=FILES, default="")
    try:
        plan = Plan.of_environment(parser.parse_args().shape)
    except ValueError as error:
        print(error)
        return 2
    with RunningPortal(ROOT / ".state" / "load") as portal:
        prepare(portal, plan)
        verdict = run(portal, plan)
    print(*verdict.lines(), f"Result page: {RESULTS / page_name(plan)}.html", sep="\n")
    return 1 if verdict.wrong else 0


def prepare(portal: RunningPortal, plan: Plan, products: int = 200) -> None:
    """Goods and people beside the demo's own; for the rush a shelf that is not enough for all."""
    volume = {"products": products, "offers": 3, "orders": plan.people * ORDERS_PER_PERSON, "seed": 1}
    portal.manage("seed_scale", *(word for name, number in volume.items() for word in (f"--{name}", str(number))))
    if plan.shape == "rush":
        put_on_the_shelf(embedded.service_urls(portal.state).database_url, round(plan.arrivals * ON_THE_SHELF))


def put_on_the_shelf(database_url: str, packs: int) -> None:
    """So many packs in all can be had of the kind that everybody wants, shared out evenly over its offers."""
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "WITH shelf AS (SELECT s.id, row_number() OVER (ORDER BY s.id) AS place, count(*) OVER () AS offers"
            " FROM partner_stockrecord s JOIN catalogue_product p ON p.id = s.product_id"
            " JOIN catalogue_productclass c ON c.id = p.product_class_id AND c.code = 'adult-diapers'"
            " WHERE s.status = 'published')"
            " UPDATE partner_stockrecord s SET num_in_stock = s.num_allocated"
            " + %s / shelf.offers + (shelf.place <= %s %% shelf.offers)::int FROM shelf WHERE shelf.id = s.id",
            [packs, packs],
        )


def page_name(plan: Plan) -> str:
    return "load" if plan.shape == "usual" else f"load-{plan.shape}"


def run(portal: RunningPortal, plan: Plan, results: Path = RESULTS) -> budgets.Verdict:
    """Let the people in, then judge. Leaves ``load*.html``, ``*.csv`` and ``*.json`` in ``results``."""
    results.mkdir(exist_ok=True, parents=True)
    name, before = page_name(plan), orders_there(portal)
    for old in results.glob(f"{name}_stats.csv"):
        old.unlink()
    generate(portal.url, plan, results / name)
    verdict = budgets.judge(budgets.read(results / f"{name}_stats.csv"), budgets.SHAPES[plan.shape], due=plan.due)
    lost = verdict.outcomes.get("ordered", 0) - (orders_there(portal) - before)
    if lost > 0:
        verdict = replace(verdict, wrong=(*verdict.wrong, f"{lost} orders with a receipt are missing"))
    budgets.write_into(results / f"{name}.html", verdict)
    facts = {**asdict(verdict), "plan": asdict(plan)}
    (results / f"{name}.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
    return verdict


def orders_there(portal: RunningPortal) -> int:
    with (
        psycopg2.connect(embedded.service_urls(portal.state).database_url) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT count(*) FROM order_order")
        return int(cursor.fetchone()[0])


def generate(url: str, plan: Plan, where: Path) -> None:
    """Run Locust against ``url``, with workers where the plan has some. Raises RuntimeError when it cannot be run."""
    command = [
        *(sys.executable, "-m", "locust", "-f", f"perf/locustfiles/{FILES[plan.shape]}", "--headless", "--host", url),
        *("--stop-timeout", str(TO_FINISH), "--exit-code-on-error", "0", "--only-summary"),
        *("--html", f"{where}.html", "--csv", str(where)),
    ]
    if not plan.due:
        command += ["--users", str(plan.users), "--spawn-rate", "2", "--run-time", f"{plan.seconds}s"]
    environment = {**os.environ, **plan.environment(), "PYTHONPATH": str(ROOT)}
    with ExitStack() as running:
        if plan.workers:
            port = free_port()
            command += ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", str(port)]
            command += ["--expect-workers", str(plan.workers), "--expect-workers-max-wait", "60"]
            for number in range(plan.workers):
                running.enter_context(Worker(number, plan, port, environment, where))
        log = running.enter_context(where.with_suffix(".log").open("w"))
        done = subprocess.run(
            attached_command(command),
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            timeout=plan.longest,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(where.with_suffix(".log").read_text(encoding="utf-8")[-3000:])


class Worker:
    """A generator that obeys the master of this run; gone with the block."""

    def __init__(self, number: int, plan: Plan, port: int, environment: dict[str, str], where: Path) -> None:
        self.command = [
            *(sys.executable, "-m", "locust", "-f", f"perf/locustfiles/{FILES[plan.shape]}", "--worker"),
            *("--master-host", "127.0.0.1", "--master-port", str(port)),
        ]
        self.environment = {**environment, "LOAD_WORKER": str(number)}
        self.log = where.with_name(f"{where.name}-worker-{number}.log")

    def __enter__(self) -> None:
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                attached_command(self.command), cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    def __exit__(self, *_how: object) -> None:
        try:
            self.process.wait(timeout=20)  # the master sends it home
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


if __name__ == "__main__":
    sys.exit(main())
