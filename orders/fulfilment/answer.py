"""The supplier's answer to a new order: yes, no, or silence."""

from datetime import datetime, timedelta

from django.utils import timezone

from marketplace import calendar
from marketplace.models import User
from orders.fulfilment.passing import pass_on, release_all
from orders.models import Line, Order
from orders.steps import Turn, clock_turn, delivery_rule, given_reason, turn


def confirm(*, number: str, actor: User) -> Order:
    """The supplier takes the order; the time of delivery runs (rule ``order.delivery_days.<sphere>``)."""
    with turn(number, "confirm", actor) as now:
        due = calendar.deadline(delivery_rule(now.lines), now.today)
        promised = now.today + timedelta(days=_lead_days(now.order, now.lines))
        return now.finish(due=due, promised_on=min(promised, due.respond_by))


def _lead_days(order: Order, lines: list[Line]) -> int:
    """The slowest offer's days to this region, as the supplier published them."""
    offers = [line.stockrecord for line in lines if line.stockrecord is not None]
    return max((int(row.lead_days_by_region.get(order.region_id, row.lead_days)) for row in offers), default=0)


def decline(*, number: str, actor: User, reason: str) -> Order:
    """The supplier refuses with a reason; norm and stock are free, the next offer is asked if one was named."""
    with turn(number, "decline", actor) as now:
        return _end_without_goods(now, given_reason(reason))


def time_out(*, number: str, now: datetime | None = None) -> Order | None:
    """The supplier was silent (rule ``order.confirm_days``): as if declined. None when it is not due (any more)."""
    with clock_turn(number, "time-out", now or timezone.now()) as due:
        return _end_without_goods(due, "") if due is not None else None


def _end_without_goods(now: Turn, reason: str) -> Order:
    offers = release_all(now)
    order = now.finish(reason=reason, offers=offers)
    pass_on(now)
    return order
