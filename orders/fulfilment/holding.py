"""Payment on hold, line by line: what is disputed waits, the rest of the order is paid.

A hold names its case and may be written long before there is anything to pay; ``settle`` brings ledger and
state in line with the open holds after each change. An order whose unpaid lines are all on hold is ``held``.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from marketplace import calendar
from marketplace.models import User
from orders import ledger
from orders.models import Line, Order, PaymentHold
from orders.states import ORDER, RELEASING_STATES, OrderStatus
from orders.steps import Turn, given_reason, lock_order, turn

S = OrderStatus
OWING = {S.ACCEPTED, S.ACCEPTED_WITH_REMARKS, S.REIMBURSEMENT_PENDING, S.HELD}
NOTHING_OWED = {*RELEASING_STATES, S.PAID, S.CLOSED}


def hold(*, number: str, actor: User, reason: str) -> Order:
    """The ministry stops the whole payment."""
    with turn(number, "hold", actor) as now:
        words = given_reason(reason)
        _note(owed(now.lines), "", now.now)
        order = now.finish(reason=words)
        settle(order, now.now)
        return order


def release(*, number: str, actor: User, reason: str = "") -> Order:
    """The ministry lets the payment go on, whatever stopped it; its time runs anew."""
    with turn(number, "release", actor) as now:
        PaymentHold.objects.filter(line__in=now.lines, released_at=None).update(released_at=now.now)
        due = calendar.deadline("order.reimbursement_days", now.today)
        order = now.finish(due=due, reason=(reason or "").strip()[:1000])
        settle(order, now.now)
        return order


def hold_line_for_case(*, line_id: int, case: str, now: datetime | None = None) -> bool:
    """An open case stops the payment of a line; call it inside the case's transaction.

    False when nothing is owed for the line any more, or this case stops it already.
    """
    moment = now or timezone.now()
    with transaction.atomic():
        order = locked_by_line(line_id)
        line = Line.objects.filter(pk=line_id, paid_at=None, refunded_at=None).first()
        if order is None or line is None or order.status in NOTHING_OWED or not _note([line], case, moment):
            return False
        settle(order, moment, reason=case)
    return True


def release_line_after_case(*, line_id: int, case: str, now: datetime | None = None) -> bool:
    """The case has ended; other cases may still stop the line. False when this one stopped nothing."""
    moment = now or timezone.now()
    with transaction.atomic():
        order = locked_by_line(line_id)
        own = PaymentHold.objects.filter(line=line_id, case=case, released_at=None)
        if order is None or not own.update(released_at=moment):
            return False
        settle(order, moment, reason=case)
    return True


def settle(order: Order, now: datetime, *, reason: str = "") -> None:
    """Make ledger and state of a locked order say what its open holds say; nothing before the act is signed."""
    if order.status not in {S.REIMBURSEMENT_PENDING, S.HELD}:
        return
    unpaid = owed(list(order.lines.all()))
    stopped, in_ledger = held_lines(unpaid), ledger.on_hold(unpaid)
    ledger.hold([line for line in unpaid if line.pk in stopped - in_ledger])
    ledger.let_go([line for line in unpaid if line.pk in in_ledger - stopped])
    all_wait = bool(unpaid) and all(line.pk in stopped for line in unpaid)
    if all_wait and order.status == S.REIMBURSEMENT_PENDING:
        by_clock(order, "hold", now).finish(reason=reason)
    elif not all_wait and order.status == S.HELD:
        taken = by_clock(order, "release", now)
        taken.finish(due=calendar.deadline("order.reimbursement_days", taken.today), reason=reason)


def owed(lines: list[Line]) -> list[Line]:
    """Those of the lines that the state still owes, on hold or not."""
    return [line for line in lines if line.paid_at is None and line.refunded_at is None]


def held_lines(lines: list[Line]) -> set[int]:
    """Those of the lines that something stops."""
    return set(PaymentHold.objects.filter(line__in=lines, released_at=None).values_list("line_id", flat=True))


def _note(lines: list[Line], case: str, now: datetime) -> bool:
    """Write the holds that do not stand yet; False when all of them do."""
    known = set(PaymentHold.objects.filter(line__in=lines, case=case, released_at=None).values_list("line", flat=True))
    fresh = [PaymentHold(line=line, case=case, held_at=now) for line in lines if line.pk not in known]
    PaymentHold.objects.bulk_create(fresh)
    return bool(fresh)


def locked_by_line(line_id: int) -> Order | None:
    """The order of a line, under its row lock."""
    number = Line.objects.filter(pk=line_id).values_list("order__number", flat=True).first()
    return lock_order(number) if number else None


def by_clock(order: Order, action: str, now: datetime) -> Turn:
    """The clock's step of a locked order that follows from what happened to its lines."""
    return Turn(order, list(order.lines.all()), ORDER.find(action, order.status, ["clock"]), None, now)
