"""SIGKILL for one process of a running portal, found by its place in the process tree and never by its name alone."""

import random
import signal

import psutil

from perf.portal import RunningPortal


def web_workers(portal: RunningPortal) -> list[psutil.Process]:
    """The processes that answer requests: children of the web server."""
    servers = [
        process
        for process in psutil.Process(portal.process.pid).children(recursive=True)
        if "granian" in _command(process) and "granian" not in _command(process.parent())
    ]
    return [child for server in servers for child in server.children() if "granian" in _command(child)]


def _command(process: psutil.Process | None) -> list[str]:
    try:
        return process.cmdline() if process else []
    except psutil.Error:
        return []


def kill_web_worker(portal: RunningPortal, chance: random.Random) -> bool:
    """True when there was one to kill."""
    workers = web_workers(portal)
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
