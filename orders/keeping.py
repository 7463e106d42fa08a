"""What orders forget of people, by the rules ``retention.…`` (marketplace/keeping.py)."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Concat

from marketplace import files
from marketplace.keeping import batch_of, ids, kind
from marketplace.models import Event
from orders.models import RECALL_OWED, Delivery, Line, Order, RecallHolder
from orders.states import OPEN_STATES


@kind("retention.order_days", "order.Order", "order.Line", "order.Delivery")
def _orders(before: datetime) -> int:
    """Whom to call, where to bring, the photo: of orders in which nobody owes a step and nothing happened since.

    Quantity, price and state stay for the books; the act, which was signed, is an archive's matter.
    """
    full = ~Q(contact_name="") | ~Q(contact_phone="") | ~Q(delivery_address="") | ~Q(delivery_comment="")
    later = Event.objects.filter(subject=Concat(Value("order:"), OuterRef("number")), at__gte=before)
    owed = RecallHolder.objects.filter(RECALL_OWED, line__order=OuterRef("pk"), recall__status="running")
    over = Order.objects.filter(full, date_placed__lt=before).exclude(status__in=OPEN_STATES)
    found = batch_of(over.filter(~Exists(later), ~Exists(owed)))
    Order.objects.filter(pk__in=ids(found)).update(
        contact_name="", contact_phone="", delivery_address="", delivery_comment=""
    )
    Line.objects.filter(order__in=ids(found)).update(fitting_wish="", partner_line_notes="")
    Delivery.objects.filter(order__in=ids(found)).update(photo=None, note="")
    files.forget_of([f"order:{row.number}" for row in found])
    return len(found)
