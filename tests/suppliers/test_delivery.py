"""What a delivery costs: stated by suppliers, shown wherever prices are compared, kept by the database."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from catalog.models import ProductDocument
from marketplace.models import Event, OutboxRow
from suppliers import delivery, guarantees, loading
from suppliers.effects import refresh_documents
from suppliers.guarantees import Guarantee
from suppliers.models import StockRecord
from suppliers.watch import simulation
from tests.suppliers.test_api import family, get, market, post, programme, signed_in  # noqa: F401
from tests.suppliers.test_pages import open_page, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer(market) -> StockRecord:  # noqa: F811
    """Jarqyn's Bota 50, 142,000 ₸ and 1,500 ₸ for bringing it."""
    found = StockRecord.objects.get(partner__code="jarqyn-med")
    return stated(found, False, "1500.00")


def stated(offer: StockRecord, included: bool, price: str | None) -> StockRecord:
    StockRecord.objects.filter(pk=offer.pk).update(delivery_included=included, delivery_price=price)
    refresh_documents()
    return StockRecord.objects.select_related("partner", "product").get(pk=offer.pk)


def columns(offer: StockRecord) -> tuple[bool, Decimal | None]:
    return StockRecord.objects.values_list("delivery_included", "delivery_price").get(pk=offer.pk)


@pytest.mark.parametrize(("included", "price"), [(True, "1500.00"), (True, "0.00"), (False, "0.00"), (False, "-1.00")])
def test_the_database_refuses_a_price_without_a_separate_delivery(offer, included, price):
    with pytest.raises(IntegrityError, match="offer_delivery_priced_apart"), transaction.atomic():
        stated(offer, included, price)
    assert columns(offer) == (False, Decimal("1500.00"))
    assert stated(offer, False, None).delivery is None, "an offer of before the price was asked for stays as it is"


def test_one_order_is_brought_once():
    zero, cheap, dear = Decimal(0), Decimal(900), Decimal(1500)
    for asked, terms, price in (
        ([zero, zero], "included", zero),
        ([zero, cheap, dear], "apart", dear),
        ([None, zero], "unstated", zero),
        ([None, cheap], "apart", cheap),
    ):
        assert delivery.of_order(asked) == delivery.Delivery(terms, price)


# --- Where suppliers say it ---------------------------------------------------------------------------


def own_client(offer: StockRecord) -> Client:
    return signed_in(offer.partner.users.get())


def test_a_supplier_states_it_by_the_api(offer):
    client, path = own_client(offer), f"/supplier/offers/{offer.pk}"
    for asked, expected in (
        ("2000.50", (False, Decimal("2000.50"))),
        (0, (True, None)),
        ("900", (False, Decimal(900))),
    ):
        body = post(client, path, {"delivery_price": asked})
        assert columns(offer) == expected
        told = body["delivery_price"] and Decimal(body["delivery_price"]["amount"])
        assert (body["delivery_included"], told) == expected
    assert post(client, path, {"stock": 5})["delivery_price"]["amount"] == "900.00", "what is not sent stays"
    change = Event.objects.filter(kind="offer.updated").order_by("pk").first()
    assert (change.data["before"]["delivery"], change.data["after"]["delivery"]) == ("1500.00", "2000.50")


@pytest.mark.parametrize("asked", ["-1", "30000.01", "1.005", "NaN"])
def test_what_no_delivery_costs_is_refused(offer, asked):
    before = columns(offer), Event.objects.count(), OutboxRow.objects.count()
    answer = post(own_client(offer), f"/supplier/offers/{offer.pk}", {"delivery_price": asked, "stock": 3}, 422)
    assert [error["field"].rpartition(".")[2] for error in answer["errors"]] == ["delivery_price"]
    assert (columns(offer), Event.objects.count(), OutboxRow.objects.count()) == before


def test_a_supplier_states_it_beside_price_and_stock(offer):
    client = own_client(offer)
    page = open_page(client, "/en/supplier/offers/")
    assert 'name="delivery_price" type="text" value="1500"' in page
    path = f"/en/supplier/offers/{offer.pk}/"
    boxes = {"action": "save", "price": "142000", "stock": "7"}
    assert client.post(path, boxes | {"delivery_price": "2 000,50"}).status_code == 302
    assert columns(offer) == (False, Decimal("2000.50"))
    wrong = client.post(path, boxes | {"delivery_price": "40000", "stock": "9"})
    assert wrong.status_code == 422 and "from 0 to 30,000" in wrong.content.decode().replace("\u00a0", " ")
    offer.refresh_from_db()
    assert (columns(offer), offer.net_stock_level) == ((False, Decimal("2000.50")), 7)
    client.post(path, boxes | {"delivery_price": "0"})
    assert columns(offer) == (True, None)
    stated(offer, False, None)
    assert 'name="delivery_price" type="text" aria' in open_page(client, "/en/supplier/offers/"), "nothing is said"


def test_the_demo_has_offers_with_a_delivery_that_is_paid_separately(demo_offers):
    apart = StockRecord.objects.filter(delivery_included=False)
    assert apart.count() == 6 and not apart.filter(delivery_price=None).exists()


@pytest.fixture
def demo_offers(db, index_folder):
    from catalog.loading import load_products, load_types
    from marketplace import loading as places

    places.load_all()
    load_types()
    load_products()
    loading.load_suppliers()
    loading.load_offers()
    loading.load_offers()


# --- Where people see it -----------------------------------------------------------------------------


TOLD = "Delivery 1,500 ₸, paid to the supplier."
UNTOLD = "Delivery is paid separately. The supplier has not said how much."


def product_path(offer: StockRecord) -> str:
    return f"/en/catalog/{offer.product.slug}_{offer.product_id}/"


@pytest.mark.parametrize(("price", "words"), [("1500.00", TOLD), (None, UNTOLD)])
def test_lists_products_and_comparisons_tell_it(offer, price, words):
    stated(offer, False, price)
    visitor = Client()
    card = text_of(open_page(visitor, "/en/catalog/child-walker/"))
    assert f"from 142,000 ₸ {words}" in card, "the price is that of the goods"
    assert text_of(open_page(visitor, product_path(offer))).count(words) == 1
    assert "Delivery is in the price." in text_of(open_page(visitor, product_path(offer))), "the other offer"
    compared = text_of(open_page(visitor, "/en/catalog/compare/", p=offer.product_id, alone=1))
    assert words in compared


def test_you_pay_has_the_delivery_in_it(offer, family, programme, monkeypatch):  # noqa: F811
    """The state pays 100,000 for a walker, and never the bringing of it."""
    aigul = signed_in(family[1])
    for packs, you in ((1, "43500.00"), (2, "85500.00")):
        first = get(aigul, f"/products/{offer.product_id}", packs=packs)["offers"][0]
        assert first["supplier"]["code"] == "jarqyn-med"
        assert (first["delivery_included"], first["delivery_price"]["amount"]) == (False, "1500.00")
        assert (first["you_pay"]["amount"], first["price"]["amount"]) == (you, "142000.00")
    listed = get(aigul, "/products", type="child-walker")["results"][0]["best_offer"]
    assert (listed["you_pay"]["amount"], listed["delivery_price"]["amount"]) == ("43500.00", "1500.00")
    assert "43,500 ₸" in text_of(open_page(aigul, product_path(offer)))
    assert "You pay 43,500 ₸" in text_of(open_page(aigul, "/en/catalog/child-walker/"))
    whole = [Guarantee(7, offer.product.product_class_id, "piece", Decimal("200000.00"), 1)]
    monkeypatch.setattr(guarantees, "_provider", lambda _person: whole)
    card = text_of(open_page(aigul, "/en/catalog/child-walker/"))
    assert "You pay 1,500 ₸" in card and f"from 142,000 ₸ You pay 1,500 ₸ {TOLD}" in card


def test_a_document_of_before_this_was_kept_tells_what_it_knows(offer):
    row = ProductDocument.objects.get(product=offer.product_id)
    for kept in row.offers:
        del kept["delivery_price"]
    row.save(update_fields=["offers"])
    assert UNTOLD in text_of(open_page(Client(), "/en/catalog/child-walker/"))
    best = get(Client(), "/products", type="child-walker", sort="price")["results"][1]["best_offer"]
    assert best["delivery_price"] is None


def test_a_dear_delivery_costs_points_and_the_words_say_why(offer):
    assert get(Client(), f"/products/{offer.product_id}")["offers"][0]["why"].startswith("Lowest price with delivery")
    whole, _kinds = simulation.lowest_price_alone()
    assert whole is not None and whole.suppliers_by_price == 1
    stated(offer, False, "29000.00")
    offers = {one["supplier"]["code"]: one for one in get(Client(), f"/products/{offer.product_id}")["offers"]}
    assert {code: one["score_parts"]["price"] for code, one in offers.items()} == {"qadam-orto": 100, "jarqyn-med": 87}
    assert "owest price with delivery" in offers["qadam-orto"]["why"]
    assert "price" not in offers["jarqyn-med"]["why"]
    page = text_of(open_page(Client(), "/en/catalog/how-we-rank/"))
    assert "While a supplier has not said how much, we count 30,000 ₸." in page
