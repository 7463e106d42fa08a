"""How much choice there is: read from the cells that the market watch keeps, never counted for a page."""

from collections.abc import Iterable

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from marketplace.page_changes import KeptUntilChange
from suppliers.watch.models import MarketCell


def independent_group() -> Coalesce:
    """Suppliers of one group of companies count as one: the group's BIN, else their own, else their code."""
    own, group = NullIf(F("partner__bin"), Value("")), NullIf(F("partner__group_bin"), Value(""))
    return Coalesce(group, own, Cast("partner__code", CharField()))


def _choice() -> dict[tuple[int, str], float]:
    rows = MarketCell.objects.values_list("type_id", "region", "choice_index")
    return {(type_id, region): index for type_id, region, index in rows}


_kept_choice = KeptUntilChange(_choice)


def choice_indexes(type_ids: Iterable[int], region: str = "") -> dict[int, float]:
    """Type id → effective number of independent suppliers, 1/Σshare² of their offers; 0 where nobody sells.

    1 is no choice at all; four equal suppliers give 4. As counted last, at most about a minute ago.
    """
    counted = _kept_choice.get()
    return {type_id: counted.get((type_id, region), 0.0) for type_id in type_ids}
