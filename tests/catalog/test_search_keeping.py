"""One writer at a time; what an index misses is owed and paid, and nothing is lost in a rebuild."""

import contextlib
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection

from catalog import search
from catalog.models import SearchDebt
from catalog.search import documents, embedded, keeping
from catalog.search.tokens import question
from catalog.tasks import keep_search
from marketplace import outbox, periodic
from marketplace.models import OutboxRow
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def walker(index_folder) -> int:
    product = make.make_product(make.make_type(keywords={"ru": ["ходунки"]}), "Bota 50")
    documents.refresh([product.pk], {})
    outbox.drain()
    return product.pk


def another_product() -> int:
    product = make.make_product(make.make_type(), "Qulyn two")
    documents.refresh([product.pk], {})
    return product.pk


def indexed(text: str) -> list[int]:
    embedded.close()
    return embedded.search(question(text))


@contextlib.contextmanager
def another_writer():
    """Another process holds the lock of the embedded index."""
    own = connection.get_connection_params()
    wanted = ("host", "port", "user", "password", "dbname")
    other = psycopg2.connect(**{name: own[name] for name in wanted if own.get(name)})
    other.autocommit = True
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext('embedded'))", [keeping.LOCK_SPACE])
    try:
        yield
    finally:
        with other.cursor() as cursor:  # a closed connection lets go of it a moment later
            cursor.execute("SELECT pg_advisory_unlock_all()")
        other.close()


def test_a_change_during_a_rebuild_by_another_process_is_owed_and_paid_after_it(walker, monkeypatch):
    monkeypatch.setattr(keeping, "LOCK_SECONDS", 0.1)
    with another_writer():
        other = another_product()
        outbox.drain()
        assert indexed("Qulyn") == []
        assert search.sweep() == 0  # it is not ours to write yet
    assert list(SearchDebt.objects.values_list("engine", "product_id")) == [("embedded", other)]
    assert not OutboxRow.objects.filter(done_at=None).exists()
    assert search.sweep() == 1
    assert indexed("Qulyn") == [other]
    assert not SearchDebt.objects.exists()


def test_a_rebuild_pays_what_was_owed_before_it_read_and_no_more(walker, monkeypatch):
    keeping.owe("embedded", [walker])
    late = []

    def entries(product_ids=None):
        yield from documents.entries(product_ids)
        keeping.owe("embedded", [walker])  # changed after its row was read
        late.append(another_product())
        keeping.owe("embedded", late)

    monkeypatch.setattr(embedded, "entries", entries)
    search.rebuild()
    assert set(SearchDebt.objects.values_list("product_id", flat=True)) == {walker, *late}
    monkeypatch.undo()
    outbox.drain()
    search.sweep()
    assert not SearchDebt.objects.exists()
    assert indexed("Qulyn") == late


def test_a_foreign_lock_of_tantivy_costs_a_debt_and_kills_nothing(walker):
    foreign = embedded._open(embedded.folder()).writer(embedded.WRITER_HEAP, 1)
    other = another_product()
    outbox.drain()
    assert not OutboxRow.objects.filter(done_at=None).exists()
    assert search.sweep() == 0
    assert SearchDebt.objects.count() == 1
    foreign.rollback()
    del foreign
    assert search.sweep() == 1
    assert indexed("Qulyn") == [other]


def test_a_product_that_went_while_the_index_was_away_is_taken_out(walker, monkeypatch):
    monkeypatch.setattr(keeping, "LOCK_SECONDS", 0.1)
    with another_writer():
        make.Product.objects.filter(pk=walker).update(moderation="withdrawn")
        documents.refresh([walker], {})
        outbox.drain()
    assert indexed("ходунки") == [walker]
    search.sweep()
    assert indexed("ходунки") == []


def test_a_rebuild_that_fails_is_owed_whole(walker, monkeypatch):
    def full(*_arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr(embedded, "_fill", full)
    assert search.rebuild() == {}
    assert search.status()["owed"] == 1
    monkeypatch.undo()
    assert search.sweep() == 1
    assert search.status()["owed"] == 0
    assert indexed("ходунки") == [walker]


def test_owing_again_keeps_since_when(walker):
    keeping.owe("embedded", [walker])
    first = SearchDebt.objects.get()
    keeping.owe("embedded", [walker])
    again = SearchDebt.objects.get()
    assert again.since == first.since and again.noted_at > first.noted_at


def test_an_index_is_not_judged_by_its_count_while_a_change_is_on_its_way(walker, monkeypatch):
    another_product()  # its row waits in the outbox
    monkeypatch.setattr(embedded, "rebuild", lambda: pytest.fail("nothing is wrong with it"))
    assert search.sweep() == 0


def test_beat_asks_for_the_sweep_often_enough(walker, settings):
    plan = settings.CELERY_BEAT_SCHEDULE["keep-search"]
    assert plan["task"] == keep_search.name and plan["schedule"] <= timedelta(seconds=15)
    keep_search()
    assert periodic.last_run("keep_search") is not None
