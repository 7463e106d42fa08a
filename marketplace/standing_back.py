"""Work in the background stands back in the database, too.

A worker runs with a niceness (config/programs.py), but most of what a price list of 100,000 rows costs is spent by
PostgreSQL on its behalf. PostgreSQL knows no such thing, so the worker asks the system for it: each of its connections
has a process of its own there, when the database is on this machine.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def stand_back(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receiver of ``connection_created``: the server's process for it becomes as nice as this one."""
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    host = str(connection.settings_dict["HOST"] or "/")
    if nice <= 0 or not (host in THIS_MACHINE or host.startswith("/")):
        return
    pid = connection.connection.info.backend_pid
    # In another container the number is somebody else's, and an account may change only its own programs.
    with suppress(OSError):
        if Path(f"/proc/{pid}/comm").read_text() == "postgres\n" and os.getpriority(os.PRIO_PROCESS, pid) < nice:
            os.setpriority(os.PRIO_PROCESS, pid, nice)
