import time

from django.core.management.base import BaseCommand, CommandError

from catalog import search


class Command(BaseCommand):
    help = "Build the search index (or indexes) anew from the search documents."

    def handle(self, **_options: object) -> None:
        started = time.monotonic()
        built = search.rebuild()
        for engine, count in built.items():
            self.stdout.write(f"{engine}: {count} products")
        self.stdout.write(f"{time.monotonic() - started:.1f} s")
        if search.wanted() not in built:
            raise CommandError(f"{search.wanted()} cannot be built now; it will be, by itself, as soon as it is back.")
