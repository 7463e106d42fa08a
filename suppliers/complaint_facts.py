"""What complaints say about suppliers: dated facts, and their weight in the ranking.

A case counts once: when it is confirmed its silence is not counted as well. Facts are written in the
transaction of their cause; the weight is computed afterwards under the supplier's lock from all facts, so
no order of steps can leave it wrong, and again each hour, because facts fade.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from marketplace import outbox
from suppliers import ranking, strategy
from suppliers.models import ComplaintFact, Partner

Kind = ComplaintFact.Kind


def note(*, supplier_id: int, case: str, kind: str, day: date) -> None:
    """Keep a fact; one that is known keeps its day. Call it inside the transaction of its cause."""
    ComplaintFact.objects.bulk_create(
        [ComplaintFact(supplier_id=supplier_id, case=case, kind=kind, day=day)], ignore_conflicts=True
    )
    outbox.add("supplier.complaints_changed", str(supplier_id))


def take_back(*, supplier_id: int, case: str, kinds: Iterable[str]) -> None:
    """Facts that hold no longer. Call it inside the transaction of their cause."""
    gone, _by_model = ComplaintFact.objects.filter(supplier=supplier_id, case=case, kind__in=list(kinds)).delete()
    if gone:
        outbox.add("supplier.complaints_changed", str(supplier_id))


def recount(supplier_id: int, *, on: date | None = None) -> bool:
    """Weigh the facts of a supplier anew; True when its place may change."""
    today = on or timezone.localdate()
    with transaction.atomic():
        supplier = Partner.objects.select_for_update(no_key=True).filter(pk=supplier_id).first()
        if supplier is None:
            return False
        rows = _counted(today, ComplaintFact.objects.filter(supplier=supplier))
        return _weigh(supplier, [(kind, day, cases) for _supplier, kind, day, cases in rows], today)


def fade(*, on: date | None = None) -> int:
    """Weigh the facts of all suppliers, because a day has passed; returns how many places may change."""
    today = on or timezone.localdate()
    noted: dict[int, list[tuple[str, date, int]]] = defaultdict(list)
    for supplier_id, kind, day, cases in _counted(today, ComplaintFact.objects.all()):
        noted[supplier_id].append((kind, day, cases))
    policy, changed = ranking.policy(), 0
    for supplier in Partner.objects.order_by("pk"):
        if _written(supplier) != _found(noted.get(supplier.pk, ()), policy, today):
            with transaction.atomic(durable=True):
                changed += recount(supplier.pk, on=today)
    return changed


def _counted(today: date, facts: QuerySet[ComplaintFact]) -> list[tuple[int, str, date, int]]:
    """(supplier, kind, day, cases) of the facts that count: not faded, and no case twice."""
    confirmed = ComplaintFact.objects.filter(
        supplier=OuterRef("supplier"), case=OuterRef("case"), kind=Kind.CONFIRMED, day__gt=_since(today)
    )
    return list(
        facts.filter(day__gt=_since(today))
        .exclude(Exists(confirmed), kind=Kind.SILENT)
        .values_list("supplier_id", "kind", "day")
        .annotate(cases=Count("pk"))
        .order_by("supplier_id", "day", "kind")
    )


def _since(today: date) -> date:
    return ranking.counted_since(today, ranking.policy())


_OF_KIND = {Kind.CONFIRMED: "confirmed_cases", Kind.SILENT: "silent_cases"}


def _found(noted: Sequence[tuple[str, date, int]], policy: ranking.Policy, today: date) -> dict[str, float]:
    """What a supplier's row says of these facts: their weight, and the cases of each kind for people to read."""
    cases = {name: sum(number for of, _day, number in noted if of == kind) for kind, name in _OF_KIND.items()}
    return {"complaint_load": ranking.complaint_load(noted, policy, today), **cases}


def _written(supplier: Partner) -> dict[str, float]:
    return {name: getattr(supplier, name) for name in ("complaint_load", *_OF_KIND.values())}


def _weigh(supplier: Partner, noted: list[tuple[str, date, int]], today: date) -> bool:
    """Write the new weight. Search documents follow when the part of the score moves by a point of 100."""
    policy = ranking.policy()
    before = ranking.complaints_part(strategy.standing(supplier), policy.complaint_prior)
    for name, value in _found(noted, policy, today).items():
        setattr(supplier, name, value)
    after = ranking.complaints_part(strategy.standing(supplier), policy.complaint_prior)
    supplier.save(update_fields=["complaint_load", *_OF_KIND.values()])
    moved = round(before * 100) != round(after * 100)
    if moved:
        outbox.add("supplier.changed", str(supplier.pk))
    return moved
