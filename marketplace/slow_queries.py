"""Which statements are slow, and which the database stopped because of a lock or its time: one log line each.

The log has the statement as the code wrote it, with placeholders: what people typed is not in it. Each line carries the
id of its request or task (marketplace/logs.py).
"""

import re
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from marketplace.metrics import SLOW_QUERIES, STOPPED_QUERIES

log = structlog.get_logger(__name__)

LONGEST = 400  # letters of a statement
# PostgreSQL's codes
REASONS = {"55P03": "lock", "40P01": "deadlock", "57014": "time"}

_MANY = re.compile(r"%s(?:, %s)+")
_LITERAL = re.compile(r"'(?:[^']|'')*'")


def watch(connection: BaseDatabaseWrapper, **_facts: Any) -> None:
    """Receiver of ``connection_created``."""
    if _measure not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _measure)  # last in, first out: the others come and go


def _measure(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    except OperationalError as error:
        reason = REASONS.get(getattr(error.__cause__, "pgcode", "") or "")
        if reason:
            STOPPED_QUERIES.labels(reason).inc()
            _say("stopped_query", sql, started, code=reason)
        raise
    finally:
        if (time.perf_counter() - started) * 1000 >= settings.SLOW_QUERY_MS:
            SLOW_QUERIES.inc()
            _say("slow_query", sql, started)


def _say(event: str, sql: str, started: float, **facts: str) -> None:
    log.warning(event, statement=shape(sql), seconds=round(time.perf_counter() - started, 3), **facts)


def shape(sql: str) -> str:
    """A statement without values, short enough for a line of a log."""
    text = _LITERAL.sub("'…'", _MANY.sub("%s, …", str(sql)))
    return " ".join(text.split())[:LONGEST]
