"""`manage.py seed_demo`: the demo, complete and idempotent."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from complaints import demo


class Command(BaseCommand):
    help = "Load master data, demo people and goods, and their history. A second run changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("DEMO=0: there are no demo accounts here.")
        demo.load(self.stdout.write)
        if settings.DEMO_PRODUCTS:
            from perf import goods  # only who asks for volume needs the measurements' code

            goods.seed_products(settings.DEMO_PRODUCTS, offers=4, seed=1, say=self.stdout.write)
