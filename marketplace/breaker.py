"""Sparing a server that does not answer, and those who would wait for it."""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed until a failure; then others do without for ``seconds``, and one of them tries again."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._skip_until: float | None = None

    @property
    def open(self) -> bool:
        return self._skip_until is not None

    def admits(self) -> bool:
        """Whether this call may try. While the breaker is open one in ``seconds`` may: the probe."""
        with self._lock:
            if self._skip_until is None:
                return True
            if self._clock() < self._skip_until:
                return False
            self._skip_until = self._clock() + self.seconds  # the others wait for what the probe meets
            return True

    def trip(self) -> None:
        with self._lock:
            self._skip_until = self._clock() + self.seconds

    def reset(self) -> None:
        with self._lock:
            self._skip_until = None
