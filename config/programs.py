"""The portal's own programs: one list, whoever runs them.

``make run`` gives them to a process manager (config/processes.py); a container runs one of them with

    python -m config.programs web

The two services, PostgreSQL and Valkey, are not here: see config/embedded.
"""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

# What is too much for one of the processes is cut off by the proxy in front (config/nginx.conf), not here.
WEB_WORKERS = 2
WEB_THREADS = 4
WORKER_PROCESSES = 2
TALKER_PROCESSES = 2


@dataclass(frozen=True)
class Program:
    """One program in the foreground, run in BASE_DIR, stopped with SIGTERM."""

    name: str
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    stop_seconds: int = 10  # then it is killed
    nice: int = 0  # how much it stands back for the others when all want the processor


def state_folder() -> Path:
    """PORTAL_STATE, as settings understand it."""
    return Path(os.environ.get("PORTAL_STATE") or BASE_DIR / ".state").resolve()


def web_address() -> tuple[str, int]:
    """HOST and PORT. Raises ValueError when PORT is not a port."""
    port = os.environ.get("PORT") or "8000"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"PORT must be a number from 1 to 65535, not {port!r}")
    return os.environ.get("HOST") or "127.0.0.1", int(port)


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def sockets_of_processes(socket: Path, processes: int = WEB_WORKERS) -> list[Path]:
    """Where each process of the web server listens that was told to listen on ``socket``."""
    return [socket.with_name(f"{socket.name}.{number}") for number in range(1, processes + 1)]


def web(socket: Path | None = None) -> Program:
    """The web server on HOST and PORT, or on unix sockets when a proxy stands in front of it: see config/web_server.py."""
    host, port = web_address()
    server, where = "granian", ("--host", host, "--port", str(port))
    if socket is not None:
        server, where = "config.web_server", ("--uds", str(socket), "--uds-permissions", "0o666")
    return Program(
        "web",
        _python(
            *(server, "--interface", "wsgi", "config.wsgi:application"),
            *where,
            *("--http", "1"),
            *("--workers", str(WEB_WORKERS), "--blocking-threads", str(WEB_THREADS)),
            # A thread that ends takes its database connection with it: keep them.
            *("--blocking-threads-idle-timeout", "600"),
            # Granian counts connections, idle ones included: a small number here would let a few
            # browsers' kept-alive connections shut everybody else out.
            *("--backlog", "1024", "--backpressure", "512"),
            *("--http1-header-read-timeout", "10000"),
            "--respawn-failed-workers",
            *("--workers-kill-timeout", "10", "--no-access-log"),
        ),
        {} if socket is None else {"PROXIES": "1"},
        stop_seconds=15,
    )


def _celery_worker(name: str, queue: str, processes: int) -> Program:
    return Program(
        name,
        _python(
            *("celery", "-A", "config", "worker", "--queues", queue, "--pool", "prefork", "--loglevel", "INFO"),
            *("--concurrency", str(processes)),
            *("--hostname", f"{name}@%h"),
            # The outbox needs none of the workers' talk among themselves through the broker.
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ),
        {"STATEMENT_TIMEOUT_MS": "60000"},
        stop_seconds=20,
        nice=10,  # a list of 100,000 prices is read in its own time; people do not wait for it
    )


def worker() -> Program:
    """Effects within the portal, and the sweeps of the clock."""
    return _celery_worker("worker", "celery", WORKER_PROCESSES)


def talker() -> Program:
    """Effects that wait for others: messages, the search server, files (``talks`` in marketplace/outbox.py)."""
    return _celery_worker("talker", "talk", TALKER_PROCESSES)


def relay() -> Program:
    return Program("relay", (sys.executable, str(BASE_DIR / "manage.py"), "relay"), {"STATEMENT_TIMEOUT_MS": "60000"})


def beat() -> Program:
    schedule = state_folder() / "beat-schedule"
    return Program("beat", _python("celery", "-A", "config", "beat", "--schedule", str(schedule), "--pidfile", ""))


PROGRAMS = {"web": web, "worker": worker, "talker": talker, "relay": relay, "beat": beat}


def main() -> None:
    """Become one of the programs."""
    if len(sys.argv) != 2 or sys.argv[1] not in PROGRAMS:
        sys.exit(f"usage: python -m config.programs {{{','.join(PROGRAMS)}}}")
    try:
        program = PROGRAMS[sys.argv[1]]()
    except ValueError as error:
        sys.exit(str(error))
    os.chdir(BASE_DIR)
    os.nice(program.nice)
    os.execve(program.arguments[0], program.arguments, {**program.environment, **os.environ})  # noqa: S606  # nosec B606  # our own list of arguments


if __name__ == "__main__":
    main()
