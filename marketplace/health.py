"""How the portal is: for the balancer (ready), for monitoring (gauges), for people (lines of the status page)."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, connection
from django.db.models import Count, Min
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from marketplace import formats, metrics, periodic
from marketplace.models import LastRun, OutboxRow, TroubleMinute
from marketplace.periodic import CLOCK, LATE_AFTER
from marketplace.time import database_now

READY_WITHIN = 0.3  # seconds
WATCH = "watch_health"
PORTAL = "portal"
LONGEST_GAP = timedelta(days=31)


# --- Is the database there? ------------------------------------------------------------------


@dataclass
class _Probe:
    """One question to the database, asked in a thread because a silent network answers nothing for seconds."""

    answered: threading.Event = field(default_factory=threading.Event)
    sound: bool = False

    def ask(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            self.sound = True
        except Error:
            pass
        finally:
            connection.close()
            self.answered.set()


_probe_lock = threading.Lock()
_probe: _Probe | None = None


def database_answers(within: float = READY_WITHIN) -> bool:
    """Whether a new connection gets an answer in time.

    Those who ask meanwhile share the question, so a dead database costs one thread, not one for each.
    """
    global _probe
    with _probe_lock:
        probe = _probe
        if probe is None or probe.answered.is_set():
            probe = _probe = _Probe()
            threading.Thread(target=probe.ask, name="database-probe", daemon=True).start()
    return probe.answered.wait(within) and probe.sound


def readiness() -> tuple[bool, dict[str, Any]]:
    """Can this node serve? Depends on the database alone: everything else may be away (guarantee G7)."""
    started = time.monotonic()
    sound = database_answers()
    seconds = round(time.monotonic() - started, 3)
    state = "ok" if sound else "down"
    return sound, {"status": state, "checks": {"database": {"status": state, "seconds": seconds}}}


# --- What waits ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outbox:
    """Effects that are not done yet; ``oldest`` is when the longest waiting one became due, ``waited`` how long ago."""

    waiting: int
    dead: int
    oldest: datetime | None
    waited: timedelta | None

    @property
    def age(self) -> float:
        """Seconds."""
        return max(0.0, self.waited.total_seconds()) if self.waited else 0.0


def outbox_now() -> Outbox:
    """Two small queries: finished rows are not touched."""
    due = OutboxRow.objects.filter(done_at=None, dead_at=None, available_at__lte=Now())
    waiting = due.aggregate(count=Count("pk"), oldest=Min("available_at"), waited=Now() - Min("available_at"))
    dead = OutboxRow.objects.filter(dead_at__isnull=False).count()
    return Outbox(dead=dead, waiting=waiting["count"], oldest=waiting["oldest"], waited=waiting["waited"])


@dataclass(frozen=True)
class Sessions:
    """What goes on in the database; ``longest``: seconds since the oldest transaction of somebody else began."""

    connections: int
    most: int
    waiting: int
    longest: float


def sessions_now() -> Sessions:
    """One query about all connections; what they ask is not read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), current_setting('max_connections')::int, count(*) FILTER (WHERE wait_event_type = 'Lock'),"
            " coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) FILTER (WHERE pid <> pg_backend_pid()), 0)"
            " FROM pg_stat_activity WHERE backend_type = 'client backend'"
        )
        connections, most, waiting, longest = cursor.fetchone()
    return Sessions(connections, most, waiting, max(0.0, float(longest)))


class WorkCollector(Collector):
    """Gauges asked of the database at the moment of the scrape; left out while it is away."""

    def describe(self) -> list[Any]:
        return []  # registering must not ask the database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            outbox, runs = outbox_now(), dict(LastRun.objects.values_list("name", "at"))
            sessions = sessions_now()
        except Error:
            return
        yield GaugeMetricFamily("outbox_waiting", "Effects that wait to be done", outbox.waiting)
        yield GaugeMetricFamily("outbox_oldest_seconds", "How long the oldest effect waits", outbox.age)
        yield GaugeMetricFamily("outbox_dead", "Effects set aside after too many failures", outbox.dead)
        last_runs = GaugeMetricFamily("periodic_last_run_timestamp_seconds", "Last finished run", labels=["job"])
        for name, at in runs.items():
            last_runs.add_metric([name], at.timestamp())
        yield last_runs
        yield GaugeMetricFamily("db_connections", "Connections to the database of everybody", sessions.connections)
        yield GaugeMetricFamily("db_connections_most", "How many it gives", sessions.most)
        yield GaugeMetricFamily("db_waiting_for_locks", "Statements that wait for a lock now", sessions.waiting)
        yield GaugeMetricFamily(
            "db_longest_transaction_seconds", "How long the oldest transaction is open", sessions.longest
        )


metrics.register(WorkCollector())


# --- In words --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of the status page: what, whether it is well, and what that means for people."""

    what: str
    well: bool
    words: str


_lines: dict[str, Callable[[], Line]] = {}


def register_line(part: str) -> Callable[[Callable[[], Line]], Callable[[], Line]]:
    """Let an app say how its part works now (the search index, say): no argument, one cheap query at most.

    ``part`` is the name by which minutes of trouble are kept.
    """

    def register(function: Callable[[], Line]) -> Callable[[], Line]:
        _lines[part] = function
        return function

    return register


def lines() -> dict[str, Line]:
    """How everything works now, by part; needs the database."""
    return {part: line() for part, line in _lines.items()}


# --- Minutes of trouble ----------------------------------------------------------------------


def note_trouble() -> int:
    """Write down which parts do not work in this minute; asked each minute, safe to ask twice.

    Minutes in which nobody asked are trouble of the whole portal: its own watch stood still. Returns how many
    were written.
    """
    minute = database_now().replace(second=0, microsecond=0)
    rows = [TroubleMinute(part=part, minute=minute) for part, line in lines().items() if not line.well]
    last = periodic.last_run(WATCH)
    if last is not None:
        missed = max(last.replace(second=0, microsecond=0), minute - LONGEST_GAP) + timedelta(minutes=1)
        while missed < minute:
            rows.append(TroubleMinute(part=PORTAL, minute=missed))
            missed += timedelta(minutes=1)
    return len(TroubleMinute.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000))


def trouble_between(start: datetime, end: datetime) -> int:
    """Minutes from ``start`` until before ``end`` in which the portal, or a part of it, did not work."""
    rows = TroubleMinute.objects.filter(minute__gte=start, minute__lt=end)
    return rows.aggregate(minutes=Count("minute", distinct=True))["minutes"]


def trouble_this_month() -> dict[str, int]:
    """Minutes of trouble since the first of this month in Kazakhstan, by part; parts without any are not there."""
    first = timezone.localtime(database_now()).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = TroubleMinute.objects.filter(minute__gte=first).order_by("part").values_list("part")
    return dict(rows.annotate(minutes=Count("pk")))


@register_line("messages")
def _of_outbox() -> Line:
    outbox = outbox_now()
    well = outbox.age < LATE_AFTER and not outbox.dead
    if outbox.oldest is None:
        words = _("Nothing waits. Messages go out within seconds.")
    else:
        words = ngettext(
            "%(count)s message or note waits to be sent, the oldest since %(time)s. Nothing is lost: it goes out later.",
            "%(count)s messages and notes wait to be sent, the oldest since %(time)s. Nothing is lost: they go out later.",
            outbox.waiting,
        ) % {"count": outbox.waiting, "time": formats.datetime_short(outbox.oldest)}
    if outbox.dead:
        words += " " + ngettext(
            "%(count)s could not be sent; an engineer looks at it.",
            "%(count)s could not be sent; an engineer looks at them.",
            outbox.dead,
        ) % {"count": outbox.dead}
    return Line(_("Messages to people"), well, words)


@register_line("deadlines")
def _of_clock() -> Line:
    at = periodic.last_run(CLOCK)
    if at is None:
        return Line(_("Deadlines"), False, _("The check of deadlines has not run yet."))
    well = (timezone.now() - at).total_seconds() < LATE_AFTER
    if well:
        words = _("Every deadline is checked each minute, last at %(time)s.")
    else:
        words = _(
            "The check of deadlines stands still since %(time)s. What falls due meanwhile is handled when it runs."
        )
    return Line(_("Deadlines"), well, words % {"time": formats.datetime_short(at)})
