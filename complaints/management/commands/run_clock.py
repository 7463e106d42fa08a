"""Every deadline that is due at a moment, once."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from complaints import clocks
from marketplace import periodic
from marketplace.time import database_now


class Command(BaseCommand):
    help = "Do every step whose date has passed: silence, lapses, reminders, orders. Safe to run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--now", help="a moment like 2026-12-05T00:05:00+05:00; the database's clock by default")

    def handle(self, *args: Any, **options: Any) -> None:
        with periodic.job("run_clock") as run:
            summary = clocks.run(moment(options["now"]) if options["now"] else database_now())
            run.count = summary.done.total()
        self.stdout.write(str(summary))
        if summary.failed:
            raise CommandError(f"{summary.failed} cases failed; see the log")


def moment(text: str) -> datetime:
    """An instant; without an offset it is Kazakhstan's time."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError("give --now as 2026-12-05T00:05:00+05:00") from None
    return parsed if timezone.is_aware(parsed) else timezone.make_aware(parsed)
