"""The services as running programs: their commands, when they are ready, and both for one process."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM
from types import TracebackType
from urllib.parse import urlsplit

from config.embedded import state as state_folder
from config.embedded.cluster import DATABASE, ROLE, choose_port, prepare
from config.embedded.home import Home, as_user, discard, locate, make_folder_for
from config.embedded.state import EmbeddedError, ServiceUrls

ATTACHED = Path(__file__).resolve().parent.parent / "attached.py"


def attached_command(program: list[str], *options: str) -> list[str]:
    """``program`` as a command that ends when the process that starts it dies (config/attached.py)."""
    return [sys.executable, "-I", "-S", str(ATTACHED), *options, "--", *program]


def postgres_command(state: Path) -> list[str]:
    """PostgreSQL in the foreground, for a process manager. It stops fast and clean on SIGINT.

    May be started again at once after it was killed. Nothing that a statement contains is logged:
    it may be personal data.
    """
    state = state.resolve()
    home = locate(state)
    return _server(home, home.data, state_folder.memory(state)["postgres_port"], home.sockets)


def _server(home: Home, data: Path, port: int, sockets: Path | None = None) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": sockets or "",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": 100,
        "shared_buffers": "256MB",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": 0,
    }
    server = [str(home.postgres_programs / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        server += ["-c", f"{name}={value}"]
    options = ["--bare", "--stop-signal", "INT", "--server-data", str(data)]
    if sockets is not None:
        options += ["--server-sockets", str(sockets)]
    if home.user is not None:
        options += ["--user", home.user]
    return attached_command(server, *options)


def valkey_command(state: Path) -> list[str]:
    """Valkey in the foreground, for a process manager. It stops clean on SIGTERM."""
    home = locate(state.resolve())
    options = ["--bare"] if home.user is None else ["--bare", "--user", home.user]
    return attached_command([str(home.valkey_server), str(home.valkey / "valkey.conf")], *options)


def check_database(database_url: str) -> None:
    """Refuse a database that does not know Kazakh letters: searches in it would silently find nothing.

    Raises EmbeddedError for that, psycopg2.OperationalError when nothing answers.
    """
    import psycopg2

    connection = psycopg2.connect(database_url, connect_timeout=2)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT lower('Қ') = 'қ' AND datctype NOT IN ('C', 'POSIX'), datname"
                " FROM pg_database WHERE datname = current_database()"
            )
            row = cursor.fetchone()
    finally:
        connection.close()
    assert row is not None  # the database that we are in
    knows_letters, name = row
    if not knows_letters:
        raise EmbeddedError(
            f"The database {name} does not know Kazakh letters: lower('Қ') must be 'қ', and its LC_CTYPE "
            "not C. Make it anew: CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' "
            "LC_CTYPE 'C.UTF-8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'."
        )


def _ping_valkey(redis_url: str) -> None:
    """Raises OSError when Valkey does not answer, or is still loading its data."""
    url = urlsplit(redis_url)
    with socket.create_connection((url.hostname or "127.0.0.1", url.port or 6379), timeout=1) as connection:
        connection.sendall(f"AUTH {url.password}\r\nPING\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 2:
            part = connection.recv(1024)
            if not part:
                break
            answer += part
    if answer != b"+OK\r\n+PONG\r\n":
        raise ConnectionError(f"Valkey says {answer!r}")


def wait_ready(
    urls: ServiceUrls,
    timeout: float = 30,
    *,
    valkey: bool = True,
    still_running: Callable[[], bool] = lambda: True,
) -> None:
    """Return when both services answer, after ``timeout`` seconds at the latest.

    ``valkey=False`` waits for the database alone: the portal works without the other. Raises EmbeddedError
    when one does not answer, when ``still_running`` says that it never will, or when the database has the
    wrong locale.
    """
    import psycopg2

    deadline = time.monotonic() + timeout
    pause = 0.02
    while True:
        try:
            check_database(urls.database_url)
            if valkey:
                _ping_valkey(urls.redis_url)
            return
        except (psycopg2.OperationalError, OSError) as error:
            if not still_running():
                raise EmbeddedError(f"A service ended as soon as it was started: {error}") from error
            if time.monotonic() > deadline:
                raise EmbeddedError(f"The services did not answer within {timeout:g} s: {error}") from error
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


class RunningServices:
    """PostgreSQL and Valkey that this process starts, owns and stops; a context manager.

    They also stop when this process is killed; for the kernel it is the thread that counts, so start them
    from one that stays. ``temporary``: the state folder goes with them.
    """

    def __init__(self, state: Path, *, temporary: bool = False) -> None:
        self.state = state_folder.make_folder(state)
        self.urls = prepare(self.state)
        self._temporary = temporary
        self.log = self.state / "log"
        self.log.mkdir(exist_ok=True, mode=0o700)
        self.postgres = self._start("postgres", postgres_command(self.state))
        self.valkey = self._start("valkey", valkey_command(self.state))
        try:
            wait_ready(self.urls, still_running=lambda: self.postgres.poll() is None is self.valkey.poll())
        except BaseException as error:
            error.add_note(self._last_words())
            self.stop()
            raise

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in the terminal must not reach the servers before their users.
        with (self.log / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def _last_words(self) -> str:
        logs = (self.log / "postgres.log", self.log / "valkey.log")
        return "\n".join(path.read_text(encoding="utf-8", errors="replace")[-2000:] for path in logs)

    def stop(self) -> None:
        """Stop both: clean if they manage it within 15 seconds each."""
        for process, stop_signal in ((self.valkey, SIGTERM), (self.postgres, SIGINT)):
            process.send_signal(stop_signal)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.send_signal(SIGKILL)
                process.wait()
        if self._temporary:
            discard(self.state)

    def __enter__(self) -> "RunningServices":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class RunningCopy:
    """A streaming copy of the state's PostgreSQL on a port of its own, as long as the block lasts; its ``url`` reads it.

    For tests of what docs/operations.md says of a second machine; there the same is done with pg_basebackup by hand.
    ``follows=False``: a twin that goes its own way from now on. ``of``: the port of the server that is copied, if it
    is a twin of the state's.
    """

    def __init__(self, state: Path, *, of: int | None = None, follows: bool = True) -> None:
        self.state = state.resolve()
        self.home, memory = locate(self.state), state_folder.memory(self.state)
        self.data, self.port = self.home.folder / ("copy" if follows else "twin"), choose_port(None)
        command = [
            *(str(self.home.postgres_programs / "pg_basebackup"), "--pgdata", str(self.data)),
            *("--host", "127.0.0.1", "--port", str(of or memory["postgres_port"]), "--username", "postgres"),
            *("--checkpoint", "fast", "--no-sync", "--no-password"),
            *(("--write-recovery-conf",) if follows else ()),
        ]
        self._take(command, {"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": memory["superuser_password"]})
        self.url = f"postgresql://{ROLE}:{memory['role_password']}@127.0.0.1:{self.port}/{DATABASE}"
        self.log = self.state / f"{self.data.name}.log"

    def _take(self, command: list[str], environment: dict[str, str]) -> None:
        """Make the copy. pg_basebackup asks for the log to be kept a moment after it began, and a checkpoint of
        somebody else (each new database brings one) may have come between: then it begins again.
        """
        for tries_left in (2, 1, 0):
            shutil.rmtree(self.data, ignore_errors=True)
            make_folder_for(self.data, self.home.user)
            taken = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False, cwd="/", umask=0o077,
                **as_user(self.home.user),
            )  # fmt: skip
            if not taken.returncode:
                return
            if not tries_left or "has already been removed" not in taken.stderr:
                raise EmbeddedError(f"pg_basebackup failed:\n{taken.stderr.strip()}")

    def __enter__(self) -> "RunningCopy":
        self.start()
        return self

    def start(self) -> None:
        """Start it, or start it again after it was killed; return when it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                _server(self.home, self.data, self.port), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        urls = ServiceUrls(self.url, "")
        # One that was killed first works in all that was written since.
        wait_ready(urls, timeout=180, valkey=False, still_running=lambda: self.process.poll() is None)

    def promote(self) -> None:
        """Make a database of its own out of it: what is done when the first one is lost."""
        command = [str(self.home.postgres_programs / "pg_ctl"), "promote", "--wait", "--pgdata", str(self.data)]
        subprocess.run(
            command, check=True, capture_output=True, cwd="/", env={"PATH": os.defpath}, **as_user(self.home.user)
        )

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.send_signal(SIGKILL)
        self.process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(SIGINT)
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.data, ignore_errors=True)


def start_for_tests() -> RunningServices:
    """Throw-away services in a folder of their own, as durable as the real ones."""
    state = Path(tempfile.mkdtemp(prefix="tirek-test-"))
    if os.geteuid() == 0:
        state.chmod(0o711)  # mkdtemp gives 0700, and the servers run under another account
    return RunningServices(state, temporary=True)
