"""Words to tokens: inflections of one word meet, Kazakh letters may be missing, codes are codes."""

import pytest

from catalog.search import tokens


@pytest.mark.parametrize(
    "forms",
    [
        "жөргек жөргектер жөргегі жөргектің жөргекке жоргек жоргектерге",
        "таяқ таяғы таяққа таяқтар таяқпен",
        "балдақ балдағы балдақтар балдаққа",
        "арба арбасы арбаға арбалар арбасымен",
        "көмекші көмекшісі көмекшінің көмекшілер",
        "костыль костыли костылей костылями",
        "коляска коляски колясок коляской коляскам",
        "подгузник подгузники подгузников подгузниками",
        "ходунки ходунков ходункам",
        "стельки стелек стельками",
        "роллатор роллатора роллаторлар роллаторға",
        "walker walkers",
    ],
)
def test_forms_of_one_word_meet(forms):
    first, *others = forms.split()
    for form in others:
        assert tokens.tokens_of(first) & tokens.tokens_of(form), form


@pytest.mark.parametrize(
    ("one", "other"), [("трость", "кресло"), ("жөргек", "төсек"), ("костыль", "кость"), ("арба", "бала")]
)
def test_different_words_do_not_meet(one, other):
    assert tokens.tokens_of(one) & tokens.tokens_of(other) == frozenset()


def test_yo_and_capitals_do_not_matter():
    assert tokens.tokens_of("пелёнки".replace("ё", "е")) == frozenset(tokens.tokens("Пелёнки"))


@pytest.mark.parametrize(
    ("text", "codes", "words"),
    [
        ("12 06 03", ("120603",), 0),
        ("12.06", ("1206",), 0),
        ("120603 ходунки", ("120603",), 1),
        ("60 80 см", (), 3),
        ("для детей", (), 1),
        ("для", (), 1),
        ("", (), 0),
        ("?!", (), 0),
    ],
)
def test_a_question_has_codes_and_telling_words(text, codes, words):
    found = tokens.question(text)
    assert (found.codes, len(found.words)) == (codes, words)
    assert bool(found) == bool(codes or words)


def test_a_code_is_found_by_its_class_and_subclass():
    assert tokens.code_tokens("12 06 03") == ["12", "1206", "120603"]
    assert tokens.code_tokens("12 18") == ["12", "1218"]
    assert tokens.code_tokens("") == []
