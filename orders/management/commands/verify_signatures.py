"""`./manage.py verify_signatures`: checks every electronic signature under orders and acts once more."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders import signing
from orders.models import PaperSignature


class Command(BaseCommand):
    help = "Checks electronic signatures under orders and acts; non-zero exit when one does not hold."

    def handle(self, *args: Any, **options: Any) -> None:
        checked, broken = 0, 0
        for row in PaperSignature.objects.select_related("order__partner", "order__region").iterator(chunk_size=200):
            checked += 1
            found = signing.problems(row)
            if found:
                broken += 1
                self.stderr.write(f"{row.order.number} {row.paper} {row.side}: {', '.join(found)}")
        self.stdout.write(f"{checked} signatures checked, {broken} do not hold.")
        if broken:
            raise CommandError("Signatures do not hold.")
