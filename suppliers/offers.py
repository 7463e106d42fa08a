"""What a supplier does with its own offers: price, stock, confirmation, on sale or not.

Every change is one durable transaction: the offer's row locked, the change, its event, and the outbox row
``offer.changed`` that brings the search documents up to date.
"""

import time
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import events, outbox, rules
from marketplace.errors import FieldError, Invalid, NotFound
from marketplace.models import User
from suppliers import delivery, ranking
from suppliers.models import Partner, StockRecord
from suppliers.selectors import own_supplier
from suppliers.states import OFFER

TOPIC = "offer.changed"
HIGHEST_PRICE = Decimal("9999999999.99")
MOST_STOCK = 1_000_000
BATCH = 200
CHANGED = ("price", "num_in_stock", "delivery_included", "delivery_price", "stock_confirmed_at", "date_updated")
REMINDER_RULE = "listing.stale_reminder_days"


def change(
    *,
    offer_id: int,
    actor: User,
    price: Decimal | None = None,
    stock: int | None = None,
    delivery_price: Decimal | None = None,
    confirm_stock: bool = False,
) -> StockRecord:
    """Set the price (KZT for a pack), the stock (packs free to be ordered) and what bringing one order costs the person
    (KZT; zero: it is in the price), or confirm the stock as it is.

    A stock that is set or confirmed counts as counted now, and a hidden offer is on sale again. Raises
    Forbidden (no supplier), NotFound (foreign or missing), Invalid (nothing to change, bad values).
    """
    _check(price, stock, delivery_price, confirm_stock)
    with transaction.atomic(durable=True):
        offer = _locked(offer_id, actor)
        now = timezone.now()
        before = _facts(offer)
        if price is not None:
            offer.price = price
        if delivery_price is not None:
            for name, value in delivery.columns(delivery_price).items():
                setattr(offer, name, value)
        if stock is not None:
            # What is promised to orders is not free: it lies in stock until it is shipped.
            offer.num_in_stock = stock + offer.num_allocated
        if stock is not None or confirm_stock:
            offer.stock_confirmed_at = now
            if offer.status == StockRecord.Status.HIDDEN:
                _take(offer, "confirm-stock", actor, now)
        offer.save(update_fields=CHANGED)
        _tell(offer, "offer.updated", actor, data={"before": before, "after": _facts(offer)}, at=now)
    return offer


def publish(*, offer_id: int, actor: User) -> StockRecord:
    """Put a withdrawn or hidden offer on sale; the stock counts as confirmed."""
    with transaction.atomic(durable=True):
        offer = _locked(offer_id, actor)
        now = timezone.now()
        _take(offer, "publish", actor, now)
        offer.stock_confirmed_at = now
        offer.save(update_fields=["stock_confirmed_at", "date_updated"])
        _tell(offer, "", actor, at=now)
    return offer


def withdraw(*, offer_id: int, actor: User) -> StockRecord:
    """Take an offer from sale; orders that stand are not touched."""
    with transaction.atomic(durable=True):
        offer = _locked(offer_id, actor)
        now = timezone.now()
        _take(offer, "withdraw", actor, now)
        _tell(offer, "", actor, at=now)
    return offer


def hide_stale(seconds: float = 300) -> int:
    """Hide published offers whose stock was not confirmed in time, all of them; returns how many. Safe to run twice.

    Nobody can order them before that: who reads offers asks for a fresh count himself. After ``seconds`` the rest is
    left to the next sweep. By the real time, never by a simulated one: the count of a shelf does not get old by a
    rehearsal.
    """
    since = ranking.policy().fresh_since
    stale = StockRecord.objects.filter(status=StockRecord.Status.PUBLISHED, stock_confirmed_at__lt=since)
    started, hidden, last = time.monotonic(), 0, 0
    while batch := list(stale.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        last = batch[-1]
        with transaction.atomic(durable=True):
            now = timezone.now()
            # What was confirmed meanwhile, or is in the hands of another sweep, is left alone.
            for offer in stale.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(pk__in=batch):
                _take(offer, "hide", None, now)
                _tell(offer, "", None, at=now)
                hidden += 1
        if time.monotonic() - started > seconds:
            break
    return hidden


def stale_soon(on: date | None = None) -> list[dict[str, Any]]:
    """Suppliers whose offers leave the catalogue within the days of the rule ``listing.stale_reminder_days`` unless they
    count: ``{"partner", "number", "first": when the first of these was counted}``. By the real time, as ``hide_stale``.
    """
    since = ranking.policy().fresh_since
    ahead = timedelta(days=max(rules.get(REMINDER_RULE, on=on).value["days"]))
    soon = StockRecord.objects.filter(
        status=StockRecord.Status.PUBLISHED, stock_confirmed_at__gte=since, stock_confirmed_at__lt=since + ahead
    )
    return list(
        soon.filter(partner__status=Partner.Status.APPROVED)
        .order_by("partner")
        .values("partner")
        .annotate(number=Count("pk"), first=Min("stock_confirmed_at"))
    )


def recall(*, product_id: int, partner: Partner | None, actor: User, now: datetime, lot: str = "") -> list[int]:
    """The state stops the sale of a product: one supplier's offers, or everybody's. Returns the ids of those stopped.

    Inside the transaction of the decision; who may decide is that one's matter. Whoever has the goods (``lot``: only
    of this one) is told by the layers above, also when nobody sells them any more.
    """
    moved = _by_the_state("recall", product_id, partner, actor, now)
    outbox.add(
        "product.recalled",
        str(product_id),
        {"supplier": partner.pk if partner is not None else None, "lot": lot, "offers": moved},
    )
    return moved


def release(*, product_id: int, partner: Partner | None, actor: User, now: datetime) -> list[int]:
    """The stop is lifted: the offers may be put on sale again by their suppliers."""
    return _by_the_state("release", product_id, partner, actor, now)


def _by_the_state(action: str, product_id: int, partner: Partner | None, actor: User, now: datetime) -> list[int]:
    sources = next(step.sources for step in OFFER.steps if step.action == action)
    rows = StockRecord.objects.select_for_update(of=("self",), no_key=True).filter(
        product=product_id, status__in=sources
    )
    moved = []
    for offer in (rows.filter(partner=partner) if partner is not None else rows).order_by("pk"):
        _take(offer, action, actor, now, party="authority")
        _tell(offer, "", actor, at=now)
        moved.append(offer.pk)
    return moved


def _check(price: Decimal | None, stock: int | None, delivery_price: Decimal | None, confirm_stock: bool) -> None:
    errors = []
    if price is not None and not (price.is_finite() and 0 < price <= HIGHEST_PRICE):
        errors.append(FieldError("price", "range", _("Give a price above zero, in tenge.")))
    elif price is not None and price != round(price, 2):
        errors.append(FieldError("price", "places", _("Give the price with at most two places for tiyn.")))
    if stock is not None and not 0 <= stock <= MOST_STOCK:
        errors.append(FieldError("stock", "range", _("Give the number of packs, from 0 to 1,000,000.")))
    if delivery_price is not None and (problem := delivery.problem(delivery_price, ranking.policy().delivery_most)):
        errors.append(FieldError("delivery_price", "range", problem))
    if price is None and stock is None and delivery_price is None and not confirm_stock:
        errors.append(FieldError("price", "required", _("Give a price or a stock, or confirm the stock.")))
    if errors:
        raise Invalid(errors)


def _locked(offer_id: int, actor: User) -> StockRecord:
    offer: StockRecord | None = (
        StockRecord.objects.select_for_update(of=("self",), no_key=True)
        .select_related("partner", "product")
        .filter(pk=offer_id, partner=own_supplier(actor))
        .first()
    )
    if offer is None:
        raise NotFound
    return offer


def _take(offer: StockRecord, action: str, actor: User | None, now: datetime, party: str = "supplier") -> None:
    """A step of the machine with its event."""
    before = offer.status
    step = OFFER.find(action, before, [party] if actor is not None else ["clock"])
    OFFER.take(StockRecord.objects.filter(pk=offer.pk), step, before)
    offer.status = step.target
    events.record(
        kind=f"offer.{action}", subject=f"offer:{offer.pk}", actor=actor, before=before, after=step.target, at=now
    )


def _tell(
    offer: StockRecord, kind: str, actor: User | None, *, at: datetime, data: dict[str, Any] | None = None
) -> None:
    if kind:
        events.record(kind=kind, subject=f"offer:{offer.pk}", actor=actor, data=data, at=at)
    outbox.add(TOPIC, str(offer.pk))


def _facts(offer: StockRecord) -> dict[str, Any]:
    asked = None if offer.delivery is None else f"{offer.delivery:.2f}"
    return {"price": f"{offer.price:.2f}", "stock": offer.net_stock_level, "delivery": asked}
