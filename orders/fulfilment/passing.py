"""When an order comes to nothing: norm and stock go back, and its lines go to the next offers that were named."""

from datetime import datetime
from decimal import Decimal

from orders import ledger, norms, placing
from orders.models import Line, Order, Tranche
from orders.review import ReviewedLine, Taken, delivery_of, shares, why_not_offered
from orders.steps import Turn
from suppliers import ranking
from suppliers.models import StockRecord


def release_all(now: Turn) -> list[int]:
    """Free what the order's lines hold; returns the offers whose stock changed.

    Locks tranches, then own and next offers, each in pk order.
    """
    ledger.lock_of(now.lines)
    own = [line.stockrecord_id for line in now.lines if line.stockrecord_id is not None]
    placing.lock_stock([*own, *(pk for wanted in now.order.fallback.values() for pk in wanted)])
    ledger.release(now.lines)
    placing.release_stock(now.lines)
    return own


def pass_on(now: Turn) -> list[Order]:
    """Place the lines with the first of their next offers that can take them; one order per supplier.

    An offer qualifies when it is sold in the region, has stock for no fewer pieces than were ordered, fits the norm,
    and costs the person no more than she agreed to, delivery included: nobody pays more without being asked. What she
    agreed to pay for the delivery of the first order (``Taken.delivery``) may be spent once, on whatever is passed on; a
    delivery of which nobody has said the price could cost anything. Lines without one wait for the person, who is told
    (``effects``).
    """
    wanted = now.order.fallback
    if not wanted:
        return []
    offers = {row.pk: row for row in placing.lock_stock(pk for pks in wanted.values() for pk in pks)}
    tranches = {
        row.pk: row for row in ledger.lock(Tranche.objects.filter(pk__in=[line.tranche_id for line in now.lines]))
    }
    groups: dict[int, list[ReviewedLine]] = {}
    taken = Taken(delivery=now.order.shipping_incl_tax)
    fresh_since = ranking.policy().fresh_since
    for line in now.lines:
        tranche = tranches.get(line.tranche_id or 0)
        if tranche is None or not tranche.opens_on <= now.today <= tranche.closes_on:
            continue
        standing = norms.standing(tranche.entitlement, now.today, [tranche])
        found = _next(line, wanted.get(line.key, []), offers, standing, now.order, taken, groups, fresh_since)
        if found is not None:
            groups.setdefault(found.offer.partner_id, []).append(found)
    placements = [_placement(now.order, groups[partner]) for partner in sorted(groups)]
    return placing.place(placements, actor=None, now=now.now) if placements else []


def _next(
    line: Line,
    wanted: list[int],
    offers: dict[int, StockRecord],
    standing: norms.Standing,
    order: Order,
    taken: Taken,
    groups: dict[int, list[ReviewedLine]],
    fresh_since: datetime,
) -> ReviewedLine | None:
    entitlement = standing.entitlement.pk
    left, free_sum = standing.remaining - taken.units[entitlement], standing.remaining_sum - taken.sums[entitlement]
    for position, pk in enumerate(wanted):
        offer = offers.get(pk)
        if offer is None or offer.delivery is None or why_not_offered(offer, order.region, fresh_since) is not None:
            continue
        # Never fewer pieces than were ordered: a last pack that is only partly needed is a whole one.
        quantity = -(-line.units // offer.pack_size)
        units = quantity * offer.pack_size
        price, state_pays, you_pay = shares(offer, quantity, standing, free_sum)
        in_stock = quantity <= offer.num_in_stock - offer.num_allocated - taken.packs[pk]
        # Over what she agreed to pay for these goods: what this line adds to its order's delivery, and what it costs more.
        brought = delivery_of(groups.get(offer.partner_id, [])).price
        over = max(offer.delivery - brought, Decimal(0)) + you_pay - line.you_pay
        if in_stock and units <= left and over <= taken.delivery:
            taken.delivery -= max(over, Decimal(0))
            taken.units[entitlement] += units
            taken.sums[entitlement] += state_pays
            taken.packs[pk] += quantity
            return ReviewedLine(
                key=line.key,
                standing=standing,
                offer=offer,
                quantity=quantity,
                units=units,
                price=price,
                state_pays=state_pays,
                you_pay=you_pay,
                left_after=left - units,
                fallback=wanted[position + 1 :],
                fitting=line.fitting_wish,
            )
    return None


def _placement(order: Order, lines: list[ReviewedLine]) -> placing.Placement:
    assert order.user is not None
    return placing.Placement(
        lines=lines,
        draft=order.draft,
        beneficiary=order.user,
        region_id=order.region_id,
        office_id=order.office_id,
        contact={
            "contact_name": order.contact_name,
            "contact_phone": order.contact_phone,
            "contact_channel": order.contact_channel,
            "delivery_address": order.delivery_address,
            "delivery_comment": order.delivery_comment,
        },
        previous=order,
    )
