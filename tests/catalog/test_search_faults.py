"""Elasticsearch is away, silent, overloaded or of another mapping: the spare engine answers in time, one probe tries again."""

import time
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.test import Client

from catalog import search
from catalog.models import SearchDebt
from catalog.search import documents, elastic, embedded
from catalog.search.query import from_params
from catalog.standing import search_line
from marketplace import outbox
from marketplace.breaker import Breaker
from marketplace.models import OutboxRow
from marketplace.time import database_now
from perf.chaos.sick_search import WELL, FakeElastic, fake_elastic, nobody_accepts
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def walker(index_folder) -> int:
    make.make_rules()
    product = make.make_product(make.make_type(keywords={"ru": ["ходунки"]}), "Bota 50")
    documents.refresh([product.pk], {})
    outbox.drain()
    embedded.close()
    return product.pk


@pytest.fixture
def server(settings):
    with fake_elastic(elastic.ALIAS, elastic.VERSION) as running:
        settings.ELASTICSEARCH_URL = running.url
        elastic.forget()
        yield running
        elastic.forget()


def find() -> tuple[list[int], str]:
    page = search.find(from_params(QueryDict("q=ходунки")))
    return page.ids, page.engine


def test_a_sound_server_answers(server: FakeElastic, walker):
    server.search = (200, {"hits": {"hits": [{"_id": str(walker)}]}, "_shards": {"failed": 0}})
    assert find() == ([walker], "elasticsearch")
    assert not elastic.breaker.open


def refused(server: FakeElastic, settings) -> None:
    settings.ELASTICSEARCH_URL = "http://127.0.0.1:9"


def silent(server: FakeElastic, settings) -> None:
    server.silent.set()


def overloaded(server: FakeElastic, settings) -> None:
    server.search = (429, {"error": {"type": "es_rejected_execution_exception", "reason": "full"}, "status": 429})


def half_of_it_gone(server: FakeElastic, settings) -> None:
    server.search = (200, {"hits": {"hits": []}, "_shards": {"failed": 1}})


def of_another_mapping(server: FakeElastic, settings) -> None:
    server.version = "of an earlier release"
    server.search = (200, {"hits": {"hits": []}, "_shards": {"failed": 0}})


@pytest.mark.parametrize("sickness", [refused, silent, overloaded, half_of_it_gone, of_another_mapping])
def test_a_sick_server_is_replaced_at_once_and_people_are_told(server: FakeElastic, walker, settings, sickness):
    sickness(server, settings)
    started = time.monotonic()
    assert find() == ([walker], "embedded")
    assert time.monotonic() - started < 1  # 0.3 s for the server, the rest for a busy machine
    assert elastic.breaker.open
    asked = server.searches
    assert find() == ([walker], "embedded")
    assert server.searches == asked  # nobody waits for it again
    page = Client().get("/en/catalog/search/", {"q": "ходунки"}).content.decode()
    assert "The spare one answers" in page and "Bota 50" in page
    line = search_line()
    assert not line.well and "elasticsearch does not answer" in line.words


def test_no_notice_while_the_wanted_engine_answers(server: FakeElastic, walker):
    server.search = (200, {"hits": {"hits": [{"_id": str(walker)}]}, "_shards": {"failed": 0}})
    assert "The spare one answers" not in Client().get("/en/catalog/search/", {"q": "ходунки"}).content.decode()


def test_a_host_that_swallows_connections_costs_no_more(walker, settings):
    with nobody_accepts() as url:
        settings.ELASTICSEARCH_URL = url
        elastic.forget()
        started = time.monotonic()
        assert find() == ([walker], "embedded")
        assert time.monotonic() - started < 1
        elastic.forget()


def test_one_probe_at_a_time_tries_the_server_again():
    now = 100.0
    breaker = Breaker(elastic.OPEN_SECONDS, clock=lambda: now)
    assert breaker.admits()
    breaker.trip()
    assert not breaker.admits()
    now += elastic.OPEN_SECONDS
    assert [breaker.admits() for _search in range(4)] == [True, False, False, False]
    breaker.trip()
    now += elastic.OPEN_SECONDS - 1
    assert not breaker.admits()
    now += 1
    assert breaker.admits()
    breaker.reset()
    assert [breaker.admits() for _search in range(4)] == [True] * 4 and not breaker.open


def test_the_probe_closes_the_breaker_when_the_server_is_back(server: FakeElastic, walker, monkeypatch):
    server.search = (500, {"error": {"type": "x", "reason": "y"}, "status": 500})
    assert find() == ([walker], "embedded")
    server.search = WELL
    monkeypatch.setattr(elastic.breaker, "seconds", 0.0)
    elastic.breaker.trip()
    assert find()[1] == "elasticsearch"
    assert not elastic.breaker.open


def test_a_change_that_the_server_does_not_take_is_owed_and_never_holds_the_outbox(walker, settings):
    settings.ELASTICSEARCH_URL = "http://127.0.0.1:9"
    other = make.make_product(make.make_type(), "Qulyn two")
    documents.refresh([other.pk], {})
    outbox.drain()
    assert not OutboxRow.objects.filter(done_at=None).exists()
    assert list(SearchDebt.objects.values_list("engine", "product_id")) == [("elasticsearch", other.pk)]
    embedded.close()
    assert other.pk in search.matches("Qulyn two")[0]  # the spare one took it
    assert search.sweep() == 0
    assert SearchDebt.objects.count() == 1
    assert search.status()["owed"] == 1


def test_a_debt_older_than_a_minute_is_told(walker, settings):
    settings.ELASTICSEARCH_URL = "http://127.0.0.1:9"
    search.write([walker])
    SearchDebt.objects.update(since=database_now() - timedelta(seconds=90))
    assert search.status()["behind_seconds"] >= 90
    elastic.forget()
