"""Prices out of line: a unit price far above the median of what can be compared with it.

Compared are prices of a unit, so that packs do not matter, by median and MAD (median absolute deviation): one
absurd price moves neither. Far above is both further than ``mad_multiplier`` robust deviations (MAD × 1.4826,
the standard deviation where prices are spread normally) and more than ``over_median_ratio`` times the median:
among prices that hardly differ the first alone would flag a difference of a few tenge. What an offer is held
against is the first of these that says enough; of 2 to 4 only what has ``min_offers`` offers of two or more
independent suppliers does:

1. offers of the same product, by at least ``same_product_suppliers`` independent suppliers (``price.comparison``);
2. offers of its kind in each region it is sold to;
3. offers of its kind in the whole country;
4. offers of the nearest kind that has enough (catalog/kin.py, ``shared_parameters``): the explanation says so.

An offer of the only supplier is held against the guaranteed sum as well (``single_over_guaranteed_ratio``).
The offer itself is among those of 1 to 3. All numbers are rule data. A flag is a question with its reason;
it takes nothing off the market.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F, FloatField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import kin, types
from marketplace import access, events, formats, regions, rules
from marketplace.errors import FieldError, Invalid, NotFound
from marketplace.models import Role, User
from marketplace.page_changes import KeptUntilChange
from suppliers.market import independent_group
from suppliers.strategy import purchasable
from suppliers.watch.models import MarketCell, PriceFlag

DEVIATION = Decimal("1.4826")  # MAD → standard deviation of a normal spread; mathematics, not a rule
LONGEST_REASON = 1000
State, Basis = PriceFlag.State, PriceFlag.Basis

# Type id → KZT that the state guarantees for a unit, where programmes say so; told by the layer above.
Guaranteed = Callable[[int], Decimal | None]
_guaranteed: Guaranteed | None = None


def provide_guaranteed(provider: Guaranteed) -> Guaranteed:
    """Register the function that tells the usual guaranteed sum of a unit of a kind."""
    global _guaranteed
    _guaranteed = provider
    return provider


@dataclass(frozen=True)
class Yardstick:
    """What a price is held against, and from which price of a unit on it is out of line."""

    basis: str
    median: Decimal
    most: Decimal
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Policy:
    multiplier: Decimal
    ratio: Decimal
    least: int
    over_guaranteed: Decimal
    same_product: int
    kin_share: float

    def enough(self, cell: MarketCell) -> bool:
        return cell.offers >= self.least and cell.suppliers >= 2

    def most(self, median: Decimal, mad: Decimal) -> Decimal:
        """From which price of a unit on it is out of line."""
        return max(median * self.ratio, median + self.multiplier * DEVIATION * mad)

    def yardstick(self, cell: MarketCell, basis: str, **facts: Any) -> Yardstick:
        assert cell.median is not None and cell.mad is not None  # there are offers
        facts |= {"offers": cell.offers, "suppliers": cell.suppliers, "mad": f"{cell.mad:.2f}"}
        return Yardstick(basis, cell.median, self.most(cell.median, cell.mad), facts)


@dataclass(frozen=True)
class _Dear:
    """An offer that may be out of line; what is known of its own product's market, where it has one."""

    id: int
    unit: Decimal
    regions: list[str]
    product: Yardstick | None


# Offers of a kind that exceed what their own product costs, or that have no such market and exceed ``lowest``.
DEAR = """
WITH offer (id, product, regions, unit, owner) AS ({offers}),
middle AS (
    SELECT product, percentile_cont(0.5) WITHIN GROUP (ORDER BY unit) AS median, count(*) AS offers,
        count(DISTINCT owner) AS suppliers
    FROM offer GROUP BY product HAVING count(DISTINCT owner) >= %s),
own AS (
    SELECT product, median, offers, suppliers,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(unit - median)) AS mad
    FROM offer JOIN middle USING (product) GROUP BY product, median, offers, suppliers)
SELECT id, round(unit::numeric, 4), regions, round(median::numeric, 4), round(mad::numeric, 4), offers, suppliers
FROM offer LEFT JOIN own USING (product)
WHERE unit > CASE WHEN median IS NULL THEN %s ELSE greatest(median * %s, median + %s * mad) END
ORDER BY id
"""


def look(type_id: int) -> int:
    """Bring the flags of a kind in line with its offers and cells; returns how many stand. In the cells' transaction.

    A fixed number of queries, and rows only of offers that are flagged or may have to be.
    """
    policy = _policy()
    cells = {cell.region: cell for cell in MarketCell.objects.filter(type=type_id)}
    measured = _yardsticks(type_id, cells, policy)
    found: dict[int, tuple[_Dear, Yardstick]] = {}
    lowest = min((stick.most for stick in measured.values()), default=Decimal("Infinity"))
    for dear in _dear(type_id, lowest, policy):
        stick = dear.product or _exceeded(dear, measured)
        if stick is not None:
            found[dear.id] = (dear, stick)
    _write(type_id, found)
    return len(found)


def _dear(type_id: int, lowest: Decimal, policy: _Policy) -> list[_Dear]:
    offers = (
        purchasable()
        .filter(product__product_class=type_id)
        .annotate(unit=Cast(F("price"), FloatField()) / F("pack_size"), owner=independent_group())
        .order_by()
        .values_list("pk", "product", "regions", "unit", "owner")
    )
    sql, params = offers.query.sql_with_params()
    limits = [policy.same_product, float(lowest), float(policy.ratio), float(policy.multiplier * DEVIATION)]
    with connection.cursor() as cursor:
        cursor.execute(DEAR.format(offers=sql), [*params, *limits])
        rows = cursor.fetchall()
    found = []
    for pk, unit, regions_, median, mad, offers_, suppliers in rows:
        own = None
        if median is not None:
            facts = {"offers": offers_, "suppliers": suppliers, "mad": f"{mad:.2f}"}
            own = Yardstick(Basis.PRODUCT, median, policy.most(median, mad), facts)
        found.append(_Dear(pk, unit, regions_, own))
    return found


def _policy() -> _Policy:
    found = rules.several("price.anomaly", "price.comparison")
    value, compared = found["price.anomaly"].value, found["price.comparison"].value
    return _Policy(
        multiplier=Decimal(str(value["mad_multiplier"])),
        ratio=Decimal(str(value["over_median_ratio"])),
        least=value["min_offers"],
        over_guaranteed=Decimal(str(value["single_over_guaranteed_ratio"])),
        same_product=compared["same_product_suppliers"],
        kin_share=compared["shared_parameters"],
    )


def _yardsticks(type_id: int, cells: dict[str, MarketCell], policy: _Policy) -> dict[str, Yardstick]:
    """By region; '' is for offers of whose regions none is there."""
    whole = cells.get("")
    if whole is None or not whole.offers:
        return {}
    sticks = {
        region: policy.yardstick(cell, Basis.REGION, region=region)
        for region, cell in cells.items()
        if region and policy.enough(cell)
    }
    if policy.enough(whole):
        return sticks | {"": policy.yardstick(whole, Basis.COUNTRY)}
    return sticks | _from_outside(type_id, whole, policy)


def _from_outside(type_id: int, whole: MarketCell, policy: _Policy) -> dict[str, Yardstick]:
    """What stands elsewhere: the nearest kind with enough offers, and the guaranteed sum of an only supplier."""
    guaranteed = _guaranteed(type_id) if _guaranteed is not None and whole.suppliers == 1 else None
    known: dict[str, Any] = {"guaranteed": f"{guaranteed:.2f}"} if guaranteed else {}
    kind = types.book().by_id.get(type_id)
    near = kin.nearest(kind, policy.kin_share) if kind is not None else []
    theirs = MarketCell.objects.filter(type__in=[other.id for other in near], region="")
    by_type = {cell.type_id: cell for cell in theirs if policy.enough(cell)}
    for other in near:
        if other.id in by_type:
            return {"": policy.yardstick(by_type[other.id], Basis.KIN, kin=other.code, **known)}
    if guaranteed:
        return {"": Yardstick(Basis.GUARANTEED, guaranteed, guaranteed * policy.over_guaranteed, known)}
    return {}


def _exceeded(dear: _Dear, sticks: dict[str, Yardstick]) -> Yardstick | None:
    """The yardstick that the offer exceeds; of several regions the one with most offers."""
    own = [sticks[region] for region in dear.regions if region in sticks]
    if not own and "" in sticks:
        own = [sticks[""]]
    exceeded = [stick for stick in own if dear.unit > stick.most]
    return max(exceeded, key=lambda stick: stick.facts.get("offers", 0), default=None)


def _write(type_id: int, found: dict[int, tuple[_Dear, Yardstick]]) -> None:
    now = timezone.now()
    standing = {
        flag.offer_id: flag
        for flag in PriceFlag.objects.select_for_update()
        .filter(offer__product__product_class=type_id)
        .exclude(state=State.GONE)
        .order_by("pk")
    }
    gone = [flag.pk for offer_id, flag in standing.items() if offer_id not in found]
    PriceFlag.objects.filter(pk__in=gone).update(state=State.GONE, closed_at=now)
    fresh: list[PriceFlag] = []
    changed: list[PriceFlag] = []
    for offer_id, (dear, stick) in found.items():
        flag = standing.get(offer_id) or PriceFlag(offer_id=offer_id, found_at=now)
        if flag.state == State.EXPLAINED and dear.unit <= flag.unit_price:
            continue  # what was explained stays explained
        flag.state, flag.basis, flag.unit_price, flag.median = State.OPEN, stick.basis, dear.unit, stick.median
        flag.times, flag.facts = round(float(dear.unit / stick.median), 2), stick.facts
        (changed if flag.pk else fresh).append(flag)
    PriceFlag.objects.bulk_create(fresh)
    PriceFlag.objects.bulk_update(changed, ["state", "basis", "unit_price", "median", "times", "facts"])


def explain(*, flag_id: int, actor: User, reason: str) -> None:
    """The ministry looked at a price and says why it is right; it is asked again only when the price rises."""
    access.require_role(actor, Role.REVIEWER)
    words = reason.strip()[:LONGEST_REASON]
    if not words:
        raise Invalid([FieldError("reason", "required", _("Say why the price is right."))])
    with transaction.atomic(durable=True):
        now = timezone.now()
        flag = PriceFlag.objects.select_for_update().filter(pk=flag_id, state=State.OPEN).first()
        if flag is None:
            raise NotFound
        PriceFlag.objects.filter(pk=flag_id).update(state=State.EXPLAINED, closed_at=now, closed_by=actor, reason=words)
        events.record(
            kind="price-flag.explain",
            subject=f"offer:{flag.offer_id}",
            actor=actor,
            before=State.OPEN,
            after=State.EXPLAINED,
            reason=words,
            data={"unit_price": f"{flag.unit_price:.2f}", "median": f"{flag.median:.2f}"},
            at=now,
        )


def in_words(flag: PriceFlag, unit: str) -> list[str]:
    """Why the price is flagged, a sentence each; ``unit`` is that of the kind (piece, hour)."""
    facts = flag.facts
    shown = {
        "price": formats.money(flag.unit_price),
        "median": formats.money(flag.median),
        "times": formats.group_digits(Decimal(str(flag.times)), places=1),
        "unit": formats.quantity(1, unit),
        "offers": facts.get("offers", 0),
        "region": regions.name_of(facts.get("region", "")),
        "kin": _kind_name(facts.get("kin", "")),
    }
    said = [_("The price is %(price)s for %(unit)s: %(times)s times what is usual.") % shown]
    if flag.basis == Basis.GUARANTEED:
        return [*said, _("The guaranteed sum is %(median)s. Nobody else sells this kind.") % shown]
    offers = facts.get("offers", 0)
    if flag.basis == Basis.PRODUCT:
        text = ngettext(
            "The median of %(offers)s offer of the same product is %(median)s.",
            "The median of %(offers)s offers of the same product is %(median)s.",
            offers,
        )
    elif flag.basis == Basis.REGION:
        text = ngettext(
            "The median of %(offers)s offer of this kind in the region (%(region)s) is %(median)s.",
            "The median of %(offers)s offers of this kind in the region (%(region)s) is %(median)s.",
            offers,
        )
    elif flag.basis == Basis.COUNTRY:
        text = ngettext(
            "The median of %(offers)s offer of this kind in the country is %(median)s.",
            "The median of %(offers)s offers of this kind in the country is %(median)s.",
            offers,
        )
    else:
        said.append(_("There are too few offers of this kind, so it is compared with the nearest kind."))
        text = ngettext(
            "“%(kin)s”: the median of %(offers)s offer is %(median)s.",
            "“%(kin)s”: the median of %(offers)s offers is %(median)s.",
            offers,
        )
    said.append(text % shown)
    if facts.get("guaranteed"):
        said.append(_("The guaranteed sum is %(sum)s.") % {"sum": formats.money(facts["guaranteed"])})
    return said


def _kind_name(code: str) -> str:
    kind = types.book().by_code.get(code)
    return kind.name if kind is not None else code


def open_flags(offer_ids: Iterable[int]) -> dict[int, PriceFlag]:
    """The flags that stand on these offers, explained ones left out. One query, none for no offers."""
    return {flag.offer_id: flag for flag in PriceFlag.objects.filter(offer__in=list(offer_ids), state=State.OPEN)}


_flagged = KeptUntilChange(
    lambda: frozenset(PriceFlag.objects.filter(state=State.OPEN).values_list("offer_id", flat=True))
)


def for_everybody(offer_ids: Iterable[int], unit: str) -> dict[int, list[str]]:
    """The same in words for people: offer → sentences. Two queries when there is one.

    A median that would be one or two suppliers' own price is kept back (rule ``market.public_median``); then it is only
    said that the price is out of line.
    """
    flags = open_flags(_flagged.get().intersection(offer_ids))
    if not flags:
        return {}
    least = int(rules.get("market.public_median").value["min_suppliers"])
    return {
        offer_id: in_words(flag, unit)
        if flag.basis == Basis.GUARANTEED or flag.facts.get("suppliers", 0) >= least
        else [_("The price is far above what is usual for this kind.")]
        for offer_id, flag in flags.items()
    }
