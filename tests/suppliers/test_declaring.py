"""The yearly declaration: told before, paused after, back at once; open orders and the ban are untouched."""

from datetime import date

import pytest
from django.test import Client

from complaints import clocks
from marketplace import outbox
from marketplace.errors import Forbidden, IllegalStep, Invalid
from marketplace.models import Event, Notice, Role
from suppliers import declaring, strategy
from suppliers.models import Partner
from suppliers.onboarding import answers
from tests import factories as make
from tests.complaints.factories import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    make.make_rules()
    for code in make.REGIONS:
        make.make_region(code)
    shop = make.make_supplier("jarqyn-med", login="marat", declared_on=date(2025, 12, 10))
    make.make_offer(make.make_product(), shop)
    return shop


def declared() -> list[str]:
    return [item["code"] for item in answers.declarations()]


def renew(shop: Partner, **more) -> Partner:
    given = {"declared": declared(), "address": "Oskemen, Satpaev 1", "phone": "8 701 000 00 01"}
    return declaring.declare(**({"actor": shop.users.get(), "now": at("2026-12-11 10:00")} | given | more))


def test_a_supplier_is_told_before_and_paused_after_its_day_once(shop):
    assert declaring.run(at("2026-11-09 12:00")) == {}
    assert declaring.run(at("2026-11-10 12:00")) == {"declarations reminded": 1}
    assert declaring.run(at("2026-11-11 12:00")) == {}
    assert declaring.run(at("2026-12-03 12:00")) == {"declarations reminded": 1}
    assert declaring.run(at("2026-12-10 23:59")) == {}
    assert strategy.purchasable().filter(partner=shop).exists()
    assert clocks.run(at("2026-12-11 00:05")).done["sales paused"] == 1
    assert declaring.run(at("2026-12-11 00:06")) == {}
    shop.refresh_from_db()
    assert shop.status == "paused" and not strategy.purchasable().filter(partner=shop).exists()
    outbox.drain()
    kinds = list(Notice.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["supplier.declaration_due", "supplier.declaration_due", "supplier.paused"]
    event = Event.objects.get(kind="supplier.paused")
    assert (event.actor, event.before, event.after) == (None, "approved", "paused")


def test_renewing_brings_the_offers_back_and_counts_from_that_day(shop):
    declaring.run(at("2026-12-11 00:05"))
    found = renew(shop)
    assert (found.status, found.declared_on, found.phone) == ("approved", date(2026, 12, 11), "+77010000001")
    assert declaring.due_on(found) == date(2027, 12, 11)
    assert strategy.purchasable().filter(partner=shop).exists()
    assert declaring.run(at("2026-12-12 00:05")) == {}


def test_a_declaration_that_leaves_something_out_changes_nothing(shop):
    with pytest.raises(Invalid) as refused:
        renew(shop, declared=declared()[1:], address=" ", phone="1")
    assert {error.field for error in refused.value.errors} == {f"declare.{declared()[0]}", "address", "phone"}
    shop.refresh_from_db()
    assert shop.declared_on == date(2025, 12, 10) and not Event.objects.exists()


def test_a_banned_supplier_declares_and_stays_banned_a_removed_one_does_not(shop):
    Partner.objects.filter(pk=shop.pk).update(status="suspended", suspended_until=date(2027, 3, 1))
    assert renew(shop).status == "suspended"
    Partner.objects.filter(pk=shop.pk).update(status="terminated", suspended_until=None)
    with pytest.raises(IllegalStep):
        renew(shop)
    with pytest.raises(Forbidden):
        renew(shop, actor=make.make_user("gulnar", Role.CASEWORKER))


def test_the_page_says_until_when_and_renews(shop):
    client = Client()
    client.force_login(shop.users.get(), "django.contrib.auth.backends.ModelBackend")
    declaring.run(at("2026-12-11 00:05"))
    assert "supplier/declaration/" in client.get("/en/supplier/offers/").content.decode()
    page = client.get("/en/supplier/declaration/").content.decode()
    assert "out of the catalogue" in page
    boxes = {f"declare.{code}": "on" for code in declared()}
    assert client.post("/en/supplier/declaration/", {"address": "", "phone": "", **boxes}).status_code == 422
    given = {"address": "Oskemen", "phone": "8 701 000 00 01", **boxes}
    assert client.post("/en/supplier/declaration/", given).status_code == 302
    assert Partner.objects.get().status == "approved"
