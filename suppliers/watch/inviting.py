"""Suppliers are asked to sell where there is too little choice: once in the period of the rule, each with a reason to.

Asked are approved suppliers that do not sell the kind in the region, those nearest to it first: who sells the kind
next door (regions that touch on the tile map), who sells it anywhere, who sells a near kind (catalog/kin.py) in the
region or next door. Who belongs to a group that sells there already would not add to the choice, and is not asked.
"""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog import kin, types
from marketplace import access, events, formats, outbox, rules
from marketplace.errors import DomainError, NotFound
from marketplace.models import Region, Role, User
from suppliers.market import independent_group
from suppliers.models import Partner
from suppliers.strategy import purchasable
from suppliers.watch import reading
from suppliers.watch.models import Invitation, MarketCell

TOPIC = "market.invited"
MOST_AT_ONCE = 200  # cells of one night: the rest has its turn in the next


class InvitedLately(DomainError):
    code = "invited_lately"
    message = _("Suppliers were invited a short time ago.")


class EnoughChoice(DomainError):
    code = "enough_choice"
    message = _("There is enough choice in this region now.")


class NobodyToInvite(DomainError):
    code = "nobody_to_invite"
    message = _("No supplier sells this or a near kind of product here or next door.")


def invite(*, cell_id: int, actor: User | None) -> Invitation:
    """Ask suppliers to sell a kind in a region; ``actor`` is None for the clock.

    Raises Forbidden, NotFound, EnoughChoice, InvitedLately (naming the day), NobodyToInvite.
    """
    if actor is not None:
        access.require_role(actor, Role.REVIEWER)
    with transaction.atomic(durable=True):
        # The cell's lock makes two who press the button wait for each other.
        cell = MarketCell.objects.select_for_update(no_key=True).exclude(region="").filter(pk=cell_id).first()
        if cell is None or cell.type_id not in types.book().by_id:
            raise NotFound
        if cell.choice_index >= reading.alarm():
            raise EnoughChoice
        rule = rules.get("market.invitation").value
        today = timezone.localdate()
        last = Invitation.objects.filter(type=cell.type_id, region=cell.region, again_from__gt=today).first()
        if last is not None:
            again = formats.date_long(last.again_from)
            raise InvitedLately(_("Suppliers were invited a short time ago. Again from %(day)s.") % {"day": again})
        chosen = candidates(cell, rule["most_suppliers"])
        if not chosen:
            raise NobodyToInvite
        return _write(cell, chosen, actor, today + timedelta(days=rule["every_days"]))


def _write(cell: MarketCell, chosen: list[str], actor: User | None, again_from: date) -> Invitation:
    now = timezone.now()
    invitation = Invitation.objects.create(
        type_id=cell.type_id,
        region_id=cell.region,
        at=now,
        sent_by=actor,
        suppliers=chosen,
        choice_index=cell.choice_index,
        again_from=again_from,
    )
    events.record(
        kind=TOPIC,
        subject=f"market:{types.book().by_id[cell.type_id].code}",
        actor=actor,
        data={"region": cell.region, "suppliers": chosen, "choice_index": cell.choice_index},
        at=now,
    )
    outbox.add(TOPIC, str(invitation.pk))
    return invitation


def candidates(cell: MarketCell, most: int) -> list[str]:
    """Codes of the suppliers to ask, those nearest to it first. Three queries."""
    near_regions = neighbours(cell.region)
    share = rules.get("price.comparison").value["shared_parameters"]
    near_kinds = [kind.id for kind in kin.nearest(types.book().by_id[cell.type_id], share)]
    offers = (
        purchasable()
        .filter(Q(product__product_class=cell.type_id) | Q(product__product_class__in=near_kinds))
        .annotate(owner=independent_group(), kind=F("product__product_class"))
        .order_by()
        .values_list("partner__code", "owner", "kind", "regions")
        .distinct()
    )
    rank: dict[str, tuple[int, str]] = {}
    there: set[str] = set()
    owners: dict[str, str] = {}
    for code, owner, kind, sold_to in offers:
        owners[code] = owner
        if kind == cell.type_id and cell.region in sold_to:
            there.add(owner)
        next_door = not near_regions.isdisjoint(sold_to)
        if kind == cell.type_id:
            place = 0 if next_door else 1
        elif next_door or cell.region in sold_to:
            place = 2
        else:
            continue
        rank[code] = min(rank.get(code, (place, code)), (place, code))
    listed = sorted(place for code, place in rank.items() if owners[code] not in there)
    reachable = set(Partner.objects.filter(code__in=rank, users__is_active=True).values_list("code", flat=True))
    return [code for _place, code in listed if code in reachable][:most]


def neighbours(region: str) -> set[str]:
    """Regions whose tiles touch this one's, also at a corner: the map's geography, not the border's course."""
    tiles = {code: (column, row) for code, column, row in Region.objects.values_list("code", "tile_column", "tile_row")}
    if region not in tiles:
        return set()
    column, row = tiles[region]
    return {
        code
        for code, (other_column, other_row) in tiles.items()
        if code != region and max(abs(column - other_column), abs(row - other_row)) <= 1
    }


def invite_due() -> int:
    """Invite for every cell below the alarm that people ask for; returns how many invitations went out.

    Safe to run twice: the period of the rule stands between two of one cell.
    """
    weak = reading.markets().exclude(region="").filter(choice_index__lt=reading.alarm(), asked__gt=0)
    fresh = Invitation.objects.filter(again_from__gt=timezone.localdate()).values_list("type", "region")
    known, sent = set(fresh), 0
    for pk, type_id, region in weak.order_by("-asked", "pk").values_list("pk", "type_id", "region"):
        if sent >= MOST_AT_ONCE:
            break
        if (type_id, region) not in known:
            try:
                invite(cell_id=pk, actor=None)
                sent += 1
            except DomainError:
                continue  # somebody sells there since, or nobody could
    return sent
