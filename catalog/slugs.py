"""Web addresses from Kazakh and Russian titles (Oscar's default writes ``u041a`` for a letter)."""

from django.utils.text import slugify as ascii_slug

_LETTERS = {
    "а": "a", "ә": "a", "б": "b", "в": "v", "г": "g", "ғ": "g", "д": "d", "е": "e", "ё": "yo", "ж": "zh",
    "з": "z", "и": "i", "й": "y", "к": "k", "қ": "q", "л": "l", "м": "m", "н": "n", "ң": "n", "о": "o",
    "ө": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ұ": "u", "ү": "u", "ф": "f", "х": "kh",
    "һ": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "і": "i", "ь": "", "э": "e",
    "ю": "yu", "я": "ya",
}  # fmt: skip


def slugify(text: str, *, allow_unicode: bool = False) -> str:
    """Lower-case ASCII words joined by hyphens; never empty. Oscar passes ``allow_unicode``: addresses stay ASCII."""
    latin = "".join(_LETTERS.get(letter, letter) for letter in text.lower())
    return ascii_slug(latin) or "item"
