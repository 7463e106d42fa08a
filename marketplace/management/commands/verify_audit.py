"""Checks the hash chain of the audit log."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace import events


class Command(BaseCommand):
    help = "Check every sealed day of the event log against its seal; exits with 1 when something was changed."

    def handle(self, *args: Any, **options: Any) -> None:
        problems = events.verify()
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} days of the audit log do not match their seals")
        self.stdout.write("The audit log matches its seals.")
