"""The life of an order after it was sent: stock, norm, dates, counters, events at each step."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from marketplace import crypto, outbox
from marketplace.errors import Forbidden, IllegalStep, Invalid, NotFound
from marketplace.models import Event, Notice, OutboxRow
from marketplace.notices import sending
from orders import clocks, fulfilment, selectors
from orders.fulfilment.delivery import TooManyAttempts
from orders.models import Act, LedgerTransfer, Order
from suppliers.models import StockRecord
from tests.orders import factories as make


def code_of(order: Order) -> str:
    return crypto.code("delivery", order.number)


def delivered(family, **more) -> Order:
    order = family.order(**more)
    fulfilment.confirm(number=order.number, actor=family.yerlan)
    fulfilment.ship(number=order.number, actor=family.yerlan)
    return fulfilment.deliver(number=order.number, actor=family.yerlan, code=code_of(order))


def stock(offer) -> tuple[int, int]:
    return StockRecord.objects.values_list("num_in_stock", "num_allocated").get(pk=offer.pk)


def norm(order: Order) -> tuple[int, int]:
    tranche = order.lines.get().tranche
    return tranche.reserved_quantity, tranche.consumed_quantity


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+05:00")


def test_from_sent_to_closed(family, monday):
    order = family.order()
    order = fulfilment.confirm(number=order.number, actor=family.yerlan)
    assert order.status == "confirmed" and order.due_rule == "order.delivery_days.consumable"
    # Ten calendar days after Monday, 23 November: Thursday, 3 December; promised in five days.
    assert order.due_at == at("2026-12-03T23:59:59") and order.promised_on == date(2026, 11, 28)

    order = fulfilment.ship(number=order.number, actor=family.yerlan)
    assert order.status == "in_delivery" and order.due_at == at("2026-12-03T23:59:59")

    line = order.lines.get()
    order = fulfilment.deliver(
        number=order.number, actor=family.yerlan, code=code_of(order), lots={str(line.pk): "LOT 7-Ә"}
    )
    # Five working days after Monday: next Monday.
    assert order.status == "delivered" and order.due_at == at("2026-11-30T23:59:59")
    assert order.lines.get().lot == "LOT 7-Ә" and order.deliveries.get().code_checked
    family.jarqyn.refresh_from_db()
    assert (family.jarqyn.delivered_lines, family.jarqyn.on_time_lines, family.jarqyn.rejected_lines) == (1, 1, 0)
    assert stock(family.diaper_offer) == (40, 2) and norm(order) == (60, 0)

    order = fulfilment.accept(number=order.number, actor=family.aigul)
    assert order.status == "accepted" and order.due_rule == "order.sign_act_days"
    assert stock(family.diaper_offer) == (38, 0) and norm(order) == (0, 60)

    order = fulfilment.sign_act(number=order.number, actor=family.yerlan)
    assert order.status == "reimbursement_pending" and order.due_at == at("2026-12-07T23:59:59")
    order = fulfilment.pay(number=order.number, actor=family.gulnar)
    assert order.status == "paid"
    assert clocks.run(at("2026-11-24T00:00:30")).done["closed"] == 1
    order.refresh_from_db()
    assert order.status == "closed" and order.due_at is None
    assert clocks.run(at("2026-11-24T00:00:30")).done["closed"] == 0

    passed = list(LedgerTransfer.objects.values_list("source", "target", "quantity", "amount"))
    sums = (60, Decimal("11400.00"))
    assert passed == [("free", "reserved", *sums), ("reserved", "consumed", *sums), ("consumed", "paid", *sums)]
    kinds = list(Event.objects.filter(subject=f"order:{order.number}").order_by("pk").values_list("kind", flat=True))
    assert kinds == [
        "order.sent", "order.confirmed", "order.shipped", "order.delivered", "order.accepted",
        "order.act_signed", "order.paid", "order.closed",
    ]  # fmt: skip
    assert set(OutboxRow.objects.filter(key=order.number).values_list("topic", flat=True)) == set(kinds)


def test_declined_frees_norm_and_stock_and_needs_a_reason(family):
    order = family.order()
    with pytest.raises(Invalid):
        fulfilment.decline(number=order.number, actor=family.yerlan, reason="  ")
    order.refresh_from_db()
    assert order.status == "sent" and norm(order) == (60, 0)

    order = fulfilment.decline(number=order.number, actor=family.yerlan, reason="Қоймада өрт болды")
    assert order.status == "declined" and order.due_at is None
    assert stock(family.diaper_offer) == (40, 0) and norm(order) == (0, 0)
    assert Event.objects.get(kind="order.declined").reason == "Қоймада өрт болды"
    assert not order.passed_on.exists()


def test_declined_goes_to_the_next_offer_that_can_take_it(family):
    order = family.order(**{"line.a.fallback": [family.other_diaper_offer.pk]})
    fulfilment.decline(number=order.number, actor=family.yerlan, reason="жоқ")
    following = order.passed_on.get()
    assert (following.partner, following.status, following.placed_by) == (family.altyn, "sent", family.aigul)
    assert following.draft == order.draft and following.contact_phone == order.contact_phone
    assert stock(family.diaper_offer) == (40, 0) and stock(family.other_diaper_offer) == (40, 2)
    assert norm(following) == (60, 0)
    assert following.fallback == {}
    with pytest.raises(NotFound):
        selectors.get(family.yerlan, following.number)


def test_the_next_offer_never_costs_the_person_more_than_she_agreed_to(family):
    StockRecord.objects.filter(pk=family.other_diaper_offer.pk).update(price=Decimal("6000.00"))
    order = family.order(**{"line.a.fallback": [family.other_diaper_offer.pk]})
    fulfilment.decline(number=order.number, actor=family.yerlan, reason="жоқ")
    assert not order.passed_on.exists() and norm(order) == (0, 0)


def test_silence_times_out_on_the_day_after_and_only_once(family, monday):
    order = family.order(**{"line.a.fallback": [family.other_diaper_offer.pk]})
    assert clocks.run(at("2026-11-26T23:59:59")).done["timed out"] == 0
    assert clocks.run(at("2026-11-27T00:00:00")).done["timed out"] == 1
    assert clocks.run(at("2026-11-27T00:00:00")).done["timed out"] == 0
    order.refresh_from_db()
    assert order.status == "timed_out" and order.passed_on.get().partner == family.altyn
    event = Event.objects.get(kind="order.timed_out")
    assert event.actor is None and (event.before, event.after) == ("sent", "timed_out")


def test_silence_at_acceptance_is_a_call_of_the_office_not_an_acceptance(family, monday):
    order = delivered(family)
    monday.move_to("2026-12-02T09:00:00+05:00")
    clocks.run(at("2026-12-02T09:00:00"))
    order.refresh_from_db()
    assert order.status == "delivered" and order.due_at == at("2026-11-30T23:59:59")
    assert list(selectors.to_do(family.gulnar)) == [order] and selectors.whose_turn(order) == "office"
    assert list(selectors.to_do(family.dina)) == []


def test_a_wrong_code_is_counted_and_five_are_enough(family):
    order = family.order()
    fulfilment.confirm(number=order.number, actor=family.yerlan)
    fulfilment.ship(number=order.number, actor=family.yerlan)
    wrong = "000000" if code_of(order) != "000000" else "111111"
    for tries in range(1, 6):
        with pytest.raises(Invalid) as refused:
            fulfilment.deliver(number=order.number, actor=family.yerlan, code=wrong)
        assert [(error.field, error.code) for error in refused.value.errors] == [("code", "wrong")]
        order.refresh_from_db()
        assert (order.status, order.code_attempts) == ("in_delivery", tries)
    with pytest.raises(TooManyAttempts):
        fulfilment.deliver(number=order.number, actor=family.yerlan, code=code_of(order))
    assert not order.deliveries.exists() and Event.objects.filter(kind="order.wrong_code").count() == 5

    # A new attempt has new tries.
    fulfilment.fail_delivery(number=order.number, actor=family.yerlan, reason="код қате")
    fulfilment.ship(number=order.number, actor=family.yerlan)
    assert fulfilment.deliver(number=order.number, actor=family.yerlan, code=code_of(order)).status == "delivered"


def test_lots_must_belong_to_the_order(family):
    order = family.order()
    fulfilment.confirm(number=order.number, actor=family.yerlan)
    fulfilment.ship(number=order.number, actor=family.yerlan)
    for wrong in ({"999": "A"}, {str(order.lines.get().pk): "x" * 81}):
        with pytest.raises(Invalid):
            fulfilment.deliver(number=order.number, actor=family.yerlan, code=code_of(order), lots=wrong)
    order.refresh_from_db()
    assert order.status == "in_delivery" and order.code_attempts == 0


def test_two_failed_attempts_and_the_office_decides(family):
    order = family.order()
    fulfilment.confirm(number=order.number, actor=family.yerlan)
    for attempt in (1, 2):
        fulfilment.ship(number=order.number, actor=family.yerlan)
        order = fulfilment.fail_delivery(number=order.number, actor=family.yerlan, reason="ешкім жоқ")
        assert order.delivery_attempts == attempt
    assert selectors.allowed(order, ["supplier"]) == []
    assert list(selectors.to_do(family.gulnar)) == [order] and list(selectors.to_do(family.yerlan)) == []
    with pytest.raises(TooManyAttempts):
        fulfilment.ship(number=order.number, actor=family.yerlan)
    with pytest.raises(Invalid):
        fulfilment.cancel(number=order.number, actor=family.gulnar)
    order = fulfilment.cancel(number=order.number, actor=family.gulnar, reason="көшіп кетті")
    assert order.status == "cancelled" and norm(order) == (0, 0) and stock(family.diaper_offer) == (40, 0)


def test_rejected_replaced_accepted(family, monday):
    order = delivered(family)
    order = fulfilment.reject(number=order.number, actor=family.aigul, reason="өлшемі кіші")
    assert order.status == "rejected" and order.due_rule == "order.take_back_days" and norm(order) == (60, 0)
    fulfilment.replace(number=order.number, actor=family.yerlan)
    order = fulfilment.deliver(number=order.number, actor=family.yerlan, code=code_of(order))
    assert order.deliveries.count() == 2
    order = fulfilment.accept_with_remarks(number=order.number, actor=family.aigul, reason="қорабы жыртық")
    assert order.act.snapshot["remarks"] == "қорабы жыртық"
    family.jarqyn.refresh_from_db()
    # Counted once, however often it is delivered.
    assert (family.jarqyn.delivered_lines, family.jarqyn.rejected_lines) == (1, 1)


def test_rejected_and_taken_back_frees_the_norm(family):
    order = delivered(family)
    fulfilment.reject(number=order.number, actor=family.aigul, reason="өлшемі кіші")
    order = fulfilment.take_back(number=order.number, actor=family.yerlan)
    assert order.status == "refund_released" and norm(order) == (0, 0) and stock(family.diaper_offer) == (40, 0)


def test_a_late_delivery_is_not_on_time(family, monday):
    order = family.order()
    fulfilment.confirm(number=order.number, actor=family.yerlan)
    monday.move_to("2026-12-01T10:00:00+05:00")
    fulfilment.ship(number=order.number, actor=family.yerlan)
    fulfilment.deliver(number=order.number, actor=family.yerlan, code=code_of(order))
    family.jarqyn.refresh_from_db()
    assert (family.jarqyn.delivered_lines, family.jarqyn.on_time_lines) == (1, 0)


def test_goods_made_to_measure_have_a_trial(family):
    made = make.make_type("ankle-foot-orthosis", sphere="made_to_measure", made_to_measure=True)
    offer = make.make_offer(make.make_product(made, "Ортез"), family.jarqyn, price="90000.00", pack_size=1)
    line = make.make_entitlement(family.alihan, made, norm=2, period="year", guaranteed_unit_sum=Decimal("126000.00"))
    [order] = make.make_orders(family.aigul, make.fields_for((line, offer, 1)))
    order = fulfilment.confirm(number=order.number, actor=family.yerlan)
    assert order.due_rule == "order.delivery_days.made_to_measure"
    fulfilment.ship(number=order.number, actor=family.yerlan)
    order = fulfilment.deliver(number=order.number, actor=family.yerlan, code=code_of(order))
    assert order.due_rule == "order.trial_days" and order.due_at == at("2026-12-07T23:59:59")


def test_the_ministry_holds_and_releases(family):
    ministry = make.make_user("asel", "reviewer")
    order = delivered(family)
    fulfilment.accept(number=order.number, actor=family.aigul)
    fulfilment.sign_act(number=order.number, actor=family.yerlan)
    assert fulfilment.hold(number=order.number, actor=ministry, reason="Қауіпсіздік").status == "held"
    with pytest.raises(IllegalStep):
        fulfilment.pay(number=order.number, actor=family.gulnar)
    assert fulfilment.release(number=order.number, actor=ministry).status == "reimbursement_pending"
    order.refresh_from_db()
    assert order.due_rule == "order.reimbursement_days"


def test_a_party_that_never_takes_a_step_is_refused_with_403(family):
    order = family.order()
    with pytest.raises(Forbidden) as refused:
        fulfilment.confirm(number=order.number, actor=family.aigul)
    assert refused.value.extra["allowed"] == ["cancel"]
    with pytest.raises(NotFound):
        fulfilment.confirm(number=order.number, actor=family.natalya)
    with pytest.raises(NotFound):
        fulfilment.cancel(number=order.number, actor=family.dina, reason="бөтен")
    order.refresh_from_db()
    assert order.status == "sent"


def test_the_act_is_frozen_and_carries_no_identity_number(family):
    order = delivered(family)
    fulfilment.accept(number=order.number, actor=family.aigul)
    act = Act.objects.get(order=order)
    assert act.number == f"T-{order.number}" and act.person_signed_by == family.aigul
    assert act.snapshot["lines"][0]["title"] == {"kk": "Бала жөргегі kk", "ru": "Бала жөргегі ru"}
    assert "iin" not in str(act.snapshot).lower()
    before = act.digest
    fulfilment.sign_act(number=order.number, actor=family.yerlan)
    act.refresh_from_db()
    assert act.digest == before and act.supplier_signed_by == family.yerlan


def test_everybody_is_told_in_the_own_language_once(family):
    order = family.order()
    outbox.drain()
    fulfilment.confirm(number=order.number, actor=family.yerlan)
    fulfilment.ship(number=order.number, actor=family.yerlan)
    outbox.drain()
    rows = OutboxRow.objects.filter(topic="order.shipped")
    rows.update(done_at=None)
    outbox.drain()
    notices = {(notice.kind, notice.recipient.username): notice for notice in Notice.objects.all()}
    assert set(notices) == {
        ("order.sent", "aigul"), ("order.sent", "yerlan"), ("order.confirmed", "aigul"), ("order.shipped", "aigul"),
    }  # fmt: skip
    assert Notice.objects.count() == 4
    shipped = notices["order.shipped", "aigul"]
    assert code_of(order) not in shipped.text, "no table keeps it"
    assert (
        code_of(order) in sending.fill(shipped).text and shipped.language == "kk" and shipped.address == "+77000000011"
    )
    assert code_of(order) not in notices["order.sent", "yerlan"].text
    assert "Айгүл" not in notices["order.sent", "yerlan"].text
