"""The pages that belong to no desk: home, account, status, life situations, map, the demo's messages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from marketplace import access, desk, health, life, periodic
from marketplace.models import Event, LastRun, Notice, OutboxRow, User

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
BUDGET = 12


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response.content
    return response.content.decode()


# --- Language ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "cookie", "leads_to"),
    [
        ("", "", "/kk/"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "", "/ru/"),
        ("kk-KZ,ru;q=0.8", "", "/kk/"),
        ("en-GB", "", "/en/"),
        ("de,fr;q=0.5", "", "/kk/"),
        ("ru", "en", "/en/"),
        ("ru", "xx", "/ru/"),
    ],
)
def test_the_root_leads_to_the_persons_language(header: str, cookie: str, leads_to: str) -> None:
    client = Client()
    if cookie:
        client.cookies["language"] = cookie
    response = client.get("/", headers={"Accept-Language": header} if header else {})
    assert (response.status_code, response["Location"]) == (302, leads_to)
    assert {"Accept-Language", "Cookie"} <= {part.strip() for part in response["Vary"].split(",")}


def test_the_next_visit_starts_in_the_language_of_the_last_page() -> None:
    client = Client()
    client.get("/ru/", headers={"Accept-Language": "kk"})
    assert client.cookies["language"].value == "ru"
    assert client.cookies["language"]["httponly"] is True
    assert client.get("/", headers={"Accept-Language": "kk"})["Location"] == "/ru/"
    assert "Set-Cookie" not in client.get("/ru/map/").headers
    client.get("/en/no-such-page/")
    assert client.cookies["language"].value == "ru", "an error is no choice"


@pytest.mark.parametrize(
    ("header", "cookie", "language"),
    [
        ("ru", "", "ru"),
        ("ru-KZ;q=0.9", "en", "ru"),
        ("", "ru", "ru"),
        ("", "", "kk"),
        ("de", "ru", "ru"),
        ("*", "", "kk"),
    ],
)
def test_the_api_speaks_the_language_of_the_header(header: str, cookie: str, language: str) -> None:
    client = Client()
    if cookie:
        client.cookies["language"] = cookie
    response = client.get("/api/v1/me", headers={"Accept-Language": header} if header else {})
    assert (response.status_code, response["Content-Language"]) == (401, language)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_problems_have_one_shape_in_every_language(language: str, signed_in: SignIn, marat: User) -> None:
    client = signed_in(marat)
    headers = {"Accept-Language": language}
    answers = [
        Client().get("/api/v1/me", headers=headers),
        client.get("/api/v1/drafts/6f1c2f7e-3b58-4b7e-9a57-0d5a3c1e9b11", headers=headers),
        client.get("/api/v1/drafts/no-uuid", headers=headers),
        client.get("/api/v1/drafts?page=x", headers=headers),
        client.post("/api/v1/auth/token", "{broken", content_type="application/json", headers=headers),
        client.post("/api/v1/auth/token", "{}", content_type="application/json", headers=headers),
        client.delete("/api/v1/drafts", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [401, 404, 404, 422, 400, 422, 405]
    for answer in answers[:6]:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["Content-Language"] == language
        assert {"type", "title", "status", "code", "errors"} <= answer.json().keys()
        assert answer.json()["status"] == answer.status_code
        assert answer.json()["title"]
    assert answers[1].content == answers[2].content, "missing is missing"
    assert [error["field"] for error in answers[5].json()["errors"]] == ["username", "password"]
    assert answers[3].json()["errors"][0]["field"] == "page"


# --- Home -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_visitors_find_search_three_ways_in_and_their_situation(
    language: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(0):
        html = page(Client(), f"/{language}/")
    for path in ("catalog/", "complaints/new/", "track/", "map/", "account/login/"):
        assert f'href="/{language}/{path}"' in html
    assert f'action="/{language}/catalog/"' in html
    assert 'name="q"' in html
    for situation in life.situations():
        assert f'href="/{language}/life/{situation.slug}/"' in html


@pytest.fixture
def registered() -> Any:
    """Two apps register parts for beneficiaries."""
    before = list(desk._home)

    @desk.register_home
    def second(actor: User) -> list[desk.Part]:
        return [desk.Part("components/inset.html", {"text": "second"}, order=20)] if actor.role == "guardian" else []

    @desk.register_home
    def first(actor: User) -> list[desk.Part]:
        return [desk.Part("components/inset.html", {"text": "first"}, order=10)] if actor.role == "guardian" else []

    yield
    desk._home[:] = before


def test_parts_of_the_home_page_come_from_the_apps(registered: None, aigul: User, dina: User) -> None:
    own = [part.context.get("text") for part in desk.home_of(aigul) if part.template == "components/inset.html"]
    assert own == ["first", "second"]
    assert not [part for part in desk.home_of(dina) if part.template == "components/inset.html"]


@pytest.mark.parametrize(
    "role",
    ["beneficiary", "guardian", "caseworker", "supplier", "inspector", "reviewer", "hotline", "auditor", "admin"],
)
def test_every_role_has_a_home(role: str, signed_in: SignIn, django_assert_max_num_queries: Any) -> None:
    user = User.objects.create(username="saule", full_name="Сәуле", role=role)
    client = signed_in(user)
    with django_assert_max_num_queries(BUDGET):
        html = page(client, "/en/")
    assert "Hello, Сәуле" in html
    assert 'href="/en/account/"' in html


# --- Account ----------------------------------------------------------------------------------


def test_the_account_says_who_one_is_and_who_looked(
    signed_in: SignIn, aigul: User, alikhan: User, gulnar: User, dina: User, django_assert_max_num_queries: Any
) -> None:
    access.log_read(actor=gulnar, person_id=alikhan.pk, purpose="draft", subject="draft:1")
    access.log_read(actor=gulnar, person_id=aigul.pk, purpose="order", subject="order:1")
    access.log_read(actor=aigul, person_id=alikhan.pk, purpose="order", subject="order:1")
    access.log_read(actor=gulnar, person_id=dina.pk, purpose="order", subject="order:2")
    client = signed_in(aigul)

    with django_assert_max_num_queries(BUDGET):
        html = page(client, "/en/account/")

    assert "Айгүл Нұрланова" in html
    assert html.count("Гүлнар Оспанова (Өскемен)") == 2, "her own and her son's data, not somebody else's"
    assert "To help with an application" in html
    assert "The data of Әлихан Нұрланов" in html


@pytest.mark.parametrize("rows", [1, 50])
def test_the_number_of_reads_does_not_change_the_number_of_queries(
    signed_in: SignIn, marat: User, gulnar: User, rows: int, django_assert_max_num_queries: Any
) -> None:
    for _number in range(rows):
        access.log_read(actor=gulnar, person_id=marat.pk, purpose="order", subject="order:1")
    client = signed_in(marat)
    with django_assert_max_num_queries(8):
        html = page(client, "/en/account/")
    assert html.count("Гүлнар") == min(rows, 20)
    assert ("?page=2" in html) == (rows > 20)


def contact(**fields: str) -> dict[str, str]:
    return {"channel": "sms", "phone": "8 701 555 66 77", "email": "", "language": "kk"} | fields


def test_a_person_changes_how_we_reach_her(signed_in: SignIn, marat: User) -> None:
    response = signed_in(marat).post("/ru/account/", contact(email="marat@example.kz", channel="e-mail"))

    assert (response.status_code, response["Location"]) == (302, "/ru/account/")
    marat.refresh_from_db()
    assert (marat.phone, marat.email, marat.channel, marat.language) == (
        "+77015556677",
        "marat@example.kz",
        "e-mail",
        "kk",
    )
    event = Event.objects.get()
    assert (event.kind, event.subject, event.actor) == ("account.contact", f"user:{marat.pk}", marat)
    assert event.data == {"changed": ["phone", "email", "channel", "language"]}, "names of fields, no values"


def test_saving_what_stands_there_already_is_no_change(signed_in: SignIn, marat: User) -> None:
    signed_in(marat).post("/ru/account/", contact(phone="+7 701 000-00-01", language="ru"))
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"phone": "12"}, "Enter a phone number, for example 8 701 000 00 01."),
        ({"phone": "call me"}, "Enter a phone number, for example 8 701 000 00 01."),
        ({"phone": ""}, "Enter your phone: you want to be reached by it."),
        ({"channel": "e-mail"}, "Enter your e-mail: you want to be reached by it."),
        ({"email": "marat@"}, "Enter an e-mail address, for example aigul@example.kz."),
        ({"channel": "pigeon"}, "pigeon"),
        ({"channel": ""}, "Choose how we reach you."),
        ({"language": ""}, "Choose a language."),
    ],
)
def test_mistakes_are_named_and_what_was_typed_stays(
    signed_in: SignIn, marat: User, fields: dict[str, str], message: str
) -> None:
    response = signed_in(marat).post("/en/account/", contact(**fields))

    html = response.content.decode()
    assert response.status_code == 200
    assert message in html
    assert html.index("govuk-error-summary") < html.index("<h1")
    assert "<title>Error:" in html
    for name in ("phone", "email"):
        if fields.get(name):
            assert f'value="{fields[name]}"' in html
    marat.refresh_from_db()
    assert (marat.phone, marat.channel) == ("+77010000001", "sms")
    assert not Event.objects.exists()


def test_nobody_changes_rights_through_this_form(signed_in: SignIn, marat: User) -> None:
    signed_in(marat).post("/en/account/", contact(role="admin", is_staff="1", is_superuser="1", username="root"))
    marat.refresh_from_db()
    assert (marat.role, marat.is_staff, marat.is_superuser, marat.username) == ("beneficiary", False, False, "marat")


# --- Status and metrics -----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_status_page_says_in_words_what_works(django_assert_max_num_queries: Any) -> None:
    html = page(Client(), "/en/status/")
    assert "The check of deadlines has not run yet." in html
    assert "Some parts are slow or stand still." in html

    with periodic.job("run_clock") as run:
        run.count = 3
    with django_assert_max_num_queries(BUDGET):
        html = page(Client(), "/en/status/")
    assert "Every deadline is checked each minute" in html
    assert "Nothing waits. Messages go out within seconds." in html

    late = timezone.now() - timedelta(minutes=20)
    OutboxRow.objects.create(topic="notice.send", key="1", available_at=late)
    OutboxRow.objects.create(topic="notice.send", key="2", dead_at=late)
    OutboxRow.objects.create(topic="notice.send", key="3", done_at=late)
    OutboxRow.objects.create(topic="notice.send", key="4", available_at=timezone.now() + timedelta(days=1))
    LastRun.objects.update(at=datetime(2026, 11, 22, 6, 0, tzinfo=UTC))
    html = page(Client(), "/en/status/")
    assert "1 message or note waits to be sent" in html
    assert "1 could not be sent" in html
    assert "stands still since" in html


def test_apps_add_their_lines() -> None:
    line = health.Line("Parts", True, "all there")
    health.register_line("parts")(lambda: line)
    try:
        assert health.lines()["parts"] == line
    finally:
        del health._lines["parts"]


def test_a_job_that_fails_leaves_no_note() -> None:
    with pytest.raises(ZeroDivisionError), periodic.job("run_clock"):
        raise ZeroDivisionError
    assert periodic.last_run("run_clock") is None
    with periodic.job("run_clock") as run:
        run.count = 2
    assert periodic.last_run("run_clock") is not None
    assert LastRun.objects.get().count == 2


def test_metrics_name_routes_and_what_waits(signed_in: SignIn, marat: User) -> None:
    client = signed_in(marat)
    client.get("/ru/account/")
    client.get("/ru/life/bad-goods/")
    client.get("/ru/secret-number-17/")
    OutboxRow.objects.create(topic="t", key="1", available_at=timezone.now() - timedelta(seconds=90))
    with periodic.job("run_clock"):
        pass

    text = client.get("/metrics").content.decode()

    assert 'http_requests_total{method="GET",route="marketplace:account",status="200"}' in text
    assert 'route="marketplace:life"' in text
    assert 'route="unmatched"' in text
    assert "secret-number" not in text
    assert "bad-goods" not in text
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(lines["outbox_waiting"]) == 1
    assert 89 < float(lines["outbox_oldest_seconds"]) < 120
    assert float(lines["outbox_dead"]) == 0
    assert float(lines['periodic_last_run_timestamp_seconds{job="run_clock"}']) > 1.7e9


# --- Life situations, map, messages -----------------------------------------------------------


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_life_situations_lead_step_by_step(language: str, django_assert_max_num_queries: Any) -> None:
    with translation.override(language):
        situations = life.situations()
    assert len(situations) == 3
    for situation in situations:
        with django_assert_max_num_queries(0):
            html = page(Client(), f"/{language}/life/{situation.slug}/")
        assert situation.title in html
        for step in situation.steps:
            assert step.title in html
            assert not step.url or f'href="{step.url}"' in html
            assert bool(step.url) == bool(step.action)


def test_life_situations_speak_three_languages() -> None:
    for item in life._data():
        for texts in (
            item["title"],
            item["lead"],
            *(step[name] for step in item["steps"] for name in ("title", "text")),
        ):
            assert all(texts[code].strip() for code in ("kk", "ru", "en"))
            assert len(set(texts.values())) == 3


def test_an_unknown_situation_is_a_404() -> None:
    assert Client().get("/ru/life/no-such/").status_code == 404


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_map_shows_every_office(master_data: None, language: str, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(6):
        html = page(Client(), f"/{language}/map/")
    assert html.count("<h3") == 24
    assert html.count('class="app-tiles__c') == 20
    assert 'href="#region-east-kazakhstan"' in html
    assert 'id="region-east-kazakhstan"' in html
    assert {"kk": "Шығыс Қазақстан облысы", "ru": "Восточно-Казахстанская область", "en": "East Kazakhstan"}[
        language
    ] in html


def test_an_empty_map_is_no_error() -> None:
    assert page(Client(), "/ru/map/")


def test_the_messages_of_the_demonstration(marat: User, settings: Settings, django_assert_max_num_queries: Any) -> None:
    assert "No messages yet" in page(Client(), "/en/demo/outbox/")
    for number in range(25):
        Notice.objects.create(
            recipient=marat,
            kind="order.sent",
            subject="order:1",
            channel="sms",
            language="ru",
            address="+77010000001",
            title=f"Заказ {number}",
            text="Заказ отправлен <b>",
            dedupe=str(number),
            status="delivered",
        )
    with django_assert_max_num_queries(6):
        html = page(Client(), "/en/demo/outbox/")
    assert html.count("<article") == 20
    assert "Заказ 24" in html
    assert "<b>" not in html
    assert '<span lang="ru">Заказ отправлен' in html
    assert "Заказ 0" in page(Client(), "/en/demo/outbox/?page=2")

    settings.DEMO = False
    assert Client().get("/en/demo/outbox/").status_code == 404
    assert Client().get("/en/demo/components/").status_code == 404
