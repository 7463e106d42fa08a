"""A real Elasticsearch for the tests that need one: started once, where Maven and Java are there and it can be fetched."""

import os
from collections.abc import Iterator

import pytest
from django.test import override_settings

from catalog.search import elastic
from config.programs import BASE_DIR
from config.search_server import Missing, SearchServer

# Files that use it share one worker, and so one server.
one_server = pytest.mark.xdist_group("elasticsearch")


@pytest.fixture(scope="session")
def elastic_url() -> Iterator[str]:
    """The address of a server of our own, or TEST_ELASTICSEARCH_URL; indexes there bear this process's name."""
    elastic.ALIAS = f"tirek-test-{os.getpid()}-products"
    if given := os.environ.get("TEST_ELASTICSEARCH_URL"):
        yield given
        return
    try:
        server = SearchServer(BASE_DIR / ".state" / "search-server")
    except Missing as reason:
        pytest.skip(f"no Elasticsearch to test with: {reason}")
    with server:
        yield server.url


@pytest.fixture
def live_elastic(elastic_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Elasticsearch is the wanted engine, without any index of ours; a busy machine is no fault of it."""
    monkeypatch.setattr(elastic, "SEARCH_SECONDS", 10)
    with override_settings(ELASTICSEARCH_URL=elastic_url):
        empty()
        yield
        elastic.forget()


def empty() -> None:
    """Remove every index that bears our name."""
    elastic.forget()
    server = elastic.client()
    for index in server.indices.get(index=f"{elastic.ALIAS}*"):
        server.indices.delete(index=index)
