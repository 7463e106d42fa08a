"""Choice index, what the state pays, QR codes, Oscar's strategy."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from suppliers import guarantees, market, qr, ranking, selectors, strategy
from suppliers.guarantees import Guarantee
from suppliers.models import Partner, StockRecord
from suppliers.watch import cells
from tests import factories as make


@pytest.fixture
def walker(db):
    make.make_rules()
    return make.make_product(make.make_type())


# --- Choice index


def test_suppliers_of_one_group_are_one_supplier(walker):
    jarqyn = make.make_supplier("jarqyn-med", bin="131340007006")
    make.make_offer(walker, jarqyn)
    make.make_offer(walker, make.make_supplier("qadam-orto", bin="111340007072", group_bin="131340007006"))
    make.make_offer(walker, make.make_supplier("altyn-qol", bin="171360007141"))
    Partner.objects.filter(pk=jarqyn.pk).update(group_bin="131340007006")
    type_id = walker.product_class_id
    cells.catch_up()
    assert market.choice_indexes([type_id]) == {type_id: 1.8}  # shares 2/3 and 1/3


def test_the_index_is_told_by_region_and_zero_where_nobody_sells(walker):
    make.make_offer(walker, make.make_supplier("jarqyn-med"), regions=["KZ-63"])
    make.make_offer(walker, make.make_supplier("qadam-orto"), regions=["KZ-63", "KZ-79"])
    type_id = walker.product_class_id
    for code in make.REGIONS:
        make.make_region(code)
    cells.catch_up()
    assert market.choice_indexes([type_id], "KZ-63") == {type_id: 2.0}
    assert market.choice_indexes([type_id], "KZ-79") == {type_id: 1.0}
    assert market.choice_indexes([type_id, 999], "KZ-75") == {type_id: 0.0, 999: 0.0}
    assert market.choice_indexes([]) == {}


# --- Which offers count


@pytest.mark.parametrize(
    ("offer", "supplier"),
    [
        ({"status": "withdrawn"}, {}),
        ({"status": "draft"}, {}),
        ({"stock": 5, "num_allocated": 5}, {}),
        ({"stock": 0}, {}),
        ({"stock_confirmed_at": None}, {}),
        ({}, {"status": "suspended", "suspended_until": date(2030, 1, 1)}),
        ({}, {"status": "paused"}),
        ({}, {"status": "terminated"}),
    ],
)
def test_only_published_counted_offers_of_approved_suppliers_can_be_bought(walker, offer, supplier):
    make.make_offer(walker, make.make_supplier("jarqyn-med", **supplier), **offer)
    assert list(strategy.purchasable()) == []
    good = make.make_offer(walker, make.make_supplier("qadam-orto"))
    assert list(strategy.purchasable()) == [good]
    assert selectors.offer_facts([walker.pk])[walker.pk][0].id == good.pk


def test_a_stale_count_does_not_count(walker):
    make.make_offer(walker, stock_confirmed_at=timezone.now() - timedelta(days=15))
    assert list(strategy.purchasable()) == []


def test_oscars_strategy_gives_the_best_offer_its_price_in_tenge_without_tax(walker):
    make.make_offer(walker, make.make_supplier("jarqyn-med"), price="142000.00", stock=10, num_allocated=4)
    make.make_offer(walker, make.make_supplier("qadam-orto"), price="199000.00")
    info = strategy.Selector().strategy().fetch_for_product(walker)
    assert (info.stockrecord.partner.code, info.price.currency) == ("jarqyn-med", "KZT")
    assert (info.price.incl_tax, info.price.excl_tax, info.price.tax) == (142000, 142000, 0)
    assert info.availability.is_purchase_permitted(6)[0] is True
    assert info.availability.is_purchase_permitted(7)[0] is False


def test_oscars_strategy_sells_nothing_that_may_not_be_sold(walker):
    offer = make.make_offer(
        walker, make.make_supplier("jarqyn-med", status="suspended", suspended_until=date(2030, 1, 1))
    )
    own = strategy.Selector().strategy()
    assert own.fetch_for_product(walker).availability.is_available_to_buy is False
    assert own.fetch_for_product(walker, offer).availability.is_available_to_buy is False
    assert own.fetch_for_product(walker).price.exists is False


def test_the_database_refuses_to_oversell(walker):
    from django.db import IntegrityError

    offer = make.make_offer(walker, stock=3)
    with pytest.raises(IntegrityError, match="offer_not_oversold"):
        StockRecord.objects.filter(pk=offer.pk).update(num_allocated=4)


# --- Offers as a person compares them


def test_ranked_offers_tell_prices_for_packs_and_units_and_who_pays(walker):
    qadam, jarqyn = make.make_supplier("qadam-orto"), make.make_supplier("jarqyn-med")
    make.make_offer(walker, qadam, price="6000.00", pack_size=30, regions=["KZ-63"], lead_days_by_region={"KZ-63": 2})
    make.make_offer(walker, jarqyn, price="7000.00", pack_size=30, regions=["KZ-79"])
    guarantee = Guarantee(1, walker.product_class_id, "piece", Decimal("190.00"), 365, Decimal("11000.00"))
    ranked = selectors.ranked_offers(
        [walker.pk], region="KZ-63", guarantee_of={walker.product_class_id: guarantee}, packs=2
    )[walker.pk]
    near, far = ranked
    assert (near.supplier.code, near.delivers, near.lead_days) == ("qadam-orto", True, 2)
    assert (near.price, near.unit_price, near.packs) == (Decimal("6000.00"), Decimal("200.00"), 2)
    assert (near.state_pays, near.you_pay) == (Decimal("11000.00"), Decimal("1000.00")), "the sum left is the limit"
    assert (far.supplier.code, far.delivers) == ("jarqyn-med", False)
    assert sum(row["value"] for row in near.bars) > 0 and len(near.bars) == 5


@pytest.mark.parametrize(
    ("price", "units", "unit_sum", "free_sum", "state", "person"),
    [
        ("5700.00", 30, "190.00", None, "5700.00", "0.00"),
        ("6000.00", 30, "190.00", None, "5700.00", "300.00"),
        ("5000.00", 30, "190.00", None, "5000.00", "0.00"),
        ("5000.00", 30, "190.00", "1200.00", "1200.00", "3800.00"),
        ("5000.00", 30, "190.00", "-5.00", "0.00", "5000.00"),
    ],
)
def test_the_state_pays_up_to_the_guaranteed_sum_and_the_sum_left(price, units, unit_sum, free_sum, state, person):
    guarantee = Guarantee(1, 1, "piece", Decimal(unit_sum), 365, Decimal(free_sum) if free_sum else None)
    assert guarantees.split(Decimal(price), units, guarantee) == (Decimal(state), Decimal(person))


def test_without_a_programme_the_person_pays_all():
    assert guarantees.split(Decimal("5000.00"), 30, None) == (Decimal(0), Decimal("5000.00"))
    assert guarantees.of_person(None) == {}


# --- A product with very many offers


def test_the_document_of_a_product_with_many_offers_is_linear_and_light(
    walker, monkeypatch, django_assert_max_num_queries
):
    """Two suppliers with 150 offers each: words only for those that a list can show, everything compared once."""
    suppliers_ = [make.make_supplier(code) for code in ("jarqyn-med", "qadam-orto")]
    for number in range(150):
        for partner in suppliers_:
            regions = ["KZ-63", "KZ-79"] if number else ["KZ-75"]
            make.make_offer(walker, partner, price=f"{142000 + number}.00", regions=regions)
    told, measured = [], []
    why, compared = ranking.why, ranking.compared
    monkeypatch.setattr(ranking, "why", lambda place, others: told.append(place) or why(place, others))
    monkeypatch.setattr(ranking, "compared", lambda places: measured.append(places) or compared(places))
    policy = ranking.policy()
    with django_assert_max_num_queries(2):  # the offers, and the medians of kinds where none is remembered
        facts = selectors.offer_facts([walker.pk], policy)[walker.pk]
    assert len(facts) == 300 and len(measured) == 1
    assert len(told) == 3 * 2 * 2, "three languages, two suppliers, two sets of regions"
    best = {}
    for offer in facts:
        for region in offer.regions:
            best.setdefault((offer.supplier, region), offer)
    assert all(set(offer.why) == {"kk", "ru", "en"} for offer in best.values()), "whatever is best somewhere says why"


# --- QR codes


def test_a_token_is_short_upper_case_and_names_its_supplier(db):
    jarqyn = make.make_supplier("jarqyn-med")
    token = qr.token_of(jarqyn)
    assert token == token.upper() == qr.token_of(jarqyn)
    assert len(token) <= 20
    assert qr.supplier_of(token) == qr.supplier_of(f" {token.lower()} ") == jarqyn


@pytest.mark.parametrize(
    "token", ["", "S", "S1", "S1-", "S1-AAAAAAAAAA", "X1-AAAAAAAAAA", "S1-" + "A" * 500, "S ö-1", "-"]
)
def test_a_token_that_nobody_issued_names_nobody(db, token):
    make.make_supplier("jarqyn-med")
    assert qr.read(token) is None
    assert qr.supplier_of(token) is None


def test_one_suppliers_signature_does_not_open_another(db):
    one, two = make.make_supplier("jarqyn-med"), make.make_supplier("qadam-orto")
    forged = qr.token_of(two).split("-")[0] + "-" + qr.token_of(one).split("-")[1]
    assert qr.read(forged) is None
