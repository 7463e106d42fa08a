"""Every test here lives in a country with its bodies, holidays, rules and the routing table."""

import pytest
from django.core.cache import cache
from django.test import Client

from complaints import loading as complaint_data
from marketplace import loading as master_data
from tests import country as kept


class Browser(Client):
    """A browser whose ``force_login`` signs in as the sign-in page would."""

    def force_login(self, user, backend="django.contrib.auth.backends.ModelBackend"):
        super().force_login(user, backend)


@pytest.fixture(autouse=True)
def country(db):
    kept.settle(master_data.load_all, complaint_data.load_all)


@pytest.fixture(autouse=True)
def no_tries_yet():
    """Tries are counted in the cache, by an address that all tests share."""
    cache.clear()


@pytest.fixture
def client():
    return Browser()
