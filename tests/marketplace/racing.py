"""Several people at once: the same function in threads that start together."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections


def together(work: Callable[[int], Any], count: int) -> list[Any]:
    """Results of ``work(0)`` … ``work(count - 1)``, all begun at the same moment; exceptions are raised here."""
    barrier = threading.Barrier(count)

    def one(number: int) -> Any:
        try:
            barrier.wait(timeout=10)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
