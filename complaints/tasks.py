"""Celery's door to the clock; ``run_clock`` is its twin for people."""

from celery import shared_task

from complaints import clocks
from complaints.reporting import facts
from marketplace import periodic
from marketplace.time import database_now


@shared_task(name="complaints.tasks.run_clock")
def run_clock() -> None:
    """Every date that has passed by the database's clock, once."""
    with periodic.job("run_clock") as run:
        run.count = clocks.run(database_now()).done.total()


@shared_task(name="complaints.tasks.report_facts")
def report_facts() -> None:
    """The newest events into the facts of the reports; its twin is the command of the same name."""
    with periodic.job("report_facts") as run:
        run.count = facts.catch_up()
