"""When the parts of a norm open: arithmetic of dates and quantities, nothing is written here."""

from dataclasses import dataclass
from datetime import date, timedelta

from marketplace import rules
from marketplace.calendar import add_months
from orders.models import Entitlement

LAST_DAY = date(9999, 12, 31)


@dataclass(frozen=True)
class Part:
    """One tranche: first and last day, units of the norm."""

    opens_on: date
    closes_on: date
    quantity: int


def plan(entitlement: Entitlement, until: date) -> list[Part]:
    """The tranches that open up to and including ``until``, from the first day of the programme line."""
    months, quantity = entitlement.tranche_months, entitlement.tranche_quantity or entitlement.norm
    last = entitlement.valid_to or LAST_DAY
    parts: list[Part] = []
    opens_on = entitlement.valid_from
    while opens_on <= min(until, last):
        if not months:
            return [Part(opens_on, last, quantity)]
        following = add_months(entitlement.valid_from, months * (len(parts) + 1))
        parts.append(Part(opens_on, min(last, following - timedelta(days=1)), quantity))
        opens_on = following
    return parts


def opening_after(entitlement: Entitlement, day: date) -> date | None:
    """The first day on which a later part opens; None when none does before the line ends."""
    horizon = add_months(day, (entitlement.tranche_months or 0) + 1)
    return next((part.opens_on for part in plan(entitlement, horizon) if part.opens_on > day), None)


def rhythm(*, norm: int, period: str, sphere: str, replacement_months: int | None) -> tuple[int | None, int]:
    """(months between parts, units of a part) when the programme itself does not say it.

    A yearly norm of consumables opens by the rule ``entitlement.diapers_tranche`` (1460 a year come
    as 365 a quarter), any other yearly norm once a year, a daily norm (hours of an assistant) by the
    month, a one-time norm once in its term of use (domain 3.1, 6.2).
    """
    if period == Entitlement.Period.YEAR and sphere == "consumable":
        months = int(rules.get("entitlement.diapers_tranche").value["every_months"])
        return months, norm * months // 12
    if period == Entitlement.Period.DAY:
        return 1, norm * 30
    return {
        Entitlement.Period.YEAR: 12,
        Entitlement.Period.QUARTER: 3,
        Entitlement.Period.ONCE: replacement_months,
    }[Entitlement.Period(period)], norm
