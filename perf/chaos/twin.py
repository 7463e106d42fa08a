"""The portal's programs with faults inside: they die at a named point, or run without one of their protections.

    python -m perf.chaos.preloaded …       the web server
    python -m perf.chaos.twin relay        any command of manage.py

The portal itself has no such switches: everything is put on from outside, here. What is on says the file that
TWIN_ORDERS names, read at every turn: {"weak": ["search", …], "crash_at": "save.after_commit"}. A death takes the order
with it, so that the next process lives.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ACTIONS = ("save", "submit", "complaint")
STAGES = ("begun", "before_commit", "after_commit", "answered")
POINTS = tuple(f"{action}.{stage}" for action in ACTIONS for stage in STAGES)
PUBLISHED = "relay.published"  # the broker has the row, the relay does not know it yet
KILLED = 137

_now = threading.local()


class Orders:
    """The file through which a running twin is told what to do."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def give(self, *, weak: Iterable[str] = (), crash_at: str = "") -> None:
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps({"weak": list(weak), "crash_at": crash_at}))
        draft.replace(self.file)

    def read(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self.file.read_text())
        except FileNotFoundError:
            return {}
        return content

    @property
    def crash_is_due(self) -> bool:
        return bool(self.read().get("crash_at"))

    def crash_here(self, point: str) -> None:
        """Die as from SIGKILL if this is the point: no clean-up, no answer."""
        if self.read().get("crash_at") == point:
            self.file.unlink()
            os._exit(KILLED)

    def weak(self, name: str) -> bool:
        return name in self.read().get("weak", ())


orders = Orders(Path(os.environ.get("TWIN_ORDERS", "/nonexistent")))


def action_of(method: str, path: str) -> str:
    if not path.startswith("/api/v1/"):
        return ""
    if method == "PATCH" and "/drafts/" in path:
        return "save"
    if method == "POST" and path.endswith("/submit"):
        return "submit"
    return "complaint" if method == "POST" and path.endswith("/complaints") else ""


def at(stage: str) -> None:
    action = getattr(_now, "action", "")
    if action:
        orders.crash_here(f"{action}.{stage}")


# --- Points of death ------------------------------------------------------------------------------


def watch_transactions() -> None:
    """Points around each outermost transaction of a request."""
    from django.db.backends.base.base import BaseDatabaseWrapper

    begin, commit = BaseDatabaseWrapper.set_autocommit, BaseDatabaseWrapper._commit  # type: ignore[attr-defined]

    def set_autocommit(self: Any, autocommit: bool, *arguments: Any, **named: Any) -> None:
        begin(self, autocommit, *arguments, **named)
        if not autocommit:
            at("begun")

    def _commit(self: Any) -> Any:
        at("before_commit")
        commit(self)
        at("after_commit")

    BaseDatabaseWrapper.set_autocommit = set_autocommit  # type: ignore[method-assign]
    BaseDatabaseWrapper._commit = _commit  # type: ignore[attr-defined]


def watched(application: Callable[..., Any]) -> Callable[..., Any]:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        _now.action = action_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        try:
            made = application(environ, start_response)
            at("answered")
            return made
        finally:
            _now.action = ""

    return answer


def watch_publishing() -> None:
    from marketplace.tasks import do_outbox_rows

    publish = do_outbox_rows.apply_async

    def apply_async(*arguments: Any, **named: Any) -> Any:
        result = publish(*arguments, **named)
        orders.crash_here(PUBLISHED)
        return result

    do_outbox_rows.apply_async = apply_async


# --- Without a protection -------------------------------------------------------------------------


def _instead(module: Any, name: str, weakness: str, weakened: Callable[..., Any]) -> None:
    """While ``weakness`` is ordered, ``weakened(original, …)`` runs instead of the function."""
    original = getattr(module, name)

    def function(*arguments: Any, **named: Any) -> Any:
        if orders.weak(weakness):
            return weakened(original, *arguments, **named)
        return original(*arguments, **named)

    setattr(module, name, function)


def weaken() -> None:
    from django.conf import settings
    from django.db import connection, transaction
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import F
    from redis import Redis

    from catalog.search import elastic
    from complaints import clocks
    from complaints.models import Complaint
    from marketplace import cache, health, idempotency, machine
    from orders import placing, review, steps
    from orders.models import Order
    from suppliers.models import StockRecord

    def as_shipped(original: Any, *arguments: Any) -> Any:
        """The cache by a client without time limits, and no breaker."""
        Redis.from_url(settings.REDIS_URL).ping()
        return arguments[1]()

    def without_key(original: Any, request: Any, work: Any) -> Any:
        return original(None, work)

    limit = elastic.SEARCH_SECONDS

    def patient(original: Any, *arguments: Any, **named: Any) -> Any:
        """The engine's own patience, and no breaker."""
        elastic.breaker.reset()
        elastic.SEARCH_SECONDS = 10.0
        try:
            return original(*arguments, **named)
        finally:
            elastic.SEARCH_SECONDS = limit

    def unlocked(original: Any, wanted: Any, lock: bool) -> Any:
        """Everybody reads before anybody writes."""
        found = original(wanted, False)
        if lock:
            time.sleep(0.5)
        return found

    def blind(original: Any, lines: Any) -> None:
        """The write does not look at the stock."""
        for line in lines:
            StockRecord.objects.filter(pk=line.offer.pk).update(num_allocated=F("num_allocated") + line.quantity)

    def unconditional(original: Any, self: Any, queryset: Any, step: Any, state: str, **changes: Any) -> None:
        queryset.update(status=step.target, **changes)

    def unlocked_order(original: Any, number: str, **_named: Any) -> Any:
        order = Order.objects.select_related("partner", "user", "region", "draft").filter(number=number).first()
        time.sleep(0.5)
        return order

    def waits_for_ever(original: Any, wanted: Any, lock: bool) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = 0")
            cursor.execute("SET LOCAL statement_timeout = 0")
        return original(wanted, lock)

    def moved_by_all(original: Any, pk: int, state: str, now: Any, move: Any) -> str:
        """Every sweep takes every case, and nobody looks whether another one has it."""
        with transaction.atomic(durable=True):
            case = clocks.Case(Complaint.objects.get(pk=pk), now)
            time.sleep(0.5)
            return move(case)

    _instead(clocks, "_move_one", "clock", moved_by_all)
    _instead(clocks, "_once", "clock", lambda original, complaint, step, now: True)
    _instead(cache.Breaker, "call", "cache", as_shipped)
    _instead(idempotency, "once", "idempotency", without_key)
    _instead(elastic, "search", "search", patient)
    _instead(review, "_offers", "stock", unlocked)
    _instead(review, "_offers", "patience", waits_for_ever)
    _instead(BaseDatabaseWrapper, "close_if_health_check_failed", "connections", lambda original, self: None)
    _instead(health, "database_answers", "readiness", lambda original, *_within: True)
    _instead(placing, "reserve_stock", "stock", blind)
    _instead(steps, "lock_order", "steps", unlocked_order)
    _instead(machine.Machine, "take", "steps", unconditional)


def prepare() -> None:
    watch_transactions()
    watch_publishing()
    weaken()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    prepare()
    execute_from_command_line(["manage.py", *sys.argv[1:]])
elif "TWIN_ORDERS" in os.environ:
    from config.wsgi import application as _portal

    prepare()
    application = watched(_portal)
