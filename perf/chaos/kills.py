"""SIGKILL for one process of a running portal, found by its place in the process tree and never by its name alone."""

import contextlib
import random
import signal
from pathlib import Path

import psutil

from config.supervision import program_pids
from perf.portal import RunningPortal


def web_workers(state: Path) -> list[psutil.Process]:
    """The processes that answer requests of the portal in ``state``: children of the web server that are what it is."""
    with contextlib.suppress(psutil.Error, KeyError):
        server = psutil.Process(program_pids(state)["web"])
        return [child for child in server.children() if _command(child) == _command(server)]
    return []


def _command(process: psutil.Process | None) -> list[str]:
    try:
        return process.cmdline() if process else []
    except psutil.Error:
        return []


def kill_web_worker(portal: RunningPortal, chance: random.Random) -> bool:
    """True when there was one to kill."""
    workers = web_workers(portal.state)
    if not workers:
        return False
    chance.choice(workers).send_signal(signal.SIGKILL)
    return True


def kill_database(portal: RunningPortal) -> bool:
    """The postmaster, as a power cut would: its children end with it, the log is replayed at the next start.

    False when it is down already.
    """
    for process in psutil.Process(portal.process.pid).children(recursive=True):
        command = _command(process)
        if command and command[0].endswith("/postgres") and "-D" in command:
            process.send_signal(signal.SIGKILL)
            return True
    return False
