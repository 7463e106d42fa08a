"""The ledger of a programme: every quantity and sum leaves one account of a tranche and enters another.

free → reserved (order sent) → consumed (accepted) → paid (the supplier has the money), or reserved →
free (declined, timed out, cancelled, taken back). What is disputed moves consumed → held and back. Goods
that a recall gave the money back for move consumed → free, or paid → owed back (by the supplier) → free.
The tranche's columns are the balances: ``reserved_*`` is the account "reserved", ``consumed_*`` the accounts
"consumed", "held" and "paid" together; what is owed back can be ordered for again like what is free.
Callers hold the tranches' locks (``lock``), taken in pk order; the database refuses overdrafts and
second passes by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from marketplace.errors import DomainError
from orders import norms
from orders.models import LedgerTransfer, Line, Tranche

FREE, RESERVED = LedgerTransfer.Account.FREE, LedgerTransfer.Account.RESERVED
CONSUMED, PAID = LedgerTransfer.Account.CONSUMED, LedgerTransfer.Account.PAID
HELD, OWED_BACK = LedgerTransfer.Account.HELD, LedgerTransfer.Account.OWED_BACK


class Overdrawn(DomainError):
    """A tranche does not hold what a line needs; ``extra`` names the rule and the next date."""

    code = "norm_ran_out"
    message = _("Your norm for this period is used up.")


def lock(tranches: QuerySet[Tranche]) -> list[Tranche]:
    """Lock tranches and their programme lines, always in pk order, so that two orders never deadlock."""
    return list(
        tranches.select_for_update(of=("self", "entitlement"), no_key=True)
        .select_related("entitlement__product_type")
        .order_by("pk")
    )


def lock_of(lines: Iterable[Line]) -> None:
    """Lock the tranches that these lines draw from."""
    lock(Tranche.objects.filter(pk__in={line.tranche_id for line in lines if line.tranche_id}))


def reserve(lines: Sequence[Line]) -> None:
    """Hold the lines' units and the state's share. Raises Overdrawn, naming rule and next date."""
    for tranche_id, (quantity, amount) in _by_tranche(lines).items():
        taken = Tranche.objects.filter(
            pk=tranche_id,
            quantity__gte=F("reserved_quantity") + F("consumed_quantity") + quantity,
            budget__gte=F("reserved_sum") + F("consumed_sum") + amount,
        ).update(reserved_quantity=F("reserved_quantity") + quantity, reserved_sum=F("reserved_sum") + amount)
        if not taken:
            raise _overdrawn(tranche_id, quantity)
    _transfer(lines, FREE, RESERVED)


def consume(lines: Sequence[Line]) -> None:
    """The goods were accepted: what was reserved is used up."""
    for tranche_id, (quantity, amount) in _by_tranche(lines).items():
        Tranche.objects.filter(pk=tranche_id).update(
            reserved_quantity=F("reserved_quantity") - quantity,
            reserved_sum=F("reserved_sum") - amount,
            consumed_quantity=F("consumed_quantity") + quantity,
            consumed_sum=F("consumed_sum") + amount,
        )
    _transfer(lines, RESERVED, CONSUMED)


def release(lines: Sequence[Line]) -> None:
    """The order came to nothing: what was reserved is free again."""
    for tranche_id, (quantity, amount) in _by_tranche(lines).items():
        Tranche.objects.filter(pk=tranche_id).update(
            reserved_quantity=F("reserved_quantity") - quantity, reserved_sum=F("reserved_sum") - amount
        )
    _transfer(lines, RESERVED, FREE)


def pay(lines: Sequence[Line]) -> None:
    """The state paid the supplier; the balances of the tranche stay."""
    _transfer(lines, CONSUMED, PAID)


def hold(lines: Sequence[Line]) -> None:
    """What is owed for these lines is not paid for now."""
    _transfer(lines, CONSUMED, HELD)


def let_go(lines: Sequence[Line]) -> None:
    """What was on hold is owed again."""
    _transfer(lines, HELD, CONSUMED)


def refund(lines: Sequence[Line]) -> None:
    """Accepted goods went back for the money, none of them on hold: the norm is free, a paid supplier owes its share."""
    for tranche_id, (quantity, amount) in _by_tranche(lines).items():
        Tranche.objects.filter(pk=tranche_id).update(
            consumed_quantity=F("consumed_quantity") - quantity, consumed_sum=F("consumed_sum") - amount
        )
    _transfer([line for line in lines if line.paid_at is None], CONSUMED, FREE)
    _transfer([line for line in lines if line.paid_at is not None], PAID, OWED_BACK)


def returned(lines: Sequence[Line]) -> None:
    """The supplier paid back what it owed."""
    _transfer(lines, OWED_BACK, FREE)


def owed_back(lines: Sequence[Line]) -> set[int]:
    """The lines whose sum the supplier still owes back."""
    return _standing(lines, OWED_BACK)


def on_hold(lines: Sequence[Line]) -> set[int]:
    """The lines whose sum stands on the account "held"."""
    return _standing(lines, HELD)


def _standing(lines: Sequence[Line], account: str) -> set[int]:
    moved = LedgerTransfer.objects.filter(line__in=lines).values("line_id")
    balances = moved.annotate(rest=Count("pk", filter=Q(target=account)) - Count("pk", filter=Q(source=account)))
    return {row["line_id"] for row in balances if row["rest"] > 0}


def _by_tranche(lines: Sequence[Line]) -> dict[int, tuple[int, Decimal]]:
    sums: dict[int, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for line in lines:
        if line.tranche_id is not None:
            quantity, amount = sums[line.tranche_id]
            sums[line.tranche_id] = quantity + line.units, amount + line.state_pays
    return dict(sorted(sums.items()))


def _transfer(lines: Sequence[Line], source: str, target: str) -> None:
    LedgerTransfer.objects.bulk_create(
        LedgerTransfer(
            tranche_id=line.tranche_id,
            line=line,
            source=source,
            target=target,
            quantity=line.units,
            amount=line.state_pays,
        )
        for line in lines
        if line.tranche_id is not None
    )


def _overdrawn(tranche_id: int, quantity: int) -> Overdrawn:
    tranche = Tranche.objects.select_related("entitlement__product_type").get(pk=tranche_id)
    standing = norms.standing(tranche.entitlement)
    return Overdrawn(
        norms.too_many(standing, quantity),
        rule=norms.rule_in_words(standing),
        next_date=standing.next_date,
        remaining=standing.remaining,
    )
