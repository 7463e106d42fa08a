"""Every filter of every kind of goods is read in Kazakh, Russian and English: headings, units, choices, and by the API."""

import re
from collections import Counter

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import translation

from catalog import parameters, search, types, units
from catalog.models import ProductDocument
from catalog.search.filters import FITS, FacetValue
from catalog.selectors import Beneficiary
from marketplace import formats, regions
from marketplace.models import User
from suppliers.api import facets_data
from suppliers.forms import SORT_LABELS, FilterForm

LANGUAGES = ("kk", "ru", "en")
CYRILLIC, LATIN = re.compile("[а-яёәіңғүұқөһ]", re.IGNORECASE), re.compile("[a-z]", re.IGNORECASE)
SIGNS = {"°", "%", "×", "°C", "Ch"}  # the same in every language


def is_in(language: str, text: str) -> bool:
    """Has it letters of this language's script? English has no Cyrillic one; names such as DAISY may stand in any."""
    return not CYRILLIC.search(text) and bool(LATIN.search(text)) if language == "en" else bool(CYRILLIC.search(text))


def is_code(language: str, code: str, label: str) -> bool:
    """A choice that nobody gave words; in English a word may be its own code."""
    return label == code and (language != "en" or "_" in label or label in {"true", "false", "fits", "unknown"})


def form_of(kind: types.ProductType | None) -> FilterForm:
    person = Beneficiary(user=User(pk=1, username="aigul"))
    return FilterForm(QueryDict(), product_type=kind, beneficiary=person)


def facets_of_everything() -> search.Facets:
    """One product for every choice of every filter."""
    book = types.book()
    facets = {
        "type": [FacetValue(str(kind.id), 1) for kind in book.types],
        "region": [FacetValue(region.code, 1) for region in regions.listed()],
        "fit": [FacetValue(str(rank), 1) for rank in range(len(FITS))],
    }
    for kind in book.types:
        for attribute in kind.attributes:
            if attribute.kind in {"choice", "multi", "flag"}:
                facets[f"attr.{attribute.code}"] = [FacetValue(code, 1) for code, _l in parameters.choices(attribute)]
    return facets


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_heading_and_every_choice_of_every_kind_is_in_the_readers_language(demo_market, language):
    wrong, seen = [], 0
    everything = facets_of_everything()
    with translation.override(language):
        for kind in [None, *types.book().types]:
            form = form_of(kind)
            form.count(everything)
            headings = Counter(str(field.label) for field in form.fields.values())
            wrong += [(kind and kind.code, heading, "twice") for heading, times in headings.items() if times > 1]
            wrong += [(kind and kind.code, heading) for heading in headings if not is_in(language, heading)]
            for name, field in form.fields.items():
                pairs = [(str(code), str(label).removesuffix(" (1)")) for code, label in getattr(field, "choices", [])]
                seen += len(pairs)
                wrong += [(name, pair) for pair in pairs if not is_in(language, pair[1]) or is_code(language, *pair)]
                labels = Counter(label for _code, label in pairs)
                wrong += [(name, label, "twice") for label, times in labels.items() if times > 1]
    assert wrong == [] and seen > 5000


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_unit_in_use_has_a_sign_in_the_readers_language(demo_market, language):
    shown = {
        attribute.shown_unit for kind in types.book().types for attribute in kind.attributes
        if attribute.kind in {"range", "number"}
    } - {"none", ""}  # fmt: skip
    with translation.override(language):
        signs = {unit: units.label(unit) for unit in shown}
        amounts = {unit: units.amount(1, unit, unit) for unit in shown}
    assert len(signs) > 20
    assert [unit for unit, sign in signs.items() if sign not in SIGNS and not is_in(language, sign)] == []
    assert [unit for unit, text in amounts.items() if not re.match(r"1\D", text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_goods_and_services_are_counted_in_is_a_word(demo_market, language):
    with translation.override(language):
        counted = {kind.unit: formats.quantity(1, kind.unit) for kind in types.book().types}
        service = Client().get(f"/{language}/catalog/compare/?alone=1", {"p": an_offered("srv-1-assistant")})
        hours = formats.quantity(1, "hour")
    assert set(counted) == {"piece", "pair", "hour", "day", "visit"} <= set(formats.UNITS)
    assert all(is_in(language, text) for text in counted.values()), counted
    assert hours in service.content.decode(), "the price of a service is told for an hour"


def an_offered(code: str) -> int:
    found = ProductDocument.objects.filter(type=types.book().by_code[code].id, offer_count__gt=0).first()
    assert found is not None
    return int(found.pk)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_api_names_every_choice_of_every_filter(demo_market, language):
    facets = facets_of_everything()
    with translation.override(language):
        told = facets_data(facets)
    assert set(told) == set(facets) and len(facets) > 100
    wrong = [
        (name, item["value"], item["label"])
        for name, items in told.items()
        for item in items
        if is_code(language, item["value"], item["label"]) or not is_in(language, item["label"])
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_say_them(demo_market, language):
    with translation.override(language):
        sorts = [str(label) for label in SORT_LABELS.values()]
    assert all(is_in(language, label) for label in sorts)
    walkers = Client().get(f"/{language}/catalog/posterior-rollator-child/").content.decode()
    wheels = types.book().by_code["posterior-rollator-child"].attribute("wheels")
    assert wheels is not None and wheels.names[language] in walkers
    assert all(label in walkers for label in sorts)
    assert "None" not in re.sub(r"<[^>]+>", " ", walkers)
    # A supplier of whom nothing is left in the list is still called by its name.
    narrowed = Client().get(f"/{language}/catalog/posterior-rollator-child/?supplier=jarqyn-med&price_to=1")
    chosen = re.sub(r"<[^>]+>", " ", narrowed.content.decode())
    assert "jarqyn-med" not in chosen
