"""What must be up to date before the programs start: texts, static files, the schema, the demo or the master data.

Each step first asks, without Django (whose start costs seconds), whether there is anything to do. What
was done is noted in the state folder; for the schema and the demo the database itself must agree, so a
database that was replaced meanwhile gets its steps anew.
"""

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg2
import psycopg2.errors

from config.embedded import attached_command, state
from config.programs import BASE_DIR
from config.texts import compile_texts

NOTES = "upkeep.json"
# Migrations and the demo may take their time; a lock that stays taken is still reported.
PATIENT = {"STATEMENT_TIMEOUT_MS": "0", "IDLE_TIMEOUT_MS": "0", "LOCK_TIMEOUT_MS": "10000"}


class UpkeepError(Exception):
    """A step failed; the message ends with what it said."""


def _fingerprint(paths: Iterable[Path], *extra: str) -> str:
    """Changes when one of the files, the set of them, an installed package, a setting or ``extra`` does."""
    digest = hashlib.sha256("\n".join(extra).encode())
    for path in [BASE_DIR / "uv.lock", BASE_DIR / "config" / "settings.py", *sorted(paths)]:
        digest.update(f"\n{path}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _in_apps(pattern: str) -> list[Path]:
    # Not in hidden folders: the state folder has a "static", too.
    return [path for path in BASE_DIR.glob(f"[a-z]*/{pattern}") if path.is_file()]


def schema_fingerprint() -> str:
    """Changes when a migration does, ours or an installed package's."""
    return _fingerprint(_in_apps("migrations/*.py"))


def _schema_of(database_url: str) -> str:
    """Which database this is and which migrations it has seen."""
    connection = psycopg2.connect(database_url, connect_timeout=5)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT oid::text FROM pg_database WHERE datname = current_database()")
            seen = cursor.fetchall()
            try:
                cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY id")
                seen += cursor.fetchall()
            except psycopg2.errors.UndefinedTable:
                pass
    finally:
        connection.close()
    return hashlib.sha256(repr(seen).encode()).hexdigest()


class Upkeep:
    """The steps for one start. ``environment`` is what the programs get, ``say`` tells the person."""

    def __init__(self, folder: Path, environment: dict[str, str], say: Callable[[str], None]) -> None:
        self.folder = folder
        self.environment = environment
        self.say = say
        self.log = folder / "log" / "upkeep.log"
        self.notes = state.read(folder / NOTES)

    def _begin(self, *command: str, output: int | None = None) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                attached_command([sys.executable, str(BASE_DIR / "manage.py"), *command]),
                stdin=subprocess.DEVNULL,
                stdout=log if output is None else output,
                stderr=log,
                cwd=BASE_DIR,
                env={**self.environment, **PATIENT},
            )

    def _end(self, process: subprocess.Popen[bytes], what: str) -> None:
        try:
            code = process.wait()
        except BaseException:  # Ctrl-C in the middle: do not leave it behind
            process.terminate()
            process.wait()
            raise
        if code != 0:
            last_words = self.log.read_text(encoding="utf-8", errors="replace")[-4000:]
            raise UpkeepError(f"{what} failed (all of it: {self.log}):\n{last_words}")

    def _note(self, **facts: str) -> None:
        self.notes.update(facts)
        state.write(self.folder / NOTES, self.notes)

    def run(self) -> str:
        """All steps; raises UpkeepError when one fails. Answers what to tell about the demo."""
        self.log.write_bytes(b"")  # one start's worth
        if compile_texts():
            self.say("Translations compiled.")
        database_url = self.environment["DATABASE_URL"]
        static = _fingerprint(_in_apps("static/**/*"), self.environment.get("STATIC_ROOT", str(self.folder / "static")))
        schema = schema_fingerprint()

        collecting = None
        if self.notes.get("static") != static:
            self.say("Collecting static files …")
            collecting = self._begin("collectstatic", "--noinput", "--verbosity", "0")
        try:
            if (self.notes.get("schema"), self.notes.get("seen")) != (schema, _schema_of(database_url)):
                self.say("Bringing the database up to date …")
                self._end(self._begin("migrate", "--noinput", "--verbosity", "1"), "manage.py migrate")
                self._note(schema=schema, seen=_schema_of(database_url))
        finally:
            if collecting is not None:
                self._end(collecting, "manage.py collectstatic")
                self._note(static=static)

        if self.environment["DEMO"] == "1":
            # Once a week again: suppliers who never sign in do not confirm their stock, and it goes stale.
            week = time.strftime("%G-%V")
            demo = self.environment.get("DEMO_PRODUCTS", "0") + self.notes["seen"] + week
            if self.notes.get("demo") != demo:
                self.say("Loading the demo …")
                self._end(self._begin("seed_demo"), "manage.py seed_demo")
                accounts = self._begin("demo_accounts", output=subprocess.PIPE)
                text = accounts.communicate()[0].decode()
                self._end(accounts, "manage.py demo_accounts")
                self._note(demo=demo, accounts=text)
            return str(self.notes["accounts"])
        master_data = _fingerprint(_in_apps("data/**/*.json")) + self.notes["seen"]
        if self.notes.get("master_data") != master_data:
            self.say("Loading the master data …")
            self._end(self._begin("load_master_data"), "manage.py load_master_data")
            self._note(master_data=master_data)
        return ""
