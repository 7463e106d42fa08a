"""`manage.py outbox`: what waits, what was set aside and why; --revive gives it another chance."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Count

from marketplace import health, outbox
from marketplace.models import OutboxRow


class Command(BaseCommand):
    help = "Show what waits in the outbox and what was set aside; --revive tries the latter again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--revive", nargs="?", const="", metavar="TOPIC", help="all topics, or one")

    def handle(self, *args: Any, revive: str | None, **options: Any) -> None:
        if revive is not None:
            self.stdout.write(f"revived: {outbox.revive(topic=revive or None)}")
        now = health.outbox_now()
        self.stdout.write(f"waiting: {now.waiting}, the oldest for {now.age:.0f} s; set aside: {now.dead}")
        dead = OutboxRow.objects.filter(dead_at__isnull=False).values_list("topic", "error")
        for topic, error, count in dead.annotate(count=Count("pk")).order_by("topic"):
            self.stdout.write(f"  {topic}: {count} × {error}")
