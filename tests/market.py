"""Fixtures of the catalogue's and the suppliers' tests: nothing remembered, an index of their own, the demo's market."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from catalog import types
from catalog.loading import load_products, load_types
from catalog.search import columns, embedded, suggest, vocabulary
from marketplace import loading, regions
from suppliers import loading as suppliers
from suppliers import ranking, selectors


def forget() -> None:
    """What the process keeps of master data for a minute."""
    types.forget()
    columns.forget()
    vocabulary.forget()
    suggest.forget()
    regions.forget()
    ranking.forget()
    selectors.forget()


@pytest.fixture(autouse=True)
def nothing_remembered(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the process keeps of master data must not outlive the test's database."""
    if "demo_market" in request.fixturenames:
        yield  # its module shares one database, and what is remembered of it
        return
    forget()
    yield
    forget()


@pytest.fixture
def index_folder(settings, tmp_path: Path) -> Iterator[Path]:
    """An empty place for the embedded index."""
    settings.SEARCH_INDEX_DIR = tmp_path / "search"
    embedded.close()
    yield settings.SEARCH_INDEX_DIR
    embedded.close()


@pytest.fixture(scope="module")
def demo_market(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The demo's types, products, suppliers and offers with documents and index, once for a module that only reads."""
    folder = tmp_path_factory.mktemp("search")
    with django_db_blocker.unblock(), override_settings(SEARCH_INDEX_DIR=folder), transaction.atomic():
        embedded.close()
        forget()
        loading.load_all()
        load_types()
        load_products()
        suppliers.load_suppliers()
        suppliers.load_offers()
        suppliers.refresh()
        yield
        transaction.set_rollback(True)
    embedded.close()
    forget()
