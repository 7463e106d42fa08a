"""Saying that nothing fits, taking it back, and the end of it when something fits. Each change is one transaction."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog import search, types
from catalog.search import Query
from catalog.types import ProductType
from marketplace import access, calendar, events, outbox, regions
from marketplace.errors import FieldError, Invalid, NotFound
from marketplace.models import PersonRecord, User
from suppliers.demand.bands import band_width
from suppliers.demand.models import UnmetNeed

ADULT_MONTHS = 18 * 12
MOST_KNOWN = 200
MET = "need.met"


def say(*, actor: User, person_id: int, kind: str, region: str) -> UnmetNeed:
    """Count a need; a second word about the same kind changes nothing and returns the first.

    ``kind``: code of the product type; ``region``: where it should be delivered. Raises NotFound (not the actor's
    person), Invalid (no such kind or region).
    """
    access.person(actor, person_id)
    wanted, place, errors = types.book().by_code.get(kind), regions.find(region), []
    if wanted is None:
        errors.append(FieldError("kind", "unknown", _("Choose what you are looking for.")))
    if place is None:
        errors.append(FieldError("region", "unknown", _("Choose the region of delivery.")))
    if errors:
        raise Invalid(errors)
    assert wanted is not None and place is not None
    now = timezone.now()
    with transaction.atomic(durable=True):
        # The person's row is the lock: two windows say it once.
        record = PersonRecord.objects.select_for_update().get(user=person_id)
        said = UnmetNeed.objects.filter(person=person_id, type=wanted.id, ended_at=None).first()
        if said is not None:
            return said
        need = UnmetNeed.objects.create(
            person_id=person_id,
            said_by=actor,
            type_id=wanted.id,
            region_id=place.code,
            child=is_child(record.birth_date, timezone.localdate(now)),
            sizes=rounded(wanted, record.measures),
            known=fitting(wanted, place.code, record.measures),
            said_at=now,
        )
        events.record(
            kind="need.said",
            subject=f"need:{need.pk}",
            actor=actor,
            on_behalf_of=record.user,
            data={"type": wanted.code, "region": place.code},
            at=now,
        )
    return need


def withdraw(*, need_id: int, actor: User) -> None:
    """Take it back. Raises NotFound for somebody else's need and for one that has ended."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        rows = UnmetNeed.objects.filter(pk=need_id, person__in=access.people_of(actor))
        _end(rows, UnmetNeed.Outcome.WITHDRAWN, now, actor=actor)


def look(limit: int = 500) -> int:
    """End needs that something new meets, those first that were looked at longest ago. Returns how many ended."""
    waiting = UnmetNeed.objects.filter(ended_at=None).select_related("person__record")
    ended = 0
    for need in waiting.order_by(F("looked_at").asc(nulls_first=True), "pk")[:limit]:
        kind = types.book().by_id.get(need.type_id)
        found = fitting(kind, need.region_id, need.person.record.measures) if kind else []
        new = next((pk for pk in found if pk not in need.known), None)
        now = timezone.now()
        with transaction.atomic(durable=True):
            row = UnmetNeed.objects.filter(pk=need.pk, ended_at=None)
            if new is None:
                row.update(looked_at=now)
                continue
            try:
                _end(row, UnmetNeed.Outcome.MET, now, product=new)
            except NotFound:
                continue  # taken back meanwhile
            outbox.add(MET, str(need.pk))
            ended += 1
    return ended


def _end(
    rows: QuerySet[UnmetNeed], outcome: str, now: datetime, *, actor: User | None = None, product: int | None = None
) -> None:
    need = rows.filter(ended_at=None).first()
    if need is None:
        raise NotFound
    ended = UnmetNeed.objects.filter(pk=need.pk, ended_at=None).update(
        ended_at=now, outcome=outcome, product_id=product
    )
    if not ended:
        raise NotFound
    events.record(
        kind=f"need.{outcome}",
        subject=f"need:{need.pk}",
        actor=actor,
        after=outcome,
        data={"product": product} if product else {},
        at=now,
    )


def fitting(kind: ProductType, region: str, measures: Mapping[str, int]) -> list[int]:
    """Products of the kind that are sold in the region and fit, by what is known of them and of the person."""
    return search.find(Query(product_type=kind, region=region, measures=measures, fits=True, size=MOST_KNOWN)).ids


def rounded(kind: ProductType, measures: Mapping[str, int]) -> dict[str, list[int]]:
    """The measures that the kind asks for as bands: 615 mm is 60–70 cm. Nobody can be known by a band."""
    found = {}
    for measure in kind.measures:
        width = band_width(measure)
        if width and measure.code in measures:
            lower = measures[measure.code] // width * width
            found[measure.code] = [lower, lower + width]
    return found


def is_child(born: date | None, today: date) -> bool:
    """Under eighteen; an unknown birthday counts as an adult."""
    return born is not None and calendar.add_months(born, ADULT_MONTHS) > today
