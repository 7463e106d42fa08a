"""The demo files of places, people, suppliers, products and offers: complete and consistent.

No database: these tests read the JSON files alone. Prices are KZT for one pack of ``pack_size``
units of the product type; norms and guaranteed sums count single units.

Numbers of invented people and organisations say month 13, which no register gives out; their
phone numbers and house numbers are zeros.
"""

import json
import re
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("kk", "ru", "en")
DEMO_SUPPLIERS = {"supplier": "jarqyn-med", "supplier2": "qadam-orto", "supplier3": "altyn-qol"}
OWN_COLUMNS = {"brand", "model", "country"}  # a product's own columns, not in its "attributes"

ACCOUNTS = {
    "person": "beneficiary", "parent": "guardian", "caseworker": "caseworker",
    "caseworker-shymkent": "caseworker", "supplier": "supplier", "supplier2": "supplier",
    "supplier3": "supplier", "applicant": "supplier", "applicant2": "supplier", "ministry2": "reviewer", "inspector": "inspector", "inspector-vko": "inspector",
    "ministry": "reviewer", "hotline": "hotline", "auditor": "auditor", "admin": "admin",
    "guest": "guest",
}  # fmt: skip


@cache
def load(app: str, name: str):
    return json.loads((ROOT / app / "data" / f"{name}.json").read_text(encoding="utf-8"))


REGIONS = load("marketplace", "regions")
OFFICES = load("marketplace", "offices")
AUTHORITIES = load("marketplace", "authorities")
SUPPLIERS = load("suppliers", "suppliers")["suppliers"]
OFFERS = load("suppliers", "offers")
PRODUCTS = load("catalog", "products")
ATTRIBUTES = load("catalog", "attributes")
TYPES = {row["code"]: row for row in load("catalog", "product_types")}
PEOPLE = {row["username"]: row for row in load("orders", "people")["people"]}
ENTITLEMENTS = load("orders", "entitlements")
REGION_CODES = [row["code"] for row in REGIONS]


def check_digit(first_eleven: str) -> int | None:
    """The 12th digit of an IIN or BIN; None when both passes give 10 and no number exists."""
    for weights in (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)):
        rest = sum(int(digit) * weight for digit, weight in zip(first_eleven, weights, strict=True)) % 11
        if rest < 10:
            return rest
    return None


def assert_three_languages(value: object, where: str) -> None:
    """Every ``{"kk", "ru", "en"}`` inside ``value`` has a text in each language."""
    if isinstance(value, dict):
        if set(value) & set(LANGUAGES):
            assert set(value) == set(LANGUAGES), where
            assert all(isinstance(text, str) and text.strip() for text in value.values()), where
            return
        for key, inner in value.items():
            assert_three_languages(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            assert_three_languages(inner, f"{where}[{index}]")


@pytest.mark.parametrize(
    ("app", "name"),
    [
        ("marketplace", "regions"), ("marketplace", "offices"), ("marketplace", "authorities"),
        ("marketplace", "holidays"), ("marketplace", "rules"), ("suppliers", "suppliers"),
        ("catalog", "products"), ("orders", "people"), ("complaints", "templates"),
        ("complaints", "routing"), ("complaints", "history"),
    ],
)  # fmt: skip
def test_every_text_is_in_three_languages(app, name):
    assert_three_languages(load(app, name), name)


# Places


def test_the_twenty_regions_of_kazakhstan():
    assert sorted(REGION_CODES) == [
        "KZ-10", "KZ-11", "KZ-15", "KZ-19", "KZ-23", "KZ-27", "KZ-31", "KZ-33", "KZ-35", "KZ-39",
        "KZ-43", "KZ-47", "KZ-55", "KZ-59", "KZ-61", "KZ-62", "KZ-63", "KZ-71", "KZ-75", "KZ-79",
    ]  # fmt: skip
    assert [row["code"] for row in REGIONS if row["kind"] == "city"] == ["KZ-71", "KZ-75", "KZ-79"]
    for key in ("slug", "sort"):
        assert len({row[key] for row in REGIONS}) == 20
    assert len({tuple(row["tile"]) for row in REGIONS}) == 20
    for language in LANGUAGES:
        assert len({row["short"][language] for row in REGIONS}) == 20
        assert all(2 <= len(row["short"][language]) <= 4 for row in REGIONS)


def test_every_region_has_an_office_inside_kazakhstan():
    assert {row["region"] for row in OFFICES} == set(REGION_CODES)
    assert len({row["code"] for row in OFFICES}) == len(OFFICES)
    for row in OFFICES:
        assert 40.5 < row["lat"] < 55.5 and 46.4 < row["lon"] < 87.4, row["code"]
        assert re.fullmatch(r"8 \(\d{3,5}\) 0{1,3}-00-\d\d", row["phone"]), row["code"]


def test_authorities_form_a_tree_and_cover_every_region():
    by_code = {row["code"]: row for row in AUTHORITIES}
    assert len(by_code) == len(AUTHORITIES)
    for kind in ("consumer_protection", "social_control", "medical_social_expertise", "coordination"):
        regions = [row["region"] for row in AUTHORITIES if row["kind"] == kind]
        assert sorted(regions) == sorted(REGION_CODES), kind
    heads = {row["office"]: row["region"] for row in AUTHORITIES if row["kind"] == "social_office"}
    assert heads == {row["code"]: row["region"] for row in OFFICES}
    for row in AUTHORITIES:
        seen = {row["code"]}
        while row["parent"]:
            row = by_code[row["parent"]]
            assert row["code"] not in seen, "a body must not stand above itself"
            seen.add(row["code"])
    assert all(row["contacts"]["email"].endswith("@demo.invalid") for row in AUTHORITIES)


# People and suppliers


def test_iins_have_a_right_check_digit_and_an_impossible_month():
    iins = [row["iin"] for row in PEOPLE.values() if "iin" in row]
    assert len(iins) == len(set(iins)) > 15
    for iin in iins:
        assert re.fullmatch(r"\d\d13\d{8}", iin), "month 13: nobody was born then"
        assert int(iin[11]) == check_digit(iin[:11])


def test_bins_have_a_right_check_digit_and_an_impossible_month():
    bins = [row["bin"] for row in SUPPLIERS]
    assert len(set(bins)) == len(bins) == 11
    for number in bins:
        assert re.fullmatch(r"\d\d13[456]\d{7}", number), "month 13; the fifth digit 4-6 marks a BIN"
        assert int(number[11]) == check_digit(number[:11])


def test_the_demo_accounts_and_nobody_else_sign_in():
    assert {name: row["role"] for name, row in PEOPLE.items() if row["login"]} == ACCOUNTS
    phones = [row["phone"] for row in PEOPLE.values()]
    assert len(set(phones)) == len(phones)
    assert all(re.fullmatch(r"\+7 700 000 00 \d\d", phone) for phone in phones)


def test_people_stand_where_the_demo_needs_them():
    for name in ("person", "parent", "child", "caseworker"):
        assert (PEOPLE[name]["region"], PEOPLE[name]["office"]) == ("KZ-63", "ust-kamenogorsk")
    assert PEOPLE["caseworker-shymkent"]["office"] == "shymkent"
    assert PEOPLE["inspector"]["authority"] == "dtzpp-KZ-79"
    assert PEOPLE["inspector-vko"]["authority"] == "dtzpp-KZ-63"
    assert [name for name, row in PEOPLE.items() if row.get("guardian") == "parent"] == ["child"]
    office_region = {row["code"]: row["region"] for row in OFFICES}
    authorities = {row["code"] for row in AUTHORITIES}
    for row in PEOPLE.values():
        assert row["region"] in REGION_CODES
        assert row["office"] is None or office_region[row["office"]] == row["region"]
        assert row["authority"] is None or row["authority"] in authorities
        assert "guardian" not in row or PEOPLE[row["guardian"]]["role"] == "guardian"


def test_the_child_is_six_and_measured_in_si_units():
    child = PEOPLE["child"]
    assert child["birth_date"] == "2020-06-14"
    assert {key: child["measures"][key] for key in ("height_mm", "mass_g", "handle_height_mm")} == {
        "height_mm": 1040, "mass_g": 17000, "handle_height_mm": 500,
    }  # fmt: skip


def test_measures_are_known_and_plausible():
    measures = {row["code"]: row for row in load("catalog", "measures")}
    for name, row in PEOPLE.items():
        for code, value in row.get("measures", {}).items():
            assert measures[code]["min"] <= value <= measures[code]["max"], (name, code)


def test_suppliers_are_as_the_demo_needs_them():
    assert {row["login"]: row["code"] for row in SUPPLIERS if row["login"]} == DEMO_SUPPLIERS
    assert {PEOPLE[login]["supplier"] for login in DEMO_SUPPLIERS} == set(DEMO_SUPPLIERS.values())
    assert Counter(row["status"] for row in SUPPLIERS) == {"approved": 10, "suspended": 1}
    for row in SUPPLIERS:
        assert set(row["regions"]) <= set(REGION_CODES) and row["home_region"] in row["regions"]
        assert row["approved_at"]
        assert ("suspended_until" in row) == (row["status"] == "suspended")


# Products and offers


def violations(product: dict) -> list[str]:
    """What a product's parameters lack or get wrong, by the definition of its type."""
    product_type = TYPES[product["type"]]
    asked = {code: row for code, row in ATTRIBUTES.items() if row["scope"] == "all_goods"}
    if product_type["srv"]:
        asked = {}
    # A type only narrows a common question: what it leaves out stays as it was.
    for row in product_type["attributes"]:
        told = {key: value for key, value in row.items() if value is not None}
        asked[row["code"]] = {**asked.get(row["code"], {}), **told}
    found = [
        f"{code} missing"
        for code, row in asked.items()
        if row.get("required") and code not in (product if code in OWN_COLUMNS else product["attributes"])
    ]
    for code, value in product["attributes"].items():
        if code not in asked:
            found.append(f"{code} unknown")
            continue
        kind, low, high = ATTRIBUTES[code]["kind"], asked[code].get("min"), asked[code].get("max")
        options = {row["code"] for row in ATTRIBUTES[code].get("choices", [])}
        numbers = value if kind == "range" else [value] if kind == "number" else []
        right = {
            "range": lambda v=value: len(v) == 2 and v[0] <= v[1],
            "number": lambda v=value: type(v) is int,
            "choice": lambda v=value, o=options: v in o,
            "multi": lambda v=value, o=options: bool(v) and set(v) <= o,
            "flag": lambda v=value: type(v) is bool,
            "text": lambda v=value: isinstance(v, str) and bool(v.strip()),
        }[kind]()
        inside = all((low is None or n >= low) and (high is None or n <= high) for n in numbers)
        if not (right and inside):
            found.append(f"{code} = {value}")
    return found


def fits(product: dict, measures: dict) -> bool:
    """Whether no parameter contradicts the person's measures, by the fit rules of the type."""
    own = {row["code"]: row for row in TYPES[product["type"]]["attributes"]}
    for code, value in product["attributes"].items():
        rule = own.get(code, {}).get("fit", ATTRIBUTES[code].get("fit"))
        if not rule or rule["measure"] not in measures:
            continue
        low, high = value if isinstance(value, list) else (value, value)
        measure, slack = measures[rule["measure"]], rule["tolerance"]
        if rule["rule"] != "at_least" and measure < low - slack:
            return False
        if rule["rule"] != "at_most" and measure > high + slack:
            return False
    return True


def of_type(code: str) -> list[dict]:
    return [product for product in PRODUCTS if product["type"] == code]


def offers_of_type(code: str) -> list[dict]:
    return [offer for offer in OFFERS if offer["product"] in {product["code"] for product in of_type(code)}]


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product["code"])
def test_a_product_answers_every_required_question_of_its_type(product):
    assert violations(product) == []
    countries = {row["code"] for row in ATTRIBUTES["country"]["choices"]}
    assert product["country"] in countries
    for language in LANGUAGES:
        sentences = re.findall(r"[.!?](?=\s|$)", product["description"][language])
        assert 2 <= len(sentences) <= 3, product["description"][language]


def test_there_are_enough_products():
    assert len(PRODUCTS) == len({product["code"] for product in PRODUCTS}) >= 75
    assert len({product["type"] for product in PRODUCTS}) >= 30
    for language in LANGUAGES:
        titles = Counter(product["title"][language] for product in PRODUCTS)
        assert titles.most_common(1)[0][1] == 1, titles.most_common(1)


@pytest.mark.parametrize(
    ("person", "product_type", "fitting", "not_fitting"),
    [
        ("child", "posterior-rollator-child", ["bota-50", "bota-50-tirek", "qulyn-m"], ["qulyn-l", "qulyn-s"]),
        ("child", "child-diapers", ["kebu-6-night", "mamyq-5", "mamyq-6"], ["jumsaq-3", "kebu-7", "mamyq-4"]),
        ("person", "adult-diapers", ["jumsaq-day-m", "jumsaq-night-m", "mamyq-adult-l"],
         ["jumsaq-day-s", "jumsaq-night-l", "mamyq-adult-xl"]),
    ],
)  # fmt: skip
def test_some_products_fit_and_some_do_not(person, product_type, fitting, not_fitting):
    verdicts = defaultdict(list)
    for product in of_type(product_type):
        verdicts[fits(product, PEOPLE[person]["measures"])].append(product["code"])
    assert sorted(verdicts[True]) == fitting
    assert sorted(verdicts[False]) == not_fitting


def test_offers_are_sound():
    codes = {product["code"] for product in PRODUCTS}
    regions = {row["code"]: set(row["regions"]) for row in SUPPLIERS}
    assert len({(offer["product"], offer["supplier"]) for offer in OFFERS}) == len(OFFERS)
    assert len({offer["sku"] for offer in OFFERS}) == len(OFFERS)
    for offer in OFFERS:
        assert offer["product"] in codes and offer["supplier"] in regions
        assert offer["regions"] and set(offer["regions"]) <= regions[offer["supplier"]]
        assert re.fullmatch(r"[1-9]\d*\.\d\d", offer["price"])
        assert offer["stock"] > 0 and offer["lead_days"] > 0 and offer["pack_size"] >= 1
    pack = {product["code"]: product["attributes"].get("pieces_in_pack", 1) for product in PRODUCTS}
    consumables = {code for code, row in TYPES.items() if row["sphere"] == "consumable"}
    for product in PRODUCTS:
        if product["type"] in consumables:
            sizes = {offer["pack_size"] for offer in OFFERS if offer["product"] == product["code"]}
            assert sizes <= {pack[product["code"]]}, product["code"]


def test_every_product_has_three_to_six_offers_but_for_the_deliberate_ones():
    count = Counter(offer["product"] for offer in OFFERS)
    odd = {}
    for product in PRODUCTS:
        low, high = (2, 3) if TYPES[product["type"]]["srv"] else (3, 6)
        if not low <= count[product["code"]] <= high:
            odd[product["code"]] = count[product["code"]]
    assert odd == {"zhorga-buggy": 1, "qiyaq-ramp-150": 0, "qiyaq-ramp-rails": 0}


def test_the_child_walking_frame_reaches_east_kazakhstan_from_one_supplier_only():
    offers = offers_of_type("walking-frame-child")
    assert {offer["supplier"] for offer in offers if "KZ-63" in offer["regions"]} == {"qadam-orto"}
    assert len({offer["supplier"] for offer in offers if "KZ-79" in offer["regions"]}) >= 3


def test_the_single_special_pushchair_is_overpriced():
    (offer,) = offers_of_type("postural-buggy")
    (line,) = [row for row in ENTITLEMENTS if row["type"] == "postural-buggy"]
    assert Decimal(offer["price"]) == 1_290_000
    assert Decimal(offer["price"]) > Decimal(line["guaranteed_unit_sum"]) * 2


def test_some_types_have_no_offer_and_some_no_product():
    assert of_type("ramp-portable") and not offers_of_type("ramp-portable")
    assert len(set(TYPES) - {product["type"] for product in PRODUCTS}) >= 10


# Entitlements

DEMO_LINES = [
    ("child", "posterior-rollator-child"), ("child", "child-diapers"),
    ("person", "wheelchair-manual-standard"), ("person", "adult-diapers"),
]  # fmt: skip


def test_entitlements_refer_to_people_and_types():
    for row in ENTITLEMENTS:
        assert PEOPLE[row["person"]]["role"] == "beneficiary"
        assert row["unit"] == TYPES[row["type"]]["unit"]
        assert row["period"] in {"day", "quarter", "year", "once"}
        assert row["mark"] in "LWD" and Decimal(row["guaranteed_unit_sum"]) > 0
        assert date.fromisoformat(row["valid_from"]) < date.fromisoformat(row["valid_to"])
        tranche = row["tranches"]
        if row["period"] == "year":
            assert tranche["quantity"] * 12 // tranche["every_months"] <= row["norm"]
        if row["period"] == "once":
            assert tranche == {"every_months": row["replacement_months"] or 12, "quantity": row["norm"]}
    assert {row["status"] for row in ENTITLEMENTS} == {
        "active", "suspended", "expired", "disputed", "quarantined", "imported", "closed",
    }  # fmt: skip
    assert [(row["person"], row["type"]) for row in ENTITLEMENTS if row["person"] in {"child", "person"}] == DEMO_LINES


def test_norms_that_are_official_are_kept():
    lines = {(row["person"], row["type"]): row for row in ENTITLEMENTS}
    diapers = lines["person", "adult-diapers"]
    assert (diapers["norm"], diapers["tranches"], diapers["mark"]) == (1460, {"every_months": 3, "quantity": 365}, "L")
    assert lines["child", "child-diapers"]["mark"] == "D"
    course = lines["saule", "srv-3-sanatorium-adult"]
    assert Decimal(course["guaranteed_unit_sum"]) * course["norm"] == Decimal("305374.72")


@pytest.mark.parametrize(("person", "product_type"), DEMO_LINES)
def test_two_demo_suppliers_offer_what_the_demo_people_need(person, product_type):
    (line,) = [row for row in ENTITLEMENTS if (row["person"], row["type"]) == (person, product_type)]
    assert line["status"] == "active"
    fitting = {product["code"] for product in of_type(product_type) if fits(product, PEOPLE[person]["measures"])}
    ready = [
        offer
        for offer in OFFERS
        if offer["product"] in fitting
        and offer["supplier"] in DEMO_SUPPLIERS.values()
        and offer["stock"] >= 40
        and offer["regions"] == REGION_CODES
    ]
    assert len({offer["supplier"] for offer in ready}) >= 2
    sums = {Decimal(offer["price"]) / offer["pack_size"] > Decimal(line["guaranteed_unit_sum"]) for offer in ready}
    assert sums == {True, False}, "some offers within the guaranteed sum, some with a co-payment"
