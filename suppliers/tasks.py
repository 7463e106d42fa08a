"""Celery's door to the sweep over offers; safe to run twice."""

import structlog
from celery import shared_task

from suppliers import offers

log = structlog.get_logger(__name__)


@shared_task(name="suppliers.tasks.hide_stale_offers")
def hide_stale_offers() -> None:
    """Offers whose stock nobody confirmed in time leave the market until the supplier counts again."""
    log.info("stale_offers_hidden", offers=offers.hide_stale())
