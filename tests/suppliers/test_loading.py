"""Suppliers and offers from the data files: whole, repeatable, stock untouched by a second run."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.loading import load_products, load_types
from catalog.models import ProductClass, ProductDocument
from marketplace import loading as master_data
from marketplace.models import Role
from suppliers.loading import DATA, load_offers, load_suppliers, refresh
from suppliers.models import Partner, StockRecord
from tests import factories as make

pytestmark = pytest.mark.django_db

SUPPLIERS = json.loads((DATA / "suppliers.json").read_text(encoding="utf-8"))["suppliers"]
OFFERS = json.loads((DATA / "offers.json").read_text(encoding="utf-8"))


@pytest.fixture
def catalogue():
    master_data.load_all()
    load_types()
    load_products()


def test_suppliers_and_offers_arrive_and_a_second_run_keeps_the_stock(catalogue, index_folder):
    yerlan = make.make_user("supplier", Role.SUPPLIER)
    assert load_suppliers() == Partner.objects.count() == len(SUPPLIERS)
    assert load_offers() == StockRecord.objects.count() == len(OFFERS)
    jarqyn = Partner.objects.get(code="jarqyn-med")
    assert (jarqyn.status, jarqyn.home_region_id, list(jarqyn.users.all())) == ("approved", "KZ-63", [yerlan])
    offer = StockRecord.objects.get(partner=jarqyn, partner_sku="JM-BOTA-50")
    assert (offer.status, offer.num_in_stock, offer.num_allocated, str(offer.price)) == (
        "published",
        64,
        0,
        "142000.00",
    )

    StockRecord.objects.filter(pk=offer.pk).update(num_in_stock=60, num_allocated=3, status="withdrawn")
    StockRecord.objects.filter(partner=jarqyn, partner_sku="JM-BOTA-50-TIREK").update(status="hidden")
    Partner.objects.filter(pk=jarqyn.pk).update(delivered_lines=7)
    with CaptureQueriesContext(connection) as queries:
        load_suppliers()
        load_offers()
    again = StockRecord.objects.get(pk=offer.pk)
    assert (again.num_in_stock, again.num_allocated, again.status) == (60, 3, "withdrawn")
    assert StockRecord.objects.get(partner_sku="JM-BOTA-50-TIREK").status == "published", "its stock is confirmed"
    assert Partner.objects.get(pk=jarqyn.pk).delivered_lines == 7
    assert (Partner.objects.count(), StockRecord.objects.count()) == (len(SUPPLIERS), len(OFFERS))
    assert len(queries) <= 20


def test_documents_hold_only_offers_of_approved_suppliers(catalogue, index_folder):
    load_suppliers()
    load_offers()
    assert refresh() == {"documents": 107, "embedded": 107, "kinds": ProductClass.objects.count()}
    listed = {offer["supplier"] for row in ProductDocument.objects.all() for offer in row.offers}
    assert "kerbez-trade" not in listed, "suspended"
    assert "jarqyn-med" in listed
    walker = ProductDocument.objects.get(product__upc="bota-50")
    assert walker.offer_count == 4
    assert [offer["score"] for offer in walker.offers] == sorted((o["score"] for o in walker.offers), reverse=True)
    assert set(walker.offers[0]["why"]) == {"kk", "ru", "en"}
