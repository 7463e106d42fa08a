"""The state has stopped the sale of goods that may be dangerous: who has them, and who is about to order them, is told.

The suppliers' layer announces ``product.recalled``; it knows neither orders nor applications (domain F50).
"""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace import notices, outbox
from marketplace.models import Draft, OutboxRow, User
from orders import stopped
from orders.effects import person_of
from orders.models import Delivery, Line
from orders.reach import who_acts_for

BATCH = 200

_MARKED = f"""
SELECT d.id FROM marketplace_draft d WHERE d.id = ANY(%(drafts)s) AND d.status = 'open'
AND EXISTS (SELECT FROM partner_stockrecord o WHERE o.status = 'recalled' AND {stopped.NAMES.format(offer="o.id::text")})
"""  # noqa: S608 - of constants


def in_drafts(drafts: Iterable[UUID]) -> set[UUID]:
    """Those of the open applications that name goods whose sale is stopped now."""
    with connection.cursor() as cursor:
        cursor.execute(_MARKED, {"drafts": list(drafts)})
        return {row[0] for row in cursor.fetchall()}


def holders(product_id: int, supplier_id: int | None, lot: str) -> QuerySet[Line]:
    """Lines that were handed over and may be of this lot: a line without a lot cannot be told from it."""
    rows = Line.objects.filter(product=product_id, order__deliveries__outcome=Delivery.Outcome.DELIVERED)
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
    lines = list(found.order_by("pk").values_list("pk", flat=True))
    batches = [lines[start : start + BATCH] for start in range(0, len(lines), BATCH)]
    told = {"recall": row.pk, "lot": row.payload["lot"]}
    outbox.add_many([("order.recalled", row.key, {**told, "lines": batch}) for batch in batches])


@outbox.handler("order.recalled")
def tell_holders(row: OutboxRow) -> None:
    """Whoever has the goods, once for each order and recall."""
    lines = Line.objects.filter(pk__in=row.payload["lines"]).select_related("order__user").order_by("pk")
    for line in lines:
        person = person_of(line.order)
        with translation.override(person.language):
            notices.create(
                recipient=person,
                kind=row.topic,
                subject=f"order:{line.order.number}",
                title=_("Do not use: %(product)s") % {"product": line.title},
                text=_words(line, row.payload["lot"]),
                dedupe=f"{row.topic}:{row.payload['recall']}:{line.pk}",
            )


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
