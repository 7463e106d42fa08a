"""The words of the catalogue: which words are known, and which known one an unknown word comes nearest to.

Learnt from the documents when the engines are told of them (SearchWord), kept in the process's memory for a minute.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from catalog.models import ProductDocument, SearchWord
from catalog.search import tokens
from catalog.types import LANGUAGES, book
from marketplace.remembered import Remembered

BATCH = 500
SHORTEST = 2
SHORTEST_SLIP = 4  # three letters with one of them wrong are any word
SHORT = 5  # as short as this a word shares too few trigrams with its misspelling
MOST_CANDIDATES = 40
MOST_MET = 5_000
NAMES, TITLES, TEXTS = 2, 1, 0


@dataclass(frozen=True)
class Vocabulary:
    """``stems``: by the rules of every language but Kazakh; ``ordered``: to find what begins with some letters;
    ``near_short``: short words by what is left of them without one letter.
    """

    weights: dict[str, int]
    stems: frozenset[str]
    ordered: tuple[str, ...] = ()
    near_short: dict[str, list[str]] = field(default_factory=dict)
    # What slips were found to mean; as long as the words are the same, the answer is.
    met: dict[str, list[str]] = field(default_factory=dict, compare=False)

    def __bool__(self) -> bool:
        return bool(self.weights)

    def knows(self, word: str) -> bool:
        """Whether a product could have the word, in any of its forms. Numbers are always known."""
        folded = tokens.fold(word)
        if folded.isdigit() or folded in tokens.STOP_WORDS or folded in self.weights:
            return True
        found = tokens.tokens_of(word)
        return any(token in self.stems for token in found if token[0] != "k") or any(
            token[1:] in self.weights for token in found if token[0] == "k"
        )


def _load() -> Vocabulary:
    weights = dict(SearchWord.objects.values_list("word", "weight"))
    stems: set[str] = set()
    near: dict[str, list[str]] = {}
    for word in weights:
        stems |= {token for token in tokens.tokens_of(word) if token[0] != "k"}
        if SHORTEST_SLIP - 1 <= len(word) <= SHORT + 1:
            for shorter in {word, *_without_a_letter(word)}:
                near.setdefault(shorter, []).append(word)
    return Vocabulary(weights, frozenset(stems), tuple(sorted(weights)), near)


_remembered = Remembered(_load)
known = _remembered.get
forget = _remembered.forget


# --- Learning --------------------------------------------------------------------------------------


def learn(product_ids: Sequence[int] | None = None) -> int:
    """Take in the words of these products, or of all, and of the product types. Returns how many are new or more telling."""
    found = _of_types()
    rows = ProductDocument.objects.order_by("pk").only("titles", "texts", "brand", "model_name")
    if product_ids is not None:
        rows = rows.filter(pk__in=product_ids)
    for row in rows.iterator(chunk_size=BATCH):
        _note(found, row.texts.values(), TEXTS)
        _note(found, [*row.titles.values(), row.model_name], TITLES)
        _note(found, [row.brand], NAMES)
    have = dict(SearchWord.objects.filter(word__in=list(found)).values_list("word", "weight"))
    fresh = [word for word in sorted(found) if have.get(word, -1) < found[word]]
    SearchWord.objects.bulk_create(
        [SearchWord(word=word, weight=found[word]) for word in fresh],
        update_conflicts=True,
        unique_fields=["word"],
        update_fields=["weight"],
        batch_size=BATCH,
    )
    if fresh:
        forget()
    return len(fresh)


def _of_types() -> dict[str, int]:
    found: dict[str, int] = {}
    for product_type in book().types:
        everyday = [word for words in (product_type.keywords or {}).values() for word in words]
        _note(found, [*(product_type.names.get(language) or "" for language in LANGUAGES), *everyday], NAMES)
    return found


def _note(found: dict[str, int], texts: Iterable[str], weight: int) -> None:
    for text in texts:
        for word in tokens.words(text or ""):
            if SHORTEST <= len(word) <= SearchWord.LONGEST and not word.isdigit():
                folded = tokens.fold(word)
                found[folded] = max(weight, found.get(folded, 0))


# --- Nearest words -------------------------------------------------------------------------------


def nearest(word: str) -> list[str]:
    """Known words that ``word`` is a slip of: one letter wrong, two in longer words; the likeliest of them."""
    folded = tokens.fold(word)
    if len(folded) < SHORTEST_SLIP:
        return []
    vocabulary = known()
    found = vocabulary.met.get(folded)
    if found is None:
        found = _nearest(folded, vocabulary)
        if len(vocabulary.met) < MOST_MET:
            vocabulary.met[folded] = found
    return found


def _nearest(folded: str, vocabulary: Vocabulary) -> list[str]:
    most = 1 if len(folded) <= SHORT else 2
    stem = tokens.main_stem(folded)
    found: dict[str, tuple[int, int]] = {}
    for candidate in _candidates(folded, stem, vocabulary):
        distance = min(
            edits(folded, candidate, most),
            # The ending may be another one: "хадунками" is a slip of "ходунки".
            edits(stem, tokens.main_stem(candidate), most) if len(stem) > SHORTEST_SLIP else most + 1,
        )
        if distance <= most:
            found[candidate] = (distance, -vocabulary.weights.get(candidate, 0))
    best = min(found.values(), default=None)
    return sorted(candidate for candidate, rank in found.items() if rank == best)[:3]


def _candidates(folded: str, stem: str, vocabulary: Vocabulary) -> set[str]:
    found: set[str] = set()
    if len(folded) <= SHORT + 1:
        for shorter in {folded, *_without_a_letter(folded)}:
            found.update(vocabulary.near_short.get(shorter, ()))
    if len(folded) > SHORT:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL pg_trgm.similarity_threshold = 0.2")
            cursor.execute(
                "SELECT word FROM catalogue_searchword WHERE word %% %s OR word %% %s"
                " ORDER BY greatest(similarity(word, %s), similarity(word, %s)) DESC LIMIT %s",
                [folded, stem, folded, stem, MOST_CANDIDATES],
            )
            found.update(word for (word,) in cursor.fetchall())
    return found


def _without_a_letter(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def edits(one: str, other: str, most: int) -> int:
    """How many letters were added, left out, changed or swapped with their neighbour; ``most + 1`` for more than that."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
