"""A kept connection is asked nothing while its line is open, and replaced when it is not."""

import time

import psycopg2
import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

pytestmark = pytest.mark.django_db(transaction=True)


def ended_by_the_server() -> None:
    """As a restart, or the server's own limit for idle sessions, ends a session."""
    pid = connection.connection.info.backend_pid
    database = settings.DATABASES["default"]
    other = psycopg2.connect(
        host=database["HOST"], port=database["PORT"], user=database["USER"], password=database["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
    )  # fmt: skip
    with other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert cursor.fetchone() == (True,)
    other.close()


def asked() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 2")


def test_an_open_line_is_asked_nothing(monkeypatch):
    asked()

    def never(*arguments: object) -> None:
        raise AssertionError("a question over a line that is open")

    monkeypatch.setattr("django.db.backends.postgresql.base.DatabaseWrapper.is_usable", never)
    assert connection.is_usable()


def test_a_line_that_the_server_closed_is_noticed_before_the_first_statement():
    asked()
    ended_by_the_server()
    connection.health_check_enabled, connection.health_check_done = True, False
    try:
        asked()
    finally:
        connection.health_check_enabled = False


def test_control_without_the_check_the_statement_fails():
    asked()
    ended_by_the_server()
    time.sleep(0.05)
    connection.health_check_enabled = False
    with pytest.raises((InterfaceError, OperationalError)):
        asked()
    connection.close()
