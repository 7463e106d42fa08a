"""Who has goods of a recalled lot: what each of them wishes, what the supplier did, and when the recall may end.

The supplier sees orders, not people: name and phone stand on the order's own page, and only while they are needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace import access, events, outbox
from marketplace.errors import DomainError, FieldError, Forbidden, Invalid, NotFound
from marketplace.models import Role, User
from marketplace.time import database_now
from orders import ledger, selectors
from orders.fulfilment import hold_line_for_case, release_line_after_case
from orders.fulfilment.refunding import record_return as return_recorded
from orders.fulfilment.refunding import refund_line
from orders.models import RECALL_OWED, Order, RecallHolder
from suppliers import recalls
from suppliers.models import LotRecall
from suppliers.written import required

WISHED = "recall.wished"
SERVED = "recall.served"
RETURNED = "recall.money_returned"
Wish = RecallHolder.Wish
_WAITING = ~Q(wish=Wish.KEEP) & Q(served_at=None)


class RecallIsOver(DomainError):
    code = "recall_is_over"


class StillWaiting(DomainError):
    code = "holders_wait"


@dataclass(frozen=True)
class Progress:
    """How far a recall is, in numbers of lines of orders; what is replaced, refunded or repaired is done."""

    told: int
    answered: int
    replaced: int
    refunded: int
    repaired: int
    kept: int
    waiting: int


def progress(recall_id: int) -> Progress:
    """The counts of a recall. One query."""
    return Progress(
        **RecallHolder.objects.filter(recall=recall_id).aggregate(
            told=Count("pk"),
            answered=Count("pk", filter=~Q(wish="")),
            replaced=Count("pk", filter=Q(wish=Wish.REPLACEMENT, served_at__isnull=False)),
            refunded=Count("pk", filter=Q(wish=Wish.REFUND, served_at__isnull=False)),
            repaired=Count("pk", filter=Q(wish=Wish.REPAIR, served_at__isnull=False)),
            kept=Count("pk", filter=Q(wish=Wish.KEEP)),
            waiting=Count("pk", filter=_WAITING),
        )
    )


def recall_of(actor: User, recall_id: int) -> LotRecall:
    """A recall whose progress the actor follows. Raises NotFound for a foreign one."""
    found = recalls.managed(actor).filter(pk=recall_id).first()
    if found is None:
        raise NotFound
    return found


def listed(actor: User, recall: LotRecall) -> QuerySet[RecallHolder]:
    """The holders of a recall that the actor follows, those first who wait for something that they have wished."""
    rows = RecallHolder.objects.filter(recall=recall_of(actor, recall.pk)).select_related("line__order__region")
    first = ExpressionWrapper(RECALL_OWED, BooleanField())
    return rows.order_by(first.desc(), "served_at", "wished_at", "pk")


def of_order(order: Order) -> list[RecallHolder]:
    """What is called back of an order that the reader may see. One query."""
    rows = RecallHolder.objects.filter(line__order=order).select_related("recall__partner", "line__product")
    return list(rows.order_by("pk"))


def unanswered(actor: User) -> QuerySet[RecallHolder]:
    """Of the actor's people: recalls that run and wait for an answer."""
    rows = RecallHolder.objects.filter(wish="", recall__status=LotRecall.Status.RUNNING)
    return (
        rows.filter(line__order__in=selectors.visible(actor))
        .select_related("line__order", "line__product")
        .order_by("pk")
    )


def answer(*, holder_id: int, number: str, actor: User, wish: str, now: datetime | None = None) -> RecallHolder:
    """What the person wants, said by her side or by her social office; it may be changed until it is done.

    Until then the state does not pay for these goods. Raises NotFound, Forbidden, Invalid, RecallIsOver.
    """
    order = selectors.get(actor, number)
    if not {"owner", "office"} & set(selectors.parties(actor, order)):
        raise Forbidden
    if wish not in Wish.values:
        raise Invalid([FieldError("wish", "required", _("Choose what you want."))])
    with transaction.atomic(durable=True):
        holder = _locked(holder_id, line__order=order)
        if holder.recall.status != LotRecall.Status.RUNNING or holder.served_at is not None:
            raise RecallIsOver(_("This recall is over for you. Complain when you did not get what you wanted."))
        moment, before = now or database_now(), holder.wish
        holder.wish, holder.wished_at = wish, moment
        holder.save(update_fields=["wish", "wished_at"])
        if holder.owed:
            hold_line_for_case(line_id=holder.line_id, case=holder.recall.number, now=moment)
        else:
            release_line_after_case(line_id=holder.line_id, case=holder.recall.number, now=moment)
        _note(WISHED, holder, order, actor, before, wish, moment)
    return holder


def serve(*, holder_id: int, recall_id: int, actor: User, now: datetime | None = None) -> RecallHolder:
    """The supplier did what was wished; the person is told, and complains when it is not so.

    Money that went back is booked so: the norm is free again, and the state does not pay, or has it owed back. Another
    one, or a repair, leaves the books as they are. Raises NotFound, Forbidden (not the supplier), RecallIsOver
    (nothing is owed), NotAccepted (the order itself takes such goods back).
    """
    recall = recall_of(actor, recall_id)
    if actor.role != Role.SUPPLIER:
        raise Forbidden
    with transaction.atomic(durable=True):
        holder = _locked(holder_id, recall=recall)
        if not holder.owed:
            raise RecallIsOver(_("Nothing is owed here now. Look at the list again."))
        holder.served_at = now or database_now()
        holder.save(update_fields=["served_at"])
        if holder.wish == Wish.REFUND:
            refund_line(line_id=holder.line_id, now=holder.served_at)
        else:
            release_line_after_case(line_id=holder.line_id, case=recall.number, now=holder.served_at)
        _note(SERVED, holder, holder.line.order, actor, holder.wish, holder.wish, holder.served_at)
    return holder


def close(*, recall_id: int, actor: User, result: str, now: datetime | None = None) -> LotRecall:
    """End a recall, in words. While somebody waits only the ministry may. Raises NotFound, Forbidden, Invalid, IllegalStep, StillWaiting."""
    recall = recall_of(actor, recall_id)
    if actor.role not in {Role.SUPPLIER, Role.REVIEWER}:
        raise Forbidden
    said = required(result, "result", _("Write how it ended. Everybody can read it."))
    with transaction.atomic(durable=True):
        recall = LotRecall.objects.select_for_update(of=("self",), no_key=True).get(pk=recall.pk)
        waiting = RecallHolder.objects.filter(_WAITING, recall=recall).count()
        if waiting and actor.role == Role.SUPPLIER:
            words = ngettext(
                "%(count)s order still waits for an answer or for its goods.",
                "%(count)s orders still wait for an answer or for their goods.",
                waiting,
            )
            raise StillWaiting(words % {"count": waiting}, waiting=waiting)
        moment = now or database_now()
        recalls.close(recall=recall, actor=actor, result=said, now=moment)
        for line_id in RecallHolder.objects.filter(RECALL_OWED, recall=recall).values_list("line", flat=True):
            release_line_after_case(line_id=line_id, case=recall.number, now=moment)
    return recall


def record_return(*, holder_id: int, recall_id: int, actor: User, now: datetime | None = None) -> RecallHolder:
    """The ministry notes that the supplier paid the state's share back. Raises NotFound, Forbidden, RecallIsOver."""
    recall = recall_of(actor, recall_id)
    access.require_role(actor, Role.REVIEWER)
    with transaction.atomic(durable=True):
        holder, moment = _locked(holder_id, recall=recall), now or database_now()
        if not return_recorded(line_id=holder.line_id, now=moment):
            raise RecallIsOver(_("Nothing is owed back for this order."))
        events.record(
            kind=RETURNED, subject=f"order:{holder.line.order.number}", actor=actor, on_behalf_of=holder.line.order.user,
            data={"recall": recall.pk, "line": holder.line_id}, at=moment,
        )  # fmt: skip
    return holder


def owe_back(rows: Iterable[RecallHolder]) -> set[int]:
    """Of these holders, those for whose goods the supplier owes the state money. One query."""
    listed = list(rows)
    lines = ledger.owed_back([row.line for row in listed])
    return {row.pk for row in listed if row.line_id in lines}


def _locked(holder_id: int, **where: object) -> RecallHolder:
    # With the recall's row: nobody answers while somebody counts who still waits.
    rows = RecallHolder.objects.select_for_update(of=("self", "recall"), no_key=True)
    rows = rows.select_related("recall", "line__order__user")
    found = rows.filter(pk=holder_id, **where).first()
    if found is None:
        raise NotFound
    return found


def _note(kind: str, holder: RecallHolder, order: Order, actor: User, before: str, after: str, at: datetime) -> None:
    events.record(
        kind=kind, subject=f"order:{order.number}", actor=actor, on_behalf_of=order.user, before=before, after=after,
        data={"recall": holder.recall_id, "line": holder.line_id}, at=at,
    )  # fmt: skip
    outbox.add(kind, str(holder.pk))
