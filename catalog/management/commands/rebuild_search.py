import time

from django.core.management.base import BaseCommand

from catalog import search


class Command(BaseCommand):
    help = "Build the search index (or indexes) anew from the search documents."

    def handle(self, **_options: object) -> None:
        started = time.monotonic()
        for engine, count in search.rebuild().items():
            self.stdout.write(f"{engine}: {count} products")
        self.stdout.write(f"{time.monotonic() - started:.1f} s")
