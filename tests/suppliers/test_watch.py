"""The market watch: cells, prices out of line, their pages and files."""

from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone, translation

from catalog import kin, types
from catalog.models import ProductClass
from marketplace import outbox, shared_pages
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Event, Role
from orders.models import Entitlement
from suppliers import market, offers
from suppliers.effects import refresh_documents
from suppliers.models import MarketCell, MarketDebt, Partner, PriceFlag, StockRecord
from suppliers.watch import cells, prices, simulation
from tests import factories as make


@pytest.fixture
def walker(db):
    make.make_rules()
    for code in make.REGIONS:
        make.make_region(code)
    return make.make_product(make.make_type())


@pytest.fixture
def ministry(db):
    return make.make_user("ministry", Role.REVIEWER)


def cell(product, region=""):
    return MarketCell.objects.get(type=product.product_class_id, region=region)


def sell(product, prices_of, **more):
    """One offer of a supplier of its own for each price."""
    return [
        make.make_offer(product, make.make_supplier(f"seller-{product.pk}-{number}"), price=price, **more)
        for number, price in enumerate(prices_of)
    ]


# --- Cells


@pytest.mark.parametrize(
    ("parts", "index"), [([], 0.0), ([5], 1.0), ([1, 1], 2.0), ([1, 1, 1, 1], 4.0), ([3, 1], 1.6), ([98, 1, 1], 1.04)]
)
def test_the_effective_number_of_suppliers(walker, parts, index):
    for number, part in enumerate(parts):
        supplier = make.make_supplier(f"seller-{number}")
        for _offer in range(part):
            make.make_offer(walker, supplier)
    cells.count(walker.product_class_id)
    found = cell(walker)
    assert (found.choice_index, found.suppliers, found.offers) == (index, len(parts), sum(parts))


def test_every_region_has_its_cell_with_median_and_deviation(walker):
    sell(walker, ["100.00", "110.00"], regions=["KZ-63"])
    sell(walker, [], regions=["KZ-79"])
    make.make_offer(walker, make.make_supplier("pack"), price="1200.00", pack_size=10, regions=["KZ-63", "KZ-79"])
    cells.count(walker.product_class_id)
    shymkent, east, almaty, country = (cell(walker, code) for code in ("KZ-79", "KZ-63", "KZ-75", ""))
    assert (east.offers, east.median, east.mad) == (3, Decimal("110.0000"), Decimal("10.0000"))
    assert (shymkent.offers, shymkent.median, shymkent.choice_index) == (1, Decimal("120.0000"), 1.0)
    assert (almaty.offers, almaty.median, almaty.choice_index) == (0, None, 0.0)
    assert (country.offers, country.suppliers, country.choice_index) == (3, 3, 3.0)


def test_a_change_notes_its_kind_and_the_sweep_counts_only_that(walker, django_assert_num_queries):
    other = make.make_product(make.make_type("cane", attributes={}), "Cane")
    offer = make.make_offer(walker)
    make.make_offer(other)
    assert cells.catch_up() == ProductClass.objects.count() == 2, "the first time everything"
    before = cell(other).counted_at
    assert market.choice_indexes([walker.product_class_id]) == {walker.product_class_id: 1.0}
    StockRecord.objects.filter(pk=offer.pk).update(status="withdrawn")
    assert cells.catch_up() == 0
    refresh_documents([walker.pk])
    refresh_documents([walker.pk])
    assert list(MarketDebt.objects.values_list("type_id", flat=True)) == [walker.product_class_id]
    assert cells.catch_up() == 1
    assert cell(other).counted_at == before
    assert cell(walker).offers == 0
    with django_assert_num_queries(4):  # two of them are the savepoint of the test's own transaction
        assert cells.catch_up() == 0


def test_a_kind_that_is_counted_twice_is_the_same(walker):
    sell(walker, ["100.00", "110.00"])
    cells.count(walker.product_class_id)
    first = list(MarketCell.objects.order_by("pk").values("pk", "offers", "median", "choice_index"))
    cells.count(walker.product_class_id)
    assert list(MarketCell.objects.order_by("pk").values("pk", "offers", "median", "choice_index")) == first
    assert len(first) == len(make.REGIONS) + 1


@pytest.mark.django_db(transaction=True)
def test_an_offer_that_leaves_the_market_leaves_its_cell():
    make.make_rules()
    make.make_region()
    product = make.make_product(make.make_type())
    supplier = make.make_supplier(login="yerlan")
    offer = make.make_offer(product, supplier, regions=["KZ-63"])
    cells.catch_up()
    assert cell(product, "KZ-63").offers == 1
    offers.withdraw(offer_id=offer.pk, actor=supplier.users.get())
    outbox.drain()
    cells.catch_up()
    assert (cell(product, "KZ-63").offers, cell(product).choice_index) == (0, 0.0)


def test_people_who_ask_for_a_kind_are_counted_by_region(walker):
    marat = make.make_person()
    Entitlement.objects.create(
        beneficiary=marat, product_type_id=walker.product_class_id, norm=1, unit="piece", period="once",
        guaranteed_unit_sum="160000.00", valid_from=date(2026, 1, 1), valid_to=date(2999, 12, 31), status="active",
        source="T-1",
    )  # fmt: skip
    cells.count(walker.product_class_id)
    assert (cell(walker, "KZ-63").asked, cell(walker, "KZ-79").asked, cell(walker).asked) == (1, 0, 1)


# --- Prices


def words(flag):
    """As an English reader sees them, with plain spaces."""
    with translation.override("en"):
        return [line.replace("\u00a0", " ") for line in prices.in_words(flag, "piece")]


def flags():
    return {flag.offer_id: flag for flag in PriceFlag.objects.filter(state="open")}


def test_a_price_far_above_its_region_is_flagged_with_its_median_and_reason(walker):
    sell(walker, ["100.00", "104.00", "98.00", "102.00", "101.00"])
    other = make.make_product(walker.product_class, "Qulyn")
    (dear,) = sell(other, ["300.00"])
    cells.count(walker.product_class_id)
    (flag,) = flags().values()
    assert (flag.offer_id, flag.basis, flag.median, flag.times) == (dear.pk, "region", Decimal("101.5000"), 2.96)
    first, second = words(flag)
    assert first == "The price is 300 ₸ for 1 piece: 3.0 times what is usual."
    assert second.startswith("The median of 6 offers of this kind in the region (")


def test_a_product_with_a_market_of_its_own_is_held_against_that_alone(walker):
    """A dear kind of walker is no dear walker; a dear offer of a cheap one is, though the kind has dearer ones."""
    sell(walker, ["100.00", "104.00", "98.00", "102.00", "101.00"])
    better = make.make_product(walker.product_class, "Qulyn")
    sell(better, ["400.00", "410.00", "405.00"])
    cells.count(walker.product_class_id)
    assert not flags()
    dear = make.make_offer(walker, make.make_supplier("dear"), price="170.00")
    cells.count(walker.product_class_id)
    (flag,) = flags().values()
    assert (flag.offer_id, flag.basis, flag.median, flag.facts["offers"]) == (dear.pk, "product", Decimal("101.5"), 6)
    assert words(flag)[1] == "The median of 6 offers of the same product is 101.50 ₸."


def test_packs_do_not_matter_the_unit_does(walker):
    sell(walker, ["100.00", "104.00", "98.00", "102.00", "101.00"])
    make.make_offer(walker, make.make_supplier("packer"), price="3000.00", pack_size=30)
    cells.count(walker.product_class_id)
    assert not flags()


@pytest.mark.parametrize(
    ("usual", "price", "flagged"),
    [
        (["100.00"] * 5, "159.00", False),  # prices that do not differ at all: the ratio decides
        (["100.00"] * 5, "161.00", True),
        (["100.00", "150.00", "200.00", "250.00", "300.00"], "400.00", False),  # over the ratio, within the spread
        (["100.00"] * 2, "900.00", True),  # three independent suppliers of the same product are enough
        (["100.00"], "900.00", False),  # two are too few to say what is usual
    ],
)
def test_both_tests_must_agree_and_there_must_be_enough_offers(walker, usual, price, flagged):
    sell(walker, [*usual, price])
    cells.count(walker.product_class_id)
    assert bool(flags()) is flagged


def test_one_supplier_alone_is_no_market(walker):
    alone = make.make_supplier("alone")
    for price in ("100.00", "100.00", "100.00", "100.00", "100.00", "900.00"):
        make.make_offer(walker, alone, price=price)
    cells.count(walker.product_class_id)
    assert not flags()


def test_a_kind_without_a_market_is_held_against_the_nearest_one(walker):
    near = make.make_product(make.make_type("rollator"), "Rollator")
    far = make.make_product(make.make_type("cane", attributes={"length": {"kind": "number"}}), "Cane")
    sell(near, ["100.00", "104.00", "98.00", "102.00", "101.00"])
    sell(far, ["10.00", "10.40", "9.80", "10.20", "10.10"])
    (dear,) = sell(walker, ["210.00"])
    kinds = types.book()
    assert [kind.code for kind in kin.nearest(kinds.by_code["child-walker"], 0.5)] == ["rollator"]
    for product in (near, far, walker):
        cells.count(product.product_class_id)
    flag = flags()[dear.pk]
    assert (flag.basis, flag.facts["kin"], flag.median, flag.times) == ("kin", "rollator", Decimal("101.0000"), 2.08)
    assert words(flag)[1:] == [
        "There are too few offers of this kind, so it is compared with the nearest kind.",
        "“rollator en”: the median of 5 offers is 101 ₸.",
    ]


def test_an_only_offer_without_kin_is_held_against_the_guaranteed_sum(walker, monkeypatch):
    (dear,) = sell(walker, ["241.00"])
    monkeypatch.setattr(prices, "_guaranteed", lambda type_id: Decimal("160.00"))
    cells.count(walker.product_class_id)
    flag = flags()[dear.pk]
    assert (flag.basis, flag.median, flag.times) == ("guaranteed", Decimal("160.0000"), 1.51)
    StockRecord.objects.filter(pk=dear.pk).update(price="239.00")
    cells.count(walker.product_class_id)
    assert not flags()
    assert PriceFlag.objects.get().state == "gone"


def test_a_price_that_was_explained_is_asked_about_again_only_when_it_rises(walker, ministry):
    *_usual, dear = sell(walker, ["100.00", "104.00", "98.00", "102.00", "101.00", "300.00"])
    cells.count(walker.product_class_id)
    prices.explain(flag_id=PriceFlag.objects.get().pk, actor=ministry, reason="Titanium frame")
    assert Event.objects.get(kind="price-flag.explain").reason == "Titanium frame"
    StockRecord.objects.filter(pk=dear.pk).update(price="290.00")
    cells.count(walker.product_class_id)
    assert (PriceFlag.objects.get().state, PriceFlag.objects.get().reason) == ("explained", "Titanium frame")
    StockRecord.objects.filter(pk=dear.pk).update(price="310.00")
    cells.count(walker.product_class_id)
    assert PriceFlag.objects.get().state == "open"


def test_only_the_ministry_explains_and_only_with_a_reason(walker, ministry):
    sell(walker, ["100.00", "104.00", "98.00", "102.00", "101.00", "300.00"])
    cells.count(walker.product_class_id)
    flag = PriceFlag.objects.get()
    for actor, reason, error in (
        (make.make_user("auditor", Role.AUDITOR), "Titanium", Forbidden),
        (make.make_user("seller", Role.SUPPLIER), "Titanium", Forbidden),
        (ministry, "  ", Invalid),
    ):
        with pytest.raises(error):
            prices.explain(flag_id=flag.pk, actor=actor, reason=reason)
    with pytest.raises(NotFound):
        prices.explain(flag_id=flag.pk + 1, actor=ministry, reason="Titanium")
    assert PriceFlag.objects.get().state == "open"
    assert not Event.objects.exists()


def test_stale_and_suspended_offers_are_no_part_of_the_market(walker):
    sell(walker, ["100.00"], stock_confirmed_at=timezone.now() - timedelta(days=15))
    gone = make.make_supplier("gone", status="suspended", suspended_until=date(2999, 1, 1))
    make.make_offer(walker, gone)
    cells.count(walker.product_class_id)
    assert cell(walker).offers == 0
    Partner.objects.filter(pk=gone.pk).update(status="approved", suspended_until=None)
    cells.count(walker.product_class_id)
    assert cell(walker).offers == 1


# --- The demo


def test_the_demos_overpriced_single_offer_is_flagged_with_its_median_and_reason(demo_market):
    flag = PriceFlag.objects.get(offer__product__upc="zhorga-buggy")
    assert (flag.state, flag.basis, flag.facts["kin"]) == ("open", "kin", "wheelchair-postural")
    assert (flag.unit_price, flag.median, flag.facts["offers"]) == (1290000, Decimal("669500.0000"), 6)
    text = " ".join(words(flag))
    assert "1,290,000 ₸" in text and "669,500 ₸" in text and "nearest kind" in text
    assert PriceFlag.objects.count() == 1, "nothing else in the demo is out of line"


def test_the_demo_has_cells_with_no_supplier_and_with_one(demo_market):
    ramp = MarketCell.objects.get(type__code="ramp-portable", region="")
    buggy = MarketCell.objects.get(type__code="postural-buggy", region="KZ-63")
    diapers = MarketCell.objects.get(type__code="child-diapers", region="KZ-63")
    assert (ramp.choice_index, buggy.choice_index) == (0, 1)
    assert diapers.choice_index > 2


# --- Pages and files


@pytest.fixture
def signed_in(client):
    def enter(role, username="sarah"):
        client.force_login(make.make_user(username, role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return enter


@pytest.fixture
def dear(walker):
    *_usual, offer = sell(walker, ["100.00", "104.00", "98.00", "102.00", "101.00", "300.00"], regions=["KZ-63"])
    cells.catch_up()
    return offer


def test_everybody_sees_choice_and_medians_by_region_and_by_kind(client, dear):
    page = client.get("/en/market/").content.decode()
    assert "child-walker en" in page and "101.50" in page
    by_kind = client.get("/en/market/?type=child-walker&region=nowhere").content.decode()
    assert by_kind.count("101.50") == 2, "the country and the one region where it is sold"
    assert client.get("/en/market/?type=nothing").status_code == 200


def test_a_median_of_two_suppliers_is_not_shown(client, walker):
    sell(walker, ["100.00", "104.00"])
    cells.catch_up()
    page = client.get("/en/market/?type=child-walker").content.decode()
    assert "not shown" in page and "102" not in page
    rows = client.get("/api/v1/open-data/prices.json").json()["results"]
    assert {(row["median_unit_price"], row["hidden"], row["suppliers"]) for row in rows} == {(None, True, 2)}


def test_open_data_of_prices_say_the_same_as_csv_and_json(client, dear):
    answer = client.get("/api/v1/open-data/prices.json")
    rows = {row["region"]: row for row in answer.json()["results"]}
    assert rows["KZ-63"] == {
        "type": "child-walker", "iso_code": "12 06 06", "unit": "piece", "region": "KZ-63", "offers": 6,
        "suppliers": 6, "choice_index": 6.0, "median_unit_price": "101.50", "hidden": False,
    }  # fmt: skip
    assert (rows["KZ-79"]["suppliers"], rows["KZ-79"]["median_unit_price"], rows["KZ-79"]["hidden"]) == (0, None, False)
    file = client.get("/api/v1/open-data/prices.csv")
    lines = file.content.decode().splitlines()
    assert len(lines) == 1 + len(rows)
    assert "child-walker,12 06 06,piece,KZ-63,6,6,6.0,101.50,0" in lines
    assert "child-walker,12 06 06,piece,KZ-79,0,0,0.0,,0" in lines


@pytest.mark.parametrize("path", ["", "cells/", "cells/?region=KZ-79&how=none", "prices/", "lowest-price/"])
@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.REVIEWER, 200), (Role.AUDITOR, 200), (Role.ADMIN, 200), (Role.SUPPLIER, 403), (Role.INSPECTOR, 403)],
)
def test_the_watch_is_open_to_overseers_alone(signed_in, dear, path, role, status):
    assert signed_in(role).get(f"/en/review/market/{path}").status_code == status


def test_a_visitor_signs_in_first(client, dear):
    assert client.get("/en/review/market/").status_code == 302


def test_the_board_counts_kinds_without_a_supplier_and_with_one(signed_in, walker):
    sell(walker, ["100.00"], regions=["KZ-63"])
    sell(make.make_product(make.make_type("cane", attributes={}), "Cane"), [])
    cells.catch_up()
    page = signed_in(Role.REVIEWER).get("/en/review/market/").content.decode()
    assert "cells/?region=KZ-63&amp;how=one" in page and "cells/?region=KZ-79&amp;how=none" in page
    listed = signed_in(Role.REVIEWER, "dana").get("/en/review/market/cells/?region=KZ-79").content.decode()
    assert "child-walker en" in listed
    assert "cane en" not in listed, "nobody sells it and nobody asks for it"


def test_a_price_is_explained_on_its_page(signed_in, dear):
    ministry, flag = signed_in(Role.REVIEWER), PriceFlag.objects.get()
    assert "Bota 50" in ministry.get("/en/review/market/prices/").content.decode()
    address = f"/en/review/market/prices/{flag.pk}/"
    assert ministry.post(address, {"reason": ""}).status_code == 422
    assert PriceFlag.objects.get().state == "open"
    assert ministry.post(address, {"reason": "Titanium frame"}).status_code == 302
    assert "Titanium frame" in ministry.get("/en/review/market/prices/").content.decode()
    assert ministry.get("/en/review/market/prices/999/").status_code == 404


def test_an_auditor_reads_a_flag_and_cannot_close_it(signed_in, dear):
    auditor, flag = signed_in(Role.AUDITOR), PriceFlag.objects.get()
    address = f"/en/review/market/prices/{flag.pk}/"
    assert "<textarea" not in auditor.get(address).content.decode()
    assert auditor.post(address, {"reason": "Titanium frame"}).status_code == 403
    assert PriceFlag.objects.get().state == "open"


@pytest.mark.parametrize(("path", "most"), [("market/", 6), ("market/?type=child-walker", 4)])
def test_the_pages_ask_the_same_few_questions_however_large_the_market(
    client, dear, django_assert_max_num_queries, path, most
):
    client.get(f"/en/{path}")  # what is remembered of kinds and regions
    with django_assert_max_num_queries(most):
        client.get(f"/en/{path}")


# --- If the lowest price alone decided


def test_a_cheap_supplier_with_complaints_would_stand_first_by_price_alone(signed_in, walker):
    good = make.make_supplier("reliable", delivered_lines=200, on_time_lines=196, rating_sum=470, rating_count=100)
    cheap = make.make_supplier(
        "cheap",
        delivered_lines=200,
        on_time_lines=120,
        rejected_lines=30,
        complaint_load=60,
        rating_sum=250,
        rating_count=100,
    )
    make.make_offer(walker, good, price="110.00", regions=["KZ-63"])
    make.make_offer(walker, cheap, price="100.00", regions=["KZ-63"])
    alone = make.make_product(walker.product_class, "Sold by one")
    make.make_offer(alone, cheap, price="50.00", regions=["KZ-63"])
    refresh_documents()
    whole, kinds = simulation.lowest_price_alone()
    assert whole is not None
    assert (whole.products, whole.changed, whole.suppliers_now, whole.suppliers_by_price) == (1, 1, 1, 1)
    assert [kind.type_id for kind in kinds] == [walker.product_class_id]
    complaints = next(part for part in whole.parts if part.name == "complaints")
    assert complaints.now > complaints.by_price
    assert whole.cheaper == pytest.approx(100 / 110 - 1)
    assert simulation.lowest_price_alone("KZ-63")[0] == whole
    assert simulation.lowest_price_alone("KZ-79") == (None, [])
    page = signed_in(Role.REVIEWER).get("/en/review/market/lowest-price/").content.decode()
    assert "-9.1 %" in page
    assert (
        "No product has two offers here."
        in signed_in(Role.REVIEWER, "dana").get("/en/review/market/lowest-price/?region=KZ-79").content.decode()
    )


def test_nothing_changes_where_the_best_is_also_the_cheapest(walker):
    good = make.make_supplier("reliable", delivered_lines=200, on_time_lines=196, rating_sum=470, rating_count=100)
    make.make_offer(walker, good, price="100.00")
    make.make_offer(walker, make.make_supplier("dear"), price="130.00")
    refresh_documents()
    whole, _kinds = simulation.lowest_price_alone()
    assert (whole.changed, whole.cheaper) == (0, 0.0)
    assert all(part.now == part.by_price for part in whole.parts)


# --- What people are told


def test_people_read_that_a_price_is_out_of_line_and_beside_what(walker):
    sell(walker, [100, 100, 110, 105])
    dear = make.make_offer(walker, make.make_supplier("dear"), price=400)
    cells.count(walker.product_class_id)
    with translation.override("en"):
        [words] = prices.for_everybody([dear.pk], "piece").values()
    assert "times what is usual" in words[0] and "105" in " ".join(words)
    assert prices.for_everybody([offer.pk for offer in StockRecord.objects.exclude(pk=dear.pk)], "piece") == {}
    refresh_documents()
    page = f"/en/catalog/{walker.slug}_{walker.pk}/"
    shown = Client().get(page).content.decode()
    assert "Dear: this price is out of line" in shown and words[0] in unescape(shown)
    prices.explain(flag_id=PriceFlag.objects.get().pk, actor=make.make_user("asel", Role.REVIEWER), reason="Titanium.")
    shared_pages.forget()
    assert "out of line" not in Client().get(page).content.decode()


def test_a_median_of_two_suppliers_is_nobodys_to_read(walker):
    sell(walker, [100, 100, 100, 105])
    dear = make.make_offer(walker, make.make_supplier("dear"), price=400)
    cells.count(walker.product_class_id)
    flag = PriceFlag.objects.get()
    flag.facts |= {"suppliers": 2}
    flag.save()
    with translation.override("en"):
        assert prices.for_everybody([dear.pk], "piece") == {
            dear.pk: ["The price is far above what is usual for this kind."]
        }
