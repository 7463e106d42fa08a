"""What watches the portal: minutes of trouble, slow statements, times that browsers tell, rules for alarms."""

import json
import re
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from config.settings import env_share
from marketplace import health, metrics, periodic, slow_queries
from marketplace.models import LastRun, OutboxRow, TroubleMinute
from marketplace.tasks import watch_health
from marketplace.views import status

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


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_a_lock_is_counted_while_she_waits() -> None:
    LastRun.objects.create(name="x", at=timezone.now(), count=0, seconds=0)
    holder, other = connection.copy(), connection.copy()
    other.inc_thread_sharing()

    def wait() -> None:
        with other.cursor() as cursor:
            cursor.execute("UPDATE marketplace_lastrun SET count = 1 WHERE name = 'x'")

    before = health.sessions_now()
    waiter = threading.Thread(target=wait)
    try:
        # By a connection of its own: within one transaction the database shows the same moment again and again.
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("SELECT 1 FROM marketplace_lastrun WHERE name = 'x' FOR UPDATE")
        waiter.start()
        for _try in range(50):
            during = health.sessions_now()
            if during.waiting > before.waiting:
                break
            time.sleep(0.01)
        holder.rollback()
        waiter.join(5)
    finally:
        holder.close()
        other.close()
    assert during.waiting == before.waiting + 1
    assert during.connections > 0 and during.longest > 0
    assert health.sessions_now().waiting == before.waiting
    assert during.most >= during.connections


def test_the_shape_of_a_statement_is_short_and_says_nothing_of_people() -> None:
    long = "SELECT a FROM b WHERE c IN (%s, %s, %s, %s) AND d = 'it''s Айгүл' " + "x" * 1000
    assert slow_queries.shape(long).startswith("SELECT a FROM b WHERE c IN (%s, …) AND d = '…' x")
    assert len(slow_queries.shape(long)) == slow_queries.LONGEST


# --- What browsers tell -----------------------------------------------------------------------


HOME = '"r": "marketplace:home", "g": "ru"'


@pytest.fixture(autouse=True)
def nobody_has_told(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(status, "TOLD_OF_ALL", metrics.Flow(most=1000))


def tell(body: str, address: str = "203.0.113.7") -> int:
    client = Client(enforce_csrf_checks=True, REMOTE_ADDR=address)
    return client.post("/pace", body, content_type="text/plain;charset=UTF-8").status_code


def told() -> dict[tuple[str, ...], float]:
    """All numbers that browsers have told, by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in (metrics.PAGE_SECONDS, metrics.PAGE_SECONDS_BY_LINE)
        for metric in family.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


def seen(route: str, moment: str) -> float:
    return metrics.PAGE_SECONDS.labels(route, moment)._sum.get()


def test_a_browser_tells_how_long_a_page_took() -> None:
    before = seen("marketplace:home", "drawn"), seen("marketplace:home", "loaded")
    line = metrics.PAGE_SECONDS_BY_LINE.labels("2g", "ru", "loaded")._sum.get()
    assert tell(f'{{{HOME}, "c": "2g", "b": 120, "d": 900, "l": 1500}}') == 204
    assert seen("marketplace:home", "drawn") - before[0] == pytest.approx(0.9)
    assert seen("marketplace:home", "loaded") - before[1] == pytest.approx(1.5)
    assert metrics.PAGE_SECONDS_BY_LINE.labels("2g", "ru", "loaded")._sum.get() - line == pytest.approx(1.5)
    text = Client().get("/metrics").content.decode()
    assert 'page_seconds_count{moment="first_byte",route="marketplace:home"}' in text


@pytest.mark.parametrize("line", ["5g", "2g\\n", "x" * 200, ["2g"], None, {"a": 1}])
def test_a_line_that_no_browser_names_is_unknown_and_no_new_label(line: object) -> None:
    tell(f'{{{HOME}, "b": 1}}')
    names = set(told())
    before = metrics.PAGE_SECONDS_BY_LINE.labels("unknown", "ru", "first_byte")._sum.get()
    assert tell(f'{{{HOME}, "b": 1000, "c": {json.dumps(line)}}}') == 204
    assert set(told()) == names
    assert metrics.PAGE_SECONDS_BY_LINE.labels("unknown", "ru", "first_byte")._sum.get() - before == pytest.approx(1)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "x",
        "[]",
        "7",
        "[" * 400,
        "\x00",
        '{"b": 1}',
        '{"r": "no:such", "g": "ru", "b": 1}',
        '{"r": "/ru/orders/4000000001/", "g": "ru", "b": 1}',
        '{"r": ["marketplace:home"], "g": "ru", "b": 1}',
        '{"r": "admin:index", "g": "ru", "b": 1}',
        '{"r": "marketplace:home", "g": "xx", "b": 1}',
        '{"r": "marketplace:home", "g": ["ru"], "b": 1}',
        '{"r": "marketplace:home", "b": 1}',
        f'{{{HOME}, "b": "1"}}',
        f'{{{HOME}, "b": -1}}',
        f'{{{HOME}, "b": 1e9}}',
        f'{{{HOME}, "b": NaN}}',
        f'{{{HOME}, "b": true}}',
        f'{{{HOME}, "b": 99999999}}',
        f'{{{HOME}, "b": 1, "d": -5}}',
        f'{{{HOME}, "b": 1, "who": "scale-000001"}}',
        f'{{{HOME}, "b": 1, "x": "{"x" * 600}"}}',
    ],
)
def test_what_makes_no_sense_is_refused_and_counts_nothing(body: str) -> None:
    before = told()
    assert tell(body) == 400
    assert told() == before


@pytest.mark.parametrize("length", ["-1", "x", "1e2", "٣", "99999999999"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    before = told()
    assert Client().post("/pace", b"", content_type="text/plain", CONTENT_LENGTH=length).status_code in (400, 413)
    assert told() == before


def test_whoever_tells_too_much_is_not_counted_and_others_are() -> None:
    body = f'{{{HOME}, "b": 1}}'
    most = status.TOLD_OF_ADDRESS.most
    assert {tell(body) for _ in range(most)} == {204}
    before = told()
    assert tell(body) == 429
    assert told() == before
    assert tell(body, "203.0.113.8") == 204


def test_all_together_are_counted_so_often_a_second_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 17.5)
    monkeypatch.setattr(status, "TOLD_OF_ALL", metrics.Flow(most=3))
    body = f'{{{HOME}, "b": 1}}'
    assert [tell(body, f"203.0.113.{number}") for number in range(5)] == [204, 204, 204, 429, 429]
    monkeypatch.setattr(time, "monotonic", lambda: 18.1)
    assert tell(body) == 204


def test_routes_are_known_by_name_and_machines_have_none() -> None:
    names = metrics.page_names()
    assert {"marketplace:home", "orders:detail", "complaints:scanned_complaint", "account_login", "scanned"} <= names
    assert not [name for name in names if name.startswith(("admin:", "api"))]


def test_a_page_brings_its_route_and_how_many_tell(settings: Settings) -> None:
    def script() -> list[str]:
        return re.findall(r"<script[^>]*app/pace[^>]*>", Client().get("/ru/life/bad-goods/").content.decode())

    assert len(script()) == 1 and 'data-route="marketplace:life" data-share="0.1"' in script()[0]
    settings.PACE_SHARE = 0.0
    assert script() == []


@pytest.mark.parametrize("value", ["2", "-0.1", "nan", "some", ""])
def test_a_share_that_is_none_stops_the_start_with_its_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PACE_SHARE", value)
    with pytest.raises(ImproperlyConfigured, match="PACE_SHARE"):
        env_share("PACE_SHARE", "0.1")
    monkeypatch.setenv("PACE_SHARE", "0.25")
    assert env_share("PACE_SHARE", "0.1") == 0.25


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


@pytest.mark.parametrize("document", ["operations.md", "scale.md"])
def test_every_number_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    names = set(re.findall(r"`((?:db|http|outbox|page|periodic|search)_[a-z_]+)`", text))
    assert len(names) >= 4
    assert names <= exported()


def test_control_a_misspelt_number_is_found() -> None:
    assert not names_in('outbox_oldset_seconds{job="x"} > 3') <= exported()


def test_jobs_of_the_alarms_are_jobs_of_the_clock(settings: Settings) -> None:
    names = {entry["task"].rsplit(".", 1)[1] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    watched = {name for rule in rules() for name in re.findall(r'last_run\w+\{job="(\w+)"', rule["expr"])}
    assert watched and watched <= names
