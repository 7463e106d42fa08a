"""A supplier's rating with its parts in words, and what would raise its offers most.

The gains are computed by the ranking itself: the same offer with one fact put right, all else as it is. So they
follow the public weights, and a supplier can check them.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace import formats
from suppliers import ranking, strategy
from suppliers.models import Partner

BEST_MARK = 5


@dataclass(frozen=True)
class Rating:
    """``lines``: a sentence for each part; ``gains``: what would help, the most first, in points out of 100."""

    lines: list[str]
    gains: list[tuple[str, int]]


def rating_of(partner: Partner) -> Rating:
    standing = strategy.standing(partner)
    lines = [
        _marks(standing),
        _on_time(standing),
        _rejected(standing),
        _("Complaints that count: confirmed %(confirmed)s, left without an answer %(silent)s.")
        % {"confirmed": partner.confirmed_cases, "silent": partner.silent_cases},
    ]
    return Rating(lines, gains(standing, ranking.policy()))


def gains(standing: ranking.Standing, policy: ranking.Policy) -> list[tuple[str, int]]:
    """(what would help, points out of 100), the most first; what would gain less than a point is left out."""
    wishes = [
        (_("If all marks were 5"), replace(standing, rating_sum=standing.rating_count * BEST_MARK)),
        (_("If no line had been rejected at acceptance"), replace(standing, rejected_lines=0)),
        (_("If every line had come in time"), replace(standing, on_time_lines=standing.delivered_lines)),
        (_("If there were no complaints"), replace(standing, complaint_load=0.0)),
    ]
    now = _score(standing, policy)
    found = [(text, round((_score(wish, policy) - now) * 100)) for text, wish in wishes]
    return sorted((gain for gain in found if gain[1] > 0), key=lambda gain: -gain[1])


def _score(standing: ranking.Standing, policy: ranking.Policy) -> float:
    # Price, term and warranty belong to offers: the same ones stand on both sides of a comparison.
    offer = ranking.Candidate(0, Decimal(1), lead_days=0, warranty_months=0, standing=standing)
    return ranking.score(ranking.parts_of(offer, offer.unit_price, policy), policy.weights)


def _marks(standing: ranking.Standing) -> str:
    if standing.rating is None:
        return _("Nobody gave a mark yet.")
    text = ngettext(
        "Marks: %(mark)s of 5, from %(number)s mark.",
        "Marks: %(mark)s of 5, from %(number)s marks.",
        standing.rating_count,
    )
    mark = formats.group_digits(Decimal(str(standing.rating)), places=1)
    return text % {"mark": mark, "number": standing.rating_count}


def _on_time(standing: ranking.Standing) -> str:
    if not standing.delivered_lines:
        return _("Nothing was delivered yet.")
    return _("In time: %(number)s of %(all)s delivered lines.") % {
        "number": standing.on_time_lines,
        "all": standing.delivered_lines,
    }


def _rejected(standing: ranking.Standing) -> str:
    return _("Rejected at acceptance: %(number)s of %(all)s lines.") % {
        "number": standing.rejected_lines,
        "all": standing.delivered_lines,
    }
