"""Celery's doors to the outbox."""

from celery import shared_task

from marketplace import outbox


@shared_task(name="marketplace.tasks.do_outbox_row")
def do_outbox_row(row_id: int) -> None:
    outbox.run(row_id)


@shared_task(name="marketplace.tasks.requeue_outbox")
def requeue_outbox() -> None:
    outbox.requeue()
    outbox.prune()
