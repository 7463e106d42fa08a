"""The Elasticsearch engine: used when ``ELASTICSEARCH_URL`` is set, so that several nodes share one index.

It indexes the same tokens as the embedded engine (the analyzer only splits at spaces), so both give the
same answers. A search may take 0.3 s; after a failure the breaker skips it for some seconds and the
caller goes on with the node's embedded index. An index of another mapping would find nothing without an
error, so the mapping carries its version and nobody asks an index of another one.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

import structlog
from django.conf import settings
from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError, helpers
from elasticsearch.dsl import Index, Keyword, Mapping, Q, Text
from elasticsearch.dsl.query import Query

from catalog.search.documents import Entry, entries
from catalog.search.embedded import BOOSTS, VERSION, Unavailable
from catalog.search.tokens import Question
from marketplace.breaker import Breaker

log = structlog.get_logger(__name__)

NAME = "elasticsearch"
ALIAS = "tirek-products"
SEARCH_SECONDS = 0.3
WRITE_SECONDS = 30
OPEN_SECONDS = 10.0
CHECK_SECONDS = 15.0
MOST_HITS = 1_000_000  # the server's own limit of 10,000 would cut the list and make the count a lie
FAILURES = (ApiError, TransportError, helpers.BulkIndexError)


breaker = Breaker(OPEN_SECONDS)
# When this process last saw that the index of an address is ours: {address: moment}.
_seen: dict[str, float] = {}


def forget() -> None:
    """Know nothing of the server: for tests."""
    breaker.reset()
    _seen.clear()


@lru_cache(maxsize=4)
def _connected(url: str) -> Elasticsearch:
    return Elasticsearch(url, request_timeout=SEARCH_SECONDS, max_retries=0, retry_on_timeout=False)


def client(seconds: float = WRITE_SECONDS) -> Elasticsearch:
    return _connected(settings.ELASTICSEARCH_URL).options(request_timeout=seconds)


@contextmanager
def _failures_as_unavailable() -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        raise Unavailable(type(error).__name__) from error


def search(question: Question, limit: int | None = None) -> list[int]:
    """Same contract as the embedded engine. Raises Unavailable when the server does not answer in time."""
    if not breaker.admits():
        raise Unavailable("the breaker is open")
    deadline = time.monotonic() + SEARCH_SECONDS

    def in_time() -> Elasticsearch:
        return client(max(0.01, deadline - time.monotonic()))

    try:
        with _failures_as_unavailable():
            _check_mapping(in_time)
            found: list[int] = []
            for clause in ("must", "should"):
                found = _ids(in_time(), _query(question, clause), limit or MOST_HITS)
                if found:
                    break
    except Unavailable as error:
        breaker.trip()
        log.warning("elasticsearch_unavailable", error=str(error))
        raise
    breaker.reset()
    return found


def _check_mapping(server: Callable[[], Elasticsearch]) -> None:
    """Raises Unavailable when the index is not of our mapping; asked again each CHECK_SECONDS."""
    if time.monotonic() - _seen.get(settings.ELASTICSEARCH_URL, -CHECK_SECONDS) < CHECK_SECONDS:
        return
    wrong = _fault(server())
    if wrong:
        raise Unavailable(wrong)
    _seen[settings.ELASTICSEARCH_URL] = time.monotonic()


def _ids(server: Elasticsearch, query: Query, limit: int) -> list[int]:
    answer = server.search(
        index=ALIAS,
        query=query.to_dict(),
        size=limit,
        source=False,
        track_total_hits=False,
        filter_path="hits.hits._id,_shards.failed",
    )
    if answer.get("_shards", {}).get("failed"):
        raise Unavailable("a part of the index did not answer")
    return [int(hit["_id"]) for hit in answer.get("hits", {}).get("hits", [])]


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


def fault() -> str:
    """What is wrong with the index, empty when nothing is. Raises Unavailable when the server is away."""
    with _failures_as_unavailable():
        return _fault(client())


def _fault(server: Elasticsearch) -> str:
    try:
        aliases = server.indices.get_alias(name=ALIAS)
        mappings = server.indices.get_mapping(index=ALIAS)
    except NotFoundError:
        return "there is no index"
    versions = [mapping["mappings"].get("_meta", {}).get("version") for mapping in mappings.values()]
    return "" if len(aliases) == 1 and versions == [VERSION] else "the index has another mapping"


def count() -> int:
    """How many products the index holds, with all that was written until now. Raises Unavailable."""
    with _failures_as_unavailable():
        client().indices.refresh(index=ALIAS)
        return int(client().count(index=ALIAS)["count"])


def write(product_ids: Sequence[int]) -> None:
    """Index these products, remove the ones without a document. Raises Unavailable."""
    found = {row.id: row for row in entries(product_ids)}
    actions = [
        _action(found[product_id], ALIAS)
        if product_id in found
        else {"_op_type": "delete", "_index": ALIAS, "_id": product_id}
        for product_id in product_ids
    ]
    with _failures_as_unavailable():
        # Without the alias the server would make an index of its own invention.
        _count, errors = helpers.bulk(client(), actions, raise_on_error=False, require_alias=True)
    refused = [error for error in cast(list[dict[str, Any]], errors) if not _was_never_there(error)]
    if refused:
        raise Unavailable(f"{len(refused)} changes were refused")


def _was_never_there(error: dict[str, Any]) -> bool:
    outcome = error.get("delete", {})
    return bool(outcome.get("status") == 404 and outcome.get("result") == "not_found")


def rebuild() -> int:
    """Fill a new index and turn the alias to it; searches use the old one until then. Raises Unavailable."""
    name = f"{ALIAS}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
    with _failures_as_unavailable():
        server = client()
        fresh = Index(name, using=server)
        fresh.settings(number_of_shards=1, max_result_window=MOST_HITS)
        fresh.mapping(_mapping())
        fresh.create()
        number, _errors = helpers.bulk(server, _actions(name))
        fresh.refresh()
        # Whatever else bears our name: the one until now, what a killed builder left, an index in the alias's place.
        others = [index for index in server.indices.get(index=f"{ALIAS}*") if index != name]
        turn: list[dict[str, Any]] = [{"remove_index": {"index": index}} for index in others]
        server.indices.update_aliases(actions=[*turn, {"add": {"index": name, "alias": ALIAS}}])
    forget()
    return number


def _mapping() -> Mapping:
    mapping = Mapping()
    for name in BOOSTS:
        mapping.field(name, Text(analyzer="whitespace", index_options="freqs"))
    mapping.field("codes", Keyword())
    mapping.meta("_source", enabled=False)
    mapping.meta("_meta", version=VERSION)
    mapping.meta("dynamic", "strict")
    return mapping


def _actions(index: str) -> Iterator[dict[str, Any]]:
    for row in entries():
        yield _action(row, index)


def _action(row: Entry, index: str) -> dict[str, Any]:
    texts = {name: " ".join(getattr(row, name)) for name in BOOSTS}
    return {"_op_type": "index", "_index": index, "_id": row.id, "_source": {**texts, "codes": row.codes}}
