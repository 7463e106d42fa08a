"""Alerts about staff, for the auditor and the ministry: curious looks, and offices that order from one supplier only.

Thresholds are the rule ``access.alerts``. Goods that are accepted within minutes: ``orders/collusion.py``.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from complaints.models import Complaint
from marketplace import formats, rules
from marketplace.models import Draft, ReadLog, Role
from orders.models import Delivery, Line, Order
from orders.states import OPEN_STATES
from suppliers.watch.models import MarketCell
from suppliers.watch.signals import Finding, Kind, source

RULE = "access.alerts"
# Work that a look begins, or that ended a short while ago, is its case too.
BEGINS = timedelta(days=1)
ENDED = timedelta(days=30)


def _since(rule: dict[str, Any]) -> datetime:
    return timezone.now() - timedelta(days=rule["days"])


def without_a_case(since: datetime) -> QuerySet[ReadLog]:
    """Persons whom caseworkers opened one by one although nothing of theirs ran: no form, no order, no complaint."""
    person, at = OuterRef("person"), OuterRef("at")
    drafts = Draft.objects.filter(beneficiary=person, created_at__lt=at + BEGINS)
    orders = Order.objects.filter(user=person, date_placed__lt=at + BEGINS)
    delivered = Delivery.objects.filter(order__user=person, at__gte=at - ENDED, at__lt=at + BEGINS)
    complaints = Complaint.objects.filter(complainant=person, filed_at__lt=at + BEGINS)
    return ReadLog.objects.filter(
        ~Exists(drafts.filter(Q(status=Draft.Status.OPEN) | Q(updated_at__gte=at - ENDED))),
        ~Exists(orders.filter(status__in=OPEN_STATES)),
        ~Exists(delivered),
        ~Exists(complaints.filter(Q(closed_at=None) | Q(closed_at__gte=at - ENDED))),
        at__gte=since,
        subject__startswith="person:",
        actor__role=Role.CASEWORKER,
    )


def _day_line(row: dict[str, Any]) -> str:
    number = row["people"]
    text = ngettext("%(day)s: %(number)s person", "%(day)s: %(number)s people", number)
    return text % {"day": formats.date_long(date.fromisoformat(row["day"])), "number": number}


@source(
    lookups=Kind(
        gettext_lazy("People opened without a case"),
        gettext_lazy("A specialist opened many people in one day for whom nothing was being done."),
        _day_line,
        is_alert=True,
    )
)
def lookups() -> Iterator[Finding]:
    """Caseworkers who opened more people without a case in one day than the rule lets pass."""
    rule = rules.get(RULE).value
    seen = without_a_case(_since(rule)).annotate(day=TruncDate("at"), region=F("actor__region"))
    counted = Counter(
        (actor, region or "", day)
        for actor, region, day, _person in seen.order_by().values_list("actor", "region", "day", "person").distinct()
    )
    days: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for (actor, region, day), people in sorted(counted.items()):
        if people > rule["lookups"]:
            days[actor, region].append({"day": day.isoformat(), "people": people})
    for (actor, region), evidence in days.items():
        strength = sum(row["people"] for row in evidence)
        yield Finding("lookups", (), strength, evidence, region=region, staff_id=actor)


def _share_line(row: dict[str, Any]) -> str:
    return _("%(orders)s of %(all)s orders that the specialist placed where there was a choice") % row


@source(
    steering=Kind(
        gettext_lazy("One specialist, one supplier"),
        gettext_lazy("A specialist's orders go to one supplier although others sell the same there."),
        _share_line,
        is_alert=True,
    )
)
def steering() -> Iterator[Finding]:
    """Caseworkers whose orders went to one supplier by a share that the rule does not let pass."""
    rule = rules.get(RULE).value
    choice = MarketCell.objects.filter(
        type=OuterRef("product__product_class"), region=OuterRef("order__region"), suppliers__gt=1
    )
    placed = (
        Line.objects.filter(
            Exists(choice), order__date_placed__gte=_since(rule), order__placed_by__role=Role.CASEWORKER
        )
        .order_by()
        .values_list("order__placed_by", "order__partner__code", "order")
        .distinct()
    )
    by_worker: dict[int, Counter[str]] = defaultdict(Counter)
    for worker, code, _order in placed:
        by_worker[worker][code] += 1
    for worker, codes in by_worker.items():
        [(code, most)], total = codes.most_common(1), codes.total()
        if total >= rule["orders"] and most >= rule["share"] * total:
            yield Finding("steering", (code,), most, [{"orders": most, "all": total}], staff_id=worker)
