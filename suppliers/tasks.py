"""Celery's doors to the sweeps over offers and suppliers; safe to run twice."""

import structlog
from celery import shared_task

from marketplace import periodic
from suppliers import complaint_facts, effects, offers
from suppliers.demand import needs
from suppliers.watch import cells, inviting, signals

log = structlog.get_logger(__name__)


@shared_task(name="suppliers.tasks.hide_stale_offers")
def hide_stale_offers() -> None:
    """Offers whose stock nobody confirmed in time leave the market until the supplier counts again."""
    log.info("stale_offers_hidden", offers=offers.hide_stale())


@shared_task(name="suppliers.tasks.remind_of_stock")
def remind_of_stock() -> None:
    """Suppliers whose offers would soon leave the market because nobody counted."""
    with periodic.job("remind_of_stock") as run:
        run.count = effects.remind_of_stock()


@shared_task(name="suppliers.tasks.fade_complaints")
def fade_complaints() -> None:
    """Complaints weigh less with each day that passes."""
    with periodic.job("fade_complaints") as run:
        run.count = complaint_facts.fade()


@shared_task(name="suppliers.tasks.count_market")
def count_market() -> None:
    """Kinds whose offers changed: choice and prices."""
    with periodic.job("count_market") as run:
        run.count = cells.catch_up(seconds=60)


@shared_task(name="suppliers.tasks.watch_market")
def watch_market() -> None:
    """All kinds, once a day: a day that passes changes the market as well."""
    with periodic.job("watch_market") as run:
        run.count = cells.note_all()


@shared_task(name="suppliers.tasks.invite_suppliers")
def invite_suppliers() -> None:
    """Where people ask for what too few sell."""
    with periodic.job("invite_suppliers") as run:
        run.count = inviting.invite_due()


@shared_task(name="suppliers.tasks.look_for_signals")
def look_for_signals() -> None:
    """What may point at suppliers that act together."""
    with periodic.job("look_for_signals") as run:
        run.count = signals.sweep()


@shared_task(name="suppliers.tasks.look_at_needs")
def look_at_needs() -> None:
    """Needs that something new meets; those first that were looked at longest ago."""
    with periodic.job("look_at_needs") as run:
        run.count = needs.look()
