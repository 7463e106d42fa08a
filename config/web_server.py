"""The web server behind a proxy on this machine: granian, with a socket of its own for each of its processes.

    python -m config.web_server --uds SOCKET --workers N …    (granian's own options)

Granian's processes share one unix socket, and the kernel wakes the same one again and again: with a few people at a time one process works and
the others sleep. With ``SOCKET.1`` … ``SOCKET.N`` the proxy chooses, by who has least to do.
"""

import sys
from pathlib import Path
from typing import Any

from granian import cli
from granian.server.common import UnixSocketSpec
from granian.server.mp import MPServer, WorkerProcess

from config.programs import sockets_of_processes


class SocketForEach(MPServer):
    """Granian's server of several processes. Nothing waits at the socket of one that starts or died: the others are asked."""

    def _init_shared_socket(self) -> None:
        assert self.bind_uds is not None
        self.own = sockets_of_processes(self.bind_uds, self.workers)
        self._sso = None  # the parent listens nowhere

    def _spawn_worker(self, idx: int, *arguments: Any, **options: Any) -> WorkerProcess:
        self._ssp = UnixSocketSpec(str(self.own[idx]), self.backlog, self.uds_permissions)  # type: ignore[assignment]
        return super()._spawn_worker(idx, *arguments, **options)

    @staticmethod
    @WorkerProcess.wrap_target
    def _spawn_wsgi_worker(worker_id: int, callback: Any, sock: tuple[Any, Any], *rest: Any) -> None:
        """Called in the process when the application is loaded: now it can listen."""
        path, *_ = sock[0].__getstate__()
        Path(path).unlink(missing_ok=True)  # of one that died
        MPServer._spawn_wsgi_worker.__wrapped__(worker_id, callback, (None, sock[0].build()), *rest)


if __name__ == "__main__":
    cli.Server = SocketForEach
    sys.exit(cli.entrypoint())
