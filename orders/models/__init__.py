"""Tables of entitlements, orders and deliveries.

Oscar's order app brings its models by name; ours replace the ones we use. No star import:
its order app would add e-mail events, discounts and surcharges that this portal does not have.
"""

from orders.models.entitlements import Entitlement, LedgerTransfer, Tranche
from orders.models.fulfilment import RECALL_OWED, Act, Delivery, PaymentHold, RecallHolder
from orders.models.orders import (
    Line,
    LineAttribute,
    LinePrice,
    Order,
    OrderNote,
    OrderStatusChange,
    PaymentEvent,
    PaymentEventType,
    ShippingAddress,
    ShippingEvent,
    ShippingEventQuantity,
    ShippingEventType,
)
from orders.models.signatures import PaperSignature

__all__ = [
    "RECALL_OWED",
    "Act",
    "Delivery",
    "Entitlement",
    "LedgerTransfer",
    "Line",
    "LineAttribute",
    "LinePrice",
    "Order",
    "OrderNote",
    "OrderStatusChange",
    "PaperSignature",
    "PaymentEvent",
    "PaymentEventType",
    "PaymentHold",
    "RecallHolder",
    "ShippingAddress",
    "ShippingEvent",
    "ShippingEventQuantity",
    "ShippingEventType",
    "Tranche",
]
