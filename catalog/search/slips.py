"""What a word may have been meant to be: typed in another keyboard layout, or in the letters of another alphabet."""

from itertools import product

_LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.~{}:\"<>"
_RUSSIAN = "ёйцукенгшщзхъфывапролджэячсмитьбюёхъжэбю"
_TO_RUSSIAN = dict(zip(_LATIN, _RUSSIAN, strict=True))
# The row of digits writes the Kazakh letters.
_TO_KAZAKH = {**_TO_RUSSIAN, **dict(zip("2345890-=", "әіңғүұқөһ", strict=True))}
_TO_LATIN = dict(zip(_RUSSIAN[:33], _LATIN[:33], strict=True))

# Latin spellings of Cyrillic letters, the longest first; the first choice of each is the likeliest. Kazakh letters
# stand as their Russian look-alikes, as everywhere in the search.
_CYRILLIC = {
    "shch": "щ", "sch": "щ", "zh": "ж", "kh": "х", "ts": "ц", "ch": "ч", "sh": "ш", "yu": "ю", "iu": "ю", "ju": "ю",
    "ya": "я", "ia": ("я", "иа"), "ja": ("я", "жа"), "yo": ("е", "ио"), "ye": "е", "gh": "г", "ng": "нг", "ck": "к",
    "a": "а", "b": "б", "c": ("к", "ц", "с"), "d": "д", "e": ("е", "э"), "f": "ф", "g": "г", "h": ("х", "г"),
    "i": ("и", "й"), "j": ("ж", "й"), "k": "к", "l": ("л", "ль"), "m": "м", "n": "н", "o": "о", "p": "п", "q": "к",
    "r": "р", "s": "с", "t": "т", "u": "у", "v": "в", "w": ("в", "у"), "x": ("х", "кс"), "y": ("ы", "й", "и"),
    "z": "з", "ä": "а", "ö": "о", "ü": "у", "ğ": "г", "ñ": "н", "ş": "ш", "ı": "ы", "ń": "н", "á": "а", "ó": "о",
    "ú": "у", "ý": "у", "ū": "у", "ç": "ч", "'": "ь",
}  # fmt: skip
_LATIN_OF = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": ("zh", "j"), "з": "z", "и": "i", "й": ("i", "y"),
    "к": ("k", "q", "c"), "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": ("u", "w"),
    "ф": "f", "х": ("h", "kh"), "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e",
    "ю": "yu", "я": ("ya", "ia"), "ә": "a", "ғ": ("gh", "g"), "қ": ("q", "k"), "ң": ("ng", "n"), "ө": "o", "ұ": "u",
    "ү": "u", "һ": "h", "і": "i",
}  # fmt: skip
MOST_SPELLINGS = 24


def in_other_layouts(typed: str) -> list[str]:
    """What the same keys write in the other layouts, likeliest first; ``typed`` has no spaces."""
    lower = typed.lower()
    found = []
    for keys in (_TO_RUSSIAN, _TO_KAZAKH, _TO_LATIN):
        text = "".join(keys.get(letter, letter) for letter in lower)
        if text != lower and text not in found:
            found.append(text)
    return found


def in_other_letters(word: str) -> list[str]:
    """Cyrillic spellings of a Latin word, Latin ones of a Cyrillic word, likeliest first."""
    lower = word.lower()
    table = _LATIN_OF if any(letter in _LATIN_OF for letter in lower) else _CYRILLIC
    longest = 1 if table is _LATIN_OF else 4
    parts: list[tuple[str, ...]] = []
    place = 0
    while place < len(lower):
        for length in range(longest, 0, -1):
            written = table.get(lower[place : place + length])
            if written is not None:
                parts.append(written if isinstance(written, tuple) else (written,))
                place += length
                break
        else:
            parts.append((lower[place],))
            place += 1
    # The fewest departures from the likeliest spelling come first.
    spellings = sorted(_some(parts), key=lambda choice: sum(choice))
    return list(
        dict.fromkeys("".join(part[number] for part, number in zip(parts, choice, strict=True)) for choice in spellings)
    )


def _some(parts: list[tuple[str, ...]]) -> list[tuple[int, ...]]:
    """Which choice of each part, for at most MOST_SPELLINGS of all spellings: of the first parts that leave one."""
    room, numbers = MOST_SPELLINGS, []
    for part in parts:
        numbers.append(range(len(part)) if len(part) <= room else range(1))
        room //= len(numbers[-1])
    return list(product(*numbers))
