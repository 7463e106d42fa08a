"""`manage.py check_texts`: every text of the portal is there in every language."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.test.utils import override_settings

from config.texts import known_texts, problems

NOT_FOR_PEOPLE = ["*/locale", "tests", "perf", "docs", ".*", "*/node_modules", "*/frontend"]


def collected_texts() -> set[tuple[str | None, str]]:
    """Context and text of all that the code marks for translation, collected beside the real files."""
    with tempfile.TemporaryDirectory() as folder, override_settings(LOCALE_PATHS=[folder]):
        (Path(folder) / "xx").mkdir()
        call_command("makemessages", locale=["xx"], ignore_patterns=NOT_FOR_PEOPLE, verbosity=0)
        entries = polib.pofile(str(Path(folder) / "xx" / "LC_MESSAGES" / "django.po"))
    return {(entry.msgctxt, entry.msgid) for entry in entries}


class Command(BaseCommand):
    help = "Fail when a text is missing, uncertain or broken in one of the languages."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = problems()
        if shutil.which("xgettext"):
            new = collected_texts() - known_texts()
            found += [f"not collected yet (make messages): {text[:80]!r}" for _context, text in sorted(new, key=str)]
        else:
            self.stderr.write("gettext is not installed: texts that were never collected are not noticed.")
        for line in found:
            self.stdout.write(line.replace(f"{settings.BASE_DIR}/", ""))
        if found:
            raise CommandError(f"{len(found)} texts need work")
