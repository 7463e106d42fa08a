"""Pages for everybody are made once, and anew as soon as something that they are made of has changed."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import ProductDocument
from marketplace import page_changes, shared_pages, tidying
from marketplace.models import PageChange, Role
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_market")]
LIST = "/ru/catalog/search/?" + urlencode({"q": "кресло"})


@pytest.fixture(autouse=True)
def kept(settings, monkeypatch):
    settings.SHARED_PAGES = True
    monkeypatch.setattr(shared_pages, "FRESH_S", 0.0)
    shared_pages.forget()
    yield
    shared_pages.forget()


def _rename(title: str) -> None:
    row = ProductDocument.objects.order_by("pk").get(pk=_wheelchair())
    row.titles = {**row.titles, "ru": title}
    row.save()


def _wheelchair() -> int:
    return ProductDocument.objects.filter(titles__ru__icontains="кресло").order_by("pk").values_list("pk", flat=True)[0]


def test_the_second_visitor_costs_one_look_at_the_version(client):
    first = client.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        second = Client().get(LIST)
    assert first.status_code == second.status_code == 200
    assert second.content == first.content
    assert len(queries) == 1, [query["sql"] for query in queries]
    assert first["X-Request-ID"] != second["X-Request-ID"]
    assert second["Content-Security-Policy"] == first["Content-Security-Policy"]
    assert second.cookies["language"].value == "ru"


def test_a_fresh_page_is_not_even_asked_about(client, monkeypatch):
    client.get(LIST)
    monkeypatch.setattr(shared_pages, "FRESH_S", 60.0)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(LIST).status_code == 200
    assert not queries.captured_queries


def test_a_changed_document_is_on_the_next_page(client):
    client.get(LIST)
    _rename("Кресло, которого не было")
    assert "Кресло, которого не было" in client.get(LIST).content.decode()


def test_without_the_trigger_the_page_would_stay_old(client):
    """The control: it is the trigger that tells."""
    client.get(LIST)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE catalogue_productdocument DISABLE TRIGGER changes_pages")
        _rename("Кресло, которого не было")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE catalogue_productdocument ENABLE TRIGGER changes_pages")
    assert "Кресло, которого не было" not in client.get(LIST).content.decode()


def test_one_request_makes_a_page_anew_and_the_others_do_not_wait(client, monkeypatch):
    client.get(LIST)
    _rename("Кресло, которого не было")
    inside = []

    def another_visitor(*args):
        if not inside:
            inside.append(Client().get(LIST))
        return {}

    monkeypatch.setattr("suppliers.views.storefront._nearby", another_visitor)
    assert "Кресло, которого не было" in client.get(LIST).content.decode()
    assert len(inside) == 1
    assert "Кресло, которого не было" not in inside[0].content.decode()


@pytest.mark.parametrize("change", ["sign in", "vision", "token", "another language"])
def test_only_what_everybody_sees_is_shared(client, change):
    shared = client.get(LIST)
    other, headers = Client(), {}
    if change == "sign in":
        other.force_login(make_user("aigul", Role.BENEFICIARY), backend="django.contrib.auth.backends.ModelBackend")
    elif change == "vision":
        other.cookies["vision"] = "150.bw.1.1"
    elif change == "token":
        headers = {"Authorization": "Bearer nothing"}
    address = LIST.replace("/ru/", "/kk/") if change == "another language" else LIST
    with CaptureQueriesContext(connection) as queries:
        answer = other.get(address, headers=headers)
    assert "catalogue_productdocument" in " ".join(query["sql"] for query in queries)
    assert answer.content != shared.content or change == "token"
    assert client.get(LIST).content == shared.content


def test_a_visitor_who_has_the_page_is_told_so_in_no_bytes(client):
    first = client.get(LIST)
    again = client.get(LIST, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(LIST, headers={"If-None-Match": 'W/"another"'}).status_code == 200
    assert first["Cache-Control"] == "no-cache"


def test_compressed_and_plain_answers_are_kept_apart(client):
    packed = client.get(LIST, headers={"Accept-Encoding": "gzip"})
    plain = client.get(LIST)
    assert packed["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain
    assert packed["ETag"] == plain["ETag"]


def test_refusals_and_pages_of_forms_are_not_kept(client):
    client.get("/ru/catalog/type/nothing/")
    client.get("/ru/account/login/")
    assert not shared_pages._store._pages


def test_pages_go_on_answering_while_the_database_is_away(client, monkeypatch):
    client.get(LIST)

    def away():
        raise OperationalError("the database is away")

    monkeypatch.setattr(page_changes, "version", away)
    assert client.get(LIST).status_code == 200
    monkeypatch.setattr(shared_pages, "OLDEST_WITHOUT_DATABASE_S", 0.0)
    monkeypatch.setattr("suppliers.views.storefront.search.find", lambda query, **more: away())
    assert client.get(LIST).status_code == 503


def test_what_is_kept_has_a_bound(client, monkeypatch):
    monkeypatch.setattr(shared_pages, "MOST_BYTES", 60_000)
    for number in range(8):
        client.get(f"{LIST}&page={number + 1}")
    store = shared_pages._store
    assert store._bytes <= 60_000
    assert store._bytes == sum(len(page.body) for page in store._pages.values())


def test_changes_are_forgotten_after_a_day():

    _rename("Кресло")
    assert PageChange.objects.exists()
    expired = dict(tidying._expired(timezone.now() + timedelta(days=2)))["page_changes"]
    assert tidying._remove(expired) > 0
    assert not PageChange.objects.exists()
