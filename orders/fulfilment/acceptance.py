"""The person checks the goods: only she accepts, and silence is not acceptance (domain 3.2)."""

from django.db.models import F

from marketplace import calendar, outbox
from marketplace.models import User
from orders import act, ledger, placing
from orders.models import Delivery, Order
from orders.steps import Turn, delivery_rule, given_reason, turn
from suppliers.models import Partner


def accept(*, number: str, actor: User) -> Order:
    """Everything is right: norm and stock are used up, the act is drawn up and signed by the person."""
    with turn(number, "accept", actor) as now:
        return _accept(now, "")


def accept_with_remarks(*, number: str, actor: User, reason: str) -> Order:
    """Accepted, with the person's remarks in the act."""
    with turn(number, "accept-with-remarks", actor) as now:
        return _accept(now, given_reason(reason))


def _accept(now: Turn, remarks: str) -> Order:
    ledger.lock_of(now.lines)
    placing.lock_stock(line.stockrecord_id for line in now.lines)
    ledger.consume(now.lines)
    placing.consume_stock(now.lines)
    act.draw_up(now, remarks)
    return now.finish(
        due=calendar.deadline("order.sign_act_days", now.today),
        reason=remarks,
        offers=[line.stockrecord_id for line in now.lines],
    )


def reject(*, number: str, actor: User, reason: str) -> Order:
    """It does not suit: the supplier owes a replacement or takes the goods back (rule ``order.take_back_days``)."""
    with turn(number, "reject", actor) as now:
        words = given_reason(reason)
        if now.order.deliveries.filter(outcome=Delivery.Outcome.DELIVERED).count() == 1:
            Partner.objects.filter(pk=now.order.partner_id).update(rejected_lines=F("rejected_lines") + len(now.lines))
            outbox.add("supplier.changed", str(now.order.partner_id))
        return now.finish(
            due=calendar.deadline("order.take_back_days", now.today),
            reason=words,
            offers=[line.stockrecord_id for line in now.lines],
        )


def replace(*, number: str, actor: User, reason: str = "") -> Order:
    """The supplier sends other goods for the rejected ones; delivery and check run anew."""
    with turn(number, "replace", actor) as now:
        due = calendar.deadline(delivery_rule(now.lines), now.today)
        return now.finish(due=due, reason=(reason or "").strip()[:1000], code_attempts=0, delivery_attempts=0)


def take_back(*, number: str, actor: User, reason: str = "") -> Order:
    """The supplier took the goods back: the norm is free again, the packs are for sale again."""
    with turn(number, "take-back", actor) as now:
        ledger.lock_of(now.lines)
        placing.lock_stock(line.stockrecord_id for line in now.lines)
        ledger.release(now.lines)
        placing.release_stock(now.lines)
        return now.finish(reason=(reason or "").strip()[:1000], offers=[line.stockrecord_id for line in now.lines])
