"""A disputed line is not paid, the rest of the order is; the books say where the money stands."""

from decimal import Decimal

import pytest

from marketplace.errors import IllegalStep
from marketplace.models import Event
from orders import fulfilment
from orders.models import LedgerTransfer, Line, Order, PaymentHold
from tests.orders import factories as make
from tests.orders.test_ledger import assert_books_agree


def diapers(order: Order) -> Line:
    return order.lines.order_by("pk").first()


def pads(order: Order) -> Line:
    return order.lines.order_by("pk").last()


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def stands_on(line: Line) -> str:
    """The account where the line's sum is."""
    return LedgerTransfer.objects.filter(line=line).latest("pk").target


def sign(order, family):
    fulfilment.sign_act(number=order.number, actor=family.yerlan)


def test_only_the_disputed_line_waits_and_the_rest_is_paid(order, family):
    sign(order, family)
    assert fulfilment.hold_line_for_case(line_id=diapers(order).pk, case="C-1")
    assert status(order) == "reimbursement_pending"
    assert (stands_on(diapers(order)), stands_on(pads(order))) == ("held", "consumed")
    held = LedgerTransfer.objects.get(target="held")
    assert (held.quantity, held.amount) == (diapers(order).units, diapers(order).state_pays) and held.amount > 0

    assert fulfilment.pay(number=order.number, actor=family.gulnar).status == "held"
    assert (stands_on(diapers(order)), stands_on(pads(order))) == ("held", "paid")
    assert Event.objects.latest("pk").kind == "order.paid_in_part"
    with pytest.raises(IllegalStep):
        fulfilment.pay(number=order.number, actor=family.gulnar)
    assert_books_agree()

    assert fulfilment.release_line_after_case(line_id=diapers(order).pk, case="C-1")
    assert status(order) == "reimbursement_pending" and order.due_rule == "order.reimbursement_days"
    assert fulfilment.pay(number=order.number, actor=family.gulnar).status == "paid"
    assert stands_on(diapers(order)) == "paid"
    paid = LedgerTransfer.objects.filter(target="paid").values_list("amount", flat=True)
    assert sum(paid, Decimal(0)) == order.state_pays, "each line is paid once"
    assert_books_agree()


def test_a_line_waits_until_the_last_of_its_cases_has_ended(order, family):
    sign(order, family)
    for case in ("C-1", "C-2"):
        assert fulfilment.hold_line_for_case(line_id=diapers(order).pk, case=case)
    assert not fulfilment.hold_line_for_case(line_id=diapers(order).pk, case="C-2")
    assert fulfilment.release_line_after_case(line_id=diapers(order).pk, case="C-1")
    assert stands_on(diapers(order)) == "held"
    assert fulfilment.release_line_after_case(line_id=diapers(order).pk, case="C-2")
    assert not fulfilment.release_line_after_case(line_id=diapers(order).pk, case="C-2")
    assert stands_on(diapers(order)) == "consumed"
    assert LedgerTransfer.objects.filter(target="held").count() == 1
    assert_books_agree()


def test_all_lines_on_hold_stop_the_order_and_one_that_is_free_starts_it(order, family):
    sign(order, family)
    fulfilment.hold_line_for_case(line_id=diapers(order).pk, case="C-1")
    fulfilment.hold_line_for_case(line_id=pads(order).pk, case="C-2")
    assert status(order) == "held"
    fulfilment.release_line_after_case(line_id=pads(order).pk, case="C-2")
    assert status(order) == "reimbursement_pending"
    assert stands_on(diapers(order)) == "held"


def test_an_act_that_is_signed_later_finds_the_hold(order, family):
    assert fulfilment.hold_line_for_case(line_id=diapers(order).pk, case="C-1")
    assert status(order) == "accepted" and not LedgerTransfer.objects.filter(target="held").exists()
    sign(order, family)
    assert (stands_on(diapers(order)), stands_on(pads(order))) == ("held", "consumed")
    fulfilment.hold_line_for_case(line_id=pads(order).pk, case="C-1")
    assert status(order) == "held"


def test_a_hold_may_come_again(order, family):
    sign(order, family)
    for _time in range(2):
        assert fulfilment.hold_line_for_case(line_id=diapers(order).pk, case="C-1")
        assert fulfilment.release_line_after_case(line_id=diapers(order).pk, case="C-1")
    assert PaymentHold.objects.count() == 2
    assert_books_agree()


def test_what_is_paid_is_held_no_more(order, family):
    sign(order, family)
    fulfilment.pay(number=order.number, actor=family.gulnar)
    transfers = LedgerTransfer.objects.count()
    assert not fulfilment.hold_line_for_case(line_id=diapers(order).pk, case="C-1")
    assert (status(order), LedgerTransfer.objects.count(), PaymentHold.objects.count()) == ("paid", transfers, 0)


def test_the_end_of_a_case_leaves_what_the_ministry_holds(order, family):
    asel = make.make_user("asel", "reviewer")
    sign(order, family)
    fulfilment.hold_line_for_case(line_id=diapers(order).pk, case="C-1")
    fulfilment.hold(number=order.number, actor=asel, reason="Тексеру")
    assert not PaymentHold.objects.filter(line=pads(order), case="C-1").exists()
    fulfilment.release_line_after_case(line_id=diapers(order).pk, case="C-1")
    assert status(order) == "held"
    assert fulfilment.release(number=order.number, actor=asel).status == "reimbursement_pending"
    assert {stands_on(line) for line in order.lines.all()} == {"consumed"}
    assert_books_agree()


def test_the_page_and_the_api_say_which_line_waits(order, family, client):
    sign(order, family)
    fulfilment.hold_line_for_case(line_id=diapers(order).pk, case="C-1")
    client.force_login(family.aigul, "django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/en/orders/{order.number}/").content.decode()
    assert page.count("On hold while a complaint about this is open") == 1
    answer = client.get(f"/api/v1/orders/{order.number}").json()
    assert [line["payment_on_hold"] for line in answer["lines"]] == [True, False]
