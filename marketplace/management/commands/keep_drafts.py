"""`manage.py keep_drafts`: remind of drafts that nobody touched, remove those whose time is over."""

from typing import Any

from django.core.management.base import BaseCommand

from marketplace import periodic
from marketplace.drafts import retention


class Command(BaseCommand):
    help = "Remind of drafts that nobody touched and remove those whose time is over; beat does it every morning."

    def handle(self, *args: Any, **options: Any) -> None:
        with periodic.job("keep_drafts") as run:
            counts = retention.sweep()
            run.count = sum(counts.values())
        self.stdout.write(", ".join(f"{name}: {count}" for name, count in counts.items()))
