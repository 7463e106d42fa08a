"""The table of legal steps, whole: every state × every step × every party, generated from ORDER."""

import itertools

import pytest

from marketplace import crypto
from marketplace.errors import DomainError, Forbidden, IllegalStep
from marketplace.models import Event, OutboxRow, Role
from orders import fulfilment, selectors
from orders.models import Delivery, LedgerTransfer, Line, Order, Tranche
from orders.states import ENTITLEMENT, HAPPENED, OPEN_STATES, ORDER, WHOSE_TURN, EntitlementStatus, OrderStatus
from suppliers.models import Partner, StockRecord
from tests.orders import factories as make

# "pay" becomes the first when a line waits, a recall that is served the others: nobody asks for them.
NO_VERB = {"pay-part", "refund", "refund-rest"}
VERBS = {
    step.action: getattr(fulfilment, step.action.replace("-", "_"))
    for step in ORDER.steps
    if step.action not in NO_VERB
}
BY_CLOCK = {"time-out", "close"}
PARTIES = ["owner", "office", "supplier", "ministry"]
WORDS = {
    "decline", "accept-with-remarks", "reject", "cancel", "hold", "release", "fail-delivery", "replace", "take-back",
}  # fmt: skip


def test_every_step_has_a_verb_a_word_and_known_parties():
    assert set(HAPPENED) == {"send", *NO_VERB, *VERBS}
    assert {party for step in ORDER.steps for party in step.parties} <= {*PARTIES, "clock"}
    assert set(WHOSE_TURN) == set(OPEN_STATES)


def test_every_state_is_reached_and_left_or_final():
    reached = {step.target for step in ORDER.steps} | {OrderStatus.SENT}
    left = {state for step in ORDER.steps for state in step.sources}
    assert reached == set(OrderStatus)
    assert set(OrderStatus) - left == {"declined", "timed_out", "refund_released", "closed", "cancelled"}
    reached = {step.target for step in ENTITLEMENT.steps} | {EntitlementStatus.IMPORTED}
    assert reached == set(EntitlementStatus)


def put_into(order: Order, state: str) -> None:
    """The row as it stands in a state: the ledger and the stock follow from how far the goods came."""
    past_acceptance = {"accepted", "accepted_with_remarks", "reimbursement_pending", "held", "paid", "closed"}
    if state in {"delivered", "rejected", *past_acceptance}:
        Delivery.objects.create(
            order=order, attempt=1, outcome="delivered", at=order.date_placed, by=order.placed_by, code_checked=True
        )
    if state in past_acceptance:
        Order.objects.filter(pk=order.pk).update(status="delivered")
        fulfilment.accept(number=order.number, actor=order.placed_by)
    Order.objects.filter(pk=order.pk).update(status=state)


def everything() -> list[object]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Order, Line, Tranche, LedgerTransfer, Delivery, StockRecord, Partner, Event, OutboxRow)
    ]


@pytest.fixture
def actors(family):
    return {
        "owner": family.aigul,
        "office": family.gulnar,
        "supplier": family.yerlan,
        "ministry": make.make_user("asel", Role.REVIEWER),
    }


@pytest.mark.parametrize("state", OrderStatus.values)
def test_only_the_table_decides(family, actors, state):
    from django.db import transaction

    order = family.order()
    put_into(order, state)
    for action, party in itertools.product(sorted(set(VERBS) - BY_CLOCK), PARTIES):
        legal = action in ORDER.actions(state, [party])
        ever = any(step.action == action and party in step.parties for step in ORDER.steps)
        order.refresh_from_db()
        assert (action in selectors.allowed(order, [party])) is legal
        facts = {"number": order.number, "actor": actors[party]}
        if action in WORDS:
            facts["reason"] = "себеп"
        if action == "deliver":
            facts["code"] = crypto.code("delivery", order.number)
        before = everything()
        outside = transaction.savepoint()
        if legal:
            moved = VERBS[action](**facts)
            target = next(step.target for step in ORDER.allowed(state, [party]) if step.action == action)
            assert moved.status == target, (state, action, party)
            assert Order.objects.get(pk=order.pk).status == target
            last = Event.objects.order_by("pk").last()
            assert (last.kind, last.before, last.after) == (f"order.{HAPPENED[action][0]}", state, target)
            assert OutboxRow.objects.filter(topic=last.kind, key=order.number).exists()
            transaction.savepoint_rollback(outside)
            continue
        with pytest.raises(DomainError) as refused:
            VERBS[action](**facts)
        transaction.savepoint_rollback(outside)
        assert isinstance(refused.value, IllegalStep if ever else Forbidden), (state, action, party)
        assert refused.value.status == (409 if ever else 403)
        assert refused.value.extra["allowed"] == ORDER.actions(state, [party])
        assert everything() == before


@pytest.mark.parametrize("state", OrderStatus.values)
def test_the_clock_takes_only_its_own_steps(family, state, monday):
    order = family.order()
    put_into(order, state)
    monday.move_to("2027-06-01T10:00:00+05:00")
    moved = {action for action in BY_CLOCK if VERBS[action](number=order.number)}
    assert moved == {action for action in BY_CLOCK if action in ORDER.actions(state, ["clock"])}
