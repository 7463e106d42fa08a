"""Celery's doors to the sweeps over offers and suppliers; safe to run twice."""

import structlog
from celery import shared_task

from marketplace import periodic
from suppliers import complaint_facts, offers

log = structlog.get_logger(__name__)


@shared_task(name="suppliers.tasks.hide_stale_offers")
def hide_stale_offers() -> None:
    """Offers whose stock nobody confirmed in time leave the market until the supplier counts again."""
    log.info("stale_offers_hidden", offers=offers.hide_stale())


@shared_task(name="suppliers.tasks.fade_complaints")
def fade_complaints() -> None:
    """Complaints weigh less with each day that passes."""
    with periodic.job("fade_complaints") as run:
        run.count = complaint_facts.fade()
