"""Balances and entries always agree, whatever happens to orders in whatever order."""

import random
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from marketplace import crypto
from marketplace.errors import DomainError
from orders import fulfilment, ledger
from orders.models import LedgerTransfer, Line, Order, Tranche
from orders.states import ORDER
from suppliers.models import StockRecord
from tests.orders import factories as make


def balance(tranche: Tranche, account: str) -> tuple[int, Decimal]:
    """What entered an account minus what left it."""
    totals = {}
    for side in ("target", "source"):
        found = LedgerTransfer.objects.filter(tranche=tranche, **{side: account}).aggregate(
            Sum("quantity"), Sum("amount")
        )
        totals[side] = (found["quantity__sum"] or 0, found["amount__sum"] or Decimal(0))
    return totals["target"][0] - totals["source"][0], totals["target"][1] - totals["source"][1]


def assert_books_agree() -> None:
    for tranche in Tranche.objects.filter(transfers__isnull=False).distinct():
        reserved, consumed, held, paid, back, free = (
            balance(tranche, name) for name in ("reserved", "consumed", "held", "paid", "owed_back", "free")
        )
        assert reserved == (tranche.reserved_quantity, tranche.reserved_sum)
        used = (consumed[0] + held[0] + paid[0], consumed[1] + held[1] + paid[1])
        assert used == (tranche.consumed_quantity, tranche.consumed_sum)
        for side in (0, 1):
            assert free[side] + back[side] + reserved[side] + used[side] == 0
            assert min(back[side], reserved[side], consumed[side], held[side], paid[side]) >= 0
        # What a supplier owes back does not keep the person from ordering anew.
        assert tranche.free_quantity == tranche.quantity + free[0] + back[0] >= 0
        assert tranche.free_sum == tranche.budget + free[1] + back[1] >= 0
    for offer in StockRecord.objects.all():
        held = Line.objects.filter(stockrecord=offer).aggregate(Sum("num_allocated"))["num_allocated__sum"] or 0
        assert offer.num_allocated == held <= offer.num_in_stock


@pytest.mark.parametrize("seed", range(5))
def test_a_random_life_keeps_the_books(family, seed):
    chance = random.Random(seed)
    actors = {
        "owner": family.aigul,
        "office": family.gulnar,
        "ministry": make.make_user("asel", "reviewer"),
    }
    orders: list[Order] = []
    for _step in range(80):
        if len(orders) < 3 or chance.random() < 0.15:
            offer = chance.choice([family.diaper_offer, family.other_diaper_offer])
            fields = make.fields_for((family.diapers, offer, chance.randint(1, 4)))
            if offer == family.diaper_offer:
                fields["line.a.fallback"] = [family.other_diaper_offer.pk]
            try:
                orders += make.make_orders(family.aigul, fields)
            except DomainError:
                assert Tranche.objects.get(entitlement=family.diapers, opens_on="2026-10-01").free_quantity < 120
        else:
            take_any_step(chance.choice(orders), actors, chance)
        orders = list(Order.objects.select_related("partner").order_by("pk"))
        assert_books_agree()
    assert LedgerTransfer.objects.count() > 8


def take_any_step(order: Order, actors: dict, chance: random.Random) -> None:
    steps = [step for step in ORDER.steps if order.status in step.sources and step.parties != ("clock",)]
    if not steps:
        return
    step = chance.choice(steps)
    party = chance.choice([name for name in step.parties if name != "clock"])
    facts = {"number": order.number, "actor": actors.get(party) or order.partner.users.get()}
    if step.action in {"decline", "reject", "accept-with-remarks", "hold", "cancel"}:
        facts["reason"] = "себеп"
    if step.action == "deliver":
        facts["code"] = crypto.code("delivery", order.number)
    try:
        getattr(fulfilment, step.action.replace("-", "_"))(**facts)
    except fulfilment.delivery.TooManyAttempts:
        assert order.delivery_attempts == 2


def test_reserving_more_than_the_norm_names_rule_and_next_date(family):
    order = family.order()
    line = order.lines.get()
    line.pk, line.units = None, 306
    line.save()
    with pytest.raises(ledger.Overdrawn) as refused, transaction.atomic():
        ledger.lock_of([line])
        ledger.reserve([line])
    assert refused.value.extra["remaining"] == 305
    assert refused.value.extra["next_date"].isoformat() == "2027-01-01"
    assert "365" in refused.value.extra["rule"]
    assert_books_agree_but_for(line)


def assert_books_agree_but_for(line: Line) -> None:
    line.delete()
    assert_books_agree()


def test_a_line_passes_each_account_once(family):
    order = family.order()
    with pytest.raises(IntegrityError, match="ledger_step_once"), transaction.atomic():
        ledger.reserve([order.lines.get()])
    assert_books_agree()


def test_a_transfer_goes_somewhere(family):
    line = family.order().lines.get()
    with pytest.raises(IntegrityError, match="ledger_moves"), transaction.atomic():
        LedgerTransfer.objects.create(
            tranche=line.tranche, line=line, source="free", target="free", quantity=1, amount=1, at=timezone.now()
        )
