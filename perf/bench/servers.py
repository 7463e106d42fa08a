"""The servers beside the portal: stock Oscar under gunicorn, a plain Django view under the portal's own server."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import psycopg2

from config import embedded, programs
from config.embedded import attached_command
from config.programs import WEB_THREADS, WEB_WORKERS
from perf.bench.visitor import Visitor
from perf.portal import ROOT, RunningPortal, free_port

SECONDS_TO_START = 300  # a machine that many work on at a time is slow
OSCAR_WORKERS = 2  # sync ones, as its usual deployment has them: as many as the portal's


class Server:
    """A web server of our own, on a free port of 127.0.0.1, stopped at the end of the block."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str], folder: Path, probe: str = "/"):
        self.name, self.command, self.environment, self.probe = name, command, environment, probe
        self.port = free_port()
        self.log = folder / f"{name}.log"

    def __enter__(self) -> "Server":
        command = [part.replace("{port}", str(self.port)) for part in self.command]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                attached_command(command),
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.1)
        return self

    def _answers(self) -> bool:
        try:
            return Visitor(self.port).send("GET", self.probe).status == 200
        except OSError:
            return False

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def portal_web(
    name: str,
    portal: RunningPortal,
    folder: Path,
    *,
    probe: str,
    server: str = "granian",
    application: str = "config.wsgi",
    **environment: str,
) -> Server:
    """The portal's own web server once more, on the same services, with nothing in front of it."""
    others = {"granian": server, "config.wsgi:application": f"{application}:application"}
    command = [others.get(part, part) for part in programs.web().arguments]
    command[command.index("--port") + 1] = "{port}"
    urls = embedded.service_urls(portal.state)
    services = {"DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
    return Server(name, command, portal.environment | services | environment, folder, probe=probe)


def plain(folder: Path) -> Server:
    """A view of 11 bytes of JSON on granian, with the portal's numbers of workers and threads."""
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "perf.bench.plain:application"),
        *("--host", "127.0.0.1", "--port", "{port}", "--http", "1"),
        *("--workers", str(WEB_WORKERS), "--blocking-threads", str(WEB_THREADS), "--no-access-log"),
    ]
    return Server("plain", command, {"DJANGO_SETTINGS_MODULE": "perf.bench.plain"}, folder)


def oscar_environment(variant: str, database_url: str, folder: Path) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "perf.bench.oscar_shop.settings",
        "OSCAR_VARIANT": variant,
        "OSCAR_FOLDER": str(folder),
        "DATABASE_URL": database_url,
    }


def oscar(variant: str, database_url: str, folder: Path, workers: int = OSCAR_WORKERS) -> Server:
    """A shop of stock Oscar (see oscar_shop) under gunicorn."""
    command = [
        *(sys.executable, "-m", "gunicorn", "perf.bench.oscar_shop.wsgi:application"),
        *("--bind", "127.0.0.1:{port}", "--workers", str(workers), "--worker-class", "sync"),
    ]
    return Server(variant, command, oscar_environment(variant, database_url, folder), folder, probe="/catalogue/")


def other_database(database_url: str, name: str) -> str:
    """The address of a new, empty database in the same cluster; what had the name before is dropped."""
    drop_database(database_url, name)
    _outside_transaction(database_url, f'CREATE DATABASE "{name}"')
    return urlsplit(database_url)._replace(path=f"/{name}").geturl()


def drop_database(database_url: str, name: str) -> None:
    _outside_transaction(database_url, f'DROP DATABASE IF EXISTS "{name}"')


def _outside_transaction(database_url: str, statement: str) -> None:
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def seed_oscar(portal_url: str, database_url: str, folder: Path, *, migrations: bool = True) -> int:
    """Fill the shop's database with the portal's goods; returns how many products it has then.

    Without ``migrations`` its tables are made straight from the models: the same, sooner.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "perf.bench.oscar_shop.goods", portal_url],
        cwd=ROOT,
        env={
            **os.environ,
            **oscar_environment("tuned", database_url, folder),
            "OSCAR_TABLES": "migrations" if migrations else "models",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The shop was not filled: {done.stdout[-1000:]}{done.stderr[-3000:]}")
    return int(done.stdout.split()[0])
