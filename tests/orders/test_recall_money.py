"""What a recall leaves in the books: money back frees the norm and is not paid, or is owed back; the rest changes nothing."""

from decimal import Decimal

import pytest
from django.test import Client

from marketplace import outbox
from marketplace.errors import Forbidden, NotFound
from marketplace.models import Event, Notice, Role, User
from marketplace.notices import calls
from orders import fulfilment, holders, payouts, reminding
from orders.fulfilment.refunding import NotAccepted
from orders.models import LedgerTransfer, Line, Order, PaymentHold, RecallHolder, Tranche
from tests.complaints.factories import at
from tests.orders import factories as make
from tests.orders.test_ledger import assert_books_agree
from tests.orders.test_lot_recall import announce, client_of, handed_over


@pytest.fixture
def asel(family) -> User:
    return make.make_user("asel", Role.REVIEWER, language="en")


def diapers(order: Order) -> Line:
    return order.lines.get(key="a")


def called_back(order: Order, family) -> RecallHolder:
    """The diapers' lot is called back; the delivery named no lot, so they may be of it."""
    return announce(family).holders.get(line=diapers(order))


def wish(holder: RecallHolder, family, what: str, *, serve: bool = True) -> None:
    holders.answer(holder_id=holder.pk, number=holder.line.order.number, actor=family.aigul, wish=what)
    if serve:
        holders.serve(holder_id=holder.pk, recall_id=holder.recall_id, actor=family.yerlan)


def entries(line: Line) -> list[tuple[str, str]]:
    assert set(LedgerTransfer.objects.filter(line=line).values_list("quantity", "amount")) == {
        (line.units, line.state_pays)
    }
    return list(LedgerTransfer.objects.filter(line=line).order_by("pk").values_list("source", "target"))


def status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


def signed(order: Order, family) -> Order:
    return fulfilment.sign_act(number=order.number, actor=family.yerlan)


USED = [("free", "reserved"), ("reserved", "consumed")]
HELD = [("consumed", "held"), ("held", "consumed")]


# --- Money back ---------------------------------------------------------------------------------------------


def test_money_back_before_the_act_frees_the_norm_and_the_rest_is_paid(order, family):
    line = diapers(order)
    before = Tranche.objects.get(pk=line.tranche_id).free_quantity
    wish(called_back(order, family), family, "refund")
    assert entries(line) == [*USED, ("consumed", "free")]
    tranche = Tranche.objects.get(pk=line.tranche_id)
    assert (tranche.free_quantity, tranche.consumed_quantity, tranche.consumed_sum) == (before + line.units, 0, 0)
    assert status(order) == "accepted"
    signed(order, family)
    assert [row.title for row in payouts.owed(family.yerlan).lines] == [order.lines.get(key="b").product.title]
    fulfilment.pay(number=order.number, actor=family.gulnar)
    assert status(order) == "paid"
    assert entries(line)[-1] == ("consumed", "free"), "what went back is not paid"
    assert_books_agree()


def test_a_payment_waits_from_the_wish_until_it_is_served(order, family):
    holder = called_back(order, family)
    signed(order, family)
    wish(holder, family, "refund", serve=False)
    line = diapers(order)
    assert entries(line) == [*USED, HELD[0]] and status(order) == "reimbursement_pending"
    fulfilment.pay(number=order.number, actor=family.gulnar)  # the other line
    assert status(order) == "held"
    wish(holder, family, "refund")
    assert entries(line) == [*USED, *HELD, ("consumed", "free")]
    assert status(order) == "paid" and not PaymentHold.objects.filter(released_at=None).exists()
    assert_books_agree()


def test_an_order_of_which_everything_goes_back_is_over(family):
    order = handed_over(family)
    line = order.lines.get()
    signed(order, family)
    holder = announce(family).holders.get()
    wish(holder, family, "refund", serve=False)
    assert status(order) == "held"
    wish(holder, family, "refund")
    assert status(order) == "refund_released" and entries(line) == [*USED, *HELD, ("consumed", "free")]
    assert Event.objects.filter(subject=f"order:{order.number}", kind="order.refunded", actor=None).count() == 1
    assert_books_agree()
    again = family.order(2)
    assert again.lines.get().tranche_id == line.tranche_id, "the norm can be ordered from again"
    assert_books_agree()


def test_what_the_state_had_paid_the_supplier_owes_back_until_it_came(order, family, asel):
    line = diapers(order)
    signed(order, family)
    fulfilment.pay(number=order.number, actor=family.gulnar)
    holder = called_back(order, family)
    wish(holder, family, "refund")
    assert entries(line) == [*USED, ("consumed", "paid"), ("paid", "owed_back")]
    assert status(order) == "paid"
    tranche = Tranche.objects.get(pk=line.tranche_id)
    assert tranche.consumed_quantity == 0, "the person can order anew at once"
    assert payouts.owed(family.yerlan).back == line.state_pays > 0
    assert "You owe the state" in client_of(family.yerlan).get("/en/supplier/").content.decode()
    for stranger, refusal in ((family.yerlan, Forbidden), (family.aigul, NotFound), (family.natalya, NotFound)):
        with pytest.raises(refusal):
            holders.record_return(holder_id=holder.pk, recall_id=holder.recall_id, actor=stranger)
    assert entries(line)[-1] == ("paid", "owed_back")
    assert_books_agree()
    ministry = client_of(asel)
    path = f"/en/recalls/{holder.recall_id}/holders/"
    assert 'name="returned"' in ministry.get(path).content.decode()
    ministry.post(path, {"returned": holder.pk})
    assert entries(line)[-1] == ("owed_back", "free") and payouts.owed(family.yerlan).back == Decimal(0)
    assert 'name="returned"' not in ministry.get(path).content.decode()
    with pytest.raises(holders.RecallIsOver):
        holders.record_return(holder_id=holder.pk, recall_id=holder.recall_id, actor=asel)
    assert_books_agree()


def test_goods_that_are_not_accepted_go_back_by_the_order_itself(family):
    order = handed_over(family, accept=False)
    holder = announce(family).holders.get()
    with pytest.raises(NotAccepted):
        wish(holder, family, "refund")
    holder.refresh_from_db()
    assert holder.served_at is None and status(order) == "delivered"
    assert entries(order.lines.get()) == USED[:1]
    fulfilment.reject(number=order.number, actor=family.aigul, reason="Кері шақырылды.")
    fulfilment.take_back(number=order.number, actor=family.yerlan)
    holders.serve(holder_id=holder.pk, recall_id=holder.recall_id, actor=family.yerlan)
    assert entries(order.lines.get()) == [USED[0], ("reserved", "free")], "booked once"
    assert_books_agree()


# --- Another one, a repair, keep it -----------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["replacement", "repair"])
def test_another_one_or_a_repair_leaves_the_books_and_the_payment_waits_meanwhile(order, family, what):
    holder, line = called_back(order, family), diapers(order)
    signed(order, family)
    wish(holder, family, what, serve=False)
    assert entries(line) == [*USED, HELD[0]]
    holders.serve(holder_id=holder.pk, recall_id=holder.recall_id, actor=family.yerlan)
    assert entries(line) == [*USED, *HELD]
    fulfilment.pay(number=order.number, actor=family.gulnar)
    assert entries(line) == [*USED, *HELD, ("consumed", "paid")] and status(order) == "paid"
    counted = vars(holders.progress(holder.recall_id))
    assert counted["repaired" if what == "repair" else "replaced"] == 1 and counted["refunded"] == 0
    outbox.drain()
    told = Notice.objects.get(kind="recall.served", recipient=family.aigul)
    assert "your money" not in told.text and told.status != "failed"
    assert_books_agree()


def test_who_keeps_it_after_all_lets_the_payment_go_on(order, family):
    holder, line = called_back(order, family), diapers(order)
    signed(order, family)
    wish(holder, family, "refund", serve=False)
    wish(holder, family, "keep", serve=False)
    assert entries(line) == [*USED, *HELD]
    assert_books_agree()


def test_a_recall_that_the_ministry_ends_lets_every_payment_go_on(order, family, asel):
    holder, line = called_back(order, family), diapers(order)
    signed(order, family)
    wish(holder, family, "refund", serve=False)
    holders.close(recall_id=holder.recall_id, actor=asel, result="It was another lot.")
    assert entries(line) == [*USED, *HELD] and not PaymentHold.objects.filter(released_at=None).exists()
    assert_books_agree()


def test_a_complaint_about_goods_that_went_back_holds_nothing(order, family):
    holder, line = called_back(order, family), diapers(order)
    signed(order, family)
    assert fulfilment.hold_line_for_case(line_id=line.pk, case="C-1")
    wish(holder, family, "refund")
    assert entries(line)[-1] == ("consumed", "free")
    assert not fulfilment.release_line_after_case(line_id=line.pk, case="C-1")
    assert not fulfilment.hold_line_for_case(line_id=line.pk, case="C-2")
    assert_books_agree()


# --- Who is silent ------------------------------------------------------------------------------------------------


def reminded(holder: RecallHolder) -> list[str]:
    outbox.drain()
    rows = Notice.objects.filter(kind="recall.reminder", subject=f"order:{holder.line.order.number}").order_by("pk")
    return [notice.channel for notice in rows]


def test_who_is_silent_is_reminded_on_the_days_of_the_rule_and_called_at_last(family, monday):
    handed_over(family)
    holder = announce(family).holders.get()
    RecallHolder.objects.update(told_at=at("2026-11-23 18:00"))
    assert reminding.remind(at("2026-11-24 23:59")) == 0
    assert reminding.remind(at("2026-11-25 00:05")) == 1
    assert reminding.remind(at("2026-11-25 00:06")) == 0
    assert reminding.remind(at("2026-11-28 00:05")) == 1
    assert reminded(holder) == ["sms", "sms"]
    assert reminding.remind(at("2026-12-01 00:05")) == 1
    assert reminding.remind(at("2027-01-01 00:05")) == 0
    assert reminded(holder) == ["sms", "sms", "call"]
    call = Notice.objects.get(kind="recall.reminder", channel="call")
    assert call.status == "call" and call.recipient == family.aigul and "Қолданбаңыз." in call.text
    assert call in calls.waiting(make.make_user("operator", Role.HOTLINE))
    User.objects.filter(pk=family.aigul.pk).update(office=family.gulnar.office)
    assert call in calls.waiting(family.gulnar), "her office phones her"
    assert call not in calls.waiting(family.dina)


def test_a_portal_that_was_away_reminds_once(family, monday):
    handed_over(family)
    holder = announce(family).holders.get()
    RecallHolder.objects.update(told_at=at("2026-11-23 18:00"))
    assert reminding.remind(at("2026-12-24 10:00")) == 1
    assert reminded(holder) == ["call"]


def test_who_has_answered_or_whose_recall_is_over_is_left_alone(family, asel, monday):
    for lot, ends in (("L-17", False), ("L-18", True)):
        order = handed_over(family, lot=lot, quantity=1)
        holder = announce(family, lot=lot).holders.get(line__order=order)
        if ends:
            holders.close(recall_id=holder.recall_id, actor=asel, result="It was another lot.")
        else:
            holders.answer(holder_id=holder.pk, number=order.number, actor=family.aigul, wish="keep")
    RecallHolder.objects.update(told_at=at("2026-11-20 18:00"))
    assert reminding.remind(at("2026-12-24 10:00")) == 0


def test_an_answer_between_the_sweep_and_the_message_stops_the_message(family, monday):
    order = handed_over(family)
    holder = announce(family).holders.get()
    RecallHolder.objects.update(told_at=at("2026-11-20 18:00"))
    assert reminding.remind(at("2026-11-24 10:00")) == 1
    holders.answer(holder_id=holder.pk, number=order.number, actor=family.aigul, wish="repair")
    assert reminded(holder) == []


def test_by_the_api(order, family, asel):
    holder = called_back(order, family)
    signed(order, family)
    fulfilment.pay(number=order.number, actor=family.gulnar)
    seller, mother, ministry, stranger = (client_of(u) for u in (family.yerlan, family.aigul, asel, family.natalya))

    def post(client: Client, path: str, body: dict | None = None):
        return client.post(f"/api/v1{path}", body or {}, content_type="application/json")

    assert post(mother, f"/orders/{order.number}/recalls/{holder.pk}", {"wish": "refund"}).json()["reminders"] == 0
    path = f"/recalls/{holder.recall_id}/holders/{holder.pk}"
    assert post(seller, f"{path}/served").status_code == 200
    assert (post(seller, f"{path}/returned").status_code, post(stranger, f"{path}/returned").status_code) == (403, 404)
    assert post(ministry, f"{path}/returned").status_code == 204
    assert post(ministry, f"{path}/returned").json()["code"] == "recall_is_over"
    assert entries(diapers(order))[-1] == ("owed_back", "free")
