"""A supplier may not sell any more: who has its goods in an open application or order is told.

The suppliers' layer announces ``supplier.suspended``; it knows neither applications nor orders.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace import formats, notices, outbox
from marketplace.models import Draft, OutboxRow, Role, User
from orders.effects import person_of
from orders.models import Order
from orders.reach import who_acts_for
from orders.selectors import GOODS_OWED
from suppliers.models import Partner, StockRecord

# The first choice of a line, or one of the offers that follow it. Programs send numbers, forms send text.
NAMES = """d.kind = 'order' AND EXISTS (
    SELECT FROM jsonb_each(d.fields) f
    WHERE f.key LIKE 'line.%%.offer' AND f.value ->> 'v' = {offer}
        OR f.key LIKE 'line.%%.fallback' AND jsonb_typeof(f.value -> 'v') = 'array'
            AND EXISTS (SELECT FROM jsonb_array_elements_text(f.value -> 'v') v WHERE v = {offer}))"""
_NAMING = f"""
SELECT d.id FROM marketplace_draft d WHERE d.status = 'open' AND {NAMES.format(offer="ANY(%(offers)s)")} ORDER BY d.id
"""  # noqa: S608  # nosec B608  # of constants


def drafts_naming(offers: Iterable[int]) -> list[Draft]:
    """Open applications with one of these offers, as a choice or as a next choice."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMING, {"offers": [str(pk) for pk in offers]})
        found = [row[0] for row in cursor.fetchall()]
    return list(Draft.objects.filter(pk__in=found).select_related("author", "beneficiary").order_by("created_at"))


@outbox.handler("supplier.suspended", "supplier.terminated")
def tell(row: OutboxRow) -> None:
    """Owners of applications, people who wait for goods, and their social offices; each once for one decision."""
    partner = Partner.objects.get(pk=row.key)
    for draft in drafts_naming(StockRecord.objects.filter(partner=partner).values_list("pk", flat=True)):
        readers = {draft.author}
        if draft.beneficiary is not None:
            readers.add(who_acts_for(draft.beneficiary, draft.author_id))
        _send(row, partner, readers, f"draft:{draft.pk}", _choose_again(draft))
    owed = Order.objects.filter(partner=partner, status__in=GOODS_OWED)
    for order in owed.select_related("user").order_by("pk"):
        _send(row, partner, [person_of(order)], f"order:{order.number}", _still_owed(order))
    for office_id, count in owed.order_by("office").values_list("office").annotate(number=Count("pk")):
        staff = User.objects.filter(role=Role.CASEWORKER, office=office_id, is_active=True) if office_id else []
        _send(row, partner, staff, f"office:{office_id}", lambda count=count: _for_office(count))


def _choose_again(draft: Draft) -> Any:
    return lambda: (
        _("Your application is kept. Choose goods of another supplier: %(url)s")
        % {"url": _page(f"applications/{draft.pk}/")}
    )


def _still_owed(order: Order) -> Any:
    return lambda: (
        _("Your order %(number)s still has to be delivered. You can cancel it before dispatch: %(url)s")
        % {"number": order.number, "url": _page(f"orders/{order.number}/")}
    )


def _for_office(count: int) -> str:
    words = ngettext(
        "%(count)s order of your people waits for its goods. See your desk: %(url)s",
        "%(count)s orders of your people wait for their goods. See your desk: %(url)s",
        count,
    )
    return words % {"count": count, "url": _page("office/")}


def _page(path: str) -> str:
    return f"{settings.PORTAL_URL}/{translation.get_language()}/{path}"


def _send(row: OutboxRow, partner: Partner, readers: Iterable[User], subject: str, text: Any) -> None:
    for reader in readers:
        with translation.override(reader.language):
            title = _("%(supplier)s does not sell on the portal any more") % {"supplier": partner.name}
            if partner.suspended_until:
                title = _("%(supplier)s may not sell until %(day)s") % {
                    "supplier": partner.name,
                    "day": formats.date_long(partner.suspended_until),
                }
            words = text()
        notices.create(
            recipient=reader,
            kind=row.topic,
            subject=subject,
            title=title,
            text=words,
            dedupe=f"{row.topic}:{row.pk}:{subject}:{reader.pk}",
        )
