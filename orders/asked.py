"""What programmes say about the market: how many people may order a kind, and what the state guarantees for a unit."""

from decimal import Decimal
from statistics import median

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from orders.models import Entitlement
from orders.states import EntitlementStatus
from suppliers.watch import cells, prices


def _running(type_id: int) -> QuerySet[Entitlement]:
    runs = Q(valid_to=None) | Q(valid_to__gte=timezone.localdate())
    return Entitlement.objects.filter(runs, product_type=type_id, status=EntitlementStatus.ACTIVE)


@cells.provide_demand
def people(type_id: int) -> dict[str, int]:
    """Region → people with the kind in a programme that runs; '' for the whole country."""
    counted = dict(
        _running(type_id)
        .order_by()
        .values_list("beneficiary__region")
        .annotate(people=Count("beneficiary", distinct=True))
    )
    return {region: number for region, number in counted.items() if region} | {"": sum(counted.values())}


@prices.provide_guaranteed
def guaranteed(type_id: int) -> Decimal | None:
    """KZT: the median of what running programmes guarantee for one unit; None where none does."""
    sums = list(_running(type_id).order_by().values_list("guaranteed_unit_sum", flat=True))
    return Decimal(median(sums)) if sums else None
