"""What a programme line still gives, and why not more: every refusal names the rule and the next date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace import formats
from orders.models import Entitlement, Tranche
from orders.states import EntitlementStatus
from orders.tranches import opening_after
from suppliers.guarantees import Guarantee


@dataclass(frozen=True)
class Standing:
    """A programme line on a day: the open tranche, what is left in it, when the next part opens."""

    entitlement: Entitlement
    tranche: Tranche | None
    next_date: date | None
    on: date

    @property
    def remaining(self) -> int:
        """Units of the norm that can be ordered today."""
        return self.tranche.free_quantity if self.tranche and self.usable else 0

    @property
    def remaining_sum(self) -> Decimal:
        """KZT the state can still pay today."""
        return self.tranche.free_sum if self.tranche and self.usable else Decimal(0)

    @property
    def guaranteed_sum(self) -> Decimal:
        """KZT the state guarantees for the running period (for the whole norm when none is open)."""
        if self.tranche:
            return self.tranche.budget
        return self.entitlement.norm * self.entitlement.guaranteed_unit_sum

    @property
    def usable(self) -> bool:
        line = self.entitlement
        return (
            line.status == EntitlementStatus.ACTIVE
            and line.valid_from <= self.on
            and (line.valid_to is None or self.on <= line.valid_to)
        )


def standing(entitlement: Entitlement, on: date | None = None, tranches: Sequence[Tranche] | None = None) -> Standing:
    """Reads ``entitlement.tranches`` unless they are given (prefetch them for lists)."""
    day = on or timezone.localdate()
    rows = entitlement.tranches.all() if tranches is None else tranches
    current = next((row for row in rows if row.opens_on <= day <= row.closes_on), None)
    following = min((row.opens_on for row in rows if row.opens_on > day), default=None)
    if following is None:
        # Tranches are written a year ahead; a term of use is longer.
        following = opening_after(entitlement, day)
    return Standing(entitlement, current, following, day)


def guarantee(standing: Standing, *, free_sum: Decimal | None = None) -> Guarantee:
    """The line as the market needs it; ``free_sum`` when other lines of an order already take some."""
    line = standing.entitlement
    return Guarantee(
        entitlement_id=line.pk,
        type_id=line.product_type_id,
        unit=line.unit,
        unit_sum=line.guaranteed_unit_sum,
        free_quantity=standing.remaining,
        free_sum=standing.remaining_sum if free_sum is None else free_sum,
        next_date=standing.next_date,
    )


def rule_in_words(standing: Standing) -> str:
    """``1 460 pieces a year, in parts of 365 pieces every 3 months``."""
    line = standing.entitlement
    words = _("%(norm)s %(period)s") % {
        "norm": formats.quantity(line.norm, line.unit),
        "period": line.get_period_display(),
    }
    if line.period == Entitlement.Period.YEAR and line.tranche_quantity and line.tranche_quantity < line.norm:
        words = _("%(norm)s, in parts of %(part)s every %(months)s months") % {
            "norm": words,
            "part": formats.quantity(line.tranche_quantity, line.unit),
            "months": line.tranche_months,
        }
    return words


def why_not(standing: Standing) -> tuple[str, str] | None:
    """(code, words) when nothing at all can be ordered from the line today; None when something can."""
    line, day = standing.entitlement, standing.on
    if line.status in {EntitlementStatus.IMPORTED, EntitlementStatus.QUARANTINED}:
        return "not_checked", _("The social office is still checking this line of your programme.")
    if line.status == EntitlementStatus.SUSPENDED:
        return "suspended", _(
            "This line of your programme is suspended. Ask your social office why and until when."
        )  # fmt: skip
    if line.status == EntitlementStatus.DISPUTED:
        return "disputed", _("You said that this line is wrong. You can order after the expertise has answered.")
    if line.status == EntitlementStatus.CLOSED:
        return "closed", _("This line of your programme is closed.")
    if line.status == EntitlementStatus.EXPIRED or (line.valid_to and line.valid_to < day):
        return "expired", _(
            "This line of your programme ended on %(date)s. Ask your social office about a new programme."
        ) % {"date": formats.date_long(line.valid_to or day)}
    if line.valid_from > day:
        return "not_started", _("This line of your programme starts on %(date)s.") % {
            "date": formats.date_long(line.valid_from)
        }
    if standing.tranche is None or standing.tranche.free_quantity == 0:
        return "norm_used_up", _("Your norm is %(rule)s. It is used up for this period. %(next)s") % {
            "rule": rule_in_words(standing),
            "next": next_in_words(standing),
        }
    return None


def too_many(standing: Standing, units: int, left: int | None = None, pack_size: int = 1) -> str:
    """The words for an order of more units than are left (``left`` when other lines take some)."""
    line = standing.entitlement
    rest = standing.remaining if left is None else max(left, 0)
    return _("Your norm is %(rule)s. You asked for %(asked)s, and %(left)s are left for this period. %(next)s") % {
        "rule": rule_in_words(standing),
        "asked": formats.packs(units // pack_size, pack_size, line.unit),
        "left": formats.pieces_and_packs(rest, pack_size, line.unit),
        "next": next_in_words(standing),
    }


def next_in_words(standing: Standing) -> str:
    if standing.next_date:
        return _("The next part opens on %(date)s.") % {"date": formats.date_long(standing.next_date)}
    if standing.entitlement.valid_to:
        return _("No further part opens before the programme ends on %(date)s.") % {
            "date": formats.date_long(standing.entitlement.valid_to)
        }
    return _("Ask your social office about a new programme.")
