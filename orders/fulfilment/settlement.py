"""Act, payment and the ways an order ends."""

from datetime import datetime

from django.utils import timezone

from marketplace import calendar
from marketplace.models import Role, User
from orders import act, ledger
from orders.fulfilment import holding
from orders.fulfilment.passing import release_all
from orders.models import Line, Order
from orders.states import ORDER
from orders.steps import clock_turn, given_reason, turn


def sign_act(*, number: str, actor: User) -> Order:
    """The supplier signs the act; the state owes the money (rule ``order.reimbursement_days``)."""
    with turn(number, "sign-act", actor) as now:
        act.sign_by_supplier(now)
        order = now.finish(due=calendar.deadline("order.reimbursement_days", now.today))
        # A complaint may be older than the act.
        holding.settle(order, now.now)
        return order


def pay(*, number: str, actor: User) -> Order:
    """The office or the ministry records that the supplier was paid: every line but those on hold.

    With a line on hold the order stands on hold for the rest, else it is paid.
    """
    with turn(number, "pay", actor) as now:
        unpaid = holding.owed(now.lines)
        stopped = holding.held_lines(unpaid)
        due = [line for line in unpaid if line.pk not in stopped]
        ledger.pay(due)
        Line.objects.filter(pk__in=[line.pk for line in due]).update(paid_at=now.now)
        if stopped:
            now.step = ORDER.find("pay-part", now.order.status, ["clock"])
            return now.finish()
        # Nobody owes a step; the clock closes it, and finds it by its date.
        return now.finish(due_at=now.now)


def close(*, number: str, now: datetime | None = None) -> Order | None:
    """The clock closes a paid order. None when it is not paid (any more)."""
    with clock_turn(number, "close", now or timezone.now()) as due:
        return due.finish() if due is not None else None


def cancel(*, number: str, actor: User, reason: str = "") -> Order:
    """The person, or the office with a reason, calls the order off before it is on the way; the norm is free again."""
    with turn(number, "cancel", actor) as now:
        words = given_reason(reason) if actor.role == Role.CASEWORKER else (reason or "").strip()[:1000]
        return now.finish(reason=words, offers=release_all(now))
