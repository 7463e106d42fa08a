"""Do people find what they mean? Judged queries over the demo's products, asked of both engines.

relevance.json is theirs to extend: what somebody types, what kind of question it is, and the product types of
which one must be among the first three.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import QueryDict
from django.test import override_settings

from catalog import search, selectors
from catalog.search import documents, elastic
from catalog.search.query import from_params
from tests.catalog.live_elastic import empty, one_server

pytestmark = [pytest.mark.django_db, one_server]

JUDGED = json.loads((Path(__file__).parent / "relevance.json").read_text(encoding="utf-8"))
WANTED = 0.95  # of the queries find a wanted type among their first three


def first_types(text: str, engine: str, count: int = 3) -> list[str]:
    asked = QueryDict(mutable=True)
    asked["q"] = text
    page = search.find(from_params(asked))
    assert page.engine == engine
    return [selectors.type_of(row).code for row in page.rows[:count]]


@pytest.fixture(scope="module", params=["embedded", "elasticsearch"])
def engine(request: pytest.FixtureRequest, demo_market: None) -> Iterator[str]:
    """Each engine with the demo's products."""
    if request.param == "embedded":
        yield request.param
        return
    url = request.getfixturevalue("elastic_url")
    with override_settings(ELASTICSEARCH_URL=url), pytest.MonkeyPatch.context() as patch:
        patch.setattr(elastic, "SEARCH_SECONDS", 10)  # a busy machine is no fault of the server
        empty()
        elastic.rebuild()
        yield request.param
        elastic.forget()


@pytest.fixture(scope="module")
def found(engine: str) -> dict[str, list[str]]:
    """The types of the first three for every judged query."""
    return {judged["q"]: first_types(judged["q"], engine) for judged in JUDGED}


def test_the_judgments_are_many_and_of_every_kind():
    kinds = Counter(judged["kind"] for judged in JUDGED)
    assert len(JUDGED) >= 150 and len({judged["q"] for judged in JUDGED}) == len(JUDGED)
    assert kinds.keys() == {"plain", "layout", "transliteration", "typo", "synonym", "code", "brand"}
    assert min(kinds.values()) >= 10


def test_nearly_everybody_finds_a_wanted_type_among_the_first_three(engine, found):
    failed = [judged["q"] for judged in JUDGED if not set(found[judged["q"]]) & set(judged["types"])]
    share = 1 - len(failed) / len(JUDGED)
    told = "\n".join(f"{text}: {found[text]}" for text in failed)
    assert share >= WANTED, f"success@3 is {share:.3f} with {engine}; failed:\n{told}"


def test_nearly_all_of_the_first_three_are_wanted(found):
    wanted = sum(code in judged["types"] for judged in JUDGED for code in found[judged["q"]])
    assert wanted / sum(len(types) for types in found.values()) >= 0.9


def test_nonsense_finds_nothing(engine):
    assert first_types("йцукенгш", engine) == []


@pytest.mark.parametrize("text", ["ходунки", "жөргек", "балдақ", "памперсы", "Bota 50", "12 06 06"])
def test_the_last_resort_finds_the_plain_words_too(demo_market, text):
    wanted = next(judged["types"] for judged in JUDGED if judged["q"] == text or judged["q"] == text.split()[0])
    rows = selectors.documents(documents.last_resort(text, 3))
    assert rows and {selectors.type_of(row).code for row in rows} & set(wanted)
