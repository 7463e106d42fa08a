"""Placing orders: stock, ledger, rows, events and outbox of reviewed lines, one order per supplier.

Used by the submit of a draft and by the passing on of a declined order. Callers hold the locks of the
tranches and offers and run inside one durable transaction.
"""

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import calendar, events, outbox
from marketplace.errors import DomainError
from marketplace.models import Draft, User
from orders import draft_fields, ledger
from orders.models import Line, Order
from orders.review import ReviewedLine, delivery_of, in_all
from orders.states import OrderStatus
from suppliers.models import Partner, StockRecord


class StockGone(DomainError):
    """Somebody else took the last packs between the check and the write."""

    code = "stock_ran_out"
    message = _("The stock of one offer has just run out. Choose another offer.")


@dataclass(frozen=True)
class Placement:
    """One order to be: the lines of one supplier with whom, where to and how to reach."""

    lines: Sequence[ReviewedLine]
    draft: Draft
    beneficiary: User
    region_id: str
    office_id: int | None
    contact: dict[str, str] = field(default_factory=dict)
    previous: Order | None = None


def place(
    placements: Sequence[Placement],
    *,
    actor: User | None,
    now: datetime,
    confirmed: dict[str, Any] | None = None,
    story: dict[str, Any] | None = None,
) -> list[Order]:
    """Write the orders. Raises StockGone or Overdrawn; then nothing stays.

    ``confirmed``: what the person said is right on the second screen, part of the orders' first event.
    ``story``: how the application came about, part of the first order's, so that it is counted once.
    """
    reserve_stock([line for placement in placements for line in placement.lines])
    due = calendar.deadline("order.confirm_days", timezone.localdate(now))
    numbers = _free_numbers(len(placements))
    orders = Order.objects.bulk_create(
        _order(placement, number, actor, due, now) for placement, number in zip(placements, numbers, strict=True)
    )
    lines = Line.objects.bulk_create(
        _line(order, line) for order, placement in zip(orders, placements, strict=True) for line in placement.lines
    )
    ledger.reserve(lines)
    for order, placement in zip(orders, placements, strict=True):
        first = order is orders[0]
        events.record(
            kind="order.sent",
            subject=f"order:{order.number}",
            actor=actor,
            on_behalf_of=placement.beneficiary,
            after=OrderStatus.SENT,
            data={
                "draft": str(placement.draft.pk),
                "previous": placement.previous and placement.previous.number,
                "consent": draft_fields.consent(placement.draft),
                **({"places": _places(placement)} if placement.previous else {}),
                **({"confirmed": confirmed} if confirmed else {}),
                **({"application": story} if story and first else {}),
            },
            at=now,
        )
    outbox.add_many(
        [("order.sent", order.number, {}) for order in orders] + offers_changed(line.stockrecord_id for line in lines)
    )
    return orders


def _places(placement: Placement) -> dict[str, int]:
    """Which of the person's next choices each line has come to: 1 is the first one to be asked next."""
    places = {}
    for line in placement.lines:
        ranked = [draft_fields.whole_number(item) for item in draft_fields.ranked(placement.draft, line.key)]
        places[line.key] = ranked.index(line.offer.pk) + 1 if line.offer.pk in ranked else 0
    return places


def reserve_stock(lines: Iterable[ReviewedLine]) -> None:
    """Allocate packs by one conditional UPDATE an offer; its row count decides, not what was read before."""
    packs: Counter[int] = Counter()
    for line in lines:
        packs[line.offer.pk] += line.quantity
    for offer_id, quantity in sorted(packs.items()):
        # A supplier that was banned after the review sells nothing any more: this statement sees it. A join instead
        # of the sub-query would take the stock's condition along into one, where nobody looks again after a lock.
        taken = StockRecord.objects.filter(
            pk=offer_id,
            status=StockRecord.Status.PUBLISHED,
            partner__in=Partner.objects.filter(status=Partner.Status.APPROVED).values("pk"),
            num_in_stock__gte=F("num_allocated") + quantity,
        ).update(num_allocated=F("num_allocated") + quantity)
        if not taken:
            raise StockGone(offer=offer_id)


def release_stock(lines: Sequence[Line]) -> None:
    """The packs are for sale again."""
    for line in sorted(lines, key=lambda line: line.stockrecord_id or 0):
        StockRecord.objects.filter(pk=line.stockrecord_id).update(num_allocated=F("num_allocated") - line.num_allocated)
    Line.objects.filter(pk__in=[line.pk for line in lines]).update(num_allocated=0, allocation_cancelled=True)


def consume_stock(lines: Sequence[Line]) -> None:
    """The packs left the supplier for good."""
    for line in sorted(lines, key=lambda line: line.stockrecord_id or 0):
        StockRecord.objects.filter(pk=line.stockrecord_id).update(
            num_allocated=F("num_allocated") - line.num_allocated, num_in_stock=F("num_in_stock") - line.num_allocated
        )
    Line.objects.filter(pk__in=[line.pk for line in lines]).update(num_allocated=0)


def lock_stock(offer_ids: Iterable[int | None]) -> list[StockRecord]:
    """Lock offers in pk order; after the tranches, never before them."""
    wanted = {pk for pk in offer_ids if pk is not None}
    return list(
        StockRecord.objects.select_for_update(of=("self",), no_key=True)
        .select_related("partner", "product__product_class")
        .filter(pk__in=wanted)
        .order_by("pk")
    )


def offers_changed(offer_ids: Iterable[int | None]) -> list[tuple[str, str, dict[str, Any]]]:
    """Outbox rows that refresh the read model of the offers' products."""
    return [("offer.changed", str(pk), {}) for pk in sorted({pk for pk in offer_ids if pk is not None})]


def _free_numbers(count: int) -> list[str]:
    """Ten digits that nobody can guess or count; the unique index has the last word."""
    numbers: set[str] = set()
    while len(numbers) < count:
        numbers |= {str(secrets.randbelow(9 * 10**9) + 10**9) for _number in range(count - len(numbers))}
        numbers -= set(Order.objects.filter(number__in=numbers).values_list("number", flat=True))
    return sorted(numbers)


def _order(placement: Placement, number: str, actor: User | None, due: calendar.Deadline, now: datetime) -> Order:
    state_pays = sum((line.state_pays for line in placement.lines), Decimal(0))
    delivery, you_pay = delivery_of(placement.lines), in_all(placement.lines)
    return Order(
        number=number,
        draft=placement.draft,
        partner=placement.lines[0].offer.partner,
        user=placement.beneficiary,
        placed_by=actor or (placement.previous and placement.previous.placed_by) or placement.beneficiary,
        status=OrderStatus.SENT,
        region_id=placement.region_id,
        office_id=placement.office_id,
        currency=settings.OSCAR_DEFAULT_CURRENCY,
        total_incl_tax=state_pays + you_pay,
        total_excl_tax=state_pays + you_pay,
        shipping_incl_tax=delivery.price,
        shipping_excl_tax=delivery.price,
        shipping_code=delivery.terms,
        state_pays=state_pays,
        you_pay=you_pay,
        date_placed=now,
        due_at=due.due_at,
        due_rule=due.rule,
        fallback={line.key: line.fallback for line in placement.lines if line.fallback},
        previous=placement.previous,
        snapshot_hash=_digest(placement),
        **placement.contact,
    )


def _line(order: Order, line: ReviewedLine) -> Line:
    return Line(
        order=order,
        key=line.key,
        partner=order.partner,
        partner_name=order.partner.name,
        partner_sku=line.offer.partner_sku,
        stockrecord=line.offer,
        product=line.offer.product,
        title=line.offer.product.title[:255],
        upc=line.offer.product.upc,
        quantity=line.quantity,
        num_allocated=line.quantity,
        pack_size=line.offer.pack_size,
        units=line.units,
        unit_price_incl_tax=line.offer.price,
        unit_price_excl_tax=line.offer.price,
        line_price_incl_tax=line.price,
        line_price_excl_tax=line.price,
        line_price_before_discounts_incl_tax=line.price,
        line_price_before_discounts_excl_tax=line.price,
        state_pays=line.state_pays,
        you_pay=line.you_pay,
        warranty_months=line.offer.warranty_months,
        entitlement=line.standing.entitlement,
        tranche=line.standing.tranche,
        fitting_wish=line.fitting,
    )


def _digest(placement: Placement) -> str:
    """SHA-256 of what was signed: draft and revision, goods, sums, address."""
    signed = {
        "draft": str(placement.draft.pk),
        "rev": placement.draft.rev,
        "lines": [
            [line.key, line.offer.pk, line.quantity, str(line.price), str(line.state_pays), str(line.you_pay)]
            for line in placement.lines
        ],
        "delivery": delivery_of(placement.lines).as_data,
        "contact": placement.contact,
        "region": placement.region_id,
    }
    return hashlib.sha256(json.dumps(signed, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
