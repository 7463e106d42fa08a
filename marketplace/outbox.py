"""The outbox: effects written with their cause, handed on by the relay, done once each.

A service adds a row in its transaction. The relay hands waiting rows to Celery, a worker runs the
topic's handlers, and only then is the row done. A broker that dies, a worker that is killed or a
relay that publishes twice delay or repeat a row, they never lose one: handlers read current state
and are safe to run twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from marketplace.logs import without_values
from marketplace.models import OutboxRow

log = structlog.get_logger(__name__)

Handler = Callable[[OutboxRow], None]
_handlers: dict[str, list[Handler]] = {}
_talking: set[str] = set()
_merging: set[str] = set()

MAX_ATTEMPTS = 10
HANDED_FOR = timedelta(seconds=60)
NO_TIME = timedelta(0)
OPEN: dict[str, Any] = {"done_at": None, "dead_at": None}


@dataclass(frozen=True)
class Lane:
    """A queue of the broker with workers of its own.

    At most ``in_flight`` rows are on it: as many as its workers do within HANDED_FOR even when each takes long.
    More of them would wait there until they count as lost, again and again, and be given up for no fault. At most
    ``together`` travel in one message, because a message costs as much as a small effect.
    """

    queue: str
    talks: bool
    in_flight: int
    together: int

    def topics(self) -> Q:
        return Q(topic__in=_talking) if self.talks else ~Q(topic__in=_talking)

    def room(self) -> int:
        """How many more rows it takes now. What has been on it for too long is with nobody."""
        under_way = OutboxRow.objects.filter(self.topics(), **OPEN, handed_at__gt=Now() - HANDED_FOR)
        return max(0, self.in_flight - under_way.count())


# Whoever speaks to somebody outside waits for the answer: a slow SMS gateway holds up messages, and nothing else.
LANES = (
    Lane("celery", talks=False, in_flight=1000, together=20),
    Lane("talk", talks=True, in_flight=16, together=1),
)
SPREAD = 8  # messages at least, when there are rows enough: every worker gets some


def handler(*topics: str, talks: bool = False, merges: bool = False) -> Callable[[Handler], Handler]:
    """Register a function for topics; several functions may serve one topic, in order.

    Handlers run in the transaction that finishes their row. With ``talks`` they speak to somebody
    outside (an SMS gateway) and run without one, so that a slow answer holds no lock: such a handler
    guards itself against a twin, by a conditional UPDATE of its own.

    ``merges``: it brings something up to date by the ``key`` alone, so all rows of the topic and key that wait when it
    begins are done with it. A hundred orders of one offer a minute write its document a few times, not a hundred.
    """

    def register(function: Handler) -> Handler:
        for topic in topics:
            _handlers.setdefault(topic, []).append(function)
            if talks:
                _talking.add(topic)
            if merges:
                _merging.add(topic)
        return function

    return register


def add(topic: str, key: str, payload: dict[str, Any] | None = None, *, wait: timedelta = NO_TIME) -> None:
    """Write an effect into the running transaction. ``payload`` carries ids, never personal data.

    It is handed on after ``wait``, by the database's clock like every time here.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an outbox row belongs into the transaction of its cause")
    OutboxRow.objects.create(topic=topic, key=key, payload=payload or {}, available_at=Now() + wait)


def add_many(rows: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Several effects in one statement: (topic, key, payload)."""
    if not connection.in_atomic_block:
        raise RuntimeError("outbox rows belong into the transaction of their cause")
    OutboxRow.objects.bulk_create(OutboxRow(topic=topic, key=key, payload=payload) for topic, key, payload in rows)


def hand_on(publish: Callable[[Sequence[int]], None], limit: int = 200, lane: Lane | None = None) -> int:
    """Give waiting rows (of a lane, as many as it takes) to ``publish``; returns how many. Two relays never take the same row.

    Several travel in one message, in their order; one that was tried before goes alone, because it may be the kind that takes
    its worker down. The rows are marked first and published after the commit: a worker that is quicker than the
    relay must not find them locked. What a failing broker did not take waits again at once; what a
    killed relay did not publish waits again after HANDED_FOR (``requeue``).
    """
    if lane is not None and not (limit := min(limit, lane.room())):
        return 0
    with transaction.atomic(durable=True):
        rows = list(
            OutboxRow.objects.select_for_update(skip_locked=True)
            .filter(lane.topics() if lane else Q(), **OPEN, handed_at=None, available_at__lte=Now())
            .order_by("available_at", "pk")
            .values_list("pk", "attempts")[:limit]
        )
        OutboxRow.objects.filter(pk__in=[pk for pk, _tried in rows]).update(handed_at=Now(), attempts=F("attempts") + 1)
    messages = _packed(rows, lane.together if lane else 1)
    for position, message in enumerate(messages):
        try:
            publish(message)
        except BaseException:
            left = [pk for rest in messages[position:] for pk in rest]
            OutboxRow.objects.filter(pk__in=left, done_at=None).update(handed_at=None, attempts=F("attempts") - 1)
            raise
    return len(rows)


def _packed(rows: Sequence[tuple[int, int]], together: int) -> list[list[int]]:
    """(row, how often it was tried) as messages."""
    size = max(1, min(together, len(rows) // SPREAD))
    messages: list[list[int]] = []
    open_for_more = False
    for pk, tried in rows:
        if open_for_more and not tried and len(messages[-1]) < size:
            messages[-1].append(pk)
        else:
            messages.append([pk])
        open_for_more = not tried
    return messages


def run(row_id: int) -> bool:
    """Do one row's work. False when it failed, is already done, or another worker holds it."""
    row = None
    try:
        with transaction.atomic(durable=True):
            row = OutboxRow.objects.select_for_update(skip_locked=True).filter(pk=row_id, **OPEN).first()
            if row is None:
                return False
            if row.topic not in _talking:
                done = [row_id, *_alike(row)]
                for function in _handlers.get(row.topic, []):
                    function(row)
                OutboxRow.objects.filter(pk__in=done).update(done_at=Now())
                return True
    except Exception as error:
        if row is None:
            raise
        _failed(row, error)
        return False
    return _run_talking(row)


def _alike(row: OutboxRow) -> list[int]:
    """Rows that are done with this one, locked. Found before the handlers look: what comes later has later news."""
    if row.topic not in _merging:
        return []
    alike = OutboxRow.objects.select_for_update(skip_locked=True).filter(topic=row.topic, key=row.key, **OPEN)
    return list(alike.exclude(pk=row.pk).values_list("pk", flat=True))


def _run_talking(row: OutboxRow) -> bool:
    try:
        for function in _handlers[row.topic]:
            function(row)
    except Exception as error:
        _failed(row, error)
        return False
    OutboxRow.objects.filter(pk=row.pk, done_at=None).update(done_at=Now())
    return True


def _failed(row: OutboxRow, error: Exception) -> None:
    """Try again later, at most MAX_ATTEMPTS times; a poison row is set aside, the others flow."""
    later = {"available_at": Now() + timedelta(seconds=min(300, 2**row.attempts))}
    OutboxRow.objects.filter(pk=row.pk, **OPEN).update(
        error=without_values(f"{type(error).__name__}: {error}")[:500],
        handed_at=None,
        **({"dead_at": Now()} if row.attempts >= MAX_ATTEMPTS else later),
    )
    log.error("outbox_failed", topic=row.topic, attempts=row.attempts, error=type(error).__name__)


def requeue() -> int:
    """Rows that were handed on but not finished in time wait again (lost broker, killed worker).

    A row that takes its worker down with it never gets to report a failure: after MAX_ATTEMPTS it is
    set aside here.
    """
    overdue = OutboxRow.objects.filter(**OPEN, handed_at__lt=Now() - HANDED_FOR)
    overdue.filter(attempts__gte=MAX_ATTEMPTS).update(
        dead_at=Now(), handed_at=None, error="no worker finished it in time"
    )
    return overdue.update(handed_at=None)


def drain(limit: int = 10_000) -> int:
    """Do everything that waits, here and now, without a broker: for commands and tests.

    Returns how many rows were tried. Rows that handlers add on the way are done as well; a row that
    fails waits for its next time, a row in another worker's hands is left to that worker.
    """
    tried = 0
    left: set[int] = set()
    while tried < limit:
        waiting = OutboxRow.objects.filter(**OPEN, available_at__lte=Now())
        row = waiting.exclude(pk__in=left).order_by("available_at", "pk").first()
        if row is None:
            break
        OutboxRow.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1)
        if not run(row.pk):
            left.add(row.pk)
        tried += 1
    return tried


def revive(*, topic: str | None = None) -> int:
    """Give rows that were set aside another chance, after their cause was repaired."""
    dead = OutboxRow.objects.filter(dead_at__isnull=False)
    if topic:
        dead = dead.filter(topic=topic)
    return dead.update(dead_at=None, handed_at=None, attempts=0, available_at=Now())
