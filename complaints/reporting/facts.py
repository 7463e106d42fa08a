"""The stored facts of the reports and how they follow the event log.

A case's facts are always rewritten as a whole from the case's own events, so every part of this may run twice, late,
or in another order with the same result. ``catch_up`` rewrites the cases of the events that came since it last ran:
its cost grows with these events only. What came after that is computed while a report reads, so a report never waits
for the job and never misses an event; the job only keeps it fast. ``rebuild`` rewrites every case.
"""
# ruff: noqa: S608  the statements are put together from our own constants; every value is a parameter

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from complaints.models import Complaint
from complaints.reporting.models import FactsState
from complaints.reporting.statements import CASES_BETWEEN, CASES_OF_EVENTS, EVERYTHING, RESUM, REWRITE, parameters
from marketplace import replica
from marketplace.models import Event
from marketplace.time import database_now

EVENTS_A_BATCH = 50_000
CASES_A_BATCH = 100_000
# How long to wait for steps that are being written at this moment.
PATIENCE_S = 5.0
_ONLY_ROW = 1
NEWEST = 2**63 - 1

# --- Reading --------------------------------------------------------------------------------------------


def position() -> int:
    """The last event that is in the facts. Read it before what is read with it: an old one is only slower."""
    return FactsState.objects.filter(pk=_ONLY_ROW).values_list("last_event", flat=True).first() or 0


def read(selects: dict[str, str], named: dict[str, Any], *, after: int) -> dict[str, list[dict[str, Any]]]:
    """Rows of several SELECTs over ``stretch``, ``mark`` and their sums by day, ``total`` and ``tally``.

    These are the facts up to event ``after`` with all newer events worked in.

    One statement sees one state of the database, so what it counts from two sides can be compared. Numbers with a
    fraction come as Decimal, days as text.
    """
    columns = (f"(SELECT coalesce(json_agg(found), '[]')::text FROM ({select}) found)" for select in selects.values())  # nosec B608  # of constants
    with replica.cursor() as cursor:
        cursor.execute(f"{EVERYTHING} SELECT {', '.join(columns)}", parameters(after=after, upto=NEWEST) | named)
        texts = cursor.fetchone()
    return {name: json.loads(text, parse_float=Decimal) for name, text in zip(selects, texts, strict=True)}


# --- Writing --------------------------------------------------------------------------------------------


def catch_up() -> int:
    """Rewrite the cases of the events that are not in the facts yet; returns how many events that were."""
    position, head, finished = _begin()
    done = position
    while done < head:
        done, before = min(done + EVENTS_A_BATCH, head), done
        with _writing() as state:
            _rewrite(CASES_OF_EVENTS, after=before, upto=done)
            # An event that is still being written may stand below the head: then the same events come again.
            if finished:
                _advance(state, done)
    return head - position


def rebuild(progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Rewrite the facts of every case; returns how many. Reports stay readable and right meanwhile."""
    _position, head, finished = _begin()
    total = Complaint.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    for after in range(0, total, CASES_A_BATCH):
        with _writing():
            _rewrite(CASES_BETWEEN, after=after, upto=after + CASES_A_BATCH)
        progress(min(after + CASES_A_BATCH, total), total)
    with _writing() as state, connection.cursor() as cursor:
        for statement in RESUM:
            cursor.execute(statement, parameters())
        if finished:
            _advance(state, head)
    return Complaint.objects.count()


def _advance(state: FactsState, event: int) -> None:
    """Every event up to this one is in the facts now."""
    state.last_event, state.at = max(state.last_event, event), database_now()
    state.save()


def _begin() -> tuple[int, int, bool]:
    """What is in the facts, the newest event, and whether every event below it can be seen already.

    A step locks its case before it writes its event, so a transaction that has drawn an event's id has a number of
    its own, and that stands in the snapshot as long as the transaction runs.
    """
    done = position()
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0), pg_snapshot_xmax(pg_current_snapshot()) FROM marketplace_event")
        head, limit = cursor.fetchone()
        until = time.monotonic() + PATIENCE_S
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) >= %s::xid8", [limit])
            finished = bool(cursor.fetchone()[0])
            if finished or connection.in_atomic_block or time.monotonic() > until:
                return done, head, finished
            time.sleep(0.05)


@contextmanager
def _writing() -> Iterator[FactsState]:
    """One batch: its own transaction, alone, without the time limit of a page."""
    with transaction.atomic(durable=True):
        FactsState.objects.bulk_create([FactsState(pk=_ONLY_ROW)], ignore_conflicts=True)
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL statement_timeout = '5min'; SET LOCAL lock_timeout = '2min'; SET LOCAL work_mem = '128MB'"
            )
        yield FactsState.objects.select_for_update().get(pk=_ONLY_ROW)


def _rewrite(cases: str, *, after: int, upto: int) -> None:
    """Replace the facts of the named cases by what their events say now."""
    values = parameters(after=after, upto=upto)
    with connection.cursor() as cursor:
        for statement in REWRITE:
            cursor.execute(statement.format(cases=cases), values)


def behind() -> int:
    """How many events wait to be brought into the facts."""
    return Event.objects.filter(pk__gt=position()).count()
