"""Search: one contract, whatever engine answers.

``find(query)`` asks the first engine that is there: Elasticsearch when it is configured, else or when it
fails the embedded index, else PostgreSQL's similarity of titles. The engine says which products the text
means and in which order; filters, order and counts are made on columns in memory (filters.py, columns.py).
"""

from dataclasses import replace
from typing import Any

import structlog

from catalog.search import documents, filters, wording
from catalog.search.embedded import Unavailable
from catalog.search.engines import engines
from catalog.search.filters import Facets, FacetValue, Listed, Page, products_by_type
from catalog.search.keeping import rebuild, standing, sweep, write
from catalog.search.query import AttributeFilter, Query
from catalog.search.tokens import Question

__all__ = [
    "AttributeFilter",
    "FacetValue",
    "Facets",
    "Listed",
    "Page",
    "Query",
    "answer",
    "find",
    "matches",
    "products_by_type",
    "rebuild",
    "spare",
    "status",
    "sweep",
    "write",
]

log = structlog.get_logger(__name__)

LAST_RESORT = "database"
MOST_OF_LAST_RESORT = 1_000  # its order is made row by row


def find(query: Query, *, brief: bool = False) -> Page:
    """One page of products with the exact count and the counts of every filter.

    The rows of a ``brief`` one have of each offer only what a card shows.
    """
    if not query.text:
        return filters.run(query, None, brief=brief)
    question = wording.question(query.text)
    hits, engine = answer(question)
    return replace(filters.run(query, hits, brief=brief), engine=engine, read_as=question.read_as)


def matches(text: str, limit: int | None = None) -> tuple[list[int], str]:
    """Ids of all products that a text means (or of the first ``limit``), best first, and the engine that said so."""
    return answer(wording.question(text), limit)


def answer(question: Question, limit: int | None = None) -> tuple[list[int], str]:
    """The same for a question that is already understood."""
    if not question:
        return [], ""
    for engine in engines():
        try:
            return engine.search(question, limit), engine.NAME
        except Unavailable as error:
            log.warning("search_engine_unavailable", engine=engine.NAME, reason=str(error)[:200])
    return documents.last_resort(question.read_as or question.text, limit or MOST_OF_LAST_RESORT), LAST_RESORT


def wanted() -> str:
    """The engine that should answer."""
    return engines()[0].NAME


def spare(engine: str) -> bool:
    """Whether an answer came from the embedded index in Elasticsearch's stead."""
    return engine not in ("", wanted(), LAST_RESORT)


def status() -> dict[str, Any]:
    """For the page that shows how the portal works: which engine should answer and does, how far they are behind."""
    _hits, engine = matches("a", 1)
    return {"wanted": wanted(), "engine": engine, **standing()}
