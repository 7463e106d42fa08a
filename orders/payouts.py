"""What the state owes a supplier: the accounts "consumed" and "held" of the ledger, line by line; and what is owed back."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from marketplace.models import User
from orders import selectors
from orders.models import LedgerTransfer, Line, PaymentHold
from orders.states import OrderStatus

C, H = LedgerTransfer.Account.CONSUMED, LedgerTransfer.Account.HELD
BACK = LedgerTransfer.Account.OWED_BACK
# Accepted goods that are not paid; in other states nothing stands on these accounts.
OWING = (
    OrderStatus.ACCEPTED, OrderStatus.ACCEPTED_WITH_REMARKS, OrderStatus.REIMBURSEMENT_PENDING, OrderStatus.HELD,
)  # fmt: skip
LISTED = 50


@dataclass(frozen=True)
class Payout:
    """One line: KZT owed or on hold, and until when it is paid; the act is to be signed before that."""

    number: str
    title: str
    amount: Decimal
    on_hold: bool
    by_ministry: bool
    act_signed: bool
    due_at: datetime | None


@dataclass(frozen=True)
class Payouts:
    """``total`` is owed and will be paid, ``held`` waits; ``lines`` are the first of ``count``, held ones first.

    ``back``: KZT that the supplier owes the state for goods that were paid and went back after a recall.
    """

    total: Decimal
    held: Decimal
    back: Decimal
    lines: list[Payout]
    count: int


def owed(actor: User) -> Payouts:
    """Of the orders that the actor may see. Four queries for any number of lines."""
    lines = Line.objects.filter(order__in=selectors.visible(actor), order__status__in=OWING, paid_at=None)
    moved = LedgerTransfer.objects.filter(line__in=lines)
    sums = moved.aggregate(
        owed=_sum(Q(target=C)) - _sum(Q(source=C)),
        held=_sum(Q(target=H)) - _sum(Q(source=H)),
    )
    refunded = Line.objects.filter(order__in=selectors.visible(actor), refunded_at__isnull=False)
    back = LedgerTransfer.objects.filter(line__in=refunded).aggregate(back=_sum(Q(target=BACK)) - _sum(Q(source=BACK)))
    rows = list(
        lines.select_related("order", "product")
        .annotate(
            owed_sum=_sum(Q(transfers__target=C), "transfers__amount")
            - _sum(Q(transfers__source=C), "transfers__amount"),
            held_sum=_sum(Q(transfers__target=H), "transfers__amount")
            - _sum(Q(transfers__source=H), "transfers__amount"),
        )
        .filter(Q(owed_sum__gt=0) | Q(held_sum__gt=0))
        .order_by("-held_sum", F("order__due_at").asc(nulls_last=True), "pk")[: LISTED + 1]
    )
    by_ministry = set(
        PaymentHold.objects.filter(line__in=[row.pk for row in rows], released_at=None, case="").values_list(
            "line", flat=True
        )
    )
    return Payouts(
        total=sums["owed"],
        held=sums["held"],
        back=back["back"],
        lines=[
            Payout(
                number=row.order.number,
                title=row.product.title if row.product else row.title,
                amount=row.owed_sum + row.held_sum,
                on_hold=row.held_sum > 0,
                by_ministry=row.pk in by_ministry,
                act_signed=row.order.status in {OrderStatus.REIMBURSEMENT_PENDING, OrderStatus.HELD},
                due_at=row.order.due_at if row.order.status == OrderStatus.REIMBURSEMENT_PENDING else None,
            )
            for row in rows[:LISTED]
        ],
        count=len(rows),
    )


def _sum(where: Q, amount: str = "amount") -> Coalesce:
    return Coalesce(Sum(amount, filter=where), Decimal(0))
