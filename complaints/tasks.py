"""Celery's door to the clock; ``run_clock`` is its twin for people."""

from celery import shared_task

from complaints import clocks
from marketplace import periodic
from marketplace.time import database_now


@shared_task(name="complaints.tasks.run_clock")
def run_clock() -> None:
    """Every date that has passed by the database's clock, once."""
    with periodic.job("run_clock") as run:
        run.count = clocks.run(database_now()).done.total()
