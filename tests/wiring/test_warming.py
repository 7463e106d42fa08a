"""A web process has done before its first request what that would wait for; without services it starts all the same."""

import gc

import pytest
from django.db import DatabaseError, connection
from django.template import loader
from django.test.utils import CaptureQueriesContext

from catalog import types
from catalog.search import vocabulary
from config import warming
from tests import factories as make
from tests.market import index_folder, nothing_remembered  # noqa: F401


@pytest.mark.django_db
def test_what_pages_need_is_there_afterwards(index_folder, nothing_remembered):  # noqa: F811
    make.make_type()
    warming.warm_up()
    with CaptureQueriesContext(connection) as asked:
        assert types.book()
    assert len(asked) == 0
    for name in warming.TEMPLATES:
        assert loader.get_template(name)


def test_a_database_that_is_away_is_no_reason_not_to_start(monkeypatch):
    def away() -> None:
        raise DatabaseError

    monkeypatch.setattr(types, "book", away)
    monkeypatch.setattr(vocabulary, "known", away)
    warming.warm_up()


def test_what_stays_is_not_looked_through_again():
    stays = [[]]
    try:
        warming.set_aside()
        assert not any(one is stays for one in gc.get_objects()), "a look for unreachable objects does not see it"
        comes = [[]]
        assert any(one is comes for one in gc.get_objects()), "the control: what comes later is looked through"
    finally:
        gc.unfreeze()
