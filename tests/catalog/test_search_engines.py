"""One contract, several engines: refreshed by the outbox, repaired when broken, replaced when away."""

import shutil
import time
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from catalog import search
from catalog.models import Product, ProductDocument
from catalog.search import documents, elastic, embedded
from catalog.search.documents import OfferFacts
from catalog.search.query import from_params
from catalog.standing import search_line
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


def test_the_same_words_are_looked_up_once_in_one_state_of_the_index(walker, monkeypatch):
    outbox.drain()
    looked_up = []
    build = embedded._query
    monkeypatch.setattr(embedded, "_query", lambda *asked: looked_up.append(asked) or build(*asked))
    fresh()
    assert find("ходунки") == find("ходунки&sort=price") == find("ходунки&price=1..") == ([walker.pk], "embedded")
    assert len(looked_up) == 1
    assert find("ходунки bota")[0] == [walker.pk] and len(looked_up) == 2
    ProductDocument.objects.all().delete()
    embedded.write([walker.pk])
    fresh()
    assert find("ходунки")[0] == []


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


def test_another_price_is_none_of_the_engines_business(walker):
    outbox.drain()
    documents.refresh([walker.pk], {walker.pk: [facts(price="99000.00")]})
    assert ProductDocument.objects.get(pk=walker.pk).best_price == Decimal("99000.00")
    assert not OutboxRow.objects.filter(topic="document.changed", done_at=None).exists()
    Product.objects.filter(pk=walker.pk).update(model_name="B-50")
    documents.refresh([walker.pk], {walker.pk: [facts()]})
    assert OutboxRow.objects.get(topic="document.changed", done_at=None).payload == {"products": [walker.pk]}


def test_brand_and_model_are_found(walker):
    Product.objects.filter(pk=walker.pk).update(brand="Zhorga", model_name="X77")
    documents.refresh([walker.pk], {})
    outbox.drain()
    fresh()
    assert find("zhorga") == find("x77") == ([walker.pk], "embedded")


def test_the_count_is_exact_beyond_any_page(index_folder):
    kind = make.make_type(keywords={"ru": ["ходунки"]})
    products = [make.make_product(kind, f"Bota {number}").pk for number in range(30)]
    documents.refresh(products, {})
    search.rebuild()
    fresh()
    page = search.find(from_params(QueryDict("q=ходунки")))
    assert (page.count, len(page.rows)) == (30, 20)


def test_without_an_index_the_database_answers_and_a_sweep_builds_it(walker, index_folder):
    assert find("ходунки") == ([walker.pk], "database")
    assert search.sweep() == 1
    fresh()
    assert find("ходунки") == ([walker.pk], "embedded")
    assert search.sweep() == 0


def test_without_an_index_the_next_write_builds_it(walker, index_folder):
    outbox.drain()
    fresh()
    assert find("ходунки") == ([walker.pk], "embedded")


@pytest.mark.parametrize("damage", [b"not an index", b""], ids=["overwritten", "emptied"])
@pytest.mark.parametrize("which", ["*", "*.idx", "*.term", "*.fast", "meta.json"])
def test_a_broken_index_is_replaced_meanwhile_and_repaired_by_a_sweep(walker, index_folder, damage, which):
    outbox.drain()
    for file in embedded.folder().glob(which):
        file.write_bytes(damage)
    fresh()
    assert find("ходунки") == ([walker.pk], "database")
    assert search.sweep() == 1
    fresh()
    assert find("ходунки") == ([walker.pk], "embedded")


def test_an_index_that_lost_a_product_is_built_anew(walker, index_folder):
    outbox.drain()
    index = embedded._open(embedded.folder())
    with index.writer(embedded.WRITER_HEAP, 1) as writer:
        writer.delete_all_documents()
    fresh()
    assert find("ходунки") == ([], "embedded")
    assert search.sweep() == 1
    fresh()
    assert find("ходунки") == ([walker.pk], "embedded")


def test_a_rebuild_leaves_nothing_of_earlier_ones_and_nothing_else_alone(walker, index_folder):
    for name in ("v1", "building-1", "retired-2", "pictures"):
        (index_folder / name).mkdir(parents=True)
    search.rebuild()
    assert {path.name for path in index_folder.iterdir()} == {embedded.folder().name, "pictures"}


def test_the_command_builds_the_index_anew(walker, index_folder, capsys):
    outbox.drain()
    shutil.rmtree(index_folder)
    fresh()
    call_command("rebuild_search")
    assert "embedded: 1 products" in capsys.readouterr().out
    assert find("ходунки") == ([walker.pk], "embedded")


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
    assert not search_line().well
    outbox.drain()
    fresh()
    assert search.status() == {"wanted": "embedded", "engine": "embedded", "waiting": 0, "owed": 0, "behind_seconds": 0}
    assert search_line().well


def test_the_last_resort_asks_its_index(walker):
    """With sequential scans made dear, PostgreSQL can answer both tests from the trigram index."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        with CaptureQueriesContext(connection) as asked:
            assert documents.last_resort("хадунки", 5) == [walker.pk]
        statement = next(query["sql"] for query in asked if "word_similarity(" in query["sql"])
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "document_words" in plan and "Seq Scan" not in plan
