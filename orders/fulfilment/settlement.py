"""Act, payment and the ways an order ends."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from marketplace import calendar
from marketplace.machine import Step
from marketplace.models import Role, User
from orders import act, ledger
from orders.fulfilment.passing import release_all
from orders.models import Order
from orders.states import ORDER
from orders.steps import Turn, clock_turn, given_reason, lock_order, turn


def sign_act(*, number: str, actor: User) -> Order:
    """The supplier signs the act; the state owes the money (rule ``order.reimbursement_days``)."""
    with turn(number, "sign-act", actor) as now:
        act.sign_by_supplier(now)
        return now.finish(due=calendar.deadline("order.reimbursement_days", now.today))


def hold(*, number: str, actor: User, reason: str) -> Order:
    """The ministry stops the payment while a case of safety or fraud is open."""
    with turn(number, "hold", actor) as now:
        return now.finish(reason=given_reason(reason))


def release(*, number: str, actor: User, reason: str = "") -> Order:
    """The payment goes on; its time runs anew."""
    with turn(number, "release", actor) as now:
        due = calendar.deadline("order.reimbursement_days", now.today)
        return now.finish(due=due, reason=(reason or "").strip()[:1000])


def hold_for_case(*, number: str, reason: str, now: datetime | None = None) -> bool:
    """An open complaint stops the payment by itself; call it inside the complaint's transaction.

    False when there is no payment to stop (yet).
    """
    return _by_case(number, "hold", reason, now)


def release_after_case(*, number: str, reason: str, now: datetime | None = None) -> bool:
    """The complaint was closed: the payment goes on. False when nothing was on hold."""
    return _by_case(number, "release", reason, now)


def _by_case(number: str, action: str, reason: str, now: datetime | None) -> bool:
    with transaction.atomic():
        order = lock_order(number)
        step = _clock_step(order, action)
        if order is None or step is None:
            return False
        moment = now or timezone.now()
        taken = Turn(order, list(order.lines.all()), step, None, moment)
        due = calendar.deadline("order.reimbursement_days", taken.today) if action == "release" else None
        taken.finish(due=due, reason=reason)
    return True


def _clock_step(order: Order | None, action: str) -> Step | None:
    steps = ORDER.allowed(order.status, ["clock"]) if order is not None else []
    return next((step for step in steps if step.action == action), None)


def pay(*, number: str, actor: User) -> Order:
    """The office or the ministry records that the supplier was paid."""
    with turn(number, "pay", actor) as now:
        ledger.pay(now.lines)
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
