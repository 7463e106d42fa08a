"""Fit rules: verdicts, reasons in words, and what must hold for any numbers."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from catalog import fit, units
from catalog.loading import DATA, read
from catalog.types import Attribute, BodyMeasure, FitRule

NBSP = "\u00a0"


def measure(code: str, unit: str = "mm", shown_unit: str = "cm") -> BodyMeasure:
    names = {"kk": f"{code} kk", "ru": f"{code} ru", "en": code}
    return BodyMeasure(code, unit, shown_unit, 1, 10**6, names, names, names)


def attribute(
    code: str, kind: str, rule: str, asked: BodyMeasure, *, tolerance: int = 0, required: bool = True
) -> Attribute:
    return Attribute(
        code=code,
        kind=kind,
        names={"kk": f"{code} kk", "ru": f"{code} ru", "en": code.capitalize().replace("_", " ")},
        unit=asked.unit,
        shown_unit=asked.shown_unit,
        required=required,
        fit=FitRule(asked, rule, tolerance),
    )


HANDLE = attribute("handle_height", "range", "covers", measure("handle_height_mm"))
USER_HEIGHT = attribute("user_height", "range", "within", measure("height_mm"))
USER_MASS = attribute("max_user_mass", "number", "at_least", measure("mass_g", "g", "kg"))
SEAT_DEPTH = attribute("seat_depth", "number", "at_most", measure("thigh_length_mm"))
COLOUR = Attribute(code="colour", kind="multi", names={"kk": "түс", "ru": "цвет", "en": "Colour"})


def interval(lower: int, upper: int) -> dict:
    return {"kind": "range", "min": lower, "max": upper}


def number(value: int) -> dict:
    return {"kind": "number", "value": value}


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def test_a_handle_that_is_too_low_does_not_fit_and_says_by_how_much():
    found = fit.verdict({"handle_height": interval(450, 620)}, [HANDLE], {"handle_height_mm": 680})
    assert found.verdict == "does_not_fit"
    assert found.texts == [f"Handle height: 45–62{NBSP}cm, you need 68{NBSP}cm."]


@pytest.mark.parametrize(
    ("definition", "stated", "measured", "verdict"),
    [
        (HANDLE, interval(450, 620), 620, "fits"),
        (HANDLE, interval(450, 620), 621, "does_not_fit"),
        (HANDLE, interval(450, 620), 449, "does_not_fit"),
        (USER_HEIGHT, interval(900, 1200), 1040, "fits"),
        (USER_HEIGHT, interval(900, 1200), 1201, "does_not_fit"),
        (USER_MASS, number(35000), 35000, "fits"),
        (USER_MASS, number(35000), 35001, "does_not_fit"),
        (SEAT_DEPTH, number(400), 400, "fits"),
        (SEAT_DEPTH, number(400), 399, "does_not_fit"),
        (SEAT_DEPTH, number(400), 480, "fits"),
    ],
)
def test_rules_at_their_bounds(definition, stated, measured, verdict):
    found = fit.verdict({definition.code: stated}, [definition], {definition.fit.measure.code: measured})
    assert found.verdict == verdict


def test_tolerance_widens_the_interval():
    loose = attribute("cane_length", "range", "covers", measure("sternum_height_mm"), tolerance=50)
    assert fit.verdict({"cane_length": interval(1150, 1150)}, [loose], {"sternum_height_mm": 1200}).verdict == "fits"
    assert fit.verdict({"cane_length": interval(1150, 1150)}, [loose], {"sternum_height_mm": 1201}).verdict != "fits"


def test_one_broken_rule_outweighs_all_that_fit_and_comes_first():
    found = fit.verdict(
        {"handle_height": interval(450, 620), "max_user_mass": number(35000)},
        [HANDLE, USER_MASS],
        {"handle_height_mm": 500, "mass_g": 40000},
    )
    assert found.verdict == "does_not_fit"
    assert [reason.verdict for reason in found.reasons] == ["does_not_fit", "fits"]
    assert found.texts[0] == f"Max user mass: 35{NBSP}kg, you need at least 40{NBSP}kg."


def test_what_the_supplier_did_not_state_is_unknown_when_it_is_mandatory():
    found = fit.verdict({}, [HANDLE], {"handle_height_mm": 500})
    assert (found.verdict, found.texts) == ("unknown", ["Handle height: not stated by the supplier."])


def test_what_is_not_mandatory_and_not_stated_is_left_out():
    optional = attribute("inner_width", "number", "at_least", measure("hip_width_mm"), required=False)
    found = fit.verdict({"handle_height": interval(450, 620)}, [HANDLE, optional], {"handle_height_mm": 500})
    assert (found.verdict, len(found.reasons)) == ("fits", 1)
    assert fit.verdict({}, [optional], {"hip_width_mm": 220}).verdict == "unknown"


def test_what_the_person_did_not_measure_is_unknown_and_named():
    found = fit.verdict({"handle_height": interval(450, 620)}, [HANDLE], {})
    assert found.verdict == "unknown"
    assert found.texts == [f"Handle height: 45–62{NBSP}cm. Your measure is not known: handle_height_mm."]


def test_goods_made_to_measure_fit_and_goods_without_rules_need_no_measures():
    assert fit.verdict({}, [HANDLE], {}, made_to_measure=True).verdict == "fits"
    assert fit.verdict({}, [COLOUR], {}).verdict == "fits"


def test_reasons_speak_the_readers_language():
    with translation.override("ru"):
        text = fit.verdict({"handle_height": interval(450, 620)}, [HANDLE], {"handle_height_mm": 680}).texts[0]
    assert text.startswith("handle_height ru: 45–62")


# Every rule that the product ships, with a value that breaks it and one that it covers, in three languages.
SHIPPED = [(code, row) for code, row in read(DATA / "attributes.json").items() if row["fit"]]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize(("code", "row"), SHIPPED, ids=[code for code, _row in SHIPPED])
def test_each_shipped_rule_says_what_is_stated_what_is_needed_and_why(code, row, language):
    rule, shown = row["fit"], {"unit": row["unit"], "shown": row["shown_unit"]}
    asked = next(item for item in read(DATA / "measures.json") if item["code"] == rule["measure"])
    body = BodyMeasure(
        asked["code"], asked["unit"], asked["shown_unit"], asked["min"], asked["max"], asked["name"], asked["how"],
        asked["picture"],
    )  # fmt: skip
    definition = Attribute(
        code=code, kind=row["kind"], names=row["name"], unit=shown["unit"], shown_unit=shown["shown"], required=True,
        fit=FitRule(body, rule["rule"], rule["tolerance"], rule["why"]),
    )  # fmt: skip
    stated = interval(400, 620) if row["kind"] == "range" else number(620)
    needed = 300 if rule["rule"] == "at_most" else 750
    with translation.override(language):
        wrong = fit.verdict({code: stated}, [definition], {body.code: needed})
        right = fit.verdict({code: stated}, [definition], {body.code: 620})
        person = units.amount(needed, body.unit, body.shown_unit)
        goods = units.interval(*fit.bounds(stated), shown["unit"], shown["shown"])
    assert (wrong.verdict, right.verdict) == ("does_not_fit", "fits")
    for words in (row["name"][language], person, goods, rule["why"][language]):
        assert words in wrong.texts[0]
    assert rule["why"][language] not in right.texts[0]
    assert "%(" not in wrong.texts[0] + right.texts[0]
    if rule["tolerance"]:  # what fits by the tolerance alone says so
        with translation.override(language):
            near = fit.verdict({code: stated}, [definition], {body.code: 620 + rule["tolerance"]})
        assert near.verdict == "fits" and rule["why"][language] in near.texts[0]


amounts = st.integers(min_value=0, max_value=3000)
rules = st.sampled_from([HANDLE, USER_HEIGHT, USER_MASS, SEAT_DEPTH])


@given(lower=amounts, width=amounts, measured=amounts, wider=amounts)
def test_a_wider_interval_never_fits_worse(lower, width, measured, wider):
    narrow = fit.verdict({"handle_height": interval(lower, lower + width)}, [HANDLE], {"handle_height_mm": measured})
    wide = fit.verdict(
        {"handle_height": interval(max(0, lower - wider), lower + width + wider)},
        [HANDLE],
        {"handle_height_mm": measured},
    )
    assert not (narrow.verdict == "fits" and wide.verdict != "fits")


@given(capacity=amounts, mass=amounts, lighter=amounts)
def test_a_lighter_person_never_fits_worse(capacity, mass, lighter):
    heavy = fit.verdict({"max_user_mass": number(capacity)}, [USER_MASS], {"mass_g": mass})
    light = fit.verdict({"max_user_mass": number(capacity)}, [USER_MASS], {"mass_g": max(0, mass - lighter)})
    assert not (heavy.verdict == "fits" and light.verdict != "fits")


@given(
    definitions=st.lists(rules, unique_by=lambda item: item.code, min_size=1),
    values=st.lists(st.none() | st.tuples(amounts, amounts), min_size=4, max_size=4),
    measured=st.lists(st.none() | amounts, min_size=4, max_size=4),
)
def test_the_verdict_follows_from_the_reasons(definitions, values, measured):
    parameters, measures = {}, {}
    for definition, value, size in zip(definitions, values, measured, strict=False):
        if value is not None:
            parameters[definition.code] = (
                interval(min(value), max(value)) if definition.kind == "range" else number(value[0])
            )
        if size is not None:
            measures[definition.fit.measure.code] = size
    found = fit.verdict(parameters, definitions, measures)
    said = {reason.verdict for reason in found.reasons}
    expected = "does_not_fit" if "does_not_fit" in said else "unknown" if "unknown" in said else "fits"
    assert found.verdict == expected
    assert len(found.reasons) == len(definitions)
    # "fits" is never said of what was not compared.
    if found.verdict == "fits":
        assert all(d.code in parameters and d.fit.measure.code in measures for d in definitions)
