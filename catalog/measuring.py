"""A person's body measures: entered once, used by every page that says what fits.

They are near to health: the person, a guardian and a caseworker of the own office see and change them, nobody
else. The event log only learns which measures changed; their values stand in ``MeasuredValue``.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import types, units
from catalog.models import MeasuredValue
from catalog.types import BodyMeasure
from marketplace import access, events
from marketplace.errors import Changed, FieldError, Invalid
from marketplace.models import PersonRecord, User


def change(*, person_id: int, actor: User, answers: Mapping[str, str], seen: int) -> list[str]:
    """Store what was typed in people's units (``104``, ``17,5``); an empty answer takes the measure out.

    ``seen``: the last change that the actor saw (``last_change``). Returns the codes that changed. Raises NotFound
    (whose measures these are is none of the actor's business), Invalid with every wrong answer, Changed when
    somebody changed the same measures meanwhile.
    """
    access.person(actor, person_id)
    wanted = read(answers)
    with transaction.atomic(durable=True):
        record = PersonRecord.objects.select_for_update().get(user=person_id)
        differing = [code for code, value in wanted.items() if record.measures.get(code) != value]
        if MeasuredValue.objects.filter(person=person_id, pk__gt=seen, code__in=differing).exists():
            raise Changed(
                _("Somebody changed these measures since you opened the page. Look at them, then save again.")
            )
        return _store(record, {code: wanted[code] for code in differing}, actor, timezone.now())


def keep(*, person_id: int, actor: User, measures: Mapping[str, int], at: datetime) -> list[str]:
    """Add measures that came with an application, in SI units; inside the transaction that sends it."""
    if not measures:
        return []
    record = PersonRecord.objects.select_for_update().get(user=person_id)
    return _store(record, measures, actor, at)


def _store(record: PersonRecord, wanted: Mapping[str, int | None], actor: User, at: datetime) -> list[str]:
    before = record.measures
    changed = sorted(code for code, value in wanted.items() if before.get(code) != value)
    if not changed:
        return []
    record.measures = {code: value for code, value in {**before, **wanted}.items() if value is not None}
    record.save(update_fields=["measures"])
    MeasuredValue.objects.bulk_create(
        MeasuredValue(
            person_id=record.user_id, code=code, before=before.get(code), value=wanted[code], actor=actor, at=at
        )
        for code in changed
    )
    events.record(
        kind="person.measures",
        subject=f"user:{record.user_id}",
        actor=actor,
        on_behalf_of=record.user,
        data={"changed": changed},
        at=at,
    )
    return changed


def read(answers: Mapping[str, str]) -> dict[str, int | None]:
    """Code → whole number in the stored unit, None for an empty answer. Raises Invalid with every wrong answer."""
    book, found, errors = types.book(), dict[str, int | None](), []
    for code, text in answers.items():
        measure = book.measures.get(code)
        if measure is None:
            errors.append(FieldError(code, "unknown", _("There is no such measure.")))
            continue
        try:
            number = units.to_stored(text, measure.unit, measure.shown_unit) if text.strip() else None
        except ValueError:
            errors.append(FieldError(code, "number", out_of_range(measure)))
            continue
        if number is not None and not measure.minimum <= number <= measure.maximum:
            errors.append(FieldError(code, "range", out_of_range(measure)))
        found[code] = number
    if errors:
        raise Invalid(errors)
    return found


def out_of_range(measure: BodyMeasure) -> str:
    """``Body height: enter a number within 30–230 cm.``"""
    return _("%(name)s: enter a number within %(range)s.") % {"name": measure.name, "range": plausible(measure)}


def plausible(measure: BodyMeasure) -> str:
    """``30–230 cm``: the bounds in people's units."""
    return units.interval(measure.minimum, measure.maximum, measure.unit, measure.shown_unit)


def last_change(person_id: int) -> int:
    """The number of the last change of a person's measures; 0 before the first."""
    found = MeasuredValue.objects.filter(person=person_id).order_by("-pk").values_list("pk", flat=True).first()
    return found or 0


def history(*, person_id: int, actor: User, limit: int) -> list[MeasuredValue]:
    """The latest changes first, with who made them. Raises NotFound for somebody else's person."""
    access.person(actor, person_id)
    rows = MeasuredValue.objects.filter(person=person_id).select_related("actor__office").order_by("-pk")
    return list(rows[:limit])
