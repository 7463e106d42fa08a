"""The columns follow the documents: new, changed and removed ones, and nothing else is read again."""

import numpy as np
import pytest
from django.db import OperationalError, connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from catalog import search, types
from catalog.models import ProductDocument
from catalog.search import columns, fit_columns
from catalog.search.filters import _bits
from catalog.search.query import from_params
from marketplace import page_changes


@pytest.fixture(autouse=True)
def forgotten():
    yield
    columns.forget()


def find(text: str) -> search.Page:
    return search.find(from_params(QueryDict(text)))


def same(left: columns.Columns, right: columns.Columns) -> bool:
    """Alike but for the numbers of names, which depend on the order of reading."""

    def plain(held: columns.Columns) -> list[object]:
        texts = held.book
        offers = zip(
            held.id[held.offer_row].tolist(),
            [texts.suppliers.texts[number] for number in held.offer_supplier],
            held.offer_price.tolist(),
            held.offer_unit_price.tolist(),
            [
                tuple(code for bit, code in enumerate(texts.regions.texts) if sets >> bit & 1)
                for sets in held.offer_regions.tolist()
            ],
            strict=True,
        )
        stated = [
            (code, held.id[row], low, high, texts.values.texts[value] if value >= 0 else None)
            for code, entry in held.stated.items()
            for row, low, high, value in zip(entry.row, entry.low, entry.high, entry.value, strict=True)
        ]
        rows = zip(
            held.id,
            held.version,
            held.type,
            [texts.shelves.texts[n] for n in held.shelf],
            held.score,
            held.price,
            held.unit_price,
            strict=True,
        )
        sellers = zip(held.id[held.supplier_row], [texts.suppliers.texts[n] for n in held.supplier], strict=True)
        return [
            sorted((product, seller, *prices, tuple(sorted(regions))) for product, seller, *prices, regions in offers),
            sorted((code, int(a), int(b), int(c), d or "") for code, a, b, c, d in stated),
            [tuple(map(str, row)) for row in rows],
            sorted((int(a), b) for a, b in sellers),
        ]

    return plain(left) == plain(right)


def changed(row: ProductDocument) -> None:
    row.version += 1
    row.save()


@pytest.mark.django_db
def test_a_changed_document_is_followed(demo_market):
    before = columns.current()
    row = ProductDocument.objects.filter(offer_count__gt=1).order_by("pk")[3]
    row.offers, row.suppliers = row.offers[:1], [row.offers[0]["supplier"]]
    row.parameters = {
        "folding": {"kind": "flag", "value": True},
        "handle_height": {"kind": "range", "min": 1, "max": 2},
    }
    row.score, row.best_price = 99.0, None
    changed(row)
    after = columns.current()
    assert after is not before
    assert same(after, columns._all(columns.Book()))
    assert not same(before, after)


@pytest.mark.django_db
def test_new_and_removed_documents_are_followed(demo_market):
    columns.current()
    rows = list(ProductDocument.objects.order_by("pk")[5:9])
    ProductDocument.objects.filter(pk__in=[row.pk for row in rows]).delete()
    assert same(columns.current(), columns._all(columns.Book()))
    assert find("").count == 103
    ProductDocument.objects.bulk_create(rows[:2])
    assert same(columns.current(), columns._all(columns.Book()))
    assert find("").count == 105


@pytest.mark.django_db
@pytest.mark.parametrize("every", [1, 2, 7, 1000])
def test_some_documents_are_taken_as_if_there_were_no_others(demo_market, every):
    columns.current()
    changed(ProductDocument.objects.order_by("pk")[4])
    held = columns.current()  # put together again: its entries must still be in the order of their rows
    rows = np.arange(3, len(held), every)
    taken = held.taken(rows)
    assert same(taken, columns._read(columns.Book(), "d.product_id = ANY(%s)", [held.id[rows].tolist()]))
    assert len(held.taken(rows[:0])) == 0
    assert all((np.diff(entry.row) >= 0).all() for entry in held.stated.values())


@pytest.mark.django_db
def test_only_what_changed_is_read_again(demo_market):
    columns.current()
    row = ProductDocument.objects.order_by("pk")[0]
    changed(row)
    with CaptureQueriesContext(connection) as queries:
        columns.current()
    read = [query["sql"] for query in queries if "jsonb_each" in query["sql"]]
    assert len(read) == 1
    assert f"ARRAY[{row.pk}]" in read[0]
    with CaptureQueriesContext(connection) as queries:
        columns.current()
    assert len(queries) == 1  # the look for changes


@pytest.mark.django_db
def test_between_two_looks_at_all_versions_the_old_columns_answer(demo_market, monkeypatch):
    monkeypatch.setattr(columns, "SHARE", 1e-9)
    columns.forget()
    held = columns.current()
    row = ProductDocument.objects.order_by("pk")[0]
    changed(row)
    assert columns.current() is held
    assert columns._held._later is not None, "a thread looks when it may"
    monkeypatch.setattr(columns._held, "_not_before", 0.0)
    assert columns.current() is not held


@pytest.mark.django_db
def test_columns_that_cannot_be_followed_now_answer_and_are_followed_later(demo_market, monkeypatch):
    held = columns.current()
    changed(ProductDocument.objects.order_by("pk")[0])

    def timed_out(*given):
        raise OperationalError("statement timeout")

    with monkeypatch.context() as broken:
        broken.setattr(columns, "_followed", timed_out)
        assert columns.current() is held
    assert same(columns.current(), columns._all(columns.Book()))


@pytest.mark.django_db
def test_an_empty_catalogue_has_no_products(demo_market):
    columns.current()
    ProductDocument.objects.all().delete()
    assert find("").ids == []
    assert find("").facets == {}


@pytest.mark.django_db
def test_verdicts_without_measures_are_worked_out_once_for_the_present_rules(demo_market):
    held = columns.current()
    first = fit_columns.ranks(held, None, {})
    assert fit_columns.ranks(held, None, {}) is first
    types.forget()  # as after a minute: the rules may be others
    again = fit_columns.ranks(held, None, {})
    assert again is not first
    assert (again == first).all()
    assert len(held.fit_of_nobody) == 1


def test_bits_are_counted_for_each_name():
    names = [f"r{number}" for number in range(20)]
    sets = np.array([0b1, 0b1 << 19, 0b11, 0, (1 << 20) - 1], dtype=np.int64)
    counted = _bits(sets, names)
    assert (counted["r0"], counted["r1"], counted["r19"], counted["r7"]) == (3, 2, 2, 1)


@pytest.fixture
def timers(monkeypatch):
    """What a thread would do, to be done by the test: it has a connection of its own and sees no open transaction."""
    started = []

    class Timer:
        daemon = False

        def __init__(self, delay, function):
            self.function = function

        def start(self):
            started.append(self.function)

        def cancel(self):
            pass

    monkeypatch.setattr(columns.threading, "Timer", Timer)
    monkeypatch.setattr(connection, "close", lambda: None)
    return started


@pytest.mark.django_db
def test_no_request_waits_for_many_changes_and_lists_are_made_anew_after_them(demo_market, timers, monkeypatch):
    monkeypatch.setattr(columns, "BATCH", 2)
    held, rows = columns.current(), list(ProductDocument.objects.order_by("pk")[:5])
    for row in rows:
        row.score += 1
        changed(row)
    begun = page_changes.moment()
    assert columns.current() is held and columns.current() is held
    assert len(timers) == 1, "one thread, however many ask"
    page_changes.forget()
    assert not page_changes.changed(begun), "a list that is made now is kept, though it shows less"
    timers.pop()()
    page_changes.forget()
    assert page_changes.changed(begun), "and goes when there is more to show"
    assert not page_changes.changed(begun, product=rows[0].pk), "a product's page never showed less"
    with CaptureQueriesContext(connection) as queries:
        assert same(columns.current(), columns._all(columns.Book()))
    assert not [query for query in queries if "catalogue_productdocument ORDER" in query["sql"]][1:]
    assert not timers


@pytest.mark.django_db
def test_lists_that_showed_less_go_also_when_a_request_followed_before_the_thread(demo_market, timers, monkeypatch):
    columns.current()
    changed(ProductDocument.objects.order_by("pk")[0])
    monkeypatch.setattr(columns._held, "_not_before", float("inf"))
    begun = page_changes.moment()
    columns.current()
    monkeypatch.setattr(columns._held, "_not_before", 0.0)
    assert same(columns.current(), columns._all(columns.Book()))
    assert not page_changes.changed(begun), "a list that was made in between is still kept"
    timers.pop()()
    page_changes.forget()
    assert page_changes.changed(begun)


@pytest.mark.django_db
def test_what_changes_while_it_catches_up_is_followed_too(demo_market, timers, monkeypatch):
    monkeypatch.setattr(columns, "BATCH", 1)
    columns.current()
    *rows, late = ProductDocument.objects.order_by("pk")[:3]
    for row in rows:
        changed(row)
    columns.current()
    read = columns._read

    def read_while_one_changes(*given):
        found = read(*given)
        if late.version == 0:
            changed(late)
            page_changes.forget()
            page_changes.moment()
        return found

    late.version = 0
    monkeypatch.setattr(columns, "_read", read_while_one_changes)
    timers.pop()()
    assert late.version == 1
    page_changes.forget()
    assert same(columns.current(), columns._all(columns.Book()))
