"""The words on the pages, as a person reads them: a test names a button by its English text in any language."""

from collections.abc import Callable

from django.utils import translation

LANGUAGES = ("kk", "ru", "en")

Say = Callable[..., str]


def words(language: str) -> Say:
    """``say("Saved at {time}")`` in that language; ``say("%(number)s orders", number=2)`` fills in the names."""

    def say(message: str, **values: object) -> str:
        with translation.override(language):
            text = translation.gettext(message)
        return text % values if values else text

    return say
