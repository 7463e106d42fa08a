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


E = EntitlementStatus

ENTITLEMENT = Machine(
    "entitlement",
    EntitlementStatus,
    [
        Step("activate", (E.IMPORTED,), E.ACTIVE, ("clock", "office", "ministry"), _("Put in force")),
        Step("quarantine", (E.IMPORTED,), E.QUARANTINED, ("clock", "office"), _("Hold for a check")),
        Step("clear", (E.QUARANTINED, E.DISPUTED), E.ACTIVE, ("office", "ministry"), _("Checked: put in force")),
        Step("suspend", (E.ACTIVE,), E.SUSPENDED, ("office", "ministry"), _("Suspend")),
        Step("resume", (E.SUSPENDED,), E.ACTIVE, ("office", "ministry"), _("Resume")),
        Step("dispute", (E.ACTIVE, E.SUSPENDED), E.DISPUTED, ("owner",), _("The programme is wrong")),
        Step("expire", (E.ACTIVE, E.SUSPENDED, E.DISPUTED), E.EXPIRED, ("clock",), _("The term is over")),
        Step("renew", (E.EXPIRED,), E.ACTIVE, ("office", "ministry"), _("Renew")),
        Step(
            "close",
            (E.IMPORTED, E.QUARANTINED, E.ACTIVE, E.SUSPENDED, E.DISPUTED, E.EXPIRED),
            E.CLOSED,
            ("office", "ministry"),
            _("Close"),
        ),
    ],
)

# States of a line that its last day ends.
RUNNING_STATES = [E.ACTIVE, E.SUSPENDED, E.DISPUTED]


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
        Step("accept-with-remarks", (S.DELIVERED,), S.ACCEPTED_WITH_REMARKS, ("owner",), _("Accept with remarks")),
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
        # what ``pay`` becomes when a disputed line waits: the rest is paid, the order stands on hold
        Step("pay-part", (S.REIMBURSEMENT_PENDING,), S.HELD, ("clock",), _("Record the payment of the other lines")),
        Step("close", (S.PAID,), S.CLOSED, ("clock",), _("Close")),
        # After a recall: what ``serve`` of the recall's holders becomes, with all lines or with the last unpaid one.
        Step(
            "refund",
            (S.ACCEPTED, S.ACCEPTED_WITH_REMARKS, S.REIMBURSEMENT_PENDING, S.HELD),
            S.REFUND_RELEASED,
            ("clock",),
            _("Give the money back after a recall"),
        ),
        Step(
            "refund-rest",
            (S.REIMBURSEMENT_PENDING, S.HELD),
            S.PAID,
            ("clock",),
            _("Give the money of the last unpaid line back after a recall"),
        ),
        Step(
            "cancel",
            (S.SENT, S.CONFIRMED, S.FAILED_DELIVERY),
            S.CANCELLED,
            ("owner", "office"),
            _("Cancel the order"),
        ),
    ],
)

# What the log and the outbox call a step that was taken: "order.<word>", with the words people read.
HAPPENED = {
    "send": ("sent", _("Sent to the supplier")),
    "confirm": ("confirmed", _("The supplier confirmed")),
    "decline": ("declined", _("The supplier declined")),
    "time-out": ("timed_out", _("The supplier did not answer in time")),
    "ship": ("shipped", _("The goods are on the way")),
    "deliver": ("delivered", _("Handed over")),
    "fail-delivery": ("delivery_failed", _("The delivery failed")),
    "accept": ("accepted", _("Accepted")),
    "accept-with-remarks": ("accepted_with_remarks", _("Accepted with remarks")),
    "reject": ("rejected", _("Rejected at acceptance")),
    "take-back": ("taken_back", _("The goods were taken back, the norm is free again")),
    "replace": ("replaced", _("A replacement is on the way")),
    "sign-act": ("act_signed", _("The supplier signed the act")),
    "hold": ("held", _("The payment is on hold")),
    "release": ("released", _("The payment goes on")),
    "pay": ("paid", _("Paid to the supplier")),
    "pay-part": ("paid_in_part", _("Paid to the supplier, without what is disputed")),
    "close": ("closed", _("Closed")),
    "refund": ("refunded", _("The money is back after a recall, the norm is free again")),
    "refund-rest": ("refunded_rest", _("The money of the last unpaid goods is back after a recall")),
    "cancel": ("cancelled", _("Cancelled")),
}

# Whose turn it is, by state; a held payment waits for the ministry, an ended order for nobody.
WHOSE_TURN = {
    S.SENT: "supplier",
    S.CONFIRMED: "supplier",
    S.IN_DELIVERY: "supplier",
    S.FAILED_DELIVERY: "supplier",
    S.DELIVERED: "owner",
    S.REJECTED: "supplier",
    S.ACCEPTED: "supplier",
    S.ACCEPTED_WITH_REMARKS: "supplier",
    S.REIMBURSEMENT_PENDING: "office",
    S.HELD: "ministry",
}

# Somebody owes a step.
OPEN_STATES = [
    S.SENT, S.CONFIRMED, S.IN_DELIVERY, S.FAILED_DELIVERY, S.DELIVERED, S.ACCEPTED,
    S.ACCEPTED_WITH_REMARKS, S.REJECTED, S.REIMBURSEMENT_PENDING, S.HELD,
]  # fmt: skip

# The norm is free again here; but for a recall, the reservation in the ledger and the stock end without consumption.
RELEASING_STATES = [S.DECLINED, S.TIMED_OUT, S.CANCELLED, S.REFUND_RELEASED]
