"""Logs and error reports carry ids, never people's data; start-up checks name what is wrong."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sentry_sdk
import structlog
from django.core import checks as django_checks
from django.core.handlers.wsgi import WSGIHandler
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from pytest_django import Settings
from sentry_sdk.transport import Transport

from marketplace import checks, logs, policy
from marketplace.models import Notice, User
from marketplace.views import errors

CANARIES = ["Айгүл-canary", "+77019998877", "841317301336", "secret-token-canary"]


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """``lines()``: what the console handler wrote, parsed."""
    handler = next(
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
    )
    before, stream = handler.stream, io.StringIO()
    handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(before)


def test_unknown_keys_are_dropped(lines: Callable[[], list[dict[str, Any]]]) -> None:
    log = structlog.get_logger("marketplace.test")
    log.warning("order_refused", name="relay", status=409, phone=CANARIES[1], person=CANARIES[0], _iin=CANARIES[2])

    line = lines()[0]
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "order_refused",
        "level": "warning",
        "logger": "marketplace.test",
        "name": "relay",
        "status": 409,
    }


def test_lines_of_other_libraries_have_the_same_shape(lines: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("somebody.else").error("It broke: %s", "GET /ru/catalog/?q=walker", extra={"phone": CANARIES[1]})
    line = lines()[0]
    assert (line["event"], line["level"]) == ("It broke: GET /ru/catalog/", "error")
    assert line.keys() == {"event", "level", "logger", "timestamp"}


@pytest.mark.django_db
def test_values_quoted_by_the_database_are_dropped(lines: Callable[[], list[dict[str, Any]]]) -> None:
    facts = {
        "kind": "x",
        "subject": "x",
        "channel": "sms",
        "language": "ru",
        "text": CANARIES[0],
        "address": CANARIES[1],
    }
    try:
        with transaction.atomic():
            Notice.objects.create(dedupe="1", status="nonsense", **facts)
    except IntegrityError:
        structlog.get_logger("marketplace.test").exception("notice_broken")

    line = lines()[0]
    assert "notice_status_known" in line["exception"]
    assert "DETAIL: …" in line["exception"]
    assert not any(canary in json.dumps(line, ensure_ascii=False) for canary in CANARIES)


@pytest.mark.django_db
def test_a_request_leaves_its_id_and_no_query(lines: Callable[[], list[dict[str, Any]]], marat: User) -> None:
    client = Client(headers={"User-Agent": CANARIES[0].encode().decode("latin-1"), "X-Forwarded-For": "203.0.113.7"})
    client.force_login(marat, "django.contrib.auth.backends.ModelBackend")
    response = client.get("/ru/map/", {"q": CANARIES[3]})

    finished = [line for line in lines() if line["event"] == "request_finished"][-1]
    assert finished["request_id"] == response["X-Request-ID"]
    assert (finished["request"], finished["code"], finished["user_id"]) == ("GET /ru/map/", 200, marat.pk)
    text = json.dumps(lines(), ensure_ascii=False)
    assert not any(canary in text for canary in CANARIES)
    assert "203.0.113.7" not in text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("GET /s/3fGh-secret/", "GET /s/…/"),
        ("GET /s/3fGh-secret", "GET /s/…"),
        ("GET /ru/track/?number=1&code=2", "GET /ru/track/"),
        ("GET /ru/orders/4000000001/", "GET /ru/orders/4000000001/"),
        ("http://127.0.0.1:8000/s/abc?x=1", "http://127.0.0.1:8000/s/…"),
    ],
)
def test_addresses_lose_their_secrets(text: str, kept: str) -> None:
    assert logs.without_query(text) == kept


# --- Sentry -----------------------------------------------------------------------------------


class Kept(Transport):
    """Keeps envelopes instead of sending them."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.events += [item.get_event() for item in envelope.items if item.get_event()]


@pytest.fixture
def reports(settings: Settings) -> Iterator[Kept]:
    settings.SENTRY_DSN = "https://key@sentry.example.kz/1"
    transport = Kept()
    logs.start_sentry(transport)
    yield transport
    sentry_sdk.init()  # off again


@policy.anyone
def break_down(request: HttpRequest, token: str) -> HttpResponse:
    """A page that fails with people's data in its hands."""
    name, phone = CANARIES[0], CANARIES[1]
    logging.getLogger("marketplace.test").error("cannot serve %s", name, extra={"phone": phone})
    structlog.get_logger("marketplace.test").error("cannot_serve", person=name)
    with transaction.atomic():
        Notice.objects.create(
            dedupe="1", status="nonsense", kind="x", subject="x", channel="sms", language="ru", text=name, address=phone
        )
    return HttpResponse()


class Traced(Kept):
    """The same for what took how long."""

    def capture_envelope(self, envelope: Any) -> None:
        self.events += [item.payload.json for item in envelope.items if item.type == "transaction"]


@policy.anyone
def calm(request: HttpRequest, token: str) -> HttpResponse:
    list(User.objects.filter(username=CANARIES[0]))
    return HttpResponse()


urlpatterns = [path("calm/<str:token>/", calm, name="calm"), path("break/<str:token>/", break_down, name="break")]
handler500 = errors.server_error


@pytest.mark.django_db
@pytest.mark.urls("tests.marketplace.test_logs")
def test_error_reports_carry_ids_and_traces_only(reports: Kept, marat: User) -> None:
    client = Client(raise_request_exception=False, headers={"Cookie-Canary": CANARIES[3]})
    client.force_login(marat, "django.contrib.auth.backends.ModelBackend")
    response = client.post(f"/break/17/?q={CANARIES[2]}", {"name": CANARIES[0], "phone": CANARIES[1]})
    sentry_sdk.flush()

    assert response.status_code == 500
    assert len(reports.events) == 3
    text = json.dumps(reports.events, ensure_ascii=False, default=str)
    assert not [canary for canary in CANARIES if canary in text]
    logged, structured, raised = reports.events
    assert logged["logentry"] == {"message": "cannot serve %s"}
    assert structured["logentry"] == {"message": "cannot_serve"}
    assert raised["exception"]["values"][-1]["type"] == "IntegrityError"
    assert "notice_status_known" in raised["exception"]["values"][-1]["value"]
    assert raised.get("user", {}).keys() <= {"id"}
    assert not raised.keys() & {"breadcrumbs", "extra"}
    frames = raised["exception"]["values"][-1]["stacktrace"]["frames"]
    assert all("vars" not in frame for frame in frames)


def test_of_a_request_only_method_and_path_are_reported() -> None:
    request = {
        "method": "POST",
        "url": "http://127.0.0.1/s/secret-token-canary/?q=841317301336",
        "query_string": f"q={CANARIES[2]}",
        "headers": {"Cookie": CANARIES[3]},
        "cookies": {"session": CANARIES[3]},
        "data": {"name": CANARIES[0]},
        "env": {"REMOTE_ADDR": "203.0.113.7"},
    }
    user = {"id": "17", "username": CANARIES[0], "ip_address": "203.0.113.7", "email": "a@b.kz"}
    event = logs.scrub({"request": request, "user": user, "extra": {"a": CANARIES[0]}, "breadcrumbs": []}, {})
    assert event == {"request": {"method": "POST", "url": "http://127.0.0.1/s/…/"}, "user": {"id": "17"}}


@pytest.mark.django_db
@pytest.mark.urls("tests.marketplace.test_logs")
def test_without_a_dsn_nothing_is_reported(settings: Settings) -> None:
    settings.SENTRY_DSN = ""
    transport = Kept()
    logs.start_sentry(transport)
    assert Client(raise_request_exception=False).get("/break/1/").status_code == 500
    sentry_sdk.flush()
    assert transport.events == []


def test_of_what_took_how_long_only_names_and_shapes_are_told(settings: Settings) -> None:
    name, phone = CANARIES[0], CANARIES[1]
    spans = [
        {
            "span_id": "1",
            "op": "db",
            "description": f"SELECT a FROM b WHERE name = '{name}' AND c IN (%s, %s)",
            "data": {"p": phone},
        },
        {"span_id": "2", "op": "http.client", "description": f"POST https://sms.example.kz/{phone}"},
        {"span_id": "3", "op": "cache.get", "description": f"limit:{name}", "tags": {"who": name}},
    ]
    event = {
        "type": "transaction",
        "transaction": "/{language}/orders/{number}/",
        "transaction_info": {"source": "route"},
        "contexts": {
            "trace": {"trace_id": "7", "op": "http.server", "data": {"url": f"/s/{phone}"}},
            "device": {"n": name},
        },
        "request": {"url": f"http://127.0.0.1/s/{phone}/", "headers": {"Cookie": CANARIES[3]}},
        "user": {"id": "17", "username": name},
        "tags": {"who": name},
        "spans": spans,
    }
    sent = logs.scrub_trace(event, {})
    assert not [canary for canary in CANARIES if canary in json.dumps(sent, ensure_ascii=False)]
    assert sent["transaction"] == "/{language}/orders/{number}/"
    assert sent["contexts"] == {"trace": {"trace_id": "7", "op": "http.server"}}
    assert sent["spans"][0]["description"] == "SELECT a FROM b WHERE name = '…' AND c IN (%s, …)"
    assert [span.get("description") for span in sent["spans"][1:]] == [None, None]
    nameless = event | {"transaction": f"/ru/{phone}", "transaction_info": {"source": "url"}}
    assert logs.scrub_trace(nameless, {})["transaction"] == "unmatched"


@pytest.mark.django_db
@pytest.mark.urls("tests.marketplace.test_logs")
@pytest.mark.parametrize(("share", "kinds"), [(0.0, set()), (1.0, {"transaction"})])
def test_traces_are_sent_for_the_share_of_the_setting(settings: Settings, share: float, kinds: set[str]) -> None:
    settings.SENTRY_DSN, settings.SENTRY_TRACES = "https://key@sentry.example.kz/1", share
    transport = Traced()
    logs.start_sentry(transport)
    try:
        address = {"PATH_INFO": f"/calm/{CANARIES[3]}/", "QUERY_STRING": f"q={CANARIES[2]}"}
        response = WSGIHandler()(RequestFactory()._base_environ(**address), lambda *_head: None)  # as a server asks
        response.close()
        sentry_sdk.flush()
    finally:
        sentry_sdk.init()  # off again
    assert {event["type"] for event in transport.events} == kinds
    text = json.dumps(transport.events, ensure_ascii=False, default=str)
    assert not [canary for canary in CANARIES if canary in text]
    assert [event["transaction"] for event in transport.events] == ["/calm/{token}/"] * len(kinds)


# --- Checks -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_database_of_these_tests_is_sound() -> None:
    assert checks.database_is_sound(databases=["default"]) == []
    assert checks.driver_is_psycopg2() == []


def test_without_a_named_database_none_is_asked() -> None:
    assert checks.database_is_sound() == []


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ((True, True, True, 180000), []),
        ((False, True, True, 180000), ["marketplace.E002"]),
        ((True, False, True, 180000), ["marketplace.E003"]),
        ((True, True, False, 180000), ["marketplace.E003"]),
        ((True, True, True, 149999), ["marketplace.E004"]),
        ((False, False, False, 90000), ["marketplace.E002", "marketplace.E003", "marketplace.E004"]),
    ],
)
def test_what_is_wrong_with_a_database_is_named(facts: tuple[bool, bool, bool, int], found: list[str]) -> None:
    assert [message.id for message in checks._faults(*facts)] == found


@pytest.mark.django_db
def test_a_session_without_durable_commits_is_refused() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    assert [message.id for message in checks.database_is_sound(databases=["default"])] == ["marketplace.E003"]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_cannot_fold_kazakh_letters_is_refused() -> None:
    """A real one: with the locale C, lower('Қ') stays 'Қ'."""
    name = f"{connection.settings_dict['NAME']}_c_locale"
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '30s'")
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0 LOCALE_PROVIDER libc LC_COLLATE "C" LC_CTYPE "C"')
    other = connection.copy("c_locale")
    other.settings_dict["NAME"] = name
    connections["c_locale"] = other
    try:
        assert [message.id for message in checks.database_is_sound(databases=["c_locale"])] == ["marketplace.E002"]
    finally:
        other.close()
        del connections["c_locale"]
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}"')
            cursor.execute("RESET statement_timeout")


def test_a_database_that_does_not_answer_is_an_error_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def cursor(*_args: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connections["default"], "cursor", cursor)
    found = checks.database_is_sound(databases=["default"])
    assert [message.id for message in found] == ["marketplace.E005"]
    assert "connection refused" in found[0].msg


def test_another_driver_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "is_psycopg3", True)
    assert [message.id for message in checks.driver_is_psycopg2()] == ["marketplace.E001"]


def test_an_installation_without_gateways_is_warned(settings: Settings) -> None:
    assert checks.people_can_be_reached() == [], "the demonstration spools"
    settings.DEMO = False
    assert [message.msg.split()[0] for message in checks.people_can_be_reached()] == ["SMS_GATEWAY_URL", "EMAIL_URL"]
    settings.SMS_GATEWAY_URL, settings.EMAIL_HOST = "https://sms.example.kz/", "mail.example.kz"
    assert checks.people_can_be_reached() == []


def test_the_checks_are_registered() -> None:
    registered = django_checks.registry.registry.get_checks(include_deployment_checks=True)
    assert {checks.database_is_sound, checks.driver_is_psycopg2, checks.people_can_be_reached} <= set(registered)
