"""An empty database gets the result of all migrations at once, and it is the same as by every step."""

import pytest

from config import embedded, schema
from config.drill import opened


@pytest.fixture(scope="module")
def services():
    with embedded.start_for_tests() as running:
        yield running.urls


def test_the_file_is_what_every_step_makes(services):
    assert schema.FILE.read_text(encoding="utf-8") == schema.of_every_step(services), "a new migration? `make schema`"


def test_an_empty_database_gets_what_stands_in_the_file(services):
    assert schema.of_new_database(services) == schema.FILE.read_text(encoding="utf-8")


def test_a_database_that_is_not_empty_gets_its_missing_steps_and_nothing_else(services):
    with schema.new_database(services) as url:
        schema.migrate(services, url, "auth")
        with opened(url) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 'арба' AS word")
            schema.migrate(services, url, "sessions")
            cursor.execute(
                "SELECT word, to_regclass('django_session') IS NOT NULL, to_regclass('order_order') FROM kept"
            )
            assert cursor.fetchall() == [("арба", True, None)]
