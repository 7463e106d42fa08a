"""The web server behind a proxy on this machine: granian, with a socket of its own for each of its processes.

    python -m config.web_server --uds SOCKET --workers N …    (granian's own options)

Granian's processes share one unix socket, and the kernel wakes the same one again and again: with a few people at a time one process works and
the others sleep. With ``SOCKET.1`` … ``SOCKET.N`` the proxy chooses, by who has least to do.
"""

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from granian import cli
from granian.server.common import UnixSocketSpec
from granian.server.mp import MPServer, WorkerProcess

from config.programs import sockets_of_processes

COMING = ".coming"  # a socket whose process does not listen yet
LONGEST_TO_START = 120.0  # seconds for a process to load the application, on a machine that has much to do


def _who_listens(socket_path: Path) -> int:
    """Another number for each process that took the place; 0 while there was none."""
    return socket_path.stat().st_ino if socket_path.exists() else 0


class SocketForEach(MPServer):
    """Granian's server of several processes. Nothing waits at the socket of one that starts or died: the others are asked."""

    def _init_shared_socket(self) -> None:
        assert self.bind_uds is not None
        self.own = sockets_of_processes(self.bind_uds, self.workers)
        self._sso = None  # the parent listens nowhere

    def _spawn_worker(self, idx: int, *arguments: Any, **options: Any) -> WorkerProcess:
        self._ssp = UnixSocketSpec(f"{self.own[idx]}{COMING}", self.backlog, self.uds_permissions)  # type: ignore[assignment]
        return super()._spawn_worker(idx, *arguments, **options)

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        """A process that is renewed goes when its successor listens: granian's fixed time is short on a busy machine.

        Without ``delay`` they died, and nothing is to be waited for.
        """
        if not delay:
            super()._respawn_workers(workers, spawn_target, target_loader)
            return
        for idx in workers:
            old, before = self.wrks.pop(idx), _who_listens(self.own[idx])
            self.respawned_wrks[idx] = time.monotonic()
            new = self._spawn_worker(idx, spawn_target, target_loader)
            new.start()
            self.wrks.insert(idx, new)
            deadline = time.monotonic() + LONGEST_TO_START
            while _who_listens(self.own[idx]) == before and new.is_alive() and time.monotonic() < deadline:
                time.sleep(0.1)
            old.terminate()
            old.join(self.workers_kill_timeout)
            if old.is_alive():
                old.kill()
                old.join()
        self._metrics.incr_spawn(len(workers))

    @staticmethod
    @WorkerProcess.wrap_target
    def _spawn_wsgi_worker(worker_id: int, callback: Any, sock: tuple[Any, Any], *rest: Any) -> None:
        """Called in the process when the application is loaded: now it can listen, in the place of who was there before."""
        path, backlog = sock[0].__getstate__()
        Path(path).unlink(missing_ok=True)  # of one that died
        listening = sock[0].build()
        with socket.socket(fileno=os.dup(listening.get_fd())) as queue:
            queue.listen(backlog)
        Path(path).rename(path.removesuffix(COMING))  # there is no moment at which nobody listens
        MPServer._spawn_wsgi_worker.__wrapped__(worker_id, callback, (None, listening), *rest)


if __name__ == "__main__":
    cli.Server = SocketForEach
    sys.exit(cli.entrypoint())
