"""The payment of a disputed line waits while the complaint is open, the rest of the order is paid.

Which complaints do that is rule data: rows of the routing table, and the subjects of the rule
``complaint.payment_hold``. A hold is written when the complaint is filed or opened again, whether the act is
signed yet or not, and released with its outcome. All functions run inside the transaction of their cause.
"""

from datetime import date, datetime

from django.db.models import Exists, OuterRef, QuerySet

from complaints.models import Complaint
from complaints.routing import Route
from complaints.states import OPEN_STATES
from marketplace import rules
from orders.fulfilment import hold_line_for_case, release_line_after_case
from orders.fulfilment.holding import NOTHING_OWED
from orders.models import PaymentHold


def wanted(route: Route, subject: str, on: date) -> bool:
    """Does a complaint of this subject stop the payment of its line?"""
    return route.hold_payment or subject in rules.get("complaint.payment_hold", on=on).value["subjects"]


def hold(complaint: Complaint, now: datetime) -> bool:
    """Stop the payment of the complaint's line; False when nothing is owed for it any more."""
    if not complaint.hold_payment or complaint.order_line_id is None:
        return False
    return hold_line_for_case(line_id=complaint.order_line_id, case=complaint.number, now=now)


def release(complaint: Complaint, now: datetime) -> bool:
    """Let the payment go on unless another complaint about the same line still stops it."""
    if not complaint.hold_payment or complaint.order_line_id is None:
        return False
    return release_line_after_case(line_id=complaint.order_line_id, case=complaint.number, now=now)


def missed() -> QuerySet[Complaint]:
    """Open complaints that should stop a payment and never did: those filed before holds were kept by line."""
    noted = PaymentHold.objects.filter(line=OuterRef("order_line"), case=OuterRef("number"))
    return Complaint.objects.filter(
        ~Exists(noted),
        hold_payment=True,
        status__in=OPEN_STATES,
        order_line__isnull=False,
        order_line__paid_at=None,
        order_line__refunded_at=None,
    ).exclude(order_line__order__status__in=NOTHING_OWED)
