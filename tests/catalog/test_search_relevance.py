"""Do people find what they mean? Judged queries over the demo's products; relevance.json is theirs to extend."""

import json
from pathlib import Path

import pytest
from django.http import QueryDict

from catalog import search, selectors
from catalog.search import documents
from catalog.search.query import from_params

JUDGED = json.loads((Path(__file__).parent / "relevance.json").read_text(encoding="utf-8"))


def first_types(text: str, count: int = 3) -> list[str]:
    page = search.find(from_params(QueryDict(mutable=False, query_string=f"q={text}")))
    assert page.engine == "embedded"
    return [selectors.type_of(row).code for row in selectors.documents(page.ids[:count])]


@pytest.mark.parametrize("judged", JUDGED, ids=lambda judged: judged["q"])
def test_a_wanted_type_is_among_the_first_three(demo_market, judged):
    found = first_types(judged["q"])
    assert set(found) & set(judged["types"]), found


def test_nearly_all_of_the_first_three_are_wanted(demo_market):
    wanted = total = 0
    for judged in JUDGED:
        found = first_types(judged["q"])
        wanted += sum(code in judged["types"] for code in found)
        total += len(found)
    assert wanted / total >= 0.9


def test_nonsense_finds_nothing(demo_market):
    assert first_types("йцукенгш") == []


@pytest.mark.parametrize("text", ["ходунки", "жөргек", "балдақ", "памперсы", "Bota 50", "12 06 06"])
def test_the_last_resort_finds_the_plain_words_too(demo_market, text):
    wanted = next(judged["types"] for judged in JUDGED if judged["q"] == text or judged["q"] == text.split()[0])
    rows = selectors.documents(documents.last_resort(text, 3))
    assert rows and {selectors.type_of(row).code for row in rows} & set(wanted)
