"""Time by one clock: the database's. Workers with a wrong clock decide nothing."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The moment by PostgreSQL's clock, aware (UTC)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now
