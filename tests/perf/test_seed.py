"""People and orders for measurements hang together as real ones do, and are made under today's tables."""

import pytest
from django.db.models import Sum

from complaints.models import Complaint
from marketplace import loading
from marketplace.models import Event
from orders.models import LedgerTransfer, Line, Order, Tranche
from perf.seed import Volume, seed_complaints, seed_people_and_orders
from tests import factories as make
from tests.market import index_folder, nothing_remembered  # noqa: F401

VOLUME = Volume(orders=60, beneficiaries=20, complaints=25)


def _counted() -> list[int]:
    return [model.objects.count() for model in (Order, Line, LedgerTransfer, Complaint, Event)]


@pytest.mark.django_db
def test_orders_lines_ledger_and_complaints_hang_together(index_folder, nothing_remembered):  # noqa: F811
    from catalog.loading import load_products, load_types
    from suppliers.loading import load_offers, load_suppliers

    loading.load_all()
    load_types()
    load_suppliers()
    make.make_office()
    load_products()
    load_offers()
    seed_people_and_orders(VOLUME)
    seed_complaints(VOLUME)
    assert Order.objects.count() == Line.objects.count() == 60 and Complaint.objects.count() == 25
    assert Event.objects.filter(kind="order.sent").count() == 60
    for tranche in Tranche.objects.filter(consumed_quantity__gt=0):
        moved = LedgerTransfer.objects.filter(tranche=tranche, target="consumed").aggregate(
            Sum("quantity"), Sum("amount")
        )
        assert (tranche.consumed_quantity, tranche.consumed_sum) == tuple(moved.values())
    assert Tranche.objects.filter(consumed_quantity__gt=0).exists()
    before = _counted()
    seed_people_and_orders(VOLUME)
    seed_complaints(VOLUME)
    assert _counted() == before, "again: nothing twice"
