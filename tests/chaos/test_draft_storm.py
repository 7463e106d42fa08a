"""Saves under SIGKILL of web workers and of the database: what was acknowledged is there, once.

The whole storm (10,000 saves, 20 and 3 kills) is ``python -m perf.chaos.drafts``.
"""

from collections.abc import Iterator

import psycopg2
import pytest

from config.embedded.state import service_urls
from perf.chaos.drafts import Storm, run
from perf.chaos.kills import web_workers
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]


def test_nothing_acknowledged_is_lost_or_doubled(portal: JourneyPortal):
    report = run(portal, Storm(acks=1000, web_kills=3, database_kills=1))
    assert report.faults == [], report.text()
    assert report.history.count("ok") >= 1000
    assert (report.web_kills, report.database_kills) == (3, 1)


@pytest.fixture
def receipts_before_the_disk(portal: JourneyPortal) -> Iterator[None]:
    """The database answers before its log is on the disk."""
    _commit(portal, "SET synchronous_commit TO off")
    yield
    _commit(portal, "RESET synchronous_commit")


def _commit(portal: JourneyPortal, setting: str) -> None:
    with psycopg2.connect(service_urls(portal.state).database_url) as connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE CURRENT_USER {setting}")
    for worker in web_workers(portal):
        worker.kill()  # open connections keep the old setting


def test_control_receipts_before_the_disk_lose_saves(portal: JourneyPortal, receipts_before_the_disk: None):
    report = run(portal, Storm(acks=400, web_kills=0, database_kills=3, seed=2))
    assert any("lost" in fault for fault in report.faults), report.text()
