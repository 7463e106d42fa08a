"""`make schema`: what all migrations make of an empty database, written down as SQL.

Django draws the models anew for each of a hundred steps, which takes most of a first start. An empty database gets the
result instead (marketplace/management/commands/migrate.py), with all steps noted as done. The file is made by the steps
themselves, never by hand; a test makes it once more and compares.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2.sql import SQL, Identifier

from config import embedded
from config.drill import opened, wheels_programs
from config.programs import BASE_DIR
from config.upkeep import PATIENT

FILE = BASE_DIR / "config" / "schema.sql"
EVERY_STEP = "--every-step"
HEAD = """-- What all migrations make of an empty database, and that they are done. Written by `make schema`; do not edit.
SET LOCAL check_function_bodies = false;
"""
DONE = "SELECT string_agg(format('    (%L, %L, now())', app, name), E',\\n' ORDER BY app, name) || ';' FROM django_migrations"
# Comments, the settings of pg_dump's session, commands of psql: nothing of the schema.
NOISE = re.compile(r"^(--.*|SET \w+ = .*|SELECT pg_catalog\.set_config.*|\\.*)\n", re.MULTILINE)
# Rows that the file need not bring: it notes the steps itself, `migrate` fills these at its end, and there is no page to be old.
NOT_BROUGHT = {"django_migrations", "django_content_type", "auth_permission", "marketplace_pagechange"}


class SchemaError(Exception):
    """The steps leave something that the file would not bring."""


def of_every_step(services: embedded.ServiceUrls) -> str:
    """The text of the file, made by doing every migration in a new database.

    PostgreSQL writes some conditions otherwise once they were read from a dump: the text is the one that stays the same.
    """
    with new_database(services) as url:
        migrate(services, url, EVERY_STEP)
        first = _written(url)
    with new_database(services) as url:
        with opened(url) as connection, connection.cursor() as cursor:
            cursor.execute(first)
        return _written(url)


def of_new_database(services: embedded.ServiceUrls) -> str:
    """What a new database gets by ``manage.py migrate``."""
    with new_database(services) as url:
        migrate(services, url)
        return _written(url)


@contextmanager
def new_database(services: embedded.ServiceUrls) -> Iterator[str]:
    """The address of an empty database that is gone afterwards."""
    name = f"schema_written_{os.getpid()}"
    with opened(services.database_url) as server, server.cursor() as cursor:
        cursor.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield f"{services.database_url.rpartition('/')[0]}/{name}"
        finally:
            cursor.execute(SQL("DROP DATABASE {}").format(Identifier(name)))


def migrate(services: embedded.ServiceUrls, url: str, *options: str) -> None:
    """``manage.py migrate`` for the database at ``url``."""
    command = [sys.executable, "manage.py", "migrate", *options, "--noinput", "--verbosity", "0"]
    subprocess.run(
        embedded.attached_command(command),
        cwd=BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "REDIS_URL": services.redis_url, **PATIENT},
        stdin=subprocess.DEVNULL,
        check=True,
    )


def _written(url: str) -> str:
    dump = [str(wheels_programs() / "pg_dump"), "--schema-only", "--no-owner", "--no-privileges", "--no-comments", url]
    tables = NOISE.sub("", subprocess.run(dump, capture_output=True, text=True, check=True).stdout)
    with opened(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        for (table,) in cursor.fetchall():
            cursor.execute(SQL("SELECT EXISTS (SELECT 1 FROM {})").format(Identifier(table)))
            if cursor.fetchone()[0] and table not in NOT_BROUGHT:
                raise SchemaError(f"A migration leaves rows in {table}: the file would not bring them.")
        cursor.execute(DONE)
        (done,) = cursor.fetchone()
    return "\n".join(
        [HEAD + tables.strip(), "", "INSERT INTO public.django_migrations (app, name, applied) VALUES", done, ""]
    )


def main() -> int:
    with embedded.start_for_tests() as services:
        FILE.write_text(of_every_step(services.urls), encoding="utf-8")
    print(f"{FILE.relative_to(BASE_DIR)} written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
