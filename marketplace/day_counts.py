"""What a day was like, as counts that outlive every process: how fast pages came, how many answers were errors.

Prometheus forgets, and each web process counts for itself. Here each process adds what it has counted to the day's
rows once a minute, in a thread of its own: no request waits for it, and a database that is away only makes it later.
What a process had not added yet when it was killed is lost: a minute of counts at most.
"""

import threading
import time
from collections import Counter
from datetime import date

import structlog
from django.db import Error, connection, transaction
from django.utils import timezone

from marketplace.models import DayCount

log = structlog.get_logger(__name__)

PAGES, ANSWERS = "page_seconds", "answers"
EVERY = 60.0  # seconds
# Upper ends of the buckets in seconds; a page that took longer is in the last one.
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
BEYOND = "beyond"

_lock = threading.Lock()
_pending: Counter[tuple[date, str, str]] = Counter()
_wanted = threading.Event()
_thread: threading.Thread | None = None


def page(seconds: float) -> None:
    """A person saw a page whole after so many seconds."""
    bucket = next((end for end in BUCKETS if seconds <= end), None)
    _count(PAGES, BEYOND if bucket is None else f"{bucket:g}")


def answer(status: int) -> None:
    """The portal answered a page or a program."""
    _count(ANSWERS, "error" if status >= 500 else "fine")


def keep() -> None:
    """From now on this process adds what it counts to the database; only web servers do."""
    _wanted.set()


def flush() -> int:
    """Add what is pending to the days' rows; how many rows. What cannot be written stays pending."""
    global _pending
    with _lock:
        pending, _pending = _pending, Counter()
    if not pending:
        return 0
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # In the order of the keys: two processes never wait for each other.
            cursor.executemany(
                "INSERT INTO marketplace_daycount (day, what, part, count) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (day, what, part) DO UPDATE SET count = marketplace_daycount.count + excluded.count",
                [(*key, count) for key, count in sorted(pending.items())],
            )
    except Error:
        with _lock:
            _pending += pending
        log.warning("day_counts_later", rows=len(pending))
        return 0
    return len(pending)


def p95(first: date, last: date) -> float | None:
    """Seconds within which 95 of 100 pages of these days were there, to the hundredth; None of no page.

    Within its bucket a page may have taken any time: the bound is drawn straight through it, as Prometheus does.
    """
    counts = _of(PAGES, first, last)
    wanted = 0.95 * sum(counts.values())
    seen, begin = 0, 0.0
    for end in BUCKETS:
        here = counts.get(f"{end:g}", 0)
        if here and seen + here >= wanted:
            return round(begin + (end - begin) * (wanted - seen) / here, 2)
        seen, begin = seen + here, end
    return BUCKETS[-1] if wanted else None


def answers(first: date, last: date) -> tuple[int, int]:
    """How many answers of these days were errors of the portal's, and how many there were."""
    counts = _of(ANSWERS, first, last)
    return counts.get("error", 0), sum(counts.values())


def _of(what: str, first: date, last: date) -> Counter[str]:
    found: Counter[str] = Counter()
    for part, count in DayCount.objects.filter(what=what, day__range=(first, last)).values_list("part", "count"):
        found[part] += count
    return found


def _count(what: str, part: str) -> None:
    global _thread
    with _lock:
        _pending[timezone.localdate(), what, part] += 1
        if _wanted.is_set() and (_thread is None or not _thread.is_alive()):
            # Here and not at the start: a server's processes are forked after it.
            _thread = threading.Thread(target=_go_on, name="day-counts", daemon=True)
            _thread.start()


def _go_on() -> None:
    while _wanted.is_set():
        time.sleep(EVERY)
        try:
            flush()
        finally:
            connection.close()
