"""Granian with the twin loaded before its processes are made, so that one of its deaths costs a moment and not a start.

python -m perf.chaos.preloaded --interface wsgi perf.chaos.twin:application …    (granian's own options)
"""

import sys
from typing import Any

from granian import cli
from granian.server.mp import MPServer

from perf.chaos import twin


class Undaunted(MPServer):
    """Granian ends when a process dies soon after the last one: here they are told to."""

    def _respawn_workers(self, *arguments: Any, **options: Any) -> None:
        super()._respawn_workers(*arguments, **options)
        self.respawned_wrks.clear()


if __name__ == "__main__":
    assert twin.application  # loaded
    cli.Server = Undaunted
    sys.exit(cli.entrypoint())
