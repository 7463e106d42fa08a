"""`manage.py relay`: hands waiting outbox rows to the workers until it is told to stop."""

import signal
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from marketplace import outbox
from marketplace.tasks import do_outbox_rows

log = structlog.get_logger(__name__)

IDLE_SECONDS = 0.3
AWAY_SECONDS = 2.0


def publish(queue: str, row_ids: Sequence[int]) -> None:
    do_outbox_rows.apply_async(tuple(row_ids), queue=queue, retry=False)


class Command(BaseCommand):
    help = "Hand waiting outbox rows to Celery."
    stopped = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then stop")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while not self.stopped:
            pause = self.round()
            if once:
                return
            time.sleep(pause)

    def stop(self, *_args: Any) -> None:
        self.stopped = True

    def round(self) -> float:
        """One round; returns how long to wait before the next."""
        try:
            handed = sum(outbox.hand_on(partial(publish, lane.queue), lane=lane) for lane in outbox.LANES)
        except (BrokerError, RedisError, OSError) as error:
            log.warning("broker_unavailable", error=type(error).__name__)
            return AWAY_SECONDS
        except (OperationalError, InterfaceError) as error:
            log.warning("database_unavailable", error=type(error).__name__)
            connection.close()
            return AWAY_SECONDS
        return 0.0 if handed else IDLE_SECONDS
