"""Calls at the same moment on connections of their own, as separate requests would make them."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, models


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    """Start all calls at once; returns each one's result, or the exception it raised."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=10)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


class Meeting:
    """Lets each thread through only when all have arrived, the first time it comes by: a race for certain."""

    def __init__(self, parties: int):
        self._barrier = threading.Barrier(parties)
        self._been: set[int] = set()

    def wait(self) -> None:
        me = threading.get_ident()
        if me not in self._been:
            self._been.add(me)
            self._barrier.wait(timeout=10)


@contextmanager
def without_constraint(model: type[models.Model], name: str, clean: Callable[[], Any]) -> Iterator[None]:
    """The database without one of its constraints; ``clean`` removes what violates it afterwards."""
    constraint = next(row for row in model._meta.constraints if row.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        clean()
        with connection.schema_editor() as editor:
            editor.add_constraint(model, constraint)
