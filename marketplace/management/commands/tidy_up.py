"""`manage.py tidy_up`: seal the audit log up to yesterday, remove what has expired."""

from typing import Any

from django.core.management.base import BaseCommand

from marketplace import periodic
from marketplace.tidying import tidy_up


class Command(BaseCommand):
    help = "Seal the audit log up to yesterday and remove expired rows; beat does it every night."

    def handle(self, *args: Any, **options: Any) -> None:
        with periodic.job("tidy_up") as run:
            counts = tidy_up()
            run.count = sum(counts.values())
        self.stdout.write(", ".join(f"{name}: {count}" for name, count in counts.items()))
