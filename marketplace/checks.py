"""Start-up checks: what would silently break the portal stops it with a reason."""

from typing import Any

from django.core.checks import Error, Tags, register
from django.db import connections
from django.db.backends.postgresql.psycopg_any import is_psycopg3


@register(Tags.database)
def database_is_sound(databases: list[str] | None = None, **_kwargs: Any) -> list[Error]:
    """Kazakh letters must fold, commits must be durable, the driver must be psycopg2."""
    errors = []
    if is_psycopg3:
        errors.append(Error("psycopg 3 is installed: Django would prefer it over psycopg2.", id="marketplace.E001"))
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT lower('Қ') = 'қ', current_setting('fsync') = 'on',"
                " current_setting('synchronous_commit') <> 'off', current_setting('server_version_num')::int"
            )
            folds, syncs, durable, version = cursor.fetchone()
        if not folds:
            errors.append(
                Error(
                    "The database does not fold Kazakh letters (lower('Қ') <> 'қ'): create it with "
                    "--locale-provider=builtin --builtin-locale=C.UTF-8.",
                    id="marketplace.E002",
                )
            )
        if not (syncs and durable):
            errors.append(Error("fsync or synchronous_commit is off: saves could be lost.", id="marketplace.E003"))
        if version < 150000:
            errors.append(Error("PostgreSQL 15 or newer is needed.", id="marketplace.E004"))
    return errors
