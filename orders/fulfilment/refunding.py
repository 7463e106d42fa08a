"""The money of a line goes back after the goods were accepted: a recall was served so (domain F28, F50).

The norm is free again at once. What the state has not paid it does not pay; what it has paid the supplier owes back,
until the ministry records that it came. Goods that are not accepted go back by the order's own step ``take-back``.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from marketplace.errors import DomainError
from orders import ledger
from orders.fulfilment import holding
from orders.models import Line, Order, PaymentHold
from orders.states import RELEASING_STATES, OrderStatus

S = OrderStatus


class NotAccepted(DomainError):
    code = "not_accepted"
    message = _(
        "The person has not accepted these goods. She rejects them in the order, and you take them back there: "
        "then the money is free."
    )


def refund_line(*, line_id: int, now: datetime) -> bool:
    """Book the money of a line back; call it inside the cause's transaction.

    False when it is free already, because the order came to nothing. Raises NotAccepted.
    """
    order = holding.locked_by_line(line_id)
    if order is None or order.status in RELEASING_STATES:
        return False
    if order.status not in {*holding.OWING, S.PAID, S.CLOSED}:
        raise NotAccepted
    line = next(line for line in order.lines.all() if line.pk == line_id)
    if line.refunded_at is not None:
        return False
    ledger.lock_of([line])
    PaymentHold.objects.filter(line=line, released_at=None).update(released_at=now)
    if ledger.on_hold([line]):
        ledger.let_go([line])
    ledger.refund([line])
    line.refunded_at = now
    line.save(update_fields=["refunded_at"])
    if order.status in holding.OWING:
        _go_on(order, now)
    return True


def record_return(*, line_id: int, now: datetime) -> bool:
    """The supplier paid the state's share back; False when it owes nothing for this line."""
    holding.locked_by_line(line_id)
    line = Line.objects.get(pk=line_id)
    ledger.lock_of([line])
    if not ledger.owed_back([line]):
        return False
    ledger.returned([line])
    return True


def _go_on(order: Order, now: datetime) -> None:
    """With all lines back the order is over; with the rest paid it is paid; else the rest is owed as before."""
    lines = list(order.lines.all())
    if all(line.refunded_at for line in lines):
        holding.by_clock(order, "refund", now).finish()
    elif not holding.owed(lines):
        if order.status in {S.REIMBURSEMENT_PENDING, S.HELD}:
            holding.by_clock(order, "refund-rest", now).finish(due_at=now)
    else:
        holding.settle(order, now)
