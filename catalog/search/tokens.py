"""Words to tokens, the same for texts and for queries, so that every engine gives the same answers.

Made in Python because no engine knows Kazakh. A word becomes one or more tokens:
- everything in lower case, ё as е;
- Kazakh letters folded to their Russian look-alikes (қ → к, ү → у): people type without them;
- the stem by the Russian Snowball rules and the stems by our Kazakh suffix rules, since many words
  of the trade stand in both languages ("роллатор", "роллаторлар");
- Latin words by the English rules.
Codes of ISO 9999 are recognised however they are spaced.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

# Kazakh is written in Latin letters, too; those with marks are read by slips.py.
_WORD = re.compile(r"[0-9]+|[a-zа-яәғқңөұүһіäöüğñşıńáóúýç]+")
# A code starts with one of the classes of ISO 9999; two other numbers side by side are sizes.
_CODE = re.compile(r"(?<!\d)(?:0[4569]|1[258]|2[24678]|30)(?:[ .\-]\d\d(?:[ .\-]\d\d)?|\d{4})(?!\d)")
_FOLD = str.maketrans("ёәғқңөұүһі", "еагкноуухи")
# Words that say nothing about what is looked for, as folded.
_TELLING_NOTHING = """
для и с со в во на из по под при от до не или без к у о об мне нам нужен нужна нужно нужны купить какой какая
ушин мен бен пен арналган жане емес маган керек сатып алу бар жок ретинде болса кай кандай
the a an of for with to and in on my i need
iso исо
"""
STOP_WORDS = frozenset(_TELLING_NOTHING.split())
_russian = snowballstemmer.stemmer("russian")
_english = snowballstemmer.stemmer("english")

# Kazakh endings in the order in which they are cut, as folded: person and case, then owner, then plural.
# Sounds at the joint change the first letter (лар/дар/тар), so every variant is written out.
_CASES = (
    "нынки", "нинки", "дыки", "дики", "тыки", "тики", "ныки", "ники",
    "ндагы", "ндеги", "дагы", "деги", "тагы", "теги",
    "ндан", "нден", "нан", "нен", "дан", "ден", "тан", "тен",
    "нда", "нде", "нын", "нин", "дын", "дин", "тын", "тин",
    "мен", "бен", "пен", "га", "ге", "ка", "ке", "на", "не",
    "да", "де", "та", "те", "ны", "ни", "ды", "ди", "ты", "ти",
)  # fmt: skip
_OWNERS = ("ымыз", "имиз", "мыз", "миз", "ынды", "инди", "сы", "си", "ым", "им", "ын", "ин", "ы", "и")
_PLURALS = ("лары", "лери", "дары", "дери", "тары", "тери", "лар", "лер", "дар", "дер", "тар", "тер")
_DERIVED = ("лык", "лик", "дык", "дик", "тык", "тик", "лы", "ли", "сыз", "сиз", "ша", "ше")
_SOFTENED = {"г": "к", "б": "п"}
SHORTEST_STEM = 3
_VOWELS = frozenset("аеиоуыэюя")


@dataclass(frozen=True)
class Question:
    """A query as the engines ask it: every word is a set of tokens of which one must match.

    ``text``: as it was typed; ``read_as``: as it was understood, empty when that is the same.
    """

    words: tuple[frozenset[str], ...]
    codes: tuple[str, ...] = ()
    text: str = ""
    read_as: str = ""

    def __bool__(self) -> bool:
        return bool(self.words or self.codes)


def fold(text: str) -> str:
    """Lower case, ё → е, Kazakh letters as their Russian look-alikes."""
    return text.lower().translate(_FOLD)


def words(text: str) -> list[str]:
    """The words of a text in lower case, Kazakh letters kept."""
    return _WORD.findall(text.lower().replace("ё", "е"))


@lru_cache(maxsize=50_000)
def tokens_of(word: str) -> frozenset[str]:
    """All tokens of one word. The first letter says by which language's rules a stem was made."""
    folded = fold(word)
    if folded.isdigit():
        return frozenset({folded})
    if folded.isascii():
        return frozenset({f"e{_english.stemWord(folded)}"})
    russian = {f"r{stem}" for stem in (_russian.stemWord(folded), *_irregular_stems(folded))}
    return frozenset(russian | {f"k{stem}" for stem in kazakh_stems(folded)})


def tokens(text: str) -> list[str]:
    """The tokens of a text, in its order, for the index."""
    return [token for word in words(text) for token in sorted(tokens_of(word))]


def _irregular_stems(word: str) -> list[str]:
    """Stems of forms that Snowball does not bring together with the rest of their word."""
    if len(word) >= 5 and word.endswith(("ок", "ек")) and word[-3] not in _VOWELS:
        # колясок → коляск, стелек → стельк: the other cases lack this vowel
        return [word[:-2] + ("ьк" if word[-3] == "л" else "к")]
    if len(word) >= 5 and word.endswith("ли"):
        # костыли is not a verb of the past
        return [word[:-1]]
    return []


def kazakh_stems(word: str) -> set[str]:
    """The folded word and what is left when case, owner, plural and word-building endings are cut.

    ``жургиштерге`` → ``жургиштер``, ``жургиш``; every cut is optional, because "балдағы" is a crutch
    with an owner and not "on the honey". A stem keeps at least three letters, and a consonant that
    softened before the ending hardens again (таягы → таяк).
    """
    stems = {word}
    for endings in (_CASES, _OWNERS, _PLURALS, _DERIVED):
        stems |= {_cut(stem, endings) for stem in stems}
    return stems


def _cut(word: str, endings: tuple[str, ...]) -> str:
    for ending in endings:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= SHORTEST_STEM and not _VOWELS.isdisjoint(stem):
            if ending[0] in "ыи":
                return stem[:-1] + _SOFTENED.get(stem[-1], stem[-1])
            return stem
    return word


def code_tokens(iso_code: str) -> list[str]:
    """``12 06 03`` → ``12``, ``1206``, ``120603``: a class, a subclass and a division are all found."""
    digits = re.sub(r"\D", "", iso_code)
    return [digits[:length] for length in (2, 4, 6) if len(digits) >= length]


def codes_in(text: str) -> tuple[tuple[str, ...], str]:
    """The ISO codes in a text, as digits, and the text without them. Four digits are one when nothing else stands there."""
    if re.fullmatch(r"\s*(?:0[4569]|1[258]|2[24678]|30)\d\d\s*", text):
        return (text.strip(),), ""
    codes = tuple(re.sub(r"\D", "", found) for found in _CODE.findall(text))
    return codes, _CODE.sub(" ", text) if codes else text


def telling(text: str, *, keep: bool = True) -> list[str]:
    """The words that say what is looked for; with ``keep`` all words when none does."""
    asked = words(text)
    return [word for word in asked if fold(word) not in STOP_WORDS] or (asked if keep else [])


def main_stem(folded: str) -> str:
    """The stem of a folded word by the rules of its letters' language."""
    if folded.isascii():
        return str(_english.stemWord(folded))
    return next(iter(_irregular_stems(folded)), str(_russian.stemWord(folded)))


def question(text: str) -> Question:
    """What the engines are asked when every word is right; empty for a text without words (see wording.py)."""
    codes, left = codes_in(text)
    return Question(tuple(dict.fromkeys(tokens_of(word) for word in telling(left, keep=not codes))), codes, text)
