"""The outbox: effects written with their cause, handed on by the relay, done once each.

A service adds a row in its transaction. The relay hands waiting rows to Celery, a worker runs the
topic's handlers, and only then is the row done. A broker that dies, a worker that is killed or a
relay that publishes twice delay or repeat a row, they never lose one: handlers read current state
and are safe to run twice.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from marketplace.models import OutboxRow

log = structlog.get_logger(__name__)

Handler = Callable[[OutboxRow], None]
_handlers: dict[str, list[Handler]] = {}

MAX_ATTEMPTS = 10
HANDED_FOR = timedelta(seconds=60)


def handler(*topics: str) -> Callable[[Handler], Handler]:
    """Register a function for topics; several functions may serve one topic, in order."""

    def register(function: Handler) -> Handler:
        for topic in topics:
            _handlers.setdefault(topic, []).append(function)
        return function

    return register


def add(topic: str, key: str, payload: dict[str, Any] | None = None, *, not_before: datetime | None = None) -> None:
    """Write an effect into the running transaction. ``payload`` carries ids, never personal data."""
    if not connection.in_atomic_block:
        raise RuntimeError("an outbox row belongs into the transaction of its cause")
    OutboxRow.objects.create(
        topic=topic, key=key, payload=payload or {}, available_at=not_before or timezone.now()
    )


def add_many(rows: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Several effects in one statement: (topic, key, payload)."""
    OutboxRow.objects.bulk_create(OutboxRow(topic=topic, key=key, payload=payload) for topic, key, payload in rows)


def hand_on(publish: Callable[[int], None], limit: int = 200) -> int:
    """Give waiting rows to ``publish``; returns how many. Two relays never take the same row."""
    with transaction.atomic(durable=True):
        rows = list(
            OutboxRow.objects.select_for_update(skip_locked=True)
            .filter(done_at=None, dead_at=None, handed_at=None, available_at__lte=timezone.now())
            .order_by("available_at", "pk")[:limit]
        )
        handed = []
        try:
            for row in rows:
                publish(row.pk)
                handed.append(row.pk)
        finally:
            # What was published before the broker failed is marked; the rest keeps waiting.
            OutboxRow.objects.filter(pk__in=handed).update(handed_at=timezone.now(), attempts=F("attempts") + 1)
    return len(handed)


def run(row_id: int) -> bool:
    """Do one row's work. False when it is already done or another worker holds it."""
    with transaction.atomic(durable=True):
        row = (
            OutboxRow.objects.select_for_update(skip_locked=True)
            .filter(pk=row_id, done_at=None, dead_at=None)
            .first()
        )
        if row is None:
            return False
        try:
            with transaction.atomic():
                for function in _handlers.get(row.topic, []):
                    function(row)
        except Exception as error:
            _failed(row, error)
            return False
        row.done_at = timezone.now()
        row.save(update_fields=["done_at"])
    return True


def _failed(row: OutboxRow, error: Exception) -> None:
    """Try again later, at most MAX_ATTEMPTS times; a poison row is set aside, the others flow."""
    row.error = f"{type(error).__name__}: {error}"[:500]
    row.handed_at = None
    if row.attempts >= MAX_ATTEMPTS:
        row.dead_at = timezone.now()
    else:
        row.available_at = timezone.now() + timedelta(seconds=min(300, 2**row.attempts))
    row.save(update_fields=["error", "handed_at", "dead_at", "available_at"])
    log.error("outbox_failed", topic=row.topic, attempts=row.attempts, error=type(error).__name__)


def requeue() -> int:
    """Rows that were handed on but not finished in time wait again (lost broker, killed worker)."""
    return OutboxRow.objects.filter(
        done_at=None, dead_at=None, handed_at__lt=timezone.now() - HANDED_FOR
    ).update(handed_at=None)


def drain(limit: int = 10_000) -> int:
    """Do everything that waits, here and now, without a broker: for commands and tests."""
    done = 0
    while done < limit:
        row = OutboxRow.objects.filter(
            done_at=None, dead_at=None, available_at__lte=timezone.now()
        ).order_by("available_at", "pk").first()  # fmt: skip
        if row is None:
            return done
        OutboxRow.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1)
        run(row.pk)
        done += 1
    return done


def prune(older_than: timedelta = timedelta(days=14)) -> int:
    """Forget finished rows after a while."""
    return OutboxRow.objects.filter(done_at__lt=timezone.now() - older_than).delete()[0]
