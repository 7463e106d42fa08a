"""What the state owes a supplier: the accounts "consumed" and "held" of the ledger, line by line; and what is owed back."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, Sum
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


# Everything in one pass over the entries of unpaid lines: sums of all of them beside the first few.
_UNPAID = """
WITH moved AS (
    SELECT l.id, o.due_at,
        sum(CASE %s WHEN t.target THEN t.amount WHEN t.source THEN -t.amount ELSE 0 END) AS owed,
        sum(CASE %s WHEN t.target THEN t.amount WHEN t.source THEN -t.amount ELSE 0 END) AS held
    FROM order_order o JOIN order_line l ON l.order_id = o.id JOIN order_ledgertransfer t ON t.line_id = l.id
    WHERE o.id IN ({owing}) AND l.paid_at IS NULL
    GROUP BY l.id, o.due_at)
SELECT id, owed, held, sum(owed) OVER (), sum(held) OVER () FROM moved WHERE owed > 0 OR held > 0
ORDER BY held DESC, due_at, id LIMIT %s
"""


def owed(actor: User) -> Payouts:
    """Of the orders that the actor may see. Four queries for any number of lines."""
    try:
        owing = selectors.visible(actor).filter(status__in=OWING).order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # nobody's orders
        return Payouts(Decimal(0), Decimal(0), Decimal(0), [], 0)
    with connection.cursor() as cursor:
        cursor.execute(_UNPAID.format(owing=owing[0]), [C, H, *owing[1], LISTED + 1])
        found = cursor.fetchall()
    lines = Line.objects.select_related("order", "product").in_bulk([row[0] for row in found])
    refunded = Line.objects.filter(order__in=selectors.visible(actor), refunded_at__isnull=False)
    back = LedgerTransfer.objects.filter(line__in=refunded).aggregate(back=_sum(Q(target=BACK)) - _sum(Q(source=BACK)))
    by_ministry = set(
        PaymentHold.objects.filter(line__in=list(lines), released_at=None, case="").values_list("line", flat=True)
    )
    rows = [(lines[line], owed, held) for line, owed, held, _all_owed, _all_held in found[:LISTED]]
    return Payouts(
        total=found[0][3] if found else Decimal(0),
        held=found[0][4] if found else Decimal(0),
        back=back["back"],
        lines=[
            Payout(
                number=row.order.number,
                title=row.product.title if row.product else row.title,
                amount=owed + held,
                on_hold=held > 0,
                by_ministry=row.pk in by_ministry,
                act_signed=row.order.status in {OrderStatus.REIMBURSEMENT_PENDING, OrderStatus.HELD},
                due_at=row.order.due_at if row.order.status == OrderStatus.REIMBURSEMENT_PENDING else None,
            )
            for row, owed, held in rows
        ],
        count=len(found),
    )


def _sum(where: Q, amount: str = "amount") -> Coalesce:
    return Coalesce(Sum(amount, filter=where), Decimal(0))
