"""The Elasticsearch engine: used when ``ELASTICSEARCH_URL`` is set, so that several nodes share one index.

It indexes the same tokens as the embedded engine (the analyzer only splits at spaces), so both give the
same answers. A search may take 0.3 s; after a failure the breaker skips it for some seconds and the
caller goes on with the node's embedded index.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

import structlog
from django.conf import settings
from elasticsearch import ApiError, Elasticsearch, TransportError, helpers
from elasticsearch.dsl import Index, Keyword, Mapping, Q, Search, Text
from elasticsearch.dsl.query import Query

from catalog.search.documents import Entry, entries
from catalog.search.embedded import BOOSTS, Unavailable
from catalog.search.tokens import Question

log = structlog.get_logger(__name__)

NAME = "elasticsearch"
ALIAS = "tirek-products"
SEARCH_SECONDS = 0.3
WRITE_SECONDS = 30
OPEN_SECONDS = 10.0
FAILURES = (ApiError, TransportError, helpers.BulkIndexError)


class _Breaker:
    """Closed until a failure; then searches go elsewhere for ``OPEN_SECONDS``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._skip_until = 0.0

    @property
    def open(self) -> bool:
        return time.monotonic() < self._skip_until

    def trip(self) -> None:
        with self._lock:
            self._skip_until = time.monotonic() + OPEN_SECONDS

    def reset(self) -> None:
        with self._lock:
            self._skip_until = 0.0


breaker = _Breaker()


@lru_cache(maxsize=4)
def _connected(url: str) -> Elasticsearch:
    return Elasticsearch(url, request_timeout=SEARCH_SECONDS, max_retries=0, retry_on_timeout=False)


def client() -> Elasticsearch:
    return _connected(settings.ELASTICSEARCH_URL)


def configured() -> bool:
    return bool(settings.ELASTICSEARCH_URL)


def search(question: Question, limit: int) -> list[int]:
    """Same contract as the embedded engine. Raises Unavailable when the server does not answer in time."""
    if breaker.open:
        raise Unavailable("the breaker is open")
    try:
        for clause in ("must", "should"):
            found = _ids(_query(question, clause), limit)
            if found:
                return found
    except FAILURES as error:
        breaker.trip()
        log.warning("elasticsearch_unavailable", error=type(error).__name__)
        raise Unavailable(type(error).__name__) from error
    return []


def _ids(query: Query, limit: int) -> list[int]:
    asked = Search(using=client(), index=ALIAS).query(query).source(False).extra(size=limit, track_total_hits=False)
    return [int(hit.meta.id) for hit in asked.execute()]


def _query(question: Question, clause: str) -> Query:
    asked: list[Query] = [_any_of(variants) for variants in question.words]
    asked += [Q("term", codes=code) for code in question.codes]
    return Q("bool", **{clause: asked})


def _any_of(variants: Iterable[str]) -> Query:
    terms = [
        Q("term", **{name: {"value": token, "boost": boost}})
        for token in sorted(variants)
        for name, boost in BOOSTS.items()
    ]
    return Q("dis_max", queries=terms, tie_breaker=0.1)


def write(product_ids: Sequence[int]) -> None:
    """Index these products, remove the ones without a document. Raises what the client raises."""
    if not client().options(request_timeout=WRITE_SECONDS).indices.exists_alias(name=ALIAS):
        rebuild()
        return
    found = {row.id: row for row in entries(product_ids)}
    _count, errors = helpers.bulk(
        client().options(request_timeout=WRITE_SECONDS),
        [
            _action(found[product_id], ALIAS)
            if product_id in found
            else {"_op_type": "delete", "_index": ALIAS, "_id": product_id}
            for product_id in product_ids
        ],
        raise_on_error=False,  # deleting what was never there is no error
    )
    refused = [error for error in cast(list[dict[str, Any]], errors) if "index" in error]
    if refused:
        raise helpers.BulkIndexError(f"{len(refused)} documents were refused", refused)


def rebuild() -> int:
    """Fill a new index and turn the alias to it; searches use the old one until then."""
    server = client().options(request_timeout=WRITE_SECONDS)
    name = f"{ALIAS}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
    fresh = Index(name, using=server)
    fresh.settings(number_of_shards=1)
    fresh.mapping(_mapping())
    fresh.create()
    count, _errors = helpers.bulk(server, _actions(name))
    fresh.refresh()
    old = list(server.indices.get_alias(name=ALIAS)) if server.indices.exists_alias(name=ALIAS) else []
    turn: list[dict[str, Any]] = [{"add": {"index": name, "alias": ALIAS}}]
    server.indices.update_aliases(actions=turn + [{"remove_index": {"index": index}} for index in old])
    return count


def _mapping() -> Mapping:
    mapping = Mapping()
    for name in BOOSTS:
        mapping.field(name, Text(analyzer="whitespace", index_options="freqs"))
    mapping.field("codes", Keyword())
    mapping.meta("_source", enabled=False)
    mapping.meta("dynamic", "strict")
    return mapping


def _actions(index: str) -> Iterator[dict[str, Any]]:
    for row in entries():
        yield _action(row, index)


def _action(row: Entry, index: str) -> dict[str, Any]:
    texts = {name: " ".join(getattr(row, name)) for name in BOOSTS}
    return {"_op_type": "index", "_index": index, "_id": row.id, "_source": {**texts, "codes": row.codes}}
