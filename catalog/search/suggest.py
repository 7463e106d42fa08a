"""What a person may be looking for: while she types, and when nothing was found."""

from bisect import bisect_left
from dataclasses import dataclass

from django.db.models import Count

from catalog.models import ProductDocument
from catalog.search import answer, tokens, vocabulary, wording
from catalog.search.tokens import Question
from catalog.types import LANGUAGES, Book, ProductType, book
from marketplace.remembered import Remembered
from marketplace.rules import in_language

SHORTEST = 2
MOST_TYPES, MOST_BRANDS, MOST_KEPT_BRANDS = 4, 2, 1000
MOST_COMPLETIONS = 8
LEAST_LIKENESS = 0.25


@dataclass(frozen=True)
class Suggestion:
    """``kind``: type, brand or product; ``code`` of a type; ``id`` and ``slug`` of a product."""

    kind: str
    text: str
    code: str = ""
    id: int | None = None
    slug: str = ""


def suggest(text: str, limit: int = 8) -> list[Suggestion]:
    """Product types, brands and products for a text whose last word is perhaps not finished, likeliest first.

    A text that begins nothing is read as the search would read it (other layout, other letters, a slip).
    """
    typed = [tokens.fold(word) for word in tokens.words(text)]
    if not typed or sum(map(len, typed)) < SHORTEST:
        return []
    found = _suggest(typed, limit)
    read_as = "" if found else wording.question(text).read_as
    return _suggest([tokens.fold(word) for word in tokens.words(read_as)], limit) if read_as else found


def _suggest(typed: list[str], limit: int) -> list[Suggestion]:
    if not typed:
        return []
    found = [Suggestion("type", kind.name, code=kind.code) for kind in types_beginning(typed)[:MOST_TYPES]]
    start = " ".join(typed)
    brands = [brand for brand in _brands.get() if tokens.fold(brand).startswith(start)]
    found += [Suggestion("brand", brand) for brand in brands[:MOST_BRANDS]]
    room = limit - len(found)
    if room > 0:
        ids, _engine = answer(_completed(typed), room)
        rows = ProductDocument.objects.only("titles", "slug").in_bulk(ids)
        found += [
            Suggestion("product", in_language(rows[pk].titles), id=pk, slug=rows[pk].slug) for pk in ids if pk in rows
        ]
    return found[:limit]


def _completed(typed: list[str]) -> Question:
    """The question with the last word as the beginning of known ones."""
    *whole, last = typed
    completions = [last, *_beginning_with(last)]
    final = frozenset().union(*(tokens.tokens_of(word) for word in completions))
    return Question((*(tokens.tokens_of(word) for word in whole), final), text=" ".join(typed))


def _beginning_with(start: str) -> list[str]:
    known = vocabulary.known()
    if not known:
        return []
    place = bisect_left(known.ordered, start)
    found: list[str] = []
    while place < len(known.ordered) and known.ordered[place].startswith(start) and len(found) < 200:
        found.append(known.ordered[place])
        place += 1
    return sorted(found, key=lambda word: (-known.weights[word], len(word), word))[:MOST_COMPLETIONS]


def _load_brands() -> list[str]:
    rows = ProductDocument.objects.exclude(brand="").values_list("brand").annotate(number=Count("pk"))
    return [brand for brand, _number in rows.order_by("-number", "brand")[:MOST_KEPT_BRANDS]]


_brands = Remembered(_load_brands)
forget = _brands.forget


# --- Types -----------------------------------------------------------------------------------------


def types_beginning(typed: list[str]) -> list[ProductType]:
    """Types of which every typed word begins a word of a name or an everyday word; names in the reader's language first."""
    found: list[tuple[bool, bool, ProductType]] = []
    for kind, words, _phrases in _told_by(book()):
        if all(_begins(words, start) for start in typed):
            own = tokens.fold(kind.name)
            found.append((not own.startswith(" ".join(typed)), typed[0] not in own, kind))
    return [kind for _name, _word, kind in sorted(found, key=lambda item: item[:2])]


def _begins(words: tuple[str, ...], start: str) -> bool:
    place = bisect_left(words, start)
    return place < len(words) and words[place].startswith(start)


def nearest_types(text: str, limit: int = 5) -> list[ProductType]:
    """Types whose names or everyday words look most like the text: for when nothing was found."""
    asked = _trigrams(" ".join(tokens.fold(word) for word in tokens.words(wording.question(text).read_as or text)))
    if not asked:
        return []
    ranked: list[tuple[float, str, ProductType]] = []
    for kind, _words, phrases in _told_by(book()):
        likeness = max((2 * len(asked & phrase) / (len(asked) + len(phrase)) for phrase in phrases), default=0.0)
        if likeness >= LEAST_LIKENESS:
            ranked.append((-likeness, kind.code, kind))
    return [kind for _likeness, _code, kind in sorted(ranked, key=lambda item: item[:2])[:limit]]


# A type, its words in order, the trigrams of its phrases.
_Told = tuple[ProductType, tuple[str, ...], tuple[frozenset[str], ...]]
_told: tuple[Book, tuple[_Told, ...]] | None = None


def _told_by(types: Book) -> tuple[_Told, ...]:
    """Each type with its words and the trigrams of its phrases; made once for a book."""
    global _told
    told = _told
    if told is None or told[0] is not types:
        told = _told = (types, tuple(_told_of(kind) for kind in types.types))
    return told[1]


def _told_of(kind: ProductType) -> _Told:
    phrases = [tokens.fold(phrase) for phrase in _phrases(kind)]
    words = tuple(sorted({word for phrase in phrases for word in tokens.words(phrase)}))
    return kind, words, tuple(_trigrams(phrase) for phrase in phrases)


def _phrases(kind: ProductType) -> list[str]:
    everyday = [word for words in (kind.keywords or {}).values() for word in words]
    return [*(kind.names.get(language) or "" for language in LANGUAGES), *everyday]


def _trigrams(text: str) -> frozenset[str]:
    return frozenset(
        padded[place : place + 3]
        for word in text.split()
        for padded in (f"  {word} ",)
        for place in range(len(word) + 1)
    )
