"""What a process notices of what others commit, in whatever order."""

from collections.abc import Iterator

import psycopg2
import pytest
from django.db import connection, transaction
from psycopg2.extensions import connection as Connection

from marketplace import page_changes
from marketplace.models import PageChange

pytestmark = pytest.mark.django_db(transaction=True)
EARLY, LATE = 101, 102


@pytest.fixture
def noticed() -> page_changes._Noticed:
    return page_changes._Noticed()


@pytest.fixture
def other() -> Iterator[Connection]:
    """A connection of its own; what it does is committed by the test."""
    opened = psycopg2.connect(**connection.get_connection_params())
    yield opened
    opened.close()


def change(product: int | None, by: Connection) -> int:
    with by.cursor() as cursor:
        cursor.execute("INSERT INTO marketplace_pagechange (product_id) VALUES (%s) RETURNING id", [product])
        return int(cursor.fetchone()[0])


def test_what_commits_late_is_noticed_though_it_was_written_early(noticed, other):
    begun = noticed.look()
    early = change(EARLY, other)
    late = PageChange.objects.create(product_id=LATE).pk
    assert early < late, "who counts by the highest number would never come back to the earlier one"
    seen = noticed.look()
    assert noticed.changed(begun, LATE) and not noticed.changed(begun, EARLY)
    other.commit()
    noticed.look()
    assert noticed.changed(seen, EARLY) and not noticed.changed(seen, LATE), "and nothing is noticed twice"


def test_what_was_there_before_is_no_news_and_what_is_taken_back_neither(noticed, other):
    PageChange.objects.create(product_id=LATE)
    begun = noticed.look()
    change(EARLY, other)
    other.rollback()
    noticed.look()
    assert not noticed.changed(begun, None)


def test_what_was_seen_from_inside_a_transaction_that_was_taken_back_is_a_change(noticed):
    begun = noticed.look()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        PageChange.objects.create(product_id=LATE)
        inside = noticed.look()
        raise ZeroDivisionError
    assert noticed.changed(begun, LATE)
    noticed.look()
    assert noticed.changed(inside, EARLY) and noticed.changed(inside, LATE), "what was read then is not so"
    seen = noticed.moment
    noticed.look()
    assert not noticed.changed(seen, None)


def test_a_change_of_anything_is_one_of_every_product(noticed):
    begun = noticed.look()
    PageChange.objects.create()
    noticed.look()
    assert noticed.changed(begun, EARLY) and noticed.changed(begun, None)


def test_more_products_than_are_told_apart_are_all_of_them(noticed, monkeypatch):
    monkeypatch.setattr(page_changes, "MOST_PRODUCTS", 2)
    begun = noticed.look()
    for product in range(1, 4):
        PageChange.objects.create(product_id=product)
    noticed.look()
    assert noticed.changed(begun, EARLY)


def test_another_database_than_a_moment_ago_is_a_change(noticed):
    """A backup was restored: its transactions have lower numbers, and none would ever count as new."""
    begun = noticed.look()
    noticed._oldest += 1_000_000
    noticed.look()
    assert noticed.changed(begun, EARLY)
