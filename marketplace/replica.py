"""Reads that a streaming copy of the database may answer: public reports and open data, heavy and made of what is past.

``REPLICA_URL`` names the copy. It is read only while it is at most ``MOST_BEHIND_S`` behind, and never for somebody who
has written within that time, so nobody sees older data than she just wrote; programs with a token read where they write.
A copy that is away, too old, or no copy any more (promoted) is left alone: the same view asks the database itself.
"""

import time
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase

from marketplace.breaker import Breaker
from marketplace.remembered import Remembered, for_everybody

log = structlog.get_logger(__name__)

View = TypeVar("View", bound=Callable[..., Any])

ALIAS = "replica"
MOST_BEHIND_S = 10.0
LOOK_AGAIN_S = 1.0
AWAY_S = 10.0  # so long a copy that did not answer is not asked
WROTE, WROTE_S = (
    "wrote",
    15,
)  # the cookie of who has just written, and how long it stays: longer than a copy may be behind
AWAY = (OperationalError, InterfaceError)
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}

_reads_copy: ContextVar[bool] = ContextVar("reads_copy", default=False)
_away = Breaker(AWAY_S)


def _alias() -> str:
    return ALIAS if _reads_copy.get() and not for_everybody.get() else "default"


class Router:
    """Django's database router: the copy inside ``may_read`` views, the database itself everywhere else."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return _alias()

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return "default"

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db != ALIAS


def cursor() -> Any:
    """A cursor of the database that the view reads, for SELECTs without models."""
    return connections[_alias()].cursor()


class Behind:
    """How old the copy is: the database's own places in its log, held against the one that the copy has reached."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._places: deque[tuple[float, int]] = deque(maxlen=60)

    def seconds(self, written: int, replayed: int) -> float:
        """``written`` now by the database, ``replayed`` by the copy: at most so old is what it shows; infinite when
        nothing that old is remembered.
        """
        now = self._clock()
        self._places.append((now, written))
        reached = [when for when, place in self._places if place <= replayed]
        return now - reached[-1] if reached else float("inf")


_behind = Behind()


def _is_fresh() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
        written = int(cursor.fetchone()[0])
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery(), pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')")
        is_copy, replayed = cursor.fetchone()
    return is_copy and replayed is not None and _behind.seconds(written, int(replayed)) <= MOST_BEHIND_S


# Kept as text, since nothing false is remembered.
_fresh = Remembered(lambda: "fresh" if _is_fresh() else "old", seconds=LOOK_AGAIN_S, waits=True)


def may_read(view: View) -> View:
    """A view, or a function of the API, that only reads what may be some seconds old. Put it under the policy and the allowed methods."""

    @wraps(view)
    def answer(request: HttpRequest, *arguments: Any, **named: Any) -> Any:
        if not _may(request):
            return view(request, *arguments, **named)
        inside = _reads_copy.set(True)
        try:
            return view(request, *arguments, **named)
        except AWAY as error:
            _leave_alone(error)
        finally:
            _reads_copy.reset(inside)
        return view(request, *arguments, **named)

    return answer  # type: ignore[return-value]


def _may(request: HttpRequest) -> bool:
    if not settings.REPLICA_URL or WROTE in request.COOKIES or "Authorization" in request.headers:
        return False
    if request.method not in {"GET", "HEAD"} or not _away.admits():
        return False
    request.user.is_authenticated  # noqa: B018  who it is says the database itself
    try:
        fresh = _fresh.get() == "fresh"
    except AWAY as error:
        _leave_alone(error)
        return False
    _away.reset()
    return fresh


def _leave_alone(error: Exception) -> None:
    """Ask it no more for a while."""
    _away.trip()
    connections[ALIAS].close()
    log.warning("replica_left_alone", error=type(error).__name__)


class WroteMiddleware:
    """Remembers in the browser that it has just written. Only where there is a copy to read from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method in UNSAFE and settings.REPLICA_URL:
            response.set_cookie(
                WROTE, "1", max_age=WROTE_S, httponly=True, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax"
            )
        return response
