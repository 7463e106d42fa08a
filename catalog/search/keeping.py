"""Keeping the indexes equal to the documents, whatever happens to the engines.

A change is written at once, and what an engine does not take is *owed* (SearchDebt): nobody waits for it and
nothing is tried again and again. The sweep pays what is owed as soon as the engine is back, and builds an index
anew that is missing, broken, of an earlier release or of another number of products. One process at a time writes
an index, by a lock of PostgreSQL; a change that comes while a rebuild reads the documents is owed, too, and so
is not lost with the old index.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from django.db import connection
from django.db.models import Min

from catalog.models import ProductDocument, SearchDebt, SearchWord
from catalog.search import documents, vocabulary
from catalog.search.embedded import Unavailable
from catalog.search.engines import Engine, engines
from marketplace.models import OutboxRow
from marketplace.time import database_now

log = structlog.get_logger(__name__)

BATCH = 500
LOCK_SPACE = 0x7365  # of our advisory locks: "se"
LOCK_SECONDS = 1.0  # a write waits so long for another one; a rebuild takes longer


@contextmanager
def only_writer(engine: str, seconds: float = 0.0) -> Iterator[bool]:
    """Whether this process alone may write the engine's index now; PostgreSQL lets go when the process dies."""
    deadline = time.monotonic() + seconds
    while not (mine := _lock("pg_try_advisory_lock", engine)) and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        yield mine
    finally:
        if mine:
            _lock("pg_advisory_unlock", engine)


def _lock(function: str, engine: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, hashtext(%s))", [LOCK_SPACE, engine])
        return bool(cursor.fetchone()[0])


# --- Writing ---------------------------------------------------------------------------------------


def write(product_ids: Sequence[int]) -> None:
    """Bring every engine up to date for these products. Never raises for an engine: what one misses it owes."""
    vocabulary.learn(product_ids)
    for engine in engines():
        with only_writer(engine.NAME, LOCK_SECONDS) as mine:
            try:
                if not mine:
                    raise Unavailable("the index is being written")
                if engine.fault():
                    _rebuild(engine)
                else:
                    engine.write(product_ids)
            except Unavailable as error:
                log.warning("search_index_not_written", engine=engine.NAME, reason=str(error))
                owe(engine.NAME, product_ids)


def rebuild() -> dict[str, int]:
    """Build every engine's index anew from the documents; says how many products each holds.

    An engine that cannot be built now is left out, and owes everything.
    """
    vocabulary.learn()
    built: dict[str, int] = {}
    for engine in engines():
        with only_writer(engine.NAME, LOCK_SECONDS) as mine:
            try:
                if not mine:
                    raise Unavailable("the index is being written")
                built[engine.NAME] = _rebuild(engine)
            except Unavailable as error:
                log.warning("search_index_not_built", engine=engine.NAME, reason=str(error))
                owe(engine.NAME, [SearchDebt.EVERYTHING])
    return built


def _rebuild(engine: Engine) -> int:
    """With the lock held. What was owed before the documents were read is paid by it."""
    moment = database_now()
    number = engine.rebuild()
    SearchDebt.objects.filter(engine=engine.NAME, noted_at__lt=moment).delete()
    log.info("search_index_built", engine=engine.NAME, products=number)
    return number


def owe(engine: str, product_ids: Sequence[int]) -> None:
    """Note what an engine's index has not taken."""
    moment = database_now()
    SearchDebt.objects.bulk_create(
        [SearchDebt(engine=engine, product_id=pk, since=moment, noted_at=moment) for pk in sorted(set(product_ids))],
        update_conflicts=True,
        unique_fields=["engine", "product_id"],
        update_fields=["noted_at"],
        batch_size=BATCH,
    )


# --- The sweep -------------------------------------------------------------------------------------


def sweep() -> int:
    """Pay what is owed and mend what is broken, engine by engine; returns the number of products written."""
    if not SearchWord.objects.exists():
        vocabulary.learn()
    return sum(_sweep(engine) for engine in engines())


def _sweep(engine: Engine) -> int:
    with only_writer(engine.NAME) as mine:
        if not mine:
            return 0
        try:
            fault = engine.fault() or _miscounted(engine)
            if fault:
                log.warning("search_index_faulty", engine=engine.NAME, reason=fault)
            owed = SearchDebt.objects.filter(engine=engine.NAME)
            if fault or owed.filter(product_id=SearchDebt.EVERYTHING).exists():
                return _rebuild(engine)
            paid = 0
            while batch := list(owed.order_by("since", "pk").values_list("product_id", flat=True)[:BATCH]):
                moment = database_now()
                engine.write(batch)
                owed.filter(product_id__in=batch, noted_at__lt=moment).delete()
                paid += len(batch)
            return paid
        except Unavailable as error:
            log.warning("search_index_not_kept", engine=engine.NAME, reason=str(error))
            return 0


def _miscounted(engine: Engine) -> str:
    """An index that lost or kept products without an error. Judged only while nothing is on its way."""
    before = _settled()
    if before is None or before == engine.count() or before != _settled():
        return ""
    return "the index holds another number of products"


def _settled() -> int | None:
    """The number of documents; None while a change waits for the engines."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM catalogue_productdocument) WHERE NOT EXISTS"
            " (SELECT FROM marketplace_outboxrow WHERE topic = %s AND done_at IS NULL AND dead_at IS NULL)"
            " AND NOT EXISTS (SELECT FROM catalogue_searchdebt)",
            [documents.TOPIC],
        )
        row = cursor.fetchone()
    return row and int(row[0])


# --- How it stands ---------------------------------------------------------------------------------


def standing() -> dict[str, float]:
    """Changes that wait for the engines, products owed, and how old the oldest of both is, in seconds."""
    waiting = OutboxRow.objects.filter(topic=documents.TOPIC, done_at=None, dead_at=None)
    owed = SearchDebt.objects.filter(engine__in=[engine.NAME for engine in engines()])
    products = owed.exclude(product_id=SearchDebt.EVERYTHING).values("product_id").distinct().count()
    if owed.filter(product_id=SearchDebt.EVERYTHING).exists():
        products = ProductDocument.objects.count()
    oldest = [
        moment
        for moment in (
            waiting.aggregate(at=Min("created_at"))["at"],
            owed.aggregate(at=Min("since"))["at"],
        )
        if moment
    ]
    age = (database_now() - min(oldest)).total_seconds() if oldest else 0.0
    return {"waiting": waiting.count(), "owed": products, "behind_seconds": max(0, round(age))}
