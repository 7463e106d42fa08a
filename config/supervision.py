"""The process manager: supervisor's settings, and how to give it orders.

Kept apart from the launcher (config/processes.py) for whoever only wants to know what runs: see
``program_pids``.
"""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xmlrpc.client import ServerProxy  # nosec B411

from supervisor.xmlrpc import SupervisorTransport

from config.embedded import attached_command
from config.embedded.home import private_folder
from config.programs import BASE_DIR, Program

LONGEST_SOCKET = 100
MEGABYTE = 1024 * 1024


def _section(title: str, **settings: object) -> str:
    # supervisor expands %(…)s in every value
    lines = [f"{name} = {str(value).replace('%', '%%')}" for name, value in settings.items()]
    return "\n".join([f"[{title}]", *lines, ""])


def _program_section(
    name: str,
    command: list[str],
    *,
    logs: Path,
    priority: int,
    autostart: bool = False,
    stop_signal: str = "TERM",
    stop_seconds: int,
    environment: dict[str, str] | None = None,
) -> str:
    settings: dict[str, object] = {
        "command": shlex.join(command),
        "directory": BASE_DIR,
        "priority": priority,
        "autostart": str(autostart).lower(),
        "autorestart": "true",
        "startsecs": 1,
        # After these supervisor gives up; Portal.watch() then starts the program anew, so that the pauses
        # between two tries stay short however long a program cannot run.
        "startretries": 3,
        "stopsignal": stop_signal,
        "stopwaitsecs": stop_seconds,
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": logs / f"{name}.log",
        "stdout_logfile_maxbytes": 10 * MEGABYTE,
        "stdout_logfile_backups": 3,
    }
    if environment:
        settings["environment"] = ",".join(f'{key}="{value}"' for key, value in environment.items())
    return _section(f"program:{name}", **settings)


def supervisor_settings(state: Path, services: dict[str, list[str]], programs: list[Program]) -> str:
    """supervisord.conf. Stopping goes from high priority to low: the portal's programs together first,
    then the services from last to first, PostgreSQL at the end."""
    logs, control = state / "log", control_socket(state)
    supervisord: dict[str, object] = {
        "nodaemon": "true",
        "silent": "true",
        "logfile": logs / "supervisord.log",
        "logfile_maxbytes": 5 * MEGABYTE,
        "logfile_backups": 1,
        "pidfile": state / "supervisord.pid",
        "childlogdir": logs,
    }
    if os.geteuid() == 0:
        supervisord["user"] = "root"  # as it was started; the services drop it themselves
    sections = [
        _section("supervisord", **supervisord),
        _section("unix_http_server", file=control, chmod="0700"),
        _section(
            "rpcinterface:supervisor",
            **{"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
        _section("supervisorctl", serverurl=f"unix://{control}"),
    ]
    for priority, (name, command) in enumerate(services.items(), start=1):
        stop_signal = "INT" if name == "postgres" else "TERM"
        sections.append(
            _program_section(
                name,
                command,
                logs=logs,
                priority=priority,
                autostart=True,
                stop_signal=stop_signal,
                stop_seconds=20,
            )
        )
    for program in programs:
        options = ["--group-file", str(state / f"{program.name}.group"), "--nice", str(program.nice)]
        command = attached_command(list(program.arguments), *options)
        sections.append(
            _program_section(
                program.name,
                command,
                logs=logs,
                priority=100,
                stop_seconds=program.stop_seconds,
                environment=program.environment,
            )
        )
    names = ",".join(program.name for program in programs)
    sections.append(_section("group:portal", programs=names, priority=100))
    return "\n".join(sections)


# --- Orders to supervisor ---------------------------------------------------------------------------


def control_socket(state: Path) -> Path:
    """Where supervisor takes orders for the portal in ``state``."""
    control = state / "supervisor.sock"
    return control if len(os.fsencode(control)) <= LONGEST_SOCKET else private_folder(state) / "supervisor.sock"


@contextmanager
def supervisor(state: Path) -> Iterator[Any]:
    """Supervisor's remote procedures; OSError or http.client.HTTPException when it does not answer."""
    transport = SupervisorTransport(None, None, serverurl=f"unix://{control_socket(state)}")
    try:
        yield ServerProxy("http://localhost", transport=transport).supervisor
    finally:
        transport.close()


def program_pids(state: Path) -> dict[str, int]:
    """The programs that run in ``state`` now, by name."""
    with supervisor(state) as manager:
        return {info["name"]: info["pid"] for info in manager.getAllProcessInfo() if info["statename"] == "RUNNING"}
