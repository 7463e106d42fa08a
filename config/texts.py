"""Translations: the .po files that people edit become the .mo files that gettext reads.

Done by Python, because a machine that only runs the portal has no gettext programs.
"""

import os
import re
from pathlib import Path

import polib

LOCALE = Path(__file__).resolve().parent.parent / "marketplace" / "locale"
# English is the language of the code: it needs no file.
LANGUAGES = ("kk", "ru")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


def compile_texts(locale: Path = LOCALE) -> list[Path]:
    """Compile each .po file that is newer than its .mo file; answer what was written.

    A text that is marked as uncertain ("fuzzy") is left out: the reader sees English, not a guess.
    Raises OSError or UnicodeDecodeError when a file cannot be read as a .po file.
    """
    written = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        polib.pofile(str(source)).save_as_mofile(str(draft))
        draft.replace(target)
        written.append(target)
    return written


def problems(locale: Path = LOCALE) -> list[str]:
    """What readers of a language would miss or see wrong, one line each.

    English is the language of the texts themselves and has no file.
    """
    found = []
    for language in LANGUAGES:
        path = locale / language / "LC_MESSAGES" / "django.po"
        if not path.exists():
            found.append(f"{path}: missing")
            continue
        for entry in polib.pofile(str(path)):
            if entry.obsolete:
                continue
            texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
            where = f"{path}:{entry.linenum}: {entry.msgid[:60]!r}"
            if entry.fuzzy:
                found.append(f"{where} is marked as uncertain")
            elif not all(texts):
                found.append(f"{where} is not translated")
            for text in filter(None, texts):
                allowed = set(PLACEHOLDER.findall(entry.msgid + entry.msgid_plural))
                if not set(PLACEHOLDER.findall(text)) <= allowed:
                    found.append(f"{where} has placeholders that the program does not fill")
                elif not entry.msgid_plural and set(PLACEHOLDER.findall(text)) != allowed:
                    found.append(f"{where} lost a placeholder")
    return found


def known_texts(locale: Path = LOCALE, language: str = "kk") -> set[tuple[str | None, str]]:
    """Context and text of every entry of one language."""
    path = locale / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return set()
    return {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(path)) if not entry.obsolete}
