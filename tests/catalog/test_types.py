"""The book of types: remembered for a minute, forgotten on a change, never remembered empty."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import types
from catalog.models import ProductClass
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_the_book_is_loaded_with_five_queries_and_then_with_none():
    make.make_type()
    with CaptureQueriesContext(connection) as first:
        types.book()
    with CaptureQueriesContext(connection) as second:
        types.book()
    assert (len(first), len(second)) == (5, 0)


def test_a_change_is_seen_when_it_is_told_and_not_before():
    row = make.make_type()
    assert types.book().by_code["child-walker"].unit == "piece"
    ProductClass.objects.filter(pk=row.pk).update(unit="pair")
    assert types.book().by_code["child-walker"].unit == "piece"
    types.forget()
    assert types.book().by_code["child-walker"].unit == "pair"


def test_a_portal_without_types_finds_them_as_soon_as_they_are_loaded():
    assert not types.book()
    ProductClass.objects.create(code="walker", slug="walker", name_kk="w", sphere="durable")
    assert list(types.book().by_code) == ["walker"]
