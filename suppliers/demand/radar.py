"""The demand radar: how many people want what, where and in which sizes, without anybody who could be known.

Numbers below the rule of open data (``open_data.small_cell``) are hidden, and so are those that would betray them.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from catalog import types, units
from catalog.types import ProductType
from marketplace import access, small_cells
from marketplace.models import Role, User
from marketplace.small_cells import COUNTRY, TOTAL, Cell, smallest_shown
from suppliers.demand.bands import band_width
from suppliers.demand.models import UnmetNeed
from suppliers.watch.models import MarketCell

READERS = (Role.SUPPLIER, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)

# Sizes of people whose programme names a kind: (type id, measure, width of a band) → smallest value of a band → people.
Sizes = Callable[[int, str, int], dict[int, int]]
_sizes: Sizes | None = None


def provide_sizes(provider: Sizes) -> Sizes:
    """Register who knows the programmes: the orders' layer, which this one does not see."""
    global _sizes
    _sizes = provider
    return provider


@dataclass(frozen=True)
class Number:
    """A count, or None where it is too small to be shown."""

    count: int | None

    @property
    def shown(self) -> bool:
        return self.count is not None


@dataclass(frozen=True)
class Demand:
    """One kind: people whose programme names it, people who say that nothing fits, in how many regions they live."""

    kind: ProductType
    asked: Number
    needs: Number
    regions: Number
    children: Number


@dataclass(frozen=True)
class Band:
    """People whose measure lies in a band; ``text`` is ``60–70 cm``."""

    text: str
    people: int


def _open() -> QuerySet[UnmetNeed]:
    return UnmetNeed.objects.filter(ended_at=None).order_by()


def demand(actor: User, region: str = "") -> list[Demand]:
    """Kinds that anybody asks for or lacks in the region (or the country), the largest need first.

    Raises Forbidden for who neither sells nor oversees.
    """
    access.require_role(actor, *READERS)
    book, smallest = types.book(), smallest_shown()
    counted = list(
        _open().values_list("region", "type").annotate(people=Count("pk"), young=Count("pk", filter=Q(child=True)))
    )
    needs = {(place, str(kind)): number for place, kind, number, _young in counted}
    children = Counter[str]()
    for place, kind, _all, young in counted:
        children[str(kind)] += young if region in ("", place) else 0
    asked = {
        (place, str(kind)): number
        for place, kind, number in MarketCell.objects.exclude(region="")
        .filter(asked__gt=0)
        .values_list("region", "type", "asked")
    }
    needs, asked = small_cells.with_totals(needs), small_cells.with_totals(asked)
    hidden_needs, hidden_asked = small_cells.hidden(needs, smallest), small_cells.hidden(asked, smallest)
    place = region or COUNTRY
    listed = []
    for kind_id in {name for _place, name in [*needs, *asked] if name != TOTAL}:
        cell = (place, kind_id)
        if int(kind_id) not in book.by_id or not (needs.get(cell) or asked.get(cell)):
            continue
        where = sum(1 for code, name in needs if name == kind_id and code != COUNTRY and needs[code, name])
        need = _number(needs, hidden_needs, cell)
        young = children[kind_id]
        others = (need.count or 0) - young
        listed.append(
            Demand(
                kind=book.by_id[int(kind_id)],
                asked=_number(asked, hidden_asked, cell),
                needs=need,
                regions=Number(where if need.shown and not region else None),
                # Both parts must be large enough, else one gives the other away.
                children=Number(
                    young if need.shown and all(part == 0 or part >= smallest for part in (young, others)) else None
                ),
            )
        )
    return sorted(listed, key=lambda row: (-(row.needs.count or 0), -(row.asked.count or 0), row.kind.code))


def _number(cells: dict[Cell, int], hidden: set[Cell], cell: Cell) -> Number:
    return Number(None if cell in hidden else cells.get(cell, 0))


def bands(actor: User, kind: ProductType) -> list[tuple[str, list[Band]]]:
    """Measure → its bands with enough people, of those who lack the kind and those whose programme names it."""
    access.require_role(actor, *READERS)
    smallest, found = smallest_shown(), []
    for measure in kind.measures:
        width = band_width(measure)
        if not width:
            continue
        people = Counter[int]()
        path = f"sizes__{measure.code}__0"
        for lower, number in (
            _open().filter(type=kind.id, sizes__has_key=measure.code).values_list(path).annotate(Count("pk"))
        ):
            people[lower] += number
        if _sizes is not None:
            people.update(_sizes(kind.id, measure.code, width))
        listed = [
            Band(units.interval(lower, lower + width, measure.unit, measure.shown_unit), number)
            for lower, number in sorted(people.items())
            if number >= smallest
        ]
        if listed:
            found.append((measure.name, listed))
    return found
