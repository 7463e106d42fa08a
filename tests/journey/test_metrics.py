"""Numbers of a web server with several processes, asked as Prometheus asks: each time another process may answer."""

import re

import pytest
import requests

from config.programs import WEB_WORKERS
from tests.journey.portal import JourneyPortal

pytestmark = [pytest.mark.xdist_group("portal")]

REQUESTS, SCRAPES = 30, 10


def counted(portal: JourneyPortal) -> float:
    text = requests.get(f"{portal.url}/metrics", timeout=20).text
    found = re.search(r'^http_requests_total\{.*route="live".*\} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_every_process_answers_for_all(portal: JourneyPortal):
    assert WEB_WORKERS > 1
    before = counted(portal)
    for _request in range(REQUESTS):
        requests.get(f"{portal.url}/healthz/live", timeout=20)
    assert {counted(portal) - before for _scrape in range(SCRAPES)} == {REQUESTS}
