"""What the state pays for a person: told by the layer that keeps the programmes, asked for by the market.

The orders' layer calls ``provide`` when it starts; without it nobody has a guarantee.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Guarantee:
    """One line of a person's programme, as the market needs it.

    ``unit_sum``: KZT that the state pays at most for one unit; ``free_sum`` and ``free_quantity``: what is
    left now, in KZT and units; ``next_date``: when more opens.
    """

    entitlement_id: int
    type_id: int
    unit: str
    unit_sum: Decimal
    free_quantity: int
    free_sum: Decimal | None = None
    next_date: date | None = None


Provider = Callable[[int], list[Guarantee]]
_provider: Provider | None = None


def provide(provider: Provider) -> Provider:
    """Register the function that lists a person's usable guarantees by the person's id, in few queries."""
    global _provider
    _provider = provider
    return provider


def of_person(person_id: int | None) -> dict[int, Guarantee]:
    """Type id → guarantee; the one with the most left when a type stands in two lines."""
    if _provider is None or person_id is None:
        return {}
    found: dict[int, Guarantee] = {}
    for guarantee in sorted(_provider(person_id), key=lambda item: item.free_quantity):
        found[guarantee.type_id] = guarantee
    return found


def split(price: Decimal, units: int, guarantee: Guarantee | None) -> tuple[Decimal, Decimal]:
    """(the state pays, you pay) of a price for so many units; without a guarantee the person pays all."""
    if guarantee is None:
        return Decimal(0), price
    state = min(price, guarantee.unit_sum * units)
    if guarantee.free_sum is not None:
        state = max(Decimal(0), min(state, guarantee.free_sum))
    return state, price - state
