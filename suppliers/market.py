"""How much choice there is: the effective number of independent suppliers of a type in a region."""

from collections.abc import Iterable

from django.db.models import CharField, Count, F, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from suppliers import ranking
from suppliers.strategy import purchasable


def independent_group() -> Coalesce:
    """Suppliers of one group of companies count as one: the group's BIN, else their own, else their code."""
    own, group = NullIf(F("partner__bin"), Value("")), NullIf(F("partner__group_bin"), Value(""))
    return Coalesce(group, own, Cast("partner__code", CharField()))


def choice_indexes(type_ids: Iterable[int], region: str = "", policy: ranking.Policy | None = None) -> dict[int, float]:
    """Type id → 1/Σshare², where a share is a group's part of the offers; 0 where nobody sells.

    1 is no choice at all; four equal suppliers give 4. Two decimals. One query with a policy.
    """
    wanted = list(set(type_ids))
    if not wanted:
        return {}
    rows = purchasable((policy or ranking.policy()).fresh_since)
    if region:
        rows = rows.filter(regions__contains=[region])
    counted = (
        rows.filter(product__product_class__in=wanted)
        .annotate(group=independent_group())
        .values_list("product__product_class", "group")
        .annotate(number=Count("pk"))
        .order_by()
    )
    numbers: dict[int, list[int]] = {type_id: [] for type_id in wanted}
    for type_id, _group, number in counted:
        numbers[type_id].append(number)
    return {type_id: choice_index(parts) for type_id, parts in numbers.items()}


def choice_index(parts: Iterable[int]) -> float:
    """1/Σshare² of positive whole parts; 0 for none."""
    listed = list(parts)
    total = sum(listed)
    return round(total**2 / sum(part**2 for part in listed), 2) if total else 0.0
