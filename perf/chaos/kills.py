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
    """The postmaster, as a power cut would: its children end with it, the log is replayed at the next start."""
    try:
        pid = int((portal.state / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        psutil.Process(pid).send_signal(signal.SIGKILL)
    except (OSError, psutil.Error, ValueError, IndexError):
        return False  # it is down already
    return True
