"""Master data that every page needs and nobody changes by the minute, kept in the process's memory."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """``load()`` at most every ``seconds``; other processes notice a change within that time.

    Who changes the data calls ``forget()``, so the own process sees it at once. Nothing is not kept: a
    portal that starts before its master data is loaded finds them as soon as they are there.
    """

    def __init__(self, load: Callable[[], Value], seconds: float = 60.0):
        self._load = load
        self._seconds = seconds
        self._lock = threading.Lock()
        self._kept: tuple[float, Value] | None = None

    def get(self) -> Value:
        kept = self._kept
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        with self._lock:
            kept = self._kept
            if kept is None or time.monotonic() >= kept[0]:
                kept = (time.monotonic() + self._seconds, self._load())
                self._kept = kept if kept[1] else None
        return kept[1]

    def forget(self) -> None:
        self._kept = None
