"""What programmes say about the market: how many people may order a kind, and what the state guarantees for a unit."""

from decimal import Decimal
from statistics import median

from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone

from orders.models import Entitlement, Tranche
from orders.states import EntitlementStatus
from suppliers.demand import radar
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


@radar.provide_sizes
def sizes(type_id: int, measure: str, width: int) -> dict[int, int]:
    """Smallest value of a band → people whose open programme line names the kind and still has a rest."""
    today = timezone.localdate()
    has_rest = Tranche.objects.filter(
        entitlement=OuterRef("pk"),
        opens_on__lte=today,
        closes_on__gte=today,
        quantity__gt=F("reserved_quantity") + F("consumed_quantity"),
    )
    known = KeyTextTransform(measure, "beneficiary__record__measures")
    return dict(
        _running(type_id)
        .filter(Exists(has_rest), beneficiary__record__measures__has_key=measure)
        .annotate(lower=Cast(known, BigIntegerField()) / width * width)
        .order_by()
        .values_list("lower")
        .annotate(people=Count("beneficiary", distinct=True))
    )
