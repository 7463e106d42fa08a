"""Payment waits while somebody's safety or a fraud is examined (rows of the routing table say which).

An order is held when such a complaint is filed, or as soon as its act is signed, and released when the
last of them has ended. All functions run inside the transaction of their cause.
"""

from datetime import datetime

from django.db.models import QuerySet

from complaints.models import Complaint
from complaints.states import OPEN_STATES
from orders.fulfilment import hold_for_case, release_after_case
from orders.models import Order
from orders.states import OrderStatus


def open_cases() -> QuerySet[Complaint]:
    """Complaints that stop a payment now."""
    return Complaint.objects.filter(hold_payment=True, status__in=OPEN_STATES, order_line__isnull=False)


def hold(complaint: Complaint, now: datetime) -> bool:
    """Stop the payment of the complaint's order; False when there is none to stop (yet)."""
    if not complaint.hold_payment or complaint.order_line is None:
        return False
    return hold_for_case(number=complaint.order_line.order.number, reason=complaint.number, now=now)


def release(complaint: Complaint, now: datetime) -> bool:
    """Let the payment go on unless another complaint about the same order still stops it."""
    if not complaint.hold_payment or complaint.order_line is None:
        return False
    order = complaint.order_line.order
    if open_cases().filter(order_line__order=order).exclude(pk=complaint.pk).exists():
        return False
    return release_after_case(number=order.number, reason=complaint.number, now=now)


def missed() -> QuerySet[Order]:
    """Orders whose payment runs although an open complaint stops it."""
    found: QuerySet[Order] = Order.objects.filter(
        status=OrderStatus.REIMBURSEMENT_PENDING, lines__in=open_cases().values("order_line")
    ).distinct()
    return found
