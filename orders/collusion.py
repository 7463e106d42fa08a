"""What orders may say of suppliers that act together, or with a recipient: signals for the ministry alone."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import formats, rules
from orders.models import Delivery, Line, Order
from orders.states import OrderStatus
from suppliers.watch.collusion import PHONE_DIGITS, RULE, owners
from suppliers.watch.signals import Finding, Kind, source

_CAME_TO_NOTHING = (OrderStatus.DECLINED, OrderStatus.TIMED_OUT, OrderStatus.CANCELLED)
OWN_PHONE = r"""
WITH supplier AS (SELECT id, code, right(regexp_replace(phone, '\D', '', 'g'), 10) AS digits FROM partner_partner)
SELECT code, number FROM order_order JOIN supplier ON supplier.id = partner_id
WHERE date_placed >= %s AND length(digits) = %s AND right(regexp_replace(contact_phone, '\D', '', 'g'), 10) = digits
ORDER BY code, order_order.id
"""
_Turn = tuple[str, str, datetime, str]  # supplier, its group, when, number of the order


def _orders() -> QuerySet[Order]:
    since = timezone.now() - timedelta(days=rules.get(RULE).value["days"])
    return Order.objects.filter(date_placed__gte=since)


def _turn_line(row: dict[str, Any]) -> str:
    day = formats.date_long(datetime.fromisoformat(row["at"]))
    return _("%(day)s: order %(number)s went to %(supplier)s") % {**row, "day": day}


def _number_line(row: dict[str, Any]) -> str:
    return _("Order %(number)s") % row


def _quick_line(row: dict[str, Any]) -> str:
    return _("Order %(number)s: accepted %(seconds)s seconds after the delivery") % row


@source(
    turns=Kind(
        gettext_lazy("Orders by turns"),
        gettext_lazy("Two suppliers get the orders of one kind in one region strictly one after the other."),
        _turn_line,
    )
)
def turns() -> Iterator[Finding]:
    """The longest run of strict turns of two independent suppliers for each kind and region."""
    least, group_of = rules.get(RULE).value["turns"], owners()
    lines = (
        Line.objects.filter(order__in=_orders())
        .exclude(order__status__in=_CAME_TO_NOTHING)
        .annotate(kind=F("product__product_class"))
        .exclude(kind=None)
        .order_by("kind", "order__region", "order__date_placed", "order__pk")
        .values_list("kind", "order__region", "order__partner__code", "order__date_placed", "order__number")
    )
    for (kind, region), rows in groupby(lines.iterator(), key=lambda row: row[:2]):
        won: list[_Turn] = []
        for _kind, _region, code, at, number in rows:
            if not won or won[-1][3] != number:
                won.append((code, group_of[code], at, number))
        run = longest_run(won)
        if len(run) >= least:
            evidence = [{"at": at.isoformat(), "number": number, "supplier": code} for code, _o, at, number in run]
            yield Finding("turns", tuple(sorted({row[0] for row in run})), len(run), evidence, kind, region)


def longest_run(won: list[_Turn]) -> list[_Turn]:
    """The longest stretch in which two groups take strict turns, A B A B; each has at least two."""
    best: list[_Turn] = []
    start = 0
    for place in range(len(won)):
        if place and won[place][1] == won[place - 1][1]:
            start = place  # the same one twice: a new run begins
        elif place - start >= 2 and won[place][1] != won[place - 2][1]:
            start = place - 1  # a third one: the run begins with its neighbour
        if place - start + 1 > len(best):
            best = won[start : place + 1]
    return best if len(best) >= 4 else []


@source(
    quick_acceptance=Kind(
        gettext_lazy("Accepted within minutes"),
        gettext_lazy(
            "Goods that are accepted at once, again and again, may not have been looked at, or not delivered."
        ),
        _quick_line,
        is_alert=True,
    )
)
def quick_acceptances() -> Iterator[Finding]:
    """A supplier many of whose orders were accepted within minutes of the delivery."""
    rule = rules.get(RULE).value
    rows = (
        Delivery.objects.filter(
            outcome=Delivery.Outcome.DELIVERED,
            order__in=_orders(),
            order__act__person_signed_at__gte=F("at"),
            order__act__person_signed_at__lte=F("at") + timedelta(minutes=rule["quick_minutes"]),
        )
        .order_by("order__partner__code", "at")
        .values_list("order__partner__code", "order__number", "at", "order__act__person_signed_at")
    )
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for code, number, at, signed_at in rows:
        found[code].append({"number": number, "seconds": round((signed_at - at).total_seconds())})
    for code, evidence in found.items():
        if len(evidence) >= rule["quick_orders"]:
            yield Finding("quick_acceptance", (code,), len(evidence), evidence)


@source(
    recipients_phone=Kind(
        gettext_lazy("The supplier's phone in orders"),
        gettext_lazy("The contact phone of orders is the supplier's own: the recipient may not exist."),
        _number_line,
    )
)
def recipients_phones() -> Iterator[Finding]:
    """Orders whose contact phone is that of their own supplier."""
    since = timezone.now() - timedelta(days=rules.get(RULE).value["days"])
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(OWN_PHONE, [since, PHONE_DIGITS])
        for code, number in cursor.fetchall():
            found[code].append({"number": number})
    for code, evidence in found.items():
        yield Finding("recipients_phone", (code,), len(evidence), evidence)


@source(
    own_recipient=Kind(
        gettext_lazy("The entrepreneur is the recipient"),
        gettext_lazy("An individual entrepreneur sold to herself, or to somebody for whom she ordered herself."),
        _number_line,
    )
)
def own_recipients() -> Iterator[Finding]:
    """Orders whose recipient, or who placed them, has the IIN of their own supplier: told by the blind indexes alone."""
    own = F("partner__iin_index")
    rows = _orders().filter(partner__iin_index__isnull=False)
    rows = rows.filter(Q(user__record__iin_index=own) | Q(placed_by__record__iin_index=own))
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for code, number in rows.order_by("partner__code", "pk").values_list("partner__code", "number"):
        found[code].append({"number": number})
    for code, evidence in found.items():
        yield Finding("own_recipient", (code,), len(evidence), evidence)
