"""A supplier changes its own offers: price, stock, confirmation, on sale or not. Others' are out of reach."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from catalog.models import ProductDocument
from marketplace import outbox
from marketplace.errors import Forbidden, IllegalStep, Invalid, NotFound
from marketplace.models import Event, Notice, OutboxRow, User
from suppliers import effects, offers, ranking
from suppliers.effects import refresh_documents
from suppliers.models import Partner, StockRecord
from suppliers.watch import cells
from tests import factories as make

pytestmark = pytest.mark.django_db
FIRST_DAY = "2026-11-22T10:00:00+05:00"


@pytest.fixture
def shop(index_folder):
    """Jarqyn Med (account yerlan) sells a walker, three of ten are promised; Qadam Orto (natalya) sells it too."""
    make.make_rules()
    walker = make.make_product(make.make_type())
    jarqyn, qadam = make.make_supplier("jarqyn-med", login="yerlan"), make.make_supplier("qadam-orto", login="natalya")
    offer = make.make_offer(walker, jarqyn, price="142000.00", stock=10, num_allocated=3)
    make.make_offer(walker, qadam, price="149500.00")
    return offer


def user(username: str) -> User:
    return User.objects.get(username=username)


def stored(offer: StockRecord) -> tuple:
    row = StockRecord.objects.get(pk=offer.pk)
    return row.price, row.num_in_stock, row.num_allocated, row.status, row.stock_confirmed_at


def assert_nothing_happened(offer: StockRecord, before: tuple) -> None:
    assert stored(offer) == before
    assert Event.objects.count() == 0
    assert OutboxRow.objects.count() == 0


def test_price_and_free_stock_are_set_and_told(shop):
    offers.change(offer_id=shop.pk, actor=user("yerlan"), price=Decimal("139000.50"), stock=20)
    assert stored(shop)[:3] == (Decimal("139000.50"), 23, 3), "three promised packs lie in stock besides the twenty"
    event = Event.objects.get()
    assert (event.kind, event.subject, event.actor) == ("offer.updated", f"offer:{shop.pk}", user("yerlan"))
    assert event.data == {
        "before": {"price": "142000.00", "stock": 7, "delivery": "0.00"},
        "after": {"price": "139000.50", "stock": 20, "delivery": "0.00"},
    }
    assert list(OutboxRow.objects.values_list("topic", "key")) == [("offer.changed", str(shop.pk))]


def test_the_change_reaches_the_documents_through_the_outbox(shop):
    offers.change(offer_id=shop.pk, actor=user("yerlan"), price=Decimal("120000"))
    outbox.drain()
    row = ProductDocument.objects.get(pk=shop.product_id)
    assert (row.offer_count, row.best_price) == (2, Decimal("120000.00"))
    offers.withdraw(offer_id=shop.pk, actor=user("yerlan"))
    outbox.drain()
    row.refresh_from_db()
    assert (row.offer_count, row.best_price, row.suppliers) == (1, Decimal("149500.00"), ["qadam-orto"])


def test_a_suspended_suppliers_offers_leave_the_documents(shop):
    shop.partner.status = "suspended"
    shop.partner.suspended_until = date(2030, 1, 1)
    shop.partner.save(update_fields=["status", "suspended_until"])
    OutboxRow.objects.create(topic="supplier.changed", key=str(shop.partner_id))
    outbox.drain()
    assert ProductDocument.objects.get(pk=shop.product_id).suppliers == ["qadam-orto"]


def test_the_same_stock_sent_twice_changes_nothing_more(shop):
    for _time in range(2):
        offers.change(offer_id=shop.pk, actor=user("yerlan"), stock=7)
    assert stored(shop)[1:3] == (10, 3)


def test_confirming_renews_the_count(shop):
    with time_machine.travel(FIRST_DAY, tick=False):
        offers.change(offer_id=shop.pk, actor=user("yerlan"), confirm_stock=True)
        assert stored(shop)[4] == timezone.now()
    assert stored(shop)[:3] == (Decimal("142000.00"), 10, 3)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"price": Decimal("0")}, "price", "range"),
        ({"price": Decimal("-1")}, "price", "range"),
        ({"price": Decimal("NaN")}, "price", "range"),
        ({"price": Decimal("10000000000")}, "price", "range"),
        ({"price": Decimal("1.005")}, "price", "places"),
        ({"stock": -1}, "stock", "range"),
        ({"stock": 1_000_001}, "stock", "range"),
        ({}, "price", "required"),
    ],
)
def test_bad_values_are_named_and_nothing_changes(shop, change, field, code):
    before = stored(shop)
    with pytest.raises(Invalid) as refused:
        offers.change(offer_id=shop.pk, actor=user("yerlan"), **change)
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
    assert_nothing_happened(shop, before)


@pytest.mark.parametrize("action", [offers.publish, offers.withdraw, lambda **k: offers.change(stock=1, **k)])
def test_a_foreign_offer_is_a_missing_one(shop, action):
    before = stored(shop)
    for offer_id in (shop.pk, 999_999):
        with pytest.raises(NotFound):
            action(offer_id=offer_id, actor=user("natalya"))
    assert_nothing_happened(shop, before)


def test_who_works_for_no_supplier_is_refused(shop):
    before = stored(shop)
    for actor in (make.make_person("marat"), make.make_user("ghost", "supplier")):
        with pytest.raises(Forbidden):
            offers.change(offer_id=shop.pk, actor=actor, stock=1)
    assert_nothing_happened(shop, before)


def test_withdrawn_and_on_sale_again(shop):
    offers.withdraw(offer_id=shop.pk, actor=user("yerlan"))
    assert stored(shop)[3] == "withdrawn"
    with pytest.raises(IllegalStep) as refused:
        offers.withdraw(offer_id=shop.pk, actor=user("yerlan"))
    assert refused.value.extra["allowed"] == ["publish"]
    offers.publish(offer_id=shop.pk, actor=user("yerlan"))
    assert stored(shop)[3] == "published"
    assert list(Event.objects.order_by("pk").values_list("kind", "before", "after")) == [
        ("offer.withdraw", "published", "withdrawn"),
        ("offer.publish", "withdrawn", "published"),
    ]


def test_stock_that_nobody_confirmed_for_two_weeks_is_hidden_and_comes_back(shop):
    StockRecord.objects.filter(pk=shop.pk).update(stock_confirmed_at=timezone.now() - timedelta(days=14, seconds=1))
    assert offers.hide_stale() == 1
    assert offers.hide_stale() == 0
    assert stored(shop)[3] == "hidden"
    event = Event.objects.get()
    assert (event.kind, event.actor, event.after) == ("offer.hide", None, "hidden")
    offers.change(offer_id=shop.pk, actor=user("yerlan"), confirm_stock=True)
    assert stored(shop)[3] == "published"


def test_stock_confirmed_just_in_time_stays(shop):
    StockRecord.objects.filter(pk=shop.pk).update(stock_confirmed_at=timezone.now() - timedelta(days=13, hours=23))
    assert offers.hide_stale() == 0
    assert stored(shop)[3] == "published"


def test_a_stale_offer_is_not_shown_even_before_the_sweep(shop):
    """The document was written while the count was fresh; days later nobody has swept."""
    refresh_documents()
    client, product = Client(), shop.product
    page = client.get("/en/catalog/child-walker/").content.decode().replace("\u00a0", " ")
    assert "from 142,000 ₸" in page
    with time_machine.travel(timezone.now() + timedelta(days=14, minutes=5)):
        ranking.forget()
        page = client.get("/en/catalog/child-walker/").content.decode().replace("\u00a0", " ")
        assert "No supplier offers this now" in page and "142,000" not in page
        [row] = client.get("/api/v1/products?type=child-walker").json()["results"]
        assert (row["offer_count"], row["best_offer"]) == (0, None)
        assert client.get(f"/api/v1/products/{product.pk}").json()["offers"] == []
        compared = client.get(f"/en/catalog/compare/?p={product.pk}").content.decode().replace("\u00a0", " ")
        assert "142,000" not in compared
    ranking.forget()
    assert StockRecord.objects.get(pk=shop.pk).status == "published"


def test_one_sweep_hides_all_that_is_stale(shop, monkeypatch):
    monkeypatch.setattr(offers, "BATCH", 2)
    for number in range(5):
        make.make_offer(shop.product, make.make_supplier(f"s{number}"))
    StockRecord.objects.update(stock_confirmed_at=timezone.now() - timedelta(days=15))
    StockRecord.objects.filter(pk=shop.pk).update(stock_confirmed_at=timezone.now())
    assert offers.hide_stale() == 6
    assert list(StockRecord.objects.filter(status="published")) == [shop]


def test_lists_are_ordered_by_worth_beside_the_median_of_the_kind(shop):
    """Of the only offers of two products, both alone and so the cheapest of their own, the reasonable one is first."""
    dear = make.make_product(make.make_type(), "Altyn")
    make.make_offer(dear, Partner.objects.get(code="qadam-orto"), price="700000.00")
    StockRecord.objects.filter(product=shop.product, partner__code="qadam-orto").delete()
    cells.count(shop.product.product_class_id)

    def order() -> list[int]:
        refresh_documents()
        answer = Client().get("/api/v1/products", {"type": "child-walker"})
        return [row["id"] for row in answer.json()["results"]]

    assert order() == [shop.product_id, dear.pk]
    StockRecord.objects.filter(product=dear).update(price="100000.00")
    assert order() == [dear.pk, shop.product_id]


def test_a_supplier_is_reminded_once_for_all_its_offers_before_they_leave(shop):
    yerlan = User.objects.get(username="yerlan")
    other = make.make_offer(make.make_product(make.make_type(), "Qulyn"), shop.partner)
    fresh = make.make_offer(make.make_product(make.make_type(), "Tulpar"), shop.partner)
    now = timezone.now()

    def counted(offer, days):
        StockRecord.objects.filter(pk=offer.pk).update(stock_confirmed_at=now - timedelta(days=days))

    counted(shop, 12)
    counted(other, 13)
    counted(fresh, 10)  # leaves in four days: the rule says three
    StockRecord.objects.exclude(partner=shop.partner).update(stock_confirmed_at=now)
    assert effects.remind_of_stock() == 1
    assert effects.remind_of_stock() == 0
    notice = Notice.objects.get(kind="supplier.stock_grows_stale")
    assert notice.recipient == yerlan and "2" in notice.title and "/supplier/offers/" in notice.text
    counted(other, 0)
    assert effects.remind_of_stock() == 1  # about the next one
    counted(shop, 15)  # it has left: nothing to remind of
    assert effects.remind_of_stock() == 0
    counted(shop, 12)
    Partner.objects.filter(pk=shop.partner_id).update(status="suspended", suspended_until=now.date())
    Notice.objects.all().delete()
    assert effects.remind_of_stock() == 0
