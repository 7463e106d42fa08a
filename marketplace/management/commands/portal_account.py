"""The database account of the running portal, which owns nothing: docs/security.md."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

GROWING = ("marketplace_event", "marketplace_readlog", "marketplace_auditseal")


def grants(account: str) -> list[str]:
    """Statements of the tables' owner that let the account read and write rows, and change neither logs nor tables."""
    name = connection.ops.quote_name(account)
    return [
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}",
        # Who may only append cannot even ask the triggers.
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {', '.join(GROWING)} FROM {name}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {name}",
    ]


class Command(BaseCommand):
    help = "Print the SQL that gives an account of the database what the running portal needs, and no more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account")

    def handle(self, *args: Any, **options: Any) -> None:
        for statement in grants(options["account"]):
            self.stdout.write(f"{statement};")
