"""Goods for measurements: what the database copies is what the loaders would have made."""

from typing import Any

import pytest
from django.db import connection

from catalog.models import Product
from marketplace import loading
from perf import copies, goods
from tests.market import index_folder, nothing_remembered  # noqa: F401

PATTERNS, PRODUCTS = 8, 29  # some copied three times, and not all of the last time

ROWS = {
    "products": "SELECT upc, to_jsonb(p) - '{id,date_created,date_updated}'::text[] FROM catalogue_product p",
    "shelves": "SELECT p.upc, to_jsonb(c) - '{id,product_id}'::text[] FROM catalogue_productcategory c"
    " JOIN catalogue_product p ON p.id = c.product_id",
    "values": "SELECT p.upc, to_jsonb(v) - '{id,product_id}'::text[] FROM catalogue_productattributevalue v"
    " JOIN catalogue_product p ON p.id = v.product_id",
    "choices": "SELECT p.upc, jsonb_build_array(v.attribute_id, m.attributeoption_id)"
    " FROM catalogue_productattributevalue_value_multi_option m"
    " JOIN catalogue_productattributevalue v ON v.id = m.productattributevalue_id JOIN catalogue_product p ON p.id = v.product_id",
    "offers": "SELECT p.upc, to_jsonb(s) - '{id,product_id,date_created,date_updated,stock_confirmed_at}'::text[]"
    " FROM partner_stockrecord s JOIN catalogue_product p ON p.id = s.product_id",
    # An offer's id in the document must be the one of the same supplier's stock record.
    "documents": "SELECT p.upc, to_jsonb(d) - '{product_id,version,updated_at,offers}'::text[] || jsonb_build_object('offers',"
    " (SELECT jsonb_agg(o.offer - '{id,confirmed_at}'::text[] || jsonb_build_object('sku', s.partner_sku, 'own', s.product_id = p.id) ORDER BY o.place)"
    "  FROM jsonb_array_elements(d.offers) WITH ORDINALITY o(offer, place) JOIN partner_stockrecord s ON s.id = (o.offer ->> 'id')::bigint))"
    " FROM catalogue_productdocument d JOIN catalogue_product p ON p.id = d.product_id",
}


def _rows() -> dict[str, list[Any]]:
    with connection.cursor() as cursor:
        found = {}
        for name, statement in ROWS.items():
            cursor.execute(f"SELECT upc, facts::text FROM ({statement}) AS t(upc, facts) ORDER BY 1, 2")
            found[name] = cursor.fetchall()
        return found


@pytest.mark.django_db
def test_copies_are_what_the_loaders_make(monkeypatch, index_folder, nothing_remembered):  # noqa: F811
    from catalog.loading import load_types
    from catalog.search import embedded
    from suppliers.loading import load_suppliers

    loading.load_all()
    load_types()
    load_suppliers()
    monkeypatch.setattr(goods, "PATTERNS", PATTERNS)
    goods.seed_products(PRODUCTS, offers=5, seed=1)
    copied = _rows()
    assert embedded.count() == PRODUCTS
    Product.objects.all().delete()
    # The same numbers, each through the loaders.
    monkeypatch.setattr(goods, "pattern", lambda number: (number - 1) % PATTERNS + 1)
    monkeypatch.setattr(goods, "PATTERNS", PRODUCTS)
    goods.seed_products(PRODUCTS, offers=5, seed=1)
    made = _rows()
    assert {name: len(rows) for name, rows in copied.items()} == {name: len(rows) for name, rows in made.items()}
    assert len(made["products"]) == PRODUCTS and len(made["offers"]) == 5 * PRODUCTS and made["choices"]
    for name in ROWS:
        assert copied[name] == made[name], name


@pytest.mark.django_db(transaction=True)
def test_copies_are_made_over_several_connections(monkeypatch, index_folder, nothing_remembered):  # noqa: F811
    from catalog.loading import load_types
    from suppliers.loading import load_suppliers

    loading.load_all()
    load_types()
    load_suppliers()
    monkeypatch.setattr(goods, "PATTERNS", PATTERNS)
    monkeypatch.setattr(copies, "CHUNK", 5)
    goods.seed_products(PRODUCTS, offers=2, seed=1)
    rows = _rows()
    assert [upc for upc, _facts in rows["products"]] == [f"scale-{number:06d}" for number in range(1, PRODUCTS + 1)]
    assert len(rows["documents"]) == PRODUCTS and len(rows["offers"]) == 2 * PRODUCTS
    assert all('"own": true' in facts and '"own": false' not in facts for _upc, facts in rows["documents"])


@pytest.mark.django_db
def test_a_second_run_adds_only_what_is_missing(monkeypatch, index_folder, nothing_remembered):  # noqa: F811
    from catalog.loading import load_types
    from suppliers.loading import load_suppliers

    loading.load_all()
    load_types()
    load_suppliers()
    monkeypatch.setattr(goods, "PATTERNS", PATTERNS)
    goods.seed_products(5, offers=2, seed=1)
    goods.seed_products(11, offers=2, seed=1)
    goods.seed_products(20, offers=2, seed=1)
    before = _rows()
    goods.seed_products(20, offers=2, seed=1)
    assert _rows() == before
    assert [upc for upc, _facts in before["products"]] == [f"scale-{number:06d}" for number in range(1, 21)]
