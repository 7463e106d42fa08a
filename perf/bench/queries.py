"""How many SQL statements a request costs: PostgreSQL's own log is counted, so servers are measured as they are.

Only statements of the server's own connections count (the portal's worker and relay talk to the same database);
BEGIN, COMMIT and the like do not, as they do not in Django's own counting.
"""

import re
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg2

from config.embedded import state as state_folder

LINE = re.compile(rb"^bench (\d+) LOG:  (?:statement|execute [^:]*): (.*)$", re.MULTILINE)
FRAME = re.compile(
    rb"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START TRANSACTION|SET |RESET |DEALLOCATE|SHOW )", re.IGNORECASE
)


@contextmanager
def counting(state: Path, database_url: str) -> Iterator["Counter"]:
    """Have every statement logged for as long as the block lasts; ``state`` is the running portal's folder."""
    superuser = urlsplit(database_url)
    memory = state_folder.memory(state)
    connection = psycopg2.connect(
        host=superuser.hostname,
        port=superuser.port,
        user="postgres",
        password=memory["superuser_password"],
        dbname="postgres",
    )
    connection.autocommit = True
    with connection.cursor() as cursor:

        def configure(*statements: str) -> None:
            for statement in statements:
                cursor.execute(statement)
            cursor.execute("SELECT pg_reload_conf(), pg_sleep(0.3)")

        configure("ALTER SYSTEM SET log_statement = 'all'", "ALTER SYSTEM SET log_line_prefix = 'bench %p '")
        try:
            yield Counter(state / "log" / "postgres.log", cursor)
        finally:
            configure("ALTER SYSTEM RESET log_statement", "ALTER SYSTEM RESET log_line_prefix")
    connection.close()


class Counter:
    """Reads what PostgreSQL logged meanwhile."""

    def __init__(self, log: Path, cursor: "psycopg2.extensions.cursor") -> None:
        self.log, self.cursor = log, cursor

    def of(self, server_pid: int, *requests: Callable[[], object]) -> int:
        """The median of the statements that ``requests`` cost, one after the other, at the server ``server_pid``."""
        return round(statistics.median(len(self.statements(server_pid, request)) for request in requests))

    def statements(self, server_pid: int, request: Callable[[], object]) -> list[str]:
        """The statements of one request."""
        start = self.log.stat().st_size
        request()
        backends = self._backends(server_pid)
        with self.log.open("rb") as log:
            log.seek(start)
            logged = log.read()
        return [
            statement.decode("utf-8", "replace")
            for backend, statement in LINE.findall(logged)
            if int(backend) in backends and not FRAME.match(statement)
        ]

    def _backends(self, server_pid: int) -> set[int]:
        """PostgreSQL's processes at the other end of the server's connections."""
        server = psutil.Process(server_pid)
        ports = {
            link.laddr.port
            for process in [server, *server.children(recursive=True)]
            for link in process.net_connections("tcp")
            if link.status == psutil.CONN_ESTABLISHED
        }
        self.cursor.execute("SELECT pid, client_port FROM pg_stat_activity WHERE client_port IS NOT NULL")
        return {pid for pid, port in self.cursor.fetchall() if port in ports}
