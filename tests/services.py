"""PostgreSQL and Valkey for a run of the tests, and the migrated database that its databases are copied from.

Migrating takes longer than most tests. So one cluster per checkout (.state/tests) is kept between runs with a
template of the schema, made anew when a migration changed; every run, and every worker of a run, copies a fresh
database from it. A second run at the same time gets throw-away services and migrates for itself.
"""

import atexit
from contextlib import ExitStack

import psycopg2

from config import embedded, schema
from config.programs import BASE_DIR
from config.upkeep import schema_fingerprint

STATE = BASE_DIR / ".state" / "tests"


def _make_template(urls: embedded.ServiceUrls) -> str:
    """The name of a database with the present schema and nothing else."""
    name = f"schema_{schema_fingerprint()[:16]}"
    connection = psycopg2.connect(urls.database_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'schema_%'")
            present = {row[0] for row in cursor.fetchall()}
            if name in present:
                return name
            for other in present:
                cursor.execute(f'DROP DATABASE "{other}"')
            cursor.execute("CREATE DATABASE schema_draft")
            schema.migrate(urls, urls.database_url.rpartition("/")[0] + "/schema_draft")
            cursor.execute(f'ALTER DATABASE schema_draft RENAME TO "{name}"')
    finally:
        connection.close()
    return name


def start() -> tuple[embedded.ServiceUrls, str | None]:
    """Start the services for the rest of this process; answer where they are and the template, if there is one."""
    held = ExitStack()
    try:
        held.enter_context(embedded.occupied(STATE))
    except embedded.EmbeddedError:  # another run has it
        services = embedded.start_for_tests()
        atexit.register(services.stop)
        return services.urls, None
    try:
        services = embedded.RunningServices(STATE)
    except embedded.EmbeddedError:
        # Damaged, or of another PostgreSQL: nothing in it is worth a repair. The lock goes with the folder.
        embedded.discard(STATE)
        held.enter_context(embedded.occupied(STATE))
        services = embedded.RunningServices(STATE)
    atexit.register(held.close)
    atexit.register(services.stop)
    return services.urls, _make_template(services.urls)
