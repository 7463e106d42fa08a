"""Celery's doors to the services; each is safe to run twice."""

from celery import shared_task

from catalog import search
from marketplace import periodic


@shared_task(name="catalog.tasks.keep_search")
def keep_search() -> None:
    """Its twin, which builds everything anew, is the command ``rebuild_search``."""
    with periodic.job("keep_search") as run:
        run.count = search.sweep()
