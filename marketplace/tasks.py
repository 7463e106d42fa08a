"""Celery's doors to the services; each is safe to run twice."""

from celery import shared_task

from marketplace import files, health, outbox, periodic
from marketplace.drafts import retention
from marketplace.tidying import tidy_up as tidy


@shared_task(name="marketplace.tasks.do_outbox_rows")
def do_outbox_rows(*row_ids: int) -> None:
    for row_id in row_ids:
        outbox.run(row_id)


@shared_task(name="marketplace.tasks.requeue_outbox")
def requeue_outbox() -> None:
    with periodic.job("requeue_outbox") as run:
        run.count = outbox.requeue()


@shared_task(name="marketplace.tasks.tidy_up")
def tidy_up() -> None:
    """Its twin is the command of the same name."""
    with periodic.job("tidy_up") as run:
        run.count = sum(tidy().values())


@shared_task(name="marketplace.tasks.keep_drafts")
def keep_drafts() -> None:
    """Its twin is the command of the same name."""
    with periodic.job("keep_drafts") as run:
        run.count = sum(retention.sweep().values())


@shared_task(name="marketplace.tasks.look_at_held_files")
def look_at_held_files() -> None:
    """What came while the scanner was away."""
    with periodic.job("look_at_held_files") as run:
        run.count = files.look_at_held()


@shared_task(name="marketplace.tasks.watch_health")
def watch_health() -> None:
    """What does not work goes into the month's minutes of trouble; a watch that stood still, too."""
    with periodic.job(health.WATCH) as run:
        run.count = health.note_trouble()
