"""What the machine allows: PostgreSQL's own rate of durable one-row updates, and a loop of Python that tells how fast
the machine is just now."""

import os
import re
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg2

from config.embedded.home import locate

DRAFTS = 20_000
CLIENTS = 8
SCRIPT = """\\set id random(1, {drafts})
UPDATE bench_draft SET version = version + 1, body = jsonb_set(body, '{{f0}}', to_jsonb(random())) WHERE id = :id;
"""


def calibration() -> float:
    """Seconds of a loop that is always the same."""
    begun, total = time.perf_counter(), 0
    for number in range(3_000_000):
        total += number * number % 7
    return time.perf_counter() - begun


class Pgbench:
    """UPDATE of a 0.7 KB JSONB draft, one row a commit, 8 clients, prepared; in a database of its own."""

    def __init__(self, state: Path, database_url: str) -> None:
        self.program = locate(state).postgres_programs / "pgbench"
        self.url, self.script = urlsplit(database_url), state / "pgbench.sql"
        self.script.write_text(SCRIPT.format(drafts=DRAFTS))
        self.database_url = database_url
        with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE bench_draft (id int PRIMARY KEY, version int NOT NULL, body jsonb NOT NULL)")
            cursor.execute(
                "INSERT INTO bench_draft SELECT n, 0, (SELECT jsonb_object_agg('f' || f, md5(n::text || f))"
                " FROM generate_series(0, 15) f) FROM generate_series(1, %s) n",
                [DRAFTS],
            )

    def run(self, seconds: int) -> tuple[float, float]:
        """(updates a second, average milliseconds)."""
        connection = psycopg2.connect(self.database_url)
        connection.autocommit = True
        connection.cursor().execute("VACUUM bench_draft")  # dead rows of the last round are not this round's
        connection.close()
        done = subprocess.run(
            [
                *(str(self.program), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"),
                *("-T", str(seconds), "-f", str(self.script)),
                *("-h", str(self.url.hostname), "-p", str(self.url.port), "-U", unquote(self.url.username or "")),
                self.url.path.lstrip("/"),
            ],
            env={**os.environ, "PGPASSWORD": unquote(self.url.password or ""), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        )
        rate = float(re.findall(r"tps = ([0-9.]+)", done.stdout)[-1])
        latency = float(re.findall(r"latency average = ([0-9.]+)", done.stdout)[-1])
        return rate, latency
