"""The demo country, made once for the tests that look at all of it; nothing of it stays.

It is one open transaction until a worker leaves this folder, so no test here may need one of its own (``transactional_db``).
"""

from collections.abc import Iterator

import pytest
import pytest_django
from django.db import connection

from tests.rights.world import World, build, undone


@pytest.fixture(scope="package")
def country(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), undone():
        with connection.cursor() as cursor:  # one transaction for minutes, on a machine that may be busy
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        build()
        yield World()
