"""Goods may be dangerous: who has them, and who is about to order them, is told (domain F50).

The suppliers' layer announces ``product.recalled`` when the state stops a sale and ``supplier.lot_recalled`` when a lot
is called back; it knows neither orders nor applications. Holders of a lot are asked what they wish (``holders``).
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace import notices, outbox
from marketplace.models import Draft, OutboxRow, User
from orders import stopped
from orders.effects import person_of
from orders.holders import SERVED, WISHED
from orders.models import Delivery, Line, RecallHolder
from orders.reach import who_acts_for
from orders.states import OrderStatus
from suppliers import recalls
from suppliers.models import LotRecall

BATCH = 200

_MARKED = f"""
SELECT d.id FROM marketplace_draft d WHERE d.id = ANY(%(drafts)s) AND d.status = 'open'
AND EXISTS (SELECT FROM partner_stockrecord o WHERE o.status = 'recalled' AND {stopped.NAMES.format(offer="o.id::text")})
"""  # noqa: S608  # nosec B608  # of constants


def in_drafts(drafts: Iterable[UUID]) -> set[UUID]:
    """Those of the open applications that name goods whose sale is stopped now."""
    with connection.cursor() as cursor:
        cursor.execute(_MARKED, {"drafts": list(drafts)})
        return {row[0] for row in cursor.fetchall()}


def holders(product_id: int, supplier_id: int | None, lot: str) -> QuerySet[Line]:
    """Lines that were handed over and may be of this lot: a line without a lot cannot be told from it."""
    rows = Line.objects.filter(product=product_id, order__deliveries__outcome=Delivery.Outcome.DELIVERED)
    rows = rows.exclude(order__status=OrderStatus.REFUND_RELEASED)  # these have gone back
    if supplier_id is not None:
        rows = rows.filter(partner=supplier_id)
    if lot:
        rows = rows.filter(Q(lot__iexact=lot) | Q(lot=""))
    return rows.distinct()


@outbox.handler("product.recalled")
def recalled(row: OutboxRow) -> None:
    """Owners of applications are told here; those who have the goods in rows of their own, a batch each."""
    for draft in stopped.drafts_naming(row.payload["offers"]):
        readers = {draft.author}
        if draft.beneficiary is not None:
            readers.add(who_acts_for(draft.beneficiary, draft.author_id))
        for reader in readers:
            _tell_of_draft(row, draft, reader)
    found = holders(int(row.key), row.payload["supplier"], row.payload["lot"])
    _hand_on(found, row.key, {"recall": row.pk, "lot": row.payload["lot"]})


@outbox.handler(recalls.TOPIC)
def lot_recalled(row: OutboxRow) -> None:
    """``key`` is the recall's id."""
    recall = LotRecall.objects.get(pk=row.key)
    _hand_on(holders(recall.product_id, recall.partner_id, recall.lot), str(recall.product_id), _told(recall))


@outbox.handler("order.delivered")
def delivered_meanwhile(row: OutboxRow) -> None:
    """Goods that were handed over while a lot was being called back, or that carry no lot: they are held as well."""
    for line in Line.objects.filter(order__number=row.key).order_by("pk"):
        for recall in recalls.of_product(line.product_id):
            held = holders(recall.product_id, recall.partner_id, recall.lot).filter(pk=line.pk)
            if recall.partner_id == line.partner_id and held.exists():
                _hand_on(held, str(recall.product_id), _told(recall))


def _told(recall: LotRecall) -> dict[str, Any]:
    return {"recall": f"lot-{recall.pk}", "lot": recall.lot, "lot_recall": recall.pk}


def _hand_on(found: QuerySet[Line], key: str, told: dict[str, Any]) -> None:
    lines = list(found.order_by("pk").values_list("pk", flat=True))
    batches = [lines[start : start + BATCH] for start in range(0, len(lines), BATCH)]
    outbox.add_many([("order.recalled", key, {**told, "lines": batch}) for batch in batches])


@outbox.handler("order.recalled")
def tell_holders(row: OutboxRow) -> None:
    """Whoever has the goods, once for each order and recall; holders of a lot are noted, to be asked and served."""
    lines = list(Line.objects.filter(pk__in=row.payload["lines"]).select_related("order__user").order_by("pk"))
    recall = LotRecall.objects.select_related("partner").filter(pk=row.payload.get("lot_recall")).first()
    if recall is not None:
        rows = [RecallHolder(recall=recall, line=line, told_at=Now()) for line in lines]
        RecallHolder.objects.bulk_create(rows, ignore_conflicts=True)
    for line in lines:
        person = person_of(line.order)
        with translation.override(person.language):
            notices.create(
                recipient=person,
                kind=row.topic,
                subject=f"order:{line.order.number}",
                title=_("Do not use: %(product)s") % {"product": line.title},
                text=_of_recall(line, recall) if recall is not None else _words(line, row.payload["lot"]),
                dedupe=f"{row.topic}:{row.payload['recall']}:{line.pk}",
            )


def _of_recall(line: Line, recall: LotRecall) -> str:
    facts = {
        "product": line.title,
        "lot": recall.lot,
        "supplier": recall.partner.name,
        "url": f"{settings.PORTAL_URL}/{translation.get_language()}/orders/{line.order.number}/",
    }
    if line.lot:
        who = _("Lot %(lot)s of %(product)s is called back by the state.") if recall.by_state else _(
            "%(supplier)s calls back lot %(lot)s of %(product)s."
        )  # fmt: skip
    else:
        who = _("Look at the label of %(product)s: the lot %(lot)s is called back.")
    ask = _("Say whether you want another one, your money, a repair, or to keep it: %(url)s")
    return " ".join([who % facts, recall.reason, recall.what_to_do, ask % facts])


def _words(line: Line, lot: str) -> str:
    facts = {
        "product": line.title,
        "lot": lot,
        "url": f"{settings.PORTAL_URL}/{translation.get_language()}/orders/{line.order.number}/",
    }
    if lot and not line.lot:
        text = _(
            "Look at the label of %(product)s. Do not use it if the lot is %(lot)s: the state has stopped its sale."
        )
    elif lot:
        text = _("Do not use %(product)s, lot %(lot)s: it may be dangerous. The state has stopped its sale.")
    else:
        text = _("Do not use %(product)s: it may be dangerous. The state has stopped its sale.")
    return " ".join([text % facts, _("Ask for another one or your money: %(url)s") % facts])


@outbox.handler(WISHED)
def tell_supplier(row: OutboxRow) -> None:
    """``key`` is the holder's id: the supplier's people learn what is wished, and for which order; no name, no address."""
    holder = RecallHolder.objects.select_related("recall__partner", "line__order").get(pk=row.key)

    def words() -> tuple[str, str]:
        facts = {
            "number": holder.line.order.number,
            "wish": holder.get_wish_display(),
            "url": f"{settings.PORTAL_URL}/{translation.get_language()}/recalls/{holder.recall_id}/holders/",
        }
        text = _("The person has answered: %(wish)s. Who waits for what: %(url)s")
        return _("Recall, order %(number)s: %(wish)s") % facts, text % facts

    notices.tell(
        holder.recall.partner.users.all(), words, kind=row.topic, subject=f"order:{holder.line.order.number}",
        dedupe=f"{row.topic}:{row.pk}",
    )  # fmt: skip


@outbox.handler(SERVED)
def tell_served(row: OutboxRow) -> None:
    """``key`` is the holder's id: the person learns what the supplier says, and complains when it is not so."""
    holder = RecallHolder.objects.select_related("line__order__user").get(pk=row.key)
    order = holder.line.order
    person = person_of(order)
    with translation.override(person.language):
        facts = {
            "product": holder.line.title,
            "url": f"{settings.PORTAL_URL}/{translation.get_language()}/orders/{order.number}/",
        }
        text = {
            RecallHolder.Wish.REPLACEMENT: _(
                "The supplier says that you have got another one for %(product)s. Is it not so? Complain: %(url)s"
            ),
            RecallHolder.Wish.REFUND: _(
                "The supplier says that you have got your money for %(product)s. Your norm is free again, you can order "
                "anew. Is it not so? Complain: %(url)s"
            ),
            RecallHolder.Wish.REPAIR: _(
                "The supplier says that %(product)s is repaired. Is it not so? Complain: %(url)s"
            ),
        }[RecallHolder.Wish(holder.wish)]
        title = _("Recall of %(product)s: done") % facts
    notices.create(
        recipient=person, kind=row.topic, subject=f"order:{order.number}", title=title, text=text % facts,
        dedupe=f"{row.topic}:{row.pk}:{person.pk}",
    )  # fmt: skip


def _tell_of_draft(row: OutboxRow, draft: Draft, reader: User) -> None:
    with translation.override(reader.language):
        page = f"{settings.PORTAL_URL}/{translation.get_language()}/applications/{draft.pk}/"
        notices.create(
            recipient=reader,
            kind="draft.recalled",
            subject=f"draft:{draft.pk}",
            title=_("Choose other goods for your application"),
            text=_(
                "The state has stopped the sale of goods in your application. It is kept. Choose other goods: %(url)s"
            )
            % {"url": page},
            dedupe=f"draft.recalled:{row.pk}:{draft.pk}:{reader.pk}",
        )
