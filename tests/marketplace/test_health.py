"""What watches the portal: minutes of trouble, slow statements, times that browsers tell, rules for alarms."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from marketplace import health, metrics, periodic, slow_queries
from marketplace.models import LastRun, OutboxRow, TroubleMinute
from marketplace.tasks import watch_health

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db

# --- Minutes of trouble -----------------------------------------------------------------------


@pytest.fixture
def all_is_well() -> None:
    with periodic.job(health.CLOCK):
        pass


def minutes(part: str) -> int:
    return TroubleMinute.objects.filter(part=part).count()


def test_a_minute_of_trouble_counts_once(all_is_well: None) -> None:
    watch_health()
    before = minutes("messages")
    OutboxRow.objects.create(topic="notice.send", key="1", available_at=timezone.now() - timedelta(minutes=20))
    watch_health()
    watch_health()
    assert (before, minutes("messages"), minutes("deadlines")) == (0, 1, 0)
    assert LastRun.objects.filter(name=health.WATCH).exists()


def test_a_watch_that_stood_still_is_trouble_of_the_portal(all_is_well: None) -> None:
    watch_health()
    LastRun.objects.filter(name=health.WATCH).update(at=timezone.now() - timedelta(minutes=11))
    watch_health()
    assert 9 <= minutes(health.PORTAL) <= 11
    watch_health()
    assert 9 <= minutes(health.PORTAL) <= 11


def test_a_watch_in_time_leaves_no_trouble(all_is_well: None) -> None:
    watch_health()
    LastRun.objects.filter(name=health.WATCH).update(at=timezone.now() - timedelta(seconds=61))
    watch_health()
    assert minutes(health.PORTAL) <= 1  # the minute between, when the two lie at its edges


def test_the_status_page_tells_the_months_minutes(all_is_well: None) -> None:
    html = Client().get("/en/status/").content.decode()
    assert "No minute of trouble." in html
    now = timezone.now()
    for ago in range(3):
        TroubleMinute.objects.create(part="messages", minute=now - timedelta(seconds=ago))
    TroubleMinute.objects.create(part=health.PORTAL, minute=now)
    TroubleMinute.objects.create(part="messages", minute=now - timedelta(days=40))
    html = Client().get("/en/status/").content.decode()
    assert "Messages to people: 3 minutes of trouble" in html
    assert "The whole portal: 1 minute of trouble" in html


# --- Slow and stopped statements --------------------------------------------------------------


def test_a_slow_statement_is_logged_without_values(settings: Settings) -> None:
    settings.SLOW_QUERY_MS = 50
    counted = metrics.SLOW_QUERIES._value.get()
    with structlog.testing.capture_logs() as lines, connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.06), %s::text, 'Айгүл'", ["+77010000001"])
        cursor.execute("SELECT %s::text", ["quick"])
    [line] = [line for line in lines if line["event"] == "slow_query"]
    assert line["statement"] == "SELECT pg_sleep(0.06), %s::text, '…'"
    assert line["seconds"] >= 0.06
    assert metrics.SLOW_QUERIES._value.get() == counted + 1


def test_a_statement_that_runs_out_of_time_is_named() -> None:
    with (
        structlog.testing.capture_logs() as lines,
        pytest.raises(OperationalError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET LOCAL statement_timeout = 50")
        cursor.execute("SELECT pg_sleep(5)")
    [line] = [line for line in lines if line["event"] == "stopped_query"]
    assert (line["code"], line["statement"]) == ("time", "SELECT pg_sleep(5)")


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_waits_for_a_lock_is_named() -> None:
    LastRun.objects.create(name="x", at=timezone.now(), count=0, seconds=0)
    other = connection.copy()
    try:
        with transaction.atomic():
            LastRun.objects.select_for_update().get(name="x")
            with structlog.testing.capture_logs() as lines, pytest.raises(OperationalError), other.cursor() as cursor:
                slow_queries.watch(other)
                cursor.execute("SET lock_timeout = 50")
                cursor.execute("UPDATE marketplace_lastrun SET count = 1 WHERE name = %s", ["x"])
    finally:
        other.close()
    [line] = [line for line in lines if line["event"] == "stopped_query"]
    assert (line["code"], line["statement"]) == ("lock", "UPDATE marketplace_lastrun SET count = 1 WHERE name = %s")


def test_the_shape_of_a_statement_is_short_and_says_nothing_of_people() -> None:
    long = "SELECT a FROM b WHERE c IN (%s, %s, %s, %s) AND d = 'it''s Айгүл' " + "x" * 1000
    assert slow_queries.shape(long).startswith("SELECT a FROM b WHERE c IN (%s, …) AND d = '…' x")
    assert len(slow_queries.shape(long)) == slow_queries.LONGEST


# --- What browsers tell -----------------------------------------------------------------------


def tell(body: str) -> int:
    return Client(enforce_csrf_checks=True).post("/pace", body, content_type="text/plain;charset=UTF-8").status_code


def seen(route: str, moment: str) -> float:
    return metrics.PAGE_SECONDS.labels(route, moment)._sum.get()


def test_a_browser_tells_how_long_a_page_took() -> None:
    before = seen("marketplace:home", "drawn"), seen("marketplace:home", "loaded")
    assert tell('{"p": "/ru/", "b": 120, "d": 900, "l": 1500}') == 204
    assert seen("marketplace:home", "drawn") - before[0] == pytest.approx(0.9)
    assert seen("marketplace:home", "loaded") - before[1] == pytest.approx(1.5)
    text = Client().get("/metrics").content.decode()
    assert 'page_seconds_count{moment="first_byte",route="marketplace:home"}' in text


@pytest.mark.parametrize(
    "body",
    [
        "",
        "x",
        "[]",
        '{"b": 1}',
        '{"p": "/ru/no-such-page-17/", "b": 1}',
        '{"p": 7, "b": 1}',
        '{"p": "/ru/", "b": "1"}',
        '{"p": "/ru/", "b": -1}',
        '{"p": "/ru/", "b": 1e9}',
        '{"p": "/ru/", "b": true}',
        '{"p": "/ru/", "b": 99999999}',
        '{"p": "/ru/", "b": 1, "x": "' + "x" * 1100 + '"}',
    ],
)
def test_what_makes_no_sense_is_refused_and_counts_nothing(body: str) -> None:
    before = seen("marketplace:home", "first_byte")
    assert tell(body) == 400
    assert seen("marketplace:home", "first_byte") == before


def test_the_path_of_a_page_is_not_kept() -> None:
    assert tell('{"p": "/ru/life/bad-goods/", "b": 5}') == 204
    text = Client().get("/metrics").content.decode()
    assert "bad-goods" not in text and 'route="marketplace:life"' in text


# --- Rules for alarms -------------------------------------------------------------------------

WORDS_OF_PROMQL = {"histogram_quantile", "up"}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def names_in(expression: str) -> set[str]:
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\"[^\"]*\"", "", expression)
    return set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", bare)) - WORDS_OF_PROMQL


def exported() -> set[str]:
    text = Client().get("/metrics").content.decode()
    declared = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
    samples = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    return (
        samples | {f"{name}_bucket" for name, kind in declared if kind == "histogram"} | {name for name, _k in declared}
    )


def test_every_number_of_the_alarms_exists() -> None:
    there = exported()
    assert len(rules()) >= 10
    for rule in rules():
        names = names_in(rule["expr"])
        assert names <= there or rule["alert"] == "PortalDown", (rule["alert"], names - there)
        assert rule["annotations"]["summary"] and rule["labels"]["severity"] in ("page", "ticket")


def test_control_a_misspelt_number_is_found() -> None:
    assert not names_in('outbox_oldset_seconds{job="x"} > 3') <= exported()


def test_jobs_of_the_alarms_are_jobs_of_the_clock(settings: Settings) -> None:
    names = {entry["task"].rsplit(".", 1)[1] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    watched = {name for rule in rules() for name in re.findall(r'last_run\w+\{job="(\w+)"', rule["expr"])}
    assert watched and watched <= names
