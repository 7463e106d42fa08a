"""What happens to orders and programmes because time passed. Safe to run twice, and by two at once.

``complaints.clocks`` calls it each minute and from the command ``run_clock``; every step is a
conditional UPDATE under a row lock, so the second runner finds nothing to do. Silence at acceptance is
not acceptance: an overdue delivered order stays as it is and stands on the office's list of calls.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from orders import entitlements, fulfilment, reminding
from orders.models import Order
from orders.states import OrderStatus

log = structlog.get_logger(__name__)

BATCH = 1000


@dataclass
class Summary:
    """What one sweep did, by kind; steps that failed are tried again by the next sweep."""

    done: Counter[str] = field(default_factory=Counter)
    failed: int = 0


def run(now: datetime) -> Summary:
    """Every order and programme step that is due at ``now``, once."""
    summary = Summary()
    today = timezone.localdate(now)
    silent = Order.objects.filter(status=OrderStatus.SENT, due_at__lt=now).order_by("due_at", "pk")
    _each(summary, "timed out", silent, lambda number: fulfilment.time_out(number=number, now=now))
    paid = Order.objects.filter(status=OrderStatus.PAID, due_at__lt=now).order_by("due_at", "pk")
    _each(summary, "closed", paid, lambda number: fulfilment.close(number=number, now=now))
    summary.done["programme lines expired"] += entitlements.expire_due(today)
    summary.done["tranches written"] += entitlements.write_ahead(today)
    summary.done["tranches announced"] += entitlements.announce(today)
    summary.done["holders of a recalled lot reminded"] += reminding.remind(now)
    summary.done = +summary.done
    return summary


def _each(summary: Summary, name: str, orders: QuerySet[Order], step: Callable[[str], Order | None]) -> None:
    for number in list(orders.values_list("number", flat=True)[:BATCH]):
        try:
            summary.done[name] += step(number) is not None
        except Exception:
            # One broken order must not stop the clock of the others.
            summary.failed += 1
            log.exception("order_clock_failed", order=number, step=name)
