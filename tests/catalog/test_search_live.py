"""The contract against a real Elasticsearch server."""

import pytest
from django.http import QueryDict

from catalog import search
from catalog.models import Product, SearchDebt
from catalog.search import documents, elastic, embedded
from catalog.search.query import from_params
from marketplace import outbox
from tests import factories as make
from tests.catalog.live_elastic import one_server

pytestmark = [pytest.mark.django_db, one_server]


@pytest.fixture
def walker(index_folder, live_elastic) -> int:
    product = make.make_product(make.make_type(keywords={"ru": ["ходунки"]}), "Bota 50")
    documents.refresh([product.pk], {})
    return product.pk


def written() -> None:
    """Do what waits, and let the server show it."""
    outbox.drain()
    elastic.client().indices.refresh(index=elastic.ALIAS)


def find(text: str) -> tuple[list[int], str]:
    page = search.find(from_params(QueryDict(f"q={text}")))
    return page.ids, page.engine


def indexes() -> list[str]:
    return sorted(elastic.client().indices.get(index=f"{elastic.ALIAS}*"))


def test_the_first_write_builds_an_index_behind_the_alias(walker):
    assert find("ходунки")[1] != "elasticsearch"
    written()
    elastic.forget()
    assert find("ходунки") == ([walker], "elasticsearch")
    (name,) = indexes()
    assert name != elastic.ALIAS and list(elastic.client().indices.get_alias(name=elastic.ALIAS)) == [name]


def test_updates_and_deletions_follow(walker):
    written()
    elastic.forget()
    other = make.make_product(make.make_type(), "Qulyn two").pk
    documents.refresh([other], {})
    written()
    assert find("Qulyn") == ([other], "elasticsearch")
    Product.objects.filter(pk=other).update(title_en="Tulpar")
    documents.refresh([other], {})
    written()
    assert find("Tulpar") == ([other], "elasticsearch")
    Product.objects.filter(pk=other).update(moderation="withdrawn")
    documents.refresh([other], {})
    written()
    assert find("Tulpar") == ([], "elasticsearch")
    search.write([other])  # to take out what is not there is no error
    assert not SearchDebt.objects.exists()


def test_a_bulk_rebuild_turns_the_alias_and_leaves_one_index(walker):
    written()
    (first,) = indexes()
    products = [make.make_product(make.make_type(), f"Elbow {number}").pk for number in range(25)]
    documents.refresh(products, {})
    assert search.rebuild() == {"elasticsearch": 26, "embedded": 26}
    (second,) = indexes()
    assert second != first and elastic.count() == 26
    page = search.find(from_params(QueryDict("q=elbow")))
    assert (page.count, page.engine) == (25, "elasticsearch")


def test_more_hits_than_the_servers_own_limit_are_asked_for(walker):
    search.rebuild()
    (name,) = indexes()
    assert elastic.client().indices.get_settings(index=name)[name]["settings"]["index"]["max_result_window"] == str(
        elastic.MOST_HITS
    )


def wrong_mapping() -> None:
    server = elastic.client()
    (ours,) = indexes()
    server.indices.create(index=f"{elastic.ALIAS}-wrong", mappings={"properties": {"title": {"type": "keyword"}}})
    server.indices.update_aliases(
        actions=[
            {"remove_index": {"index": ours}},
            {"add": {"index": f"{elastic.ALIAS}-wrong", "alias": elastic.ALIAS}},
        ]
    )


def index_in_the_aliass_place() -> None:
    server = elastic.client()
    (ours,) = indexes()
    server.indices.delete(index=ours)
    server.index(index=elastic.ALIAS, id="1", document={"title": "x"})


def no_index() -> None:
    (ours,) = indexes()
    elastic.client().indices.delete(index=ours)


@pytest.mark.parametrize("damage", [wrong_mapping, index_in_the_aliass_place, no_index])
def test_an_index_that_is_not_ours_is_replaced_meanwhile_and_rebuilt_by_a_sweep(walker, damage):
    written()
    damage()
    embedded.close()
    elastic.forget()
    assert find("ходунки") == ([walker], "embedded")
    assert search.sweep() == 1
    assert find("ходунки") == ([walker], "elasticsearch")
    assert len(indexes()) == 1 and elastic.fault() == ""


@pytest.mark.parametrize("damage", [wrong_mapping, no_index])
def test_a_write_meets_an_index_that_is_not_ours_and_builds_it(walker, damage):
    written()
    damage()
    other = make.make_product(make.make_type(), "Qulyn two").pk
    documents.refresh([other], {})
    outbox.drain()
    assert find("Qulyn") == ([other], "elasticsearch")
    assert not SearchDebt.objects.exists()


def test_equal_again_with_the_first_sweep_after_its_return(walker, settings, elastic_url):
    written()
    settings.ELASTICSEARCH_URL = "http://127.0.0.1:9"
    other = make.make_product(make.make_type(), "Qulyn two").pk
    documents.refresh([other], {})
    Product.objects.filter(pk=walker).update(moderation="withdrawn")
    documents.refresh([walker], {})
    outbox.drain()
    search.sweep()
    assert SearchDebt.objects.filter(engine="elasticsearch").count() == 2
    settings.ELASTICSEARCH_URL = elastic_url
    elastic.forget()
    assert search.sweep() == 2
    elastic.client().indices.refresh(index=elastic.ALIAS)
    assert find("Qulyn") == ([other], "elasticsearch")
    assert walker not in find("ходунки")[0]
    assert not SearchDebt.objects.exists() and search.status()["behind_seconds"] == 0
