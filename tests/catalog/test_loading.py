"""The loaders: everything arrives, a second run changes nothing, a changed file updates in place."""

import json
import shutil

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import types
from catalog.loading import DATA, load_products, load_types
from catalog.models import (
    Category,
    Measure,
    Product,
    ProductAttribute,
    ProductAttributeValue,
    ProductCategory,
    ProductClass,
)
from catalog.search.documents import parameters_of

pytestmark = pytest.mark.django_db

PRODUCTS = json.loads((DATA / "products.json").read_text(encoding="utf-8"))


def everything() -> dict[str, list]:
    """The rows without what a run may touch."""
    loaded = (Measure, Category, ProductClass, ProductAttribute, ProductAttributeValue, Product, ProductCategory)
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name != "date_updated"}
            for row in model.objects.order_by("pk").values()
        ]
        for model in loaded
    }


def test_the_files_arrive_whole_and_a_second_run_changes_nothing():
    counts = load_types()
    assert counts == {
        "measures": Measure.objects.count(),
        "shelves": Category.objects.count(),
        "types": ProductClass.objects.count(),
        "attributes": len(json.loads((DATA / "attributes.json").read_text(encoding="utf-8"))),
    }
    assert load_products() == Product.objects.count() == len(PRODUCTS)
    before = everything()
    with CaptureQueriesContext(connection) as queries:
        load_types()
        load_products()
    assert everything() == before
    assert len(queries) <= 40


def test_a_type_carries_its_questions_with_units_and_fit_rules():
    load_types()
    walker = types.book().by_code["posterior-rollator-child"]
    assert (walker.iso_code, walker.shelf, walker.unit) == ("12 06 06", "walkers", "piece")
    assert walker.names["kk"] and walker.names["ru"] == "Ходунки заднеопорные детские"
    handle = walker.attribute("handle_height")
    assert (handle.kind, handle.unit, handle.shown_unit, handle.required) == ("range", "mm", "cm", True)
    assert (handle.fit.rule, handle.fit.measure.code) == ("covers", "handle_height_mm")
    assert walker.attribute("country").common
    # Diapers are chosen by their number in a pack: a common question that became the type's own.
    assert not types.book().by_code["child-diapers"].attribute("pieces_in_pack").common
    # A service has no brand or country.
    assert types.book().by_code["srv-1-assistant"].attribute("country") is None
    assert "country" in {attribute.code for attribute in types.book().common_attributes}


def test_a_fit_rule_can_be_switched_off_for_a_type():
    load_types()
    assert types.book().by_code["stick-with-seat"].attribute("seat_height").fit is None


def test_a_product_states_its_parameters_as_the_file_does():
    load_types()
    load_products()
    item = next(item for item in PRODUCTS if item["code"] == "bota-50")
    product = Product.objects.get(upc="bota-50")
    stated = parameters_of([product.pk])[product.pk]
    assert stated["handle_height"] == {"kind": "range", "min": 440, "max": 580}
    assert stated["wheels"] == {"kind": "choice", "value": "four"}
    assert stated["pelvic_support"] == {"kind": "flag", "value": False}
    assert stated["manual_languages"] == {"kind": "multi", "value": ["kk", "ru"]}
    assert stated["country"]["value"] == item["country"]
    assert set(stated) == {"brand", "model", "country", *item["attributes"]}
    assert (product.brand, product.title_ru, product.product_class.code) == ("Bota", item["title"]["ru"], item["type"])
    assert list(product.categories.values_list("code", flat=True)) == ["walkers"]


def test_a_changed_file_updates_in_place(tmp_path):
    load_types()
    load_products()
    known = Product.objects.get(upc="bota-50").pk
    changed = json.loads((DATA / "products.json").read_text(encoding="utf-8"))
    item = next(item for item in changed if item["code"] == "bota-50")
    item["attributes"]["handle_height"] = [500, 700]
    item["attributes"]["manual_languages"] = ["kk"]
    del item["attributes"]["pelvic_support"]
    item["title"]["en"] = "Bota 50, renewed"
    (tmp_path / "products.json").write_text(json.dumps(changed), encoding="utf-8")
    load_products(tmp_path / "products.json")
    product = Product.objects.get(upc="bota-50")
    assert (product.pk, product.title_en) == (known, "Bota 50, renewed")
    stated = parameters_of([known])[known]
    assert stated["handle_height"] == {"kind": "range", "min": 500, "max": 700}
    assert stated["manual_languages"]["value"] == ["kk"]
    assert "pelvic_support" not in stated


def test_a_question_that_left_the_file_leaves_the_type(tmp_path):
    load_types()
    shutil.copytree(DATA, tmp_path / "data")
    rows = json.loads((DATA / "product_types.json").read_text(encoding="utf-8"))
    walker = next(row for row in rows if row["code"] == "posterior-rollator-child")
    walker["attributes"] = [row for row in walker["attributes"] if row["code"] != "wheel_diameter"]
    (tmp_path / "data" / "product_types.json").write_text(json.dumps(rows), encoding="utf-8")
    assert types.book().by_code["posterior-rollator-child"].attribute("wheel_diameter") is not None
    load_types(tmp_path / "data")
    assert types.book().by_code["posterior-rollator-child"].attribute("wheel_diameter") is None
