"""Periodic jobs leave one log line and one row each: what, how many, how long (see docs/operations.md)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from marketplace.models import LastRun
from marketplace.time import database_now

log = structlog.get_logger(__name__)

CLOCK = "run_clock"
LATE_AFTER = 300  # seconds: G4 promises every deadline within five minutes


@dataclass
class Run:
    """Set ``count`` to how many things the job did."""

    count: int = 0


@contextmanager
def job(name: str) -> Iterator[Run]:
    """Note a finished run of the job ``name``; a run that fails leaves no note and its age tells.

    ``with periodic.job("run_clock") as run: run.count = sweep()``
    """
    started, run = time.monotonic(), Run()
    yield run
    seconds = round(time.monotonic() - started, 3)
    defaults = {"at": database_now(), "count": run.count, "seconds": seconds}
    LastRun.objects.update_or_create(name=name, defaults=defaults)
    log.info("periodic_job", name=name, count=run.count, seconds=seconds)


def last_run(name: str) -> datetime | None:
    """When the job last finished."""
    return LastRun.objects.filter(name=name).values_list("at", flat=True).first()
