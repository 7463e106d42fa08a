"""The life of an entitlement and of an order: the tables of legal steps (domain 3.1, 3.2)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.machine import Machine, Step


class EntitlementStatus(models.TextChoices):
    IMPORTED = "imported", _("Imported")
    QUARANTINED = "quarantined", _("Being checked by the office")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    DISPUTED = "disputed", _("Disputed")
    EXPIRED = "expired", _("Expired")
    CLOSED = "closed", _("Closed")


class OrderStatus(models.TextChoices):
    SENT = "sent", _("Sent to the supplier")
    CONFIRMED = "confirmed", _("Confirmed by the supplier")
    DECLINED = "declined", _("Declined by the supplier")
    TIMED_OUT = "timed_out", _("The supplier did not answer")
    IN_DELIVERY = "in_delivery", _("On the way")
    FAILED_DELIVERY = "failed_delivery", _("Delivery failed")
    DELIVERED = "delivered", _("Delivered, waiting for acceptance")
    ACCEPTED = "accepted", _("Accepted")
    ACCEPTED_WITH_REMARKS = "accepted_with_remarks", _("Accepted with remarks")
    REJECTED = "rejected", _("Rejected at acceptance")
    REFUND_RELEASED = "refund_released", _("Returned, the norm is free again")
    REIMBURSEMENT_PENDING = "reimbursement_pending", _("Act signed, payment pending")
    HELD = "held", _("Payment on hold")
    PAID = "paid", _("Paid to the supplier")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")


S = OrderStatus

ORDER = Machine(
    "order",
    OrderStatus,
    [
        Step("confirm", (S.SENT,), S.CONFIRMED, ("supplier",), _("Confirm the order")),
        Step("decline", (S.SENT,), S.DECLINED, ("supplier",), _("Decline the order")),
        Step("time-out", (S.SENT,), S.TIMED_OUT, ("clock",), _("Time is over")),
        Step("ship", (S.CONFIRMED, S.FAILED_DELIVERY), S.IN_DELIVERY, ("supplier",), _("Send the goods")),
        Step("deliver", (S.IN_DELIVERY,), S.DELIVERED, ("supplier",), _("Hand over with the code")),
        Step("fail-delivery", (S.IN_DELIVERY,), S.FAILED_DELIVERY, ("supplier",), _("Nobody took it")),
        Step("accept", (S.DELIVERED,), S.ACCEPTED, ("owner",), _("Accept: everything is right")),
        Step(
            "accept-with-remarks", (S.DELIVERED,), S.ACCEPTED_WITH_REMARKS, ("owner",), _("Accept with remarks")
        ),
        Step("reject", (S.DELIVERED,), S.REJECTED, ("owner",), _("Reject: it does not suit")),
        Step("take-back", (S.REJECTED,), S.REFUND_RELEASED, ("supplier",), _("Goods taken back")),
        Step("replace", (S.REJECTED,), S.IN_DELIVERY, ("supplier",), _("Send a replacement")),
        Step(
            "sign-act",
            (S.ACCEPTED, S.ACCEPTED_WITH_REMARKS),
            S.REIMBURSEMENT_PENDING,
            ("supplier",),
            _("Sign the act"),
        ),
        Step("hold", (S.REIMBURSEMENT_PENDING,), S.HELD, ("clock", "ministry"), _("Hold the payment")),
        Step("release", (S.HELD,), S.REIMBURSEMENT_PENDING, ("clock", "ministry"), _("Release the payment")),
        Step("pay", (S.REIMBURSEMENT_PENDING,), S.PAID, ("office", "ministry"), _("Record the payment")),
        Step("close", (S.PAID,), S.CLOSED, ("clock",), _("Close")),
        Step(
            "cancel",
            (S.SENT, S.CONFIRMED, S.FAILED_DELIVERY),
            S.CANCELLED,
            ("owner", "office"),
            _("Cancel the order"),
        ),
    ],
)

# Somebody owes a step.
OPEN_STATES = [
    S.SENT, S.CONFIRMED, S.IN_DELIVERY, S.FAILED_DELIVERY, S.DELIVERED, S.ACCEPTED,
    S.ACCEPTED_WITH_REMARKS, S.REJECTED, S.REIMBURSEMENT_PENDING, S.HELD,
]  # fmt: skip

# The reservation in the ledger and the allocation of stock end here without consumption.
RELEASING_STATES = [S.DECLINED, S.TIMED_OUT, S.CANCELLED, S.REFUND_RELEASED]
