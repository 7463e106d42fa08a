"""GET /product-types and GET /regions: shapes of the contract, true in every language."""

import pytest
from django.test import Client


def get(path: str, language: str = "ru") -> dict:
    answer = Client().get(f"/api/v1{path}", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_tree_of_types_names_codes_units_and_fit_rules(demo_market):
    tree = get("/product-types")
    assert tree["count"] == len(tree["results"]) == 152
    assert tree["next"] is None
    walker = next(row for row in tree["results"] if row["code"] == "posterior-rollator-child")
    assert walker["iso_code"] == "12 06 06"
    assert set(walker["names"]) == {"kk", "ru", "en"}
    handle = next(row for row in walker["attributes"] if row["code"] == "handle_height")
    assert handle == {
        "code": "handle_height",
        "kind": "range",
        "names": handle["names"],
        "unit": "mm",
        "shown_unit": "cm",
        "min": 300,
        "max": 950,
        "required": True,
        "fit": {"measure": "handle_height_mm", "rule": "covers", "tolerance": 0},
        "choices": [],
    }
    wheels = next(row for row in walker["attributes"] if row["code"] == "wheels")
    assert (wheels["unit"], wheels["kind"]) == (None, "choice")
    assert [choice["code"] for choice in wheels["choices"]] == ["without", "two", "four", "four_braked"]
    assert "country" not in {row["code"] for row in walker["attributes"]}
    assert "country" in {row["code"] for row in tree["common_attributes"]}


def test_every_type_stands_on_one_shelf(demo_market):
    tree = get("/product-types")
    listed = [code for shelf in tree["shelves"] for code in shelf["types"]]
    assert sorted(listed) == sorted(row["code"] for row in tree["results"])


def test_measures_say_how_to_take_them(demo_market):
    measures = {row["code"]: row for row in get("/product-types")["measures"]}
    assert measures["mass_g"]["shown_unit"] == "kg"
    assert all(row["how"][language] for row in measures.values() for language in ("kk", "ru", "en"))


@pytest.mark.parametrize(
    ("language", "name"),
    [("kk", "Шығыс Қазақстан облысы"), ("ru", "Восточно-Казахстанская область"), ("en", "East Kazakhstan Region")],
)
def test_regions_have_code_and_slug_and_speak_the_asked_language(demo_market, language, name):
    regions = get("/regions", language)
    assert regions["count"] == len(regions["results"]) == 20
    east = next(row for row in regions["results"] if row["code"] == "KZ-63")
    assert (east["slug"], east["name"]) == ("east-kazakhstan", name)
