"""The country that tests live in: read from its files once, then put into each test's transaction by COPY.

Reading the files takes a third of a second, and more than a thousand tests begin with it.
"""

import io
from collections.abc import Callable

from django.db import connection
from django.db.models import Model

from complaints.models import ComplaintTemplate, MonthlyReport
from marketplace import regions
from marketplace.models import Authority, CalendarDay, Office, Region, Rule

# In the order in which they refer to each other.
TABLES: tuple[type[Model], ...] = (Region, Office, Authority, CalendarDay, Rule, ComplaintTemplate, MonthlyReport)
_kept: dict[tuple[Callable[[], object], ...], list[tuple[str, bytes]]] = {}


def settle(*loaders: Callable[[], object]) -> None:
    """What the loaders leave in empty tables; the first call lets them load, the next ones copy what came of it."""
    kept = _kept.get(loaders)
    if kept is None or Rule.objects.exists():
        empty = not any(model._default_manager.exists() for model in TABLES)
        for load in loaders:
            load()
        if empty:
            _kept[loaders] = [_taken(model._meta.db_table) for model in TABLES]
    else:
        with connection.cursor() as cursor:
            for table, rows in kept:
                cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT binary)", io.BytesIO(rows))
    regions.forget()


def _taken(table: str) -> tuple[str, bytes]:
    rows = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} TO STDOUT (FORMAT binary)", rows)
    return table, rows.getvalue()
