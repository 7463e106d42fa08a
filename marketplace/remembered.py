"""Master data that every page needs and nobody changes by the minute, kept in the process's memory."""

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Generic, TypeVar

Value = TypeVar("Value")

# True while something is loaded that all readers will share: what is special about the one who asked must not matter then.
for_everybody: ContextVar[bool] = ContextVar("for_everybody", default=False)


class Remembered(Generic[Value]):
    """``load()`` at most every ``seconds``; other processes notice a change within that time.

    While one reader loads anew, the others take the old value, for at most ``seconds`` more (``waits``: they wait
    instead). A value that comes out equal stays the same object, so what was derived from it stays too. Who changes the
    data calls ``forget()``, so the own process sees it at once. Nothing is not kept: a portal that starts before its
    master data is loaded finds them as soon as they are there.
    """

    def __init__(self, load: Callable[[], Value], seconds: float = 60.0, *, waits: bool = False):
        self._load = load
        self._seconds = seconds
        self._waits = waits
        self._lock = threading.Lock()
        self._kept: tuple[float, Value] | None = None
        self._forgotten = 0

    def get(self) -> Value:
        kept = self._kept
        if kept is not None and (left := kept[0] - time.monotonic()) > 0:
            return kept[1]
        if kept is None or self._waits or left <= -self._seconds:
            with self._lock:
                return self._loaded()
        if not self._lock.acquire(blocking=False):
            return kept[1]
        try:
            return self._loaded()
        finally:
            self._lock.release()

    def _loaded(self) -> Value:
        kept = self._kept
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        forgotten = self._forgotten
        inside = for_everybody.set(True)
        try:
            value = self._load()
        finally:
            for_everybody.reset(inside)
        if kept is not None and kept[1] == value:
            value = kept[1]
        if value and forgotten == self._forgotten:  # else it may be what somebody changed meanwhile
            self._kept = (time.monotonic() + self._seconds, value)
        return value

    def forget(self) -> None:
        self._forgotten += 1
        self._kept = None
