"""How much choice there is: read from the cells that the market watch keeps, never counted for a page."""

from collections.abc import Iterable

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from suppliers.watch.models import MarketCell


def independent_group() -> Coalesce:
    """Suppliers of one group of companies count as one: the group's BIN, else their own, else their code."""
    own, group = NullIf(F("partner__bin"), Value("")), NullIf(F("partner__group_bin"), Value(""))
    return Coalesce(group, own, Cast("partner__code", CharField()))


def choice_indexes(type_ids: Iterable[int], region: str = "") -> dict[int, float]:
    """Type id → effective number of independent suppliers, 1/Σshare² of their offers; 0 where nobody sells.

    1 is no choice at all; four equal suppliers give 4. As counted last, at most about a minute ago. One query.
    """
    wanted = set(type_ids)
    if not wanted:
        return {}
    found = MarketCell.objects.filter(type__in=wanted, region=region).values_list("type_id", "choice_index")
    return dict.fromkeys(wanted, 0.0) | dict(found)
