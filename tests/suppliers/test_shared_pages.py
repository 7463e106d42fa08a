"""Pages for everybody are made once, and anew as soon as something that they are made of has changed."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import OperationalError, connection
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from catalog import fit
from catalog.models import ProductDocument
from marketplace import page_changes, shared_pages, tidying
from marketplace.models import PageChange, Role, Rule, StoredFile
from suppliers.models import LotRecall, Partner, PriceFlag
from suppliers.views import cards
from tests.factories import make_person, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_market")]
LIST = "/ru/catalog/search/?" + urlencode({"q": "кресло"})


@pytest.fixture(autouse=True)
def kept(settings, monkeypatch):
    settings.SHARED_PAGES = True
    monkeypatch.setattr(shared_pages, "FRESH_S", 0.0)
    shared_pages.forget()
    cards.forget()
    yield
    shared_pages.forget()
    cards.forget()


def _rename(title: str) -> None:
    row = ProductDocument.objects.order_by("pk").get(pk=_wheelchair())
    row.titles, row.version = {**row.titles, "ru": title}, row.version + 1
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
        cursor.execute("ALTER TABLE catalogue_productdocument DISABLE TRIGGER changes_pages_update")
        _rename("Кресло, которого не было")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE catalogue_productdocument ENABLE TRIGGER changes_pages_update")
    assert "Кресло, которого не было" not in client.get(LIST).content.decode()


def _page_of(pk: int) -> str:
    row = ProductDocument.objects.get(pk=pk)
    return f"/ru/catalog/{row.slug}_{pk}/"


def test_a_products_page_is_made_anew_for_its_own_changes_alone(client):
    changed, other = ProductDocument.objects.order_by("pk").values_list("pk", flat=True)[:2]

    def statements(pk: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(_page_of(pk)).status_code == 200
        return len([query for query in queries if "pagechange" not in query["sql"]])

    for pk in (changed, other):
        assert statements(pk) > 0
    row = ProductDocument.objects.get(pk=changed)
    row.titles, row.version = {**row.titles, "ru": "Кресло, которого не было"}, row.version + 1
    row.save()
    assert statements(changed) > 0
    assert "Кресло, которого не было" in client.get(_page_of(changed)).content.decode()
    assert statements(other) == 1, "its address is looked up by the test, and nothing else"


@pytest.mark.parametrize("change", ["photo", "supplier", "all documents", "rule"])
def test_what_else_a_products_page_shows_makes_it_anew(change):
    pk = _wheelchair()
    begun = page_changes.moment()
    if change == "photo":
        StoredFile.objects.create(subject=f"product:{pk}", purpose="listing", size=1, file="x.jpg")
    elif change == "supplier":
        Partner.objects.update(name=Concat("name", Value(" 2")))
    elif change == "all documents":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("TRUNCATE catalogue_productdocument CASCADE")
    else:
        Rule.objects.update(mark="K")
    assert page_changes.changed(begun, pk)
    assert page_changes.changed(begun, pk + 1) is (change != "photo")
    assert page_changes.changed(begun), "lists may show all of them"


def test_what_changes_nothing_makes_no_page_anew():
    """Sweeps look for what is due every half a minute, and mostly nothing is."""
    noted = PageChange.objects.count()
    PriceFlag.objects.filter(pk=None).update(state=PriceFlag.State.OPEN)
    LotRecall.objects.filter(pk=None).delete()
    assert Partner.objects.update(name=F("name")) > 1
    assert PageChange.objects.count() == noted
    assert Partner.objects.update(name=Concat("name", Value(" 2"))) > 1
    assert PageChange.objects.count() == noted + 1, "once for a statement, however much it changed"


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


def test_cards_are_drawn_once_for_the_lists_that_show_them(client):
    def asked(address: str) -> str:
        with CaptureQueriesContext(connection) as queries:
            assert "app-card__title" in client.get(address).content.decode()
        return " ".join(query["sql"] for query in queries)

    few = "/ru/catalog/wheelchair-manual-standard/"
    assert "jsonb_agg" in asked(few)
    assert "jsonb_agg" not in asked(f"{few}?sort=price")
    assert "jsonb_agg" in asked(f"{few}?region=KZ-79"), "another price may be the lowest there"
    assert "jsonb_agg" in asked(f"{few}?sort=price".replace("/ru/", "/kk/"))
    _rename("Кресло, которого не было")
    assert "Кресло, которого не было" in client.get(f"{LIST}&sort=best").content.decode()


def test_a_persons_cards_are_drawn_for_her_alone(client):
    client.get(LIST)
    other = Client()
    other.force_login(make_person(), backend="django.contrib.auth.backends.ModelBackend")
    with translation.override("ru"):
        verdict = str(fit.LABELS["unknown"])
    assert verdict in other.get(LIST).content.decode()
    assert verdict not in client.get(f"{LIST}&sort=best").content.decode()


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

    monkeypatch.setattr(page_changes._remembered, "_load", away)
    page_changes.forget()
    assert client.get(LIST).status_code == 200
    monkeypatch.setattr(shared_pages, "OLDEST_WITHOUT_DATABASE_S", 0.0)
    monkeypatch.setattr("suppliers.views.storefront.search.find", lambda query, **more: away())
    assert client.get(LIST).status_code == 503


def test_what_is_kept_has_a_bound(client, monkeypatch):
    monkeypatch.setattr(shared_pages, "MOST_BYTES", 60_000)
    store = shared_pages._Store()
    monkeypatch.setattr(shared_pages, "_store", store)
    for number in range(8):
        client.get(f"{LIST}&page={number + 1}")
    assert 0 < store._pages.currsize <= 60_000
    assert store._pages.currsize == sum(len(page.body) for page in store._pages.values())


def test_changes_are_forgotten_after_a_day():

    _rename("Кресло")
    assert PageChange.objects.exists()
    expired = dict(tidying._expired(timezone.now() + timedelta(days=2)))["page_changes"]
    assert tidying._remove(expired) > 0
    assert not PageChange.objects.exists()
