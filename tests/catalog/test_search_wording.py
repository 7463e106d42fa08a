"""Slips of the keyboard, of the alphabet and of the fingers: read as a word of the catalogue, or left as they are."""

import pytest

from catalog import search
from catalog.models import ProductDocument, SearchWord
from catalog.search import documents, slips, tokens, vocabulary, wording
from marketplace import outbox
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def words(index_folder) -> None:
    kind = make.make_type(keywords={"ru": ["ходунки", "костыли"], "kk": ["жөргек", "балдақ"]})
    product = make.make_product(kind, "Zhorga 50")
    documents.refresh([product.pk], {})
    outbox.drain()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ходунки", ""), ("ходунками", ""), ("жоргек", ""), ("50", ""),
        ("[jleyrb", "ходунки"), ("{JLEYRB", "ходунки"), (";-hutr", "жөргек"), ("яцщкпф", ""),
        ("hodunki", "ходунки"), ("khodunki", "ходунки"), ("jörgek", "жоргек"), ("жорга", "zhorga"),
        ("хадунки", "ходунки"), ("ходунуи", "ходунки"), ("кастылей", "костыли"), ("балдак", ""), ("бадлак", "балдак"),
        ("hadunki", "ходунки"), ("50 hodunki", "50 ходунки"), ("синхрофазотрон", ""),
    ],
)  # fmt: skip
def test_what_was_typed_is_read_as_a_word_of_the_catalogue(words, typed, meant):
    question = wording.question(typed)
    assert question.read_as == meant
    if meant:
        assert tokens.tokens_of(meant.split()[-1]) <= question.words[-1]


def test_known_words_cost_no_query(words, django_assert_num_queries):
    wording.question("ходунки")
    with django_assert_num_queries(0):
        wording.question("ходунки жөргектер 12 06 03 hodunki [jleyrb")


def test_without_any_known_words_the_text_is_asked_as_it_stands():
    assert wording.question("hodunki") == tokens.question("hodunki")


def test_synonyms_are_asked_with_the_word(words):
    (asked,) = wording.question("памперсы").words
    assert tokens.tokens_of("подгузник") | tokens.tokens_of("жөргек") <= asked
    (inflected,) = wording.question("колясочкой").words
    assert tokens.tokens_of("коляска") <= inflected


def test_a_sweep_learns_the_words_of_documents_that_are_older_than_the_list(words):
    SearchWord.objects.all().delete()
    vocabulary.forget()
    assert ProductDocument.objects.exists()
    search.sweep()
    assert wording.question("hodunki").read_as == "ходунки"


def test_a_word_weighs_as_much_as_the_best_place_it_stands_in(words):
    weights = dict(SearchWord.objects.values_list("word", "weight"))
    assert weights["костыли"] == vocabulary.NAMES
    assert weights["zhorga"] == vocabulary.TITLES
    assert "50" not in weights


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [("ходунки", "ходунки", 0), ("хадунки", "ходунки", 1), ("ходнуки", "ходунки", 1), ("ходуни", "ходунки", 1),
     ("ххадунки", "ходунки", 2), ("кость", "трость", 2), ("арба", "ходунки", 3), ("", "ab", 2)],
)  # fmt: skip
def test_edits_count_added_lost_changed_and_swapped_letters(one, other, count):
    assert vocabulary.edits(one, other, 2) == vocabulary.edits(other, one, 2) == count


def test_spellings_are_few_even_of_long_words():
    assert len(slips.in_other_letters("jchewylxiaja" * 20)) <= slips.MOST_SPELLINGS
    assert slips.in_other_letters("shchetka")[0] == "щетка"
