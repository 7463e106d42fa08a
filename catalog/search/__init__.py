"""Search: one contract, whatever engine answers.

``find(query)`` asks the first engine that is there: Elasticsearch when it is configured, else or when it
fails the embedded index, else PostgreSQL's similarity of titles. The engine says which products the text
means and in which order; filters, counts and pages are PostgreSQL's (filters.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog
from django.db import connection

from catalog.search import documents, elastic, embedded, filters, tokens
from catalog.search.filters import Facets, FacetValue, Listed, Page
from catalog.search.query import AttributeFilter, Query

__all__ = [
    "AttributeFilter",
    "FacetValue",
    "Facets",
    "Listed",
    "Page",
    "Query",
    "find",
    "matches",
    "rebuild",
    "status",
    "write",
]

log = structlog.get_logger(__name__)

MOST_HITS = 10_000
LAST_RESORT = "database"


def find(query: Query) -> Page:
    """One page of products with the exact count and the counts of every filter; one database query."""
    if not query.text:
        return filters.run(query, None)
    hits, engine = matches(query.text)
    return replace(filters.run(query, hits), engine=engine)


def matches(text: str, limit: int = MOST_HITS) -> tuple[list[int], str]:
    """Ids of the products that a text means, best first, and the engine that said so."""
    question = tokens.question(text)
    if not question:
        return [], ""
    for engine in _engines():
        try:
            return engine.search(question, limit), engine.NAME
        except embedded.Unavailable as error:
            log.warning("search_engine_unavailable", engine=engine.NAME, reason=str(error)[:200])
    return documents.last_resort(text, limit), LAST_RESORT


class Engine(Protocol):
    """What a search engine is to the rest: the modules ``embedded`` and ``elastic`` are two."""

    NAME: str

    def search(self, question: tokens.Question, limit: int) -> list[int]: ...

    def write(self, product_ids: Sequence[int]) -> None: ...

    def rebuild(self) -> int: ...


def _engines() -> list[Engine]:
    return [elastic, embedded] if elastic.configured() else [embedded]


def write(product_ids: Sequence[int]) -> None:
    """Bring the engines up to date for these products; what one cannot do now is raised after all were tried."""
    _with_each(lambda engine: engine.write(product_ids))


def rebuild() -> dict[str, int]:
    """Build every engine's index anew from the documents; says how many products each holds."""
    built: dict[str, int] = {}
    _with_each(lambda engine: built.__setitem__(engine.NAME, engine.rebuild()))
    return built


def _with_each(work: Callable[[Engine], object]) -> None:
    failures = []
    for engine in _engines():
        try:
            work(engine)
        except (embedded.Unavailable, *elastic.FAILURES) as error:
            log.warning("search_index_not_written", engine=engine.NAME, reason=str(error)[:200])
            failures.append(error)
    if failures:
        raise failures[0]


def status() -> dict[str, Any]:
    """For the page that shows how the portal works: which engine answers now, how far the index is behind."""
    engine = LAST_RESORT
    for candidate in _engines():
        try:
            candidate.search(tokens.question("a"), 1)
            engine = candidate.NAME
            break
        except embedded.Unavailable:
            continue
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), extract(epoch FROM coalesce(max(now() - created_at), interval '0'))"
            " FROM marketplace_outboxrow WHERE topic = %s AND done_at IS NULL AND dead_at IS NULL",
            [documents.TOPIC],
        )
        waiting, behind = cursor.fetchone()
    return {"engine": engine, "waiting": waiting, "behind_seconds": round(float(behind))}
