"""Django's ``migrate``, which gives an empty database the result of all steps at once (config/schema.py)."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections, transaction

from config.schema import EVERY_STEP, FILE

# Of Django's tables or anybody's.
EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public')"
# Two that find the database empty at the same moment: one begins, the other waits and finds it filled.
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('tirek: schema of an empty database'))"


class Command(migrate.Command):
    help = f"{migrate.Command.help} An empty database gets what all of them make of it at once."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(EVERY_STEP, action="store_true", help="Do each migration, also in an empty database.")

    def handle(self, *args: Any, **options: Any) -> None:
        whole = not (options["app_label"] or options["plan"] or options["check_unapplied"] or options["fake"])
        if whole and not options["every_step"]:
            self.fill(options["database"])
        super().handle(*args, **options)

    def fill(self, alias: str) -> None:
        connection = connections[alias]
        with transaction.atomic(alias, durable=True), connection.cursor() as cursor:
            cursor.execute(ONE_AT_A_TIME)
            cursor.execute(EMPTY)
            if cursor.fetchone()[0]:
                cursor.execute(FILE.read_text(encoding="utf-8"))
