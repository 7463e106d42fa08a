"""The seed classification in catalog/data: complete, translated, and consistent with itself.

How the files hang together: ``product_types.json`` lists goods (``row`` 1–110 of the seed
classification) and services (``srv`` "SRV-1"…"SRV-10"); their attributes refer to
``attributes.json``, whose fit rules refer to ``measures.json``; ``shelf`` refers to
``shelves.json``. Attributes with ``"scope": "all_goods"`` are asked of every good and carry their
own ``required``, ``min`` and ``max``; a type names one again only to require it or to narrow its
bounds. Services have none of them unless they name them.

Amounts are whole numbers in ``unit``; people see them divided by ``FACTORS[unit, shown_unit]``.
A type's attribute may carry its own ``fit`` (null switches the rule off for that type).
"""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

DATA = Path(__file__).resolve().parents[2] / "catalog" / "data"
LANGUAGES = ("kk", "ru", "en")
KAZAKH_ONLY = set("әғқңөұүһіӘҒҚҢӨҰҮҺІ")

SPHERES = {
    "consumable", "durable", "wheelchair", "made_to_measure", "hearing",
    "assistant", "sign_language", "sanatorium", "special_services",
}  # fmt: skip
NORM_UNITS = {"piece", "pair", "hour", "day", "course", "visit"}
NUMERIC = {"range", "number"}
OPTIONS = {"choice", "multi"}
KINDS = NUMERIC | OPTIONS | {"flag", "text"}
RULES = {"covers", "within", "at_least", "at_most"}

# (unit in the database, unit shown to people): how many of the first make one of the second.
FACTORS = {
    ("mm", "mm"): 1, ("mm", "cm"): 10, ("mm", "m"): 1000, ("mm", "inch"): 25.4, ("um", "mm"): 1000,
    ("g", "g"): 1, ("g", "kg"): 1000, ("ml", "ml"): 1, ("N", "N"): 1, ("deg", "deg"): 1,
    ("dB", "dB"): 1, ("dBSPL", "dBSPL"): 1, ("V", "V"): 1, ("Wh", "Wh"): 1, ("km", "km"): 1,
    ("mAh", "Ah"): 1000, ("mA", "A"): 1000, ("s", "s"): 1, ("min", "min"): 1, ("h", "h"): 1,
    ("day", "day"): 1, ("month", "month"): 1, ("piece", "piece"): 1, ("percent", "percent"): 1,
    ("percent", "times"): 100, ("degC", "degC"): 1, ("GB", "GB"): 1, ("Ch", "Ch"): 1, ("none", "none"): 1,
}  # fmt: skip

# Names of countries that Kazakh and Russian write alike.
SAME_IN_KAZAKH_AND_RUSSIAN = {
    "Германия", "Беларусь", "Польша", "Дания", "Швеция", "Норвегия", "Финляндия", "Франция", "Италия",
    "Испания", "Австрия", "Швейцария", "Чехия", "Венгрия", "Исландия", "Канада", "Тайвань",
}  # fmt: skip

MOST_ORDERED = [
    "walking-stick", "elbow-crutches", "walking-frame-adult", "walking-frame-child", "rollator-adult",
    "posterior-rollator-child", "white-cane", "wheelchair-manual-standard", "wheelchair-manual-active",
    "wheelchair-manual-child", "wheelchair-postural", "postural-buggy", "powered-wheelchair",
    "pressure-cushion", "pressure-mattress", "bed-powered", "commode-chair", "shower-chair",
    "ramp-portable", "adult-diapers", "pull-up-pants", "child-diapers", "urological-pads", "underpads",
    "catheter-intermittent", "catheter-indwelling", "ostomy-bag-one-piece", "ostomy-bag-two-piece",
    "orthopaedic-shoes", "orthopaedic-shoes-child", "insoles", "ankle-foot-orthosis",
    "hearing-aid-behind-ear", "hearing-aid-batteries", "talking-pressure-meter",
    "srv-1-assistant", "srv-2-sign-language", "srv-3-sanatorium-adult",
]  # fmt: skip


def load(name: str):
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


SHELVES = load("shelves")
MEASURES = load("measures")
ATTRIBUTES = load("attributes")
TYPES = load("product_types")
BY_CODE = {product_type["code"]: product_type for product_type in TYPES}
GOODS = [product_type for product_type in TYPES if product_type["row"] is not None]
SERVICES = [product_type for product_type in TYPES if product_type["row"] is None]

every_type = pytest.mark.parametrize("product_type", TYPES, ids=lambda t: t["code"])


def assert_in_three_languages(texts: dict, where: str) -> None:
    assert tuple(texts) == LANGUAGES, where
    for language in LANGUAGES:
        assert texts[language] == texts[language].strip() != "", f"{where} {language}"


def assert_kazakh_is_kazakh(texts: dict, where: str) -> None:
    assert re.search("[Ѐ-ӿ]", texts["kk"]), f"{where}: no Cyrillic letter in {texts['kk']!r}"
    if texts["kk"] not in SAME_IN_KAZAKH_AND_RUSSIAN:
        assert texts["kk"].casefold() != texts["ru"].casefold(), f"{where}: Kazakh repeats the Russian"


def assert_fit_rule(fit: dict | None, kind: str, unit: str, where: str) -> None:
    if fit is None:
        return
    assert set(fit) == {"measure", "rule", "tolerance", "why"}, where
    assert_in_three_languages(fit["why"], where)
    assert_kazakh_is_kazakh(fit["why"], where)
    # What the tolerance allows stands in the reason, in the unit that people use.
    assert not fit["tolerance"] or all(f"{fit['tolerance'] // 10} " in text for text in fit["why"].values()), where
    measure = next(m for m in MEASURES if m["code"] == fit["measure"])
    assert measure["unit"] == unit, where
    assert fit["rule"] in RULES, where
    # "covers" and "within" compare with an interval, the other two with one number.
    assert kind == ("range" if fit["rule"] in {"covers", "within"} else "number"), where
    assert fit["tolerance"] >= 0, where


def test_every_row_of_the_classification_is_there_in_order():
    assert sorted({t["row"] for t in GOODS}) == list(range(1, 111))
    assert [t["row"] for t in GOODS] == sorted(t["row"] for t in GOODS)
    assert [t["srv"] for t in GOODS if t["srv"] is not None] == []


def test_all_ten_services_are_there():
    assert {t["srv"] for t in SERVICES} == {f"SRV-{number}" for number in range(1, 11)}
    for service in SERVICES:
        assert service["code"].startswith(service["srv"].lower() + "-")
        assert (service["iso_code"], service["iso_mark"]) == ("", "")


def test_codes_are_unique_slugs():
    for entries in (TYPES, SHELVES, MEASURES):
        codes = [entry["code"] for entry in entries]
        assert len(codes) == len(set(codes))
    for code in [t["code"] for t in TYPES] + [s["code"] for s in SHELVES]:
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", code), code
    for code in [*ATTRIBUTES, *(m["code"] for m in MEASURES)]:
        assert re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", code), code


def test_goods_carry_an_iso_code_and_how_sure_it_is():
    for good in GOODS:
        assert re.fullmatch(r"\d\d( \d\d){1,2}", good["iso_code"]), good["code"]
        assert good["iso_mark"] in set("ABCD"), good["code"]
        if any(good["iso_note"].values()):
            assert_in_three_languages(good["iso_note"], "iso_note")
            assert max(map(len, good["iso_note"].values())) <= 250, good["code"]


@every_type
def test_a_type_is_described_in_three_languages(product_type):
    assert_in_three_languages(product_type["name"], "name")
    assert_kazakh_is_kazakh(product_type["name"], "name")
    assert_in_three_languages(product_type["summary"], "summary")
    assert_kazakh_is_kazakh(product_type["summary"], "summary")
    assert KAZAKH_ONLY & set(product_type["name"]["kk"] + product_type["summary"]["kk"])
    for language in LANGUAGES:
        assert len(product_type["summary"][language].split()) <= 14, language
        words = product_type["keywords"][language]
        assert words and all(words) and len(words) == len(set(words)), language


@every_type
def test_a_type_uses_known_words(product_type):
    assert product_type["shelf"] in {shelf["code"] for shelf in SHELVES}
    assert product_type["sphere"] in SPHERES
    assert product_type["unit"] in NORM_UNITS
    assert isinstance(product_type["priority"], bool)
    assert isinstance(product_type["made_to_measure"], bool)
    if product_type["made_to_measure"]:
        assert product_type["sphere"] in {"made_to_measure", "hearing"}


@every_type
def test_a_type_asks_for_defined_attributes_with_bounds(product_type):
    attributes = product_type["attributes"]
    codes = [attribute["code"] for attribute in attributes]
    assert len(codes) == len(set(codes))
    assert any(attribute["required"] for attribute in attributes)
    for attribute in attributes:
        definition = ATTRIBUTES[attribute["code"]]
        if definition["kind"] in NUMERIC:
            assert 0 <= attribute["min"] < attribute["max"], attribute["code"]
        else:
            assert (attribute["min"], attribute["max"]) == (None, None), attribute["code"]
        assert_fit_rule(attribute.get("fit"), definition["kind"], definition["unit"], attribute["code"])


def test_every_defined_attribute_is_used():
    used = {attribute["code"] for t in TYPES for attribute in t["attributes"]}
    asked_of_all = {code for code, definition in ATTRIBUTES.items() if definition["scope"] == "all_goods"}
    assert set(ATTRIBUTES) - used - asked_of_all == set()


def test_the_questions_asked_of_every_good():
    asked_of_all = [code for code, definition in ATTRIBUTES.items() if definition["scope"] == "all_goods"]
    assert asked_of_all == [
        "brand", "model", "country", "warranty", "expected_life", "registration_number", "own_mass",
        "package_length", "package_width", "package_height", "pieces_in_pack", "colour",
        "manual_languages", "tracking", "fitting_needed",
    ]  # fmt: skip
    for code in asked_of_all:
        definition = ATTRIBUTES[code]
        assert isinstance(definition["required"], bool), code
        if definition["kind"] in NUMERIC:
            assert definition["min"] < definition["max"], code


@pytest.mark.parametrize("code", ATTRIBUTES)
def test_an_attribute_is_well_defined(code):
    definition = ATTRIBUTES[code]
    assert definition["scope"] in {"type", "all_goods"}
    assert definition["kind"] in KINDS
    assert (definition["unit"], definition["shown_unit"]) in FACTORS
    if definition["kind"] not in NUMERIC:
        assert definition["unit"] == "none"
    assert_in_three_languages(definition["name"], code)
    assert_kazakh_is_kazakh(definition["name"], code)
    assert_fit_rule(definition["fit"], definition["kind"], definition["unit"], code)
    assert ("choices" in definition) == (definition["kind"] in OPTIONS)
    choices = definition.get("choices", [])
    assert len({choice["code"] for choice in choices}) == len(choices) != 1
    for choice in choices:
        where = f"{code}.{choice['code']}"
        assert re.fullmatch("[a-z0-9]+(_[a-z0-9]+)*", choice["code"]), where
        assert_in_three_languages(choice["name"], where)
        assert_kazakh_is_kazakh(choice["name"], where)


def test_measures_can_be_taken_at_home_and_are_all_used():
    assert len(MEASURES) <= 20
    for measure in MEASURES:
        assert (measure["unit"], measure["shown_unit"]) in FACTORS, measure["code"]
        assert measure["code"].endswith(f"_{measure['unit']}")
        assert 0 < measure["min"] < measure["max"], measure["code"]
        for texts in (measure["name"], measure["how"]):
            assert_in_three_languages(texts, measure["code"])
            assert_kazakh_is_kazakh(texts, measure["code"])
    asked = {definition["fit"]["measure"] for definition in ATTRIBUTES.values() if definition["fit"]}
    assert asked == {measure["code"] for measure in MEASURES}


def test_shelves_cover_the_iso_classes_and_the_services():
    for shelf in SHELVES:
        for texts in (shelf["name"], shelf["description"]):
            assert_in_three_languages(texts, shelf["code"])
            assert_kazakh_is_kazakh(texts, shelf["code"])
    assert {shelf["iso_class"] for shelf in SHELVES} == {
        "04", "05", "06", "09", "12", "15", "18", "22", "24", "27", "SRV",
    }  # fmt: skip
    service_shelves = {shelf["code"] for shelf in SHELVES if shelf["iso_class"] == "SRV"}
    assert {t["shelf"] for t in SERVICES} == service_shelves
    assert {t["shelf"] for t in GOODS} & service_shelves == set()
    # Classes 05 and 27–30 have a shelf but no type in the seed classification.
    assert {shelf["code"] for shelf in SHELVES} - {t["shelf"] for t in TYPES} == {"learning", "other"}


@pytest.mark.parametrize("code", MOST_ORDERED)
def test_the_most_ordered_types_are_found_by_several_everyday_words(code):
    for language in LANGUAGES:
        assert len(BY_CODE[code]["keywords"][language]) >= 2, language


def test_people_find_diapers_and_wheelchairs_by_what_they_call_them():
    assert "памперсы" in BY_CODE["adult-diapers"]["keywords"]["ru"]
    assert "жөргек" in BY_CODE["child-diapers"]["keywords"]["kk"]
    assert "жаялық" in BY_CODE["underpads"]["keywords"]["kk"]
    assert "коляска ДЦП" in BY_CODE["postural-buggy"]["keywords"]["ru"]


def required_fit(code: str) -> dict[str, tuple[str, str]]:
    """Required attributes of a type that are compared with a body measure: code → (measure, rule)."""
    rules = {}
    for attribute in BY_CODE[code]["attributes"]:
        fit = attribute.get("fit", ATTRIBUTES[attribute["code"]]["fit"])
        if attribute["required"] and fit:
            rules[attribute["code"]] = (fit["measure"], fit["rule"])
    return rules


@pytest.mark.parametrize("code", ["posterior-rollator-child", "walking-frame-child"])
def test_a_child_walker_is_chosen_by_the_childs_measures(code):
    assert required_fit(code) == {
        "user_height": ("height_mm", "within"),
        "handle_height": ("handle_height_mm", "covers"),
        "inner_width": ("hip_width_mm", "at_least"),
        "max_user_mass": ("mass_g", "at_least"),
    }


def test_diapers_are_chosen_by_weight_for_a_child_and_by_waist_for_an_adult():
    assert required_fit("child-diapers") == {"user_mass": ("mass_g", "within")}
    assert required_fit("adult-diapers") == {"waist_girth": ("waist_mm", "covers")}
    for code in ("adult-diapers", "child-diapers", "pull-up-pants"):
        required = {a["code"] for a in BY_CODE[code]["attributes"] if a["required"]}
        assert {"absorbency", "pieces_in_pack"} <= required
    # The laboratory figure is two to three times what is held in use: the name must say so.
    assert "ISO 11948-1" in ATTRIBUTES["absorbency"]["name"]["ru"]


def test_an_assistant_works_at_most_eight_hours_a_day():
    hours = next(a for a in BY_CODE["srv-1-assistant"]["attributes"] if a["code"] == "hours_per_day")
    assert (hours["min"], hours["max"]) == (1, 8)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure["code"])
def test_every_measure_has_a_light_drawing_and_words_in_its_place(measure):
    drawing = DATA.parent / "static" / "measures" / f"{measure['code']}.svg"
    assert drawing.stat().st_size <= 600
    assert ElementTree.parse(drawing).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert all(measure["picture"][language] for language in LANGUAGES)
    assert all(len(sentence.split()) <= 10 for sentence in measure["picture"]["kk"].split("."))
