"""From what a person typed to what the engines are asked.

A known word is asked as it stands, with its synonyms. An unknown one was perhaps typed in the wrong keyboard layout,
in the letters of another alphabet, or with a slip: the first of these readings that is a word of the catalogue is
asked instead, and the page says so. What has no such reading is asked as it stands and will find nothing.
"""

import json
from functools import lru_cache
from pathlib import Path

from catalog.search import slips, tokens, vocabulary
from catalog.search.tokens import Question
from catalog.search.vocabulary import Vocabulary

SYNONYMS = Path(__file__).parent.parent / "data" / "synonyms.json"


def question(text: str) -> Question:
    """What the engines are asked; empty for a text without words. ``read_as`` tells how it was understood."""
    codes, left = tokens.codes_in(text)
    known = vocabulary.known()
    asked: list[frozenset[str]] = []
    told: list[str] = list(codes)
    understood = True
    telling = tokens.telling(left, keep=not codes)
    for typed in left.split():
        for word, readings in _read(typed, known):
            if word not in telling and readings == [word]:
                told.append(word)
                continue
            understood = understood and readings == [word]
            told.append(readings[0])
            if word in telling or tokens.fold(readings[0]) not in tokens.STOP_WORDS:
                asked.append(_any_of(readings))
    words = tuple(dict.fromkeys(asked))
    return Question(words, codes, text, read_as="" if understood else " ".join(told))


def _read(typed: str, known: Vocabulary) -> list[tuple[str, list[str]]]:
    """The words of one typed piece, each with the words that it is read as: itself when nothing better is known."""
    words = tokens.words(typed)
    if not known or all(_is_word(word, known) for word in words):
        return [(word, [word]) for word in words]
    for text in slips.in_other_layouts(typed):
        others = tokens.words(text)
        if "".join(others) == text.replace("-", "").replace("ё", "е") and all(_is_word(word, known) for word in others):
            return [("", [word]) for word in others]
    return [(word, [word] if _is_word(word, known) else _meant(word, known)) for word in words]


def _meant(word: str, known: Vocabulary) -> list[str]:
    spellings = slips.in_other_letters(word)
    for spelling in spellings:
        if _is_word(spelling, known):
            return [spelling]
    for attempt in (word, *spellings[:3]):
        if found := vocabulary.nearest(attempt):
            return found
    return [word]


def _is_word(word: str, known: Vocabulary) -> bool:
    return known.knows(word) or bool(_synonyms_of(word))


def _any_of(words: list[str]) -> frozenset[str]:
    found: set[str] = set()
    for word in words:
        found |= tokens.tokens_of(word) | _synonyms_of(word)
    return frozenset(found)


# --- Synonyms --------------------------------------------------------------------------------------


def _synonyms_of(word: str) -> frozenset[str]:
    groups = _groups()
    return frozenset().union(*(groups.get(token, frozenset()) for token in tokens.tokens_of(word)))


@lru_cache(maxsize=1)
def _groups() -> dict[str, frozenset[str]]:
    """Token of a word → tokens of all words of its groups.

    A Kazakh word is recognised by the whole of it alone: stems that were cut short are too many words.
    """
    found: dict[str, set[str]] = {}
    for group in json.loads(SYNONYMS.read_text(encoding="utf-8")):
        together = {token for word in group["words"] for token in tokens.tokens_of(word)}
        for word in group["words"]:
            whole = f"k{tokens.fold(word)}"
            for token in tokens.tokens_of(word):
                if token[0] != "k" or token == whole:
                    found.setdefault(token, set()).update(together)
    return {token: frozenset(together) for token, together in found.items()}
