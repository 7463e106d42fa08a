"""Rewrites what stands under an old key; says when the old key may go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace import rotation


class Command(BaseCommand):
    help = "Rewrite identity numbers and look-ups under the newest keys (FIELD_KEYS, BLIND_INDEX_KEY); exits with 1 while old keys are needed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only count what still needs an old key")
        parser.add_argument("--batch", type=int, default=rotation.BATCH, help="rows of one transaction")
        parser.add_argument("--most", type=int, default=None, help="stop after so many batches")

    def handle(self, *args: Any, check: bool, batch: int, most: int | None, **options: Any) -> None:
        if not check:
            for name, count in rotation.rotate(batch=batch, most=most).items():
                self.stdout.write(f"{name}: {count.renewed} of {count.rows} rewritten")
        owed = 0
        for name, count in rotation.check(batch=batch).items():
            owed += count.renewed + count.unreadable
            self.stdout.write(
                f"{name}: {count.rows} read, {count.renewed} need an old key, {count.unreadable} cannot be read"
            )
        if owed:
            raise CommandError(f"{owed} rows are not under the newest keys: keep the old ones")
        self.stdout.write("Everything is under the newest keys: the old ones may go.")
