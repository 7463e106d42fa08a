"""One contract, several engines: refreshed by the outbox, repaired when broken, replaced when away."""

import shutil
import time
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.http import QueryDict

from catalog import search
from catalog.models import Product, ProductDocument
from catalog.search import documents, elastic, embedded
from catalog.search.documents import OfferFacts
from catalog.search.query import from_params
from marketplace import outbox
from marketplace.models import OutboxRow
from tests import factories as make

pytestmark = pytest.mark.django_db


def facts(number: int = 1, price: str = "142000.00", **more) -> OfferFacts:
    defaults = {
        "supplier": "jarqyn-med", "supplier_name": "Жарқын Мед", "group": "131340007006", "pack_size": 1,
        "stock": 10, "lead_days": 6, "regions": ["KZ-63"], "score": 0.7,
    }  # fmt: skip
    return OfferFacts(id=number, price=Decimal(price), unit_price=Decimal(price), **(defaults | more))


def find(text: str) -> tuple[list[int], str]:
    page = search.find(from_params(QueryDict(f"q={text}")))
    return page.ids, page.engine


def fresh() -> None:
    """Readers look for a commit twice a second; a test does not wait for that."""
    embedded.close()


@pytest.fixture
def walker(index_folder) -> Product:
    product = make.make_product(
        make.make_type(keywords={"ru": ["ходунки"]}),
        "Bota 50",
        parameters={"handle_height": (440, 580), "wheels": "four"},
    )
    documents.refresh([product.pk], {product.pk: [facts()]})
    return product


def test_a_document_holds_what_a_list_shows(walker):
    row = ProductDocument.objects.get(pk=walker.pk)
    assert row.titles == {"kk": "Bota 50 kk", "ru": "Bota 50 ru", "en": "Bota 50 en"}
    assert row.parameters["handle_height"] == {"kind": "range", "min": 440, "max": 580}
    assert (row.offer_count, row.best_price, row.regions, row.suppliers) == (
        1, Decimal("142000.00"), ["KZ-63"], ["jarqyn-med"],
    )  # fmt: skip
    assert (row.offers[0]["price"], row.version, row.slug) == ("142000.00", 1, "bota-50")
    assert OutboxRow.objects.get(topic="document.changed").payload == {"products": [walker.pk]}


def test_each_refresh_counts_the_version_up_and_replaces_the_offers(walker):
    documents.refresh([walker.pk], {})
    row = ProductDocument.objects.get(pk=walker.pk)
    assert (row.version, row.offer_count, row.offers, row.best_price) == (2, 0, [], None)


def test_a_withdrawn_product_loses_its_document_and_leaves_the_index(walker):
    outbox.drain()
    fresh()
    assert find("ходунки") == ([walker.pk], "embedded")
    Product.objects.filter(pk=walker.pk).update(moderation="withdrawn")
    documents.refresh([walker.pk], {walker.pk: [facts()]})
    assert not ProductDocument.objects.filter(pk=walker.pk).exists()
    outbox.drain()
    fresh()
    assert embedded.search(search.tokens.question("ходунки"), 10) == []


def test_the_outbox_brings_a_new_title_into_the_index(walker):
    outbox.drain()
    fresh()
    assert find("Qulyn")[0] == []
    Product.objects.filter(pk=walker.pk).update(title_ru="Ходунки Qulyn")
    documents.refresh([walker.pk], {})
    outbox.drain()
    fresh()
    assert find("Qulyn") == ([walker.pk], "embedded")


def test_writing_a_product_again_leaves_one_of_it_in_the_index(walker, index_folder):
    for _time in range(3):
        documents.refresh([walker.pk], {})
        outbox.drain()
    fresh()
    assert embedded.search(search.tokens.question("ходунки"), 10) == [walker.pk]


def test_a_reader_notices_a_commit_by_itself(walker):
    outbox.drain()
    assert find("ходунки")[0] == [walker.pk]
    other = make.make_product(make.make_type(), "Walker two")
    documents.refresh([other.pk], {})
    outbox.drain()
    deadline = time.monotonic() + 5
    while find("ходунки")[0] == [walker.pk] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sorted(find("ходунки")[0]) == [walker.pk, other.pk]


def test_without_an_index_the_database_answers_and_the_next_write_builds_it(walker, index_folder):
    assert find("ходунки") == ([walker.pk], "database")
    documents.refresh([walker.pk], {})
    outbox.drain()
    fresh()
    assert find("ходунки") == ([walker.pk], "embedded")


def test_a_broken_index_is_replaced_meanwhile_and_repaired_by_the_next_write(walker, index_folder):
    outbox.drain()
    for file in (index_folder / "v1").iterdir():
        file.write_bytes(b"not an index")
    fresh()
    assert find("ходунки") == ([walker.pk], "database")
    documents.refresh([walker.pk], {})
    outbox.drain()
    fresh()
    assert find("ходунки") == ([walker.pk], "embedded")


def test_the_command_builds_the_index_anew(walker, index_folder, capsys):
    outbox.drain()
    shutil.rmtree(index_folder)
    fresh()
    call_command("rebuild_search")
    assert "embedded: 1 products" in capsys.readouterr().out
    assert find("ходунки") == ([walker.pk], "embedded")


def test_a_second_writer_waits_and_gives_up_with_a_reason(walker, index_folder, monkeypatch):
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.1)
    with embedded._only_writer(), pytest.raises(embedded.Unavailable):
        embedded.write([walker.pk])
    embedded.write([walker.pk])  # free again


def test_elasticsearch_away_costs_one_try_then_the_embedded_index_answers(walker, settings):
    outbox.drain()
    fresh()
    settings.ELASTICSEARCH_URL = "http://127.0.0.1:9"
    elastic.breaker.reset()
    started = time.monotonic()
    assert find("ходунки") == ([walker.pk], "embedded")
    assert time.monotonic() - started < 1
    assert elastic.breaker.open
    elastic.breaker.reset()


def test_a_change_that_elasticsearch_did_not_take_stays_in_the_outbox(walker, settings):
    outbox.drain()
    settings.ELASTICSEARCH_URL = "http://127.0.0.1:9"
    documents.refresh([walker.pk], {})
    outbox.drain()
    waiting = OutboxRow.objects.get(topic="document.changed", done_at=None)
    assert waiting.error.startswith("ConnectionError") and waiting.dead_at is None


def test_the_two_engines_ask_the_same_question():
    asked = search.tokens.question("ходунки 12 06")
    body = elastic._query(asked, "must").to_dict()["bool"]["must"]
    (word,) = asked.words
    terms = {(name, term["value"]) for query in body[0]["dis_max"]["queries"] for name, term in query["term"].items()}
    assert terms == {(name, token) for token in word for name in embedded.BOOSTS}
    assert body[1] == {"term": {"codes": "1206"}}


def test_the_status_says_which_engine_answers_and_how_far_behind_it_is(walker):
    assert search.status()["engine"] == "database"
    assert search.status()["waiting"] == 1
    outbox.drain()
    fresh()
    assert search.status() == {"engine": "embedded", "waiting": 0, "behind_seconds": 0}
