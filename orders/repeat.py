""" "Same as last time": an application that is ready when the next part of a norm opens (domain F43).

It copies goods, packs, next offers, contact and address of the last order that was handed over; never the
consent, so nothing is ordered before the person has looked and sent it. Packs follow the pack size of today
and stay within the part of the norm. What differs from last time is told by ``repeat_notes``.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import access, events
from marketplace.drafts import preparing
from marketplace.errors import DomainError, Forbidden, NotFound
from marketplace.models import Draft, Role, User
from orders import draft_fields, ledger, selectors
from orders.models import Entitlement, Line, Order, Tranche
from orders.reach import who_acts_for
from orders.states import EntitlementStatus, OrderStatus
from suppliers.models import StockRecord

NAMESPACE = UUID("3d4e2f0a-8f0e-4d0b-9d0c-8a3f1d6a7c55")
KIND = "order"
S = OrderStatus
# The goods are with the person, and she did not send them back.
HANDED_OVER = frozenset(
    {S.DELIVERED, S.ACCEPTED, S.ACCEPTED_WITH_REMARKS, S.REIMBURSEMENT_PENDING, S.HELD, S.PAID, S.CLOSED}
)


class NothingLeft(DomainError):
    code = "norm_used_up"
    message = _("Your norm for this period is used up. We tell you when the next part opens.")


def prepare(*, tranche_id: int, now: datetime) -> Draft | None:
    """The application for a part that has just opened; once for each part, inside the caller's transaction.

    None when there is nothing to repeat: no order was handed over, the goods are made to measure or last for a
    term of use, the person turned it off, has ordered already or is filling in an application for this line.
    """
    tranche = _locked(tranche_id)
    entitlement = tranche.entitlement
    if not _wanted(tranche, timezone.localdate(now)):
        return None
    order = last_order(entitlement)
    if order is None or open_draft(entitlement.beneficiary_id, [entitlement.pk]) is not None:
        return None
    person = entitlement.beneficiary
    return _write(
        _id_for(tranche),
        order,
        [line for line in order.lines.all() if line.entitlement_id == entitlement.pk],
        {entitlement.pk: tranche},
        author=who_acts_for(person, order.placed_by_id),
        actor=None,
        now=now,
    )


def again(*, number: str, actor: User, key: str) -> UUID:
    """The button "Order the same again": a new draft, or the open one that has these goods already.

    ``key`` names one press of the button. Raises NotFound (foreign, not handed over), Forbidden, NothingLeft.
    """
    order = selectors.get(actor, number)
    if actor.role not in {Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER}:
        raise Forbidden
    if order.status not in HANDED_OVER or order.user is None:
        raise NotFound
    now = timezone.now()
    with transaction.atomic(durable=True):
        running = {row.entitlement_id: row for row in ledger.lock(_running(order, timezone.localdate(now)))}
        lines = [line for line in order.lines.all() if line.entitlement_id in running]
        known = open_draft(order.user_id, running)
        if known is not None:
            return known.pk
        if not lines:
            raise NothingLeft
        draft_id = uuid5(NAMESPACE, f"again:{number}:{actor.pk}:{key}")
        _write(draft_id, order, lines, running, author=actor, actor=actor, now=now)
    return draft_id


def turn(*, entitlement_id: int, actor: User, on: bool) -> None:
    """Prepare the next applications of a line of the programme, or do not. Raises NotFound, Forbidden."""
    with transaction.atomic(durable=True):
        entitlement = (
            Entitlement.objects.select_for_update(no_key=True)
            .filter(pk=entitlement_id, beneficiary__in=access.people_of(actor))
            .first()
        )
        if entitlement is None:
            raise NotFound
        if not access.is_owner(actor, entitlement.beneficiary_id):
            raise Forbidden
        if entitlement.repeats != on:
            entitlement.repeats = on
            entitlement.save(update_fields=["repeats"])
            events.record(
                kind="entitlement.repeat_on" if on else "entitlement.repeat_off",
                subject=f"entitlement:{entitlement.pk}",
                actor=actor,
                on_behalf_of=entitlement.beneficiary,
            )


# --- What can be repeated ----------------------------------------------------------------------


def is_repeatable(entitlement: Entitlement) -> bool:
    """Consumables and services that come in parts: not what lasts for a term of use or is made to measure."""
    return entitlement.period != Entitlement.Period.ONCE and not entitlement.product_type.made_to_measure


def last_order(entitlement: Entitlement) -> Order | None:
    """The latest order of this line of the programme whose goods the person has."""
    return (
        selectors.detailed(Order.objects.filter(lines__entitlement=entitlement, status__in=HANDED_OVER))
        .order_by("-date_placed", "-pk")
        .first()
    )


def open_draft(person_id: int | None, entitlements: Iterable[int]) -> Draft | None:
    """The person's open application that names one of these lines of the programme, the latest first."""
    wanted = set(entitlements)
    drafts = Draft.objects.filter(beneficiary=person_id, kind=KIND, status=Draft.Status.OPEN).order_by("-updated_at")
    for draft in drafts:
        if any(line.entitlement in wanted for line in draft_fields.lines(draft)):
            return draft
    return None


def may_repeat(order: Order, on: date) -> bool:
    """Whether the page of an order offers the button: the goods are there and the norm has a rest."""
    return order.status in HANDED_OVER and _running(order, on).exists()


def _wanted(tranche: Tranche, day: date) -> bool:
    entitlement = tranche.entitlement
    return (
        entitlement.repeats
        and is_repeatable(entitlement)
        and entitlement.status == EntitlementStatus.ACTIVE
        and tranche.opens_on <= day <= tranche.closes_on
        and tranche.free_quantity == tranche.quantity  # nobody has ordered from it yet
    )


def _running(order: Order, day: date) -> QuerySet[Tranche]:
    """Parts of the norms of an order's lines that are open on a day and have something left."""
    lines = {line.entitlement_id for line in order.lines.all()} - {None}
    return Tranche.objects.filter(
        entitlement__in=lines,
        entitlement__status=EntitlementStatus.ACTIVE,
        opens_on__lte=day,
        closes_on__gte=day,
        quantity__gt=F("reserved_quantity") + F("consumed_quantity"),
    )


# --- Writing ---------------------------------------------------------------------------------


def _locked(tranche_id: int) -> Tranche:
    rows = Tranche.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("entitlement__product_type", "entitlement__beneficiary").get(pk=tranche_id)


def _id_for(tranche: Tranche) -> UUID:
    """One part, one application: whoever comes second finds the id taken."""
    return uuid5(NAMESPACE, f"tranche:{tranche.pk}")


def _write(
    draft_id: UUID,
    order: Order,
    lines: list[Line],
    tranches: dict[int, Tranche],
    *,
    author: User,
    actor: User | None,
    now: datetime,
) -> Draft | None:
    left = {pk: tranche.free_quantity for pk, tranche in tranches.items()}
    values: dict[str, Any] = {}
    facts: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines, 1):
        key, packs = line.key or f"l{number}", packs_for(line, left[line.entitlement_id])
        left[line.entitlement_id] -= packs * _pack_size(line)
        values |= _line_values(order, line, key, packs)
        facts[key] = _last_time(order, line, packs)
    assert order.user is not None
    return preparing.prepare(
        draft_id=draft_id,
        kind=KIND,
        author=author,
        beneficiary=order.user,
        values=values | _contact_values(order),
        origin={draft_fields.REPEAT: {"order": order.number, "lines": facts}},
        actor=actor,
        now=now,
    )


def packs_for(line: Line, left: int) -> int:
    """Packs of today that hold as many pieces as last time, and no more than are left of the norm."""
    size = _pack_size(line)
    return min(-(-line.units // size), left // size)


def _pack_size(line: Line) -> int:
    return line.stockrecord.pack_size if line.stockrecord else line.pack_size


def _line_values(order: Order, line: Line, key: str, packs: int) -> dict[str, Any]:
    values: dict[str, Any] = {f"line.{key}.entitlement": line.entitlement_id}
    if line.stockrecord_id is not None:
        values[f"line.{key}.offer"] = line.stockrecord_id
    if packs:
        values[f"line.{key}.quantity"] = packs
    if others := _still_there(order.fallback.get(line.key, [])):
        values[f"line.{key}.fallback"] = others
    return values


def _still_there(offers: list[int]) -> list[int]:
    """Next offers that are still sold, in their order."""
    sold = set(
        StockRecord.objects.filter(pk__in=offers, status=StockRecord.Status.PUBLISHED).values_list("pk", flat=True)
    )
    return [pk for pk in offers if pk in sold]


def _last_time(order: Order, line: Line, packs: int) -> dict[str, Any]:
    """What the person got: compared with today when the application is shown."""
    return {
        **({"delivery": str(order.shipping_incl_tax)} if order.shipping_code else {}),
        "offer": line.stockrecord_id,
        "price": str(line.unit_price_incl_tax),
        "pack_size": line.pack_size,
        "packs": line.quantity,
        "prepared": packs,
    }


def _contact_values(order: Order) -> dict[str, Any]:
    values = {
        "contact.name": order.contact_name,
        "contact.phone": order.contact_phone,
        "contact.channel": order.contact_channel,
        "delivery.region": order.region_id,
        "delivery.address": order.delivery_address,
        "delivery.comment": order.delivery_comment,
    }
    return {name: value for name, value in values.items() if value}
