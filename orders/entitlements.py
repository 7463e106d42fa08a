"""Lines of the individual programme: taken over from the register, put in force, opened in tranches."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import ProductClass
from marketplace import access, events, outbox, rules
from marketplace.errors import FieldError, Forbidden, Invalid, NotFound
from marketplace.models import Role, User
from orders.models import Entitlement, Tranche
from orders.states import ENTITLEMENT, RUNNING_STATES, EntitlementStatus
from orders.tranches import plan, rhythm

AHEAD = timedelta(days=370)
BATCH = 1000
NEWS = timedelta(days=7)


def open_tranches(entitlement: Entitlement, until: date) -> int:
    """Write the planned tranches that are missing; returns how many. Call it inside a transaction."""
    now = timezone.now()
    today = timezone.localdate(now)
    rows = [
        Tranche(
            entitlement=entitlement,
            announced_at=now if part.opens_on <= today else None,
            opens_on=part.opens_on,
            closes_on=part.closes_on,
            quantity=part.quantity,
            budget=part.quantity * entitlement.guaranteed_unit_sum,
        )
        for part in plan(entitlement, until)
        if part.quantity
    ]
    known = set(entitlement.tranches.values_list("opens_on", flat=True))
    missing = [row for row in rows if row.opens_on not in known]
    Tranche.objects.bulk_create(missing, ignore_conflicts=True)
    entitlement.planned_until = max((row.closes_on for row in rows), default=until)
    entitlement.save(update_fields=["planned_until"])
    return len(missing)


@dataclass(frozen=True)
class ProgrammeLine:
    """One line as the register of the medical and social expertise gives it.

    ``norm`` counts units of the product type for ``period``; ``guaranteed_unit_sum`` is KZT for one
    unit; ``tranche_months`` and ``tranche_quantity`` say how the norm is handed out (by rule when
    missing); ``status`` is the state in the register.
    """

    product_type: str
    norm: int
    period: str
    guaranteed_unit_sum: Decimal
    valid_from: date
    valid_to: date | None = None
    unit: str = ""
    tranche_months: int | None = None
    tranche_quantity: int | None = None
    replacement_months: int | None = None
    source: str = ""
    mark: str = "D"
    note: str = ""
    status: str = EntitlementStatus.ACTIVE


def import_line(*, beneficiary_id: int, line: ProgrammeLine, actor: User | None = None) -> Entitlement:
    """Take over one line of a programme; idempotent by person, programme number and type.

    A line that passes the checks is put in force with its tranches; one whose unit is not the unit
    of the product type, or with more hours of an assistant a day than the Social Code allows (article 163, rule
    ``entitlement.assistant_hours_per_day``), waits for the office. Raises Invalid for an unknown person, type or period.
    """
    with transaction.atomic(durable=True):
        person, product_type = _checked(beneficiary_id, line)
        if line.source:
            known = Entitlement.objects.filter(
                beneficiary=person, source=line.source, product_type=product_type
            ).first()
            if known is not None:
                return known
        entitlement = _create(person, product_type, line)
        _record(entitlement, "imported", actor, before="", after=EntitlementStatus.IMPORTED)
        if entitlement.unit != product_type.unit:
            _move(entitlement, "quarantine", ["clock"], actor, reason=f"unit {line.unit}, not {product_type.unit}")
        elif too_many := _hours_over(entitlement, product_type):
            _move(entitlement, "quarantine", ["clock"], actor, reason=too_many)
        elif line.status == EntitlementStatus.ACTIVE:
            _move(entitlement, "activate", ["clock"], actor)
        elif line.status != EntitlementStatus.IMPORTED:
            Entitlement.objects.filter(pk=entitlement.pk).update(status=line.status)
            entitlement.status = line.status
            _record(entitlement, line.status, actor, before=EntitlementStatus.IMPORTED, after=line.status)
        open_tranches(entitlement, timezone.localdate() + AHEAD)
    return entitlement


def _hours_over(entitlement: Entitlement, product_type: ProductClass) -> str:
    """Why a line with too many hours of an assistant a day waits; nothing for every other line."""
    if product_type.sphere != "assistant" or entitlement.period != Entitlement.Period.DAY:
        return ""
    most = int(rules.get("entitlement.assistant_hours_per_day").value["hours"])
    return f"{entitlement.norm} hours a day, not {most}" if entitlement.norm > most else ""


def _checked(beneficiary_id: int, line: ProgrammeLine) -> tuple[User, ProductClass]:
    # The lock makes a twin import of the same line wait for the first one.
    person = User.objects.select_for_update(no_key=True).filter(pk=beneficiary_id, record__isnull=False).first()
    product_type = ProductClass.objects.filter(code=line.product_type).first()
    errors = []
    if person is None:
        errors.append(FieldError("beneficiary", "unknown", _("There is no such person.")))
    if product_type is None:
        errors.append(FieldError("product_type", "unknown", _("There is no such product type.")))
    if line.period not in Entitlement.Period.values or line.norm <= 0 or line.status not in EntitlementStatus.values:
        errors.append(FieldError("norm", "invalid", _("The norm, the period or the state is not possible.")))
    if line.valid_to and line.valid_to < line.valid_from:
        errors.append(FieldError("valid_to", "order", _("The last day lies before the first day.")))
    if person is None or product_type is None or errors:
        raise Invalid(errors)
    return person, product_type


def _create(person: User, product_type: ProductClass, line: ProgrammeLine) -> Entitlement:
    months, quantity = line.tranche_months, line.tranche_quantity
    if quantity is None:
        months, quantity = rhythm(
            norm=line.norm,
            period=line.period,
            sphere=product_type.sphere,
            replacement_months=line.replacement_months,
        )
    return Entitlement.objects.create(
        beneficiary=person,
        product_type=product_type,
        status=EntitlementStatus.IMPORTED,
        norm=line.norm,
        unit=line.unit or product_type.unit,
        period=line.period,
        guaranteed_unit_sum=line.guaranteed_unit_sum,
        tranche_months=months,
        tranche_quantity=quantity,
        replacement_months=line.replacement_months,
        valid_from=line.valid_from,
        valid_to=line.valid_to,
        source=line.source,
        mark=line.mark,
        note=line.note,
    )


def change(
    *, entitlement_id: int, action: str, actor: User, reason: str = "", valid_to: date | None = None
) -> Entitlement:
    """Take a step of the table ENTITLEMENT: suspend, resume, dispute, clear, close, renew …

    ``valid_to`` belongs to "renew". Raises NotFound (foreign), Forbidden (no capacity), IllegalStep.
    """
    with transaction.atomic(durable=True):
        entitlement = (
            Entitlement.objects.select_for_update(of=("self",), no_key=True)
            .select_related("product_type", "beneficiary")
            .filter(pk=entitlement_id)
            .first()
        )
        if entitlement is None:
            raise NotFound
        parties = _parties(actor, entitlement)
        if action == "renew":
            if valid_to is None or valid_to < timezone.localdate():
                raise Invalid([FieldError("valid_to", "past", _("Give a last day that lies ahead."))])
            entitlement.valid_to = valid_to
            entitlement.save(update_fields=["valid_to"])
        _move(entitlement, action, parties, actor, reason=reason)
        if action in {"clear", "renew", "resume"}:
            open_tranches(entitlement, timezone.localdate() + AHEAD)
    return entitlement


def _parties(actor: User, entitlement: Entitlement) -> list[str]:
    """In what capacities the actor meets the line; foreign lines look missing."""
    if actor.role == Role.REVIEWER:
        return ["ministry"]
    if access.is_owner(actor, entitlement.beneficiary_id):
        return ["owner"]
    if actor.role == Role.CASEWORKER and access.people_of(actor).filter(pk=entitlement.beneficiary_id).exists():
        return ["office"]
    raise NotFound


def _move(entitlement: Entitlement, action: str, parties: list[str], actor: User | None, reason: str = "") -> None:
    if not any(action == step.action and set(parties) & set(step.parties) for step in ENTITLEMENT.steps):
        raise Forbidden
    before = entitlement.status
    step = ENTITLEMENT.find(action, before, parties)
    ENTITLEMENT.take(Entitlement.objects.filter(pk=entitlement.pk), step, before)
    entitlement.status = step.target
    _record(entitlement, action, actor, before=before, after=step.target, reason=reason)


def _record(entitlement: Entitlement, word: str, actor: User | None, **facts: Any) -> None:
    kind = f"entitlement.{word}"
    events.record(
        kind=kind, subject=f"entitlement:{entitlement.pk}", actor=actor, on_behalf_of=entitlement.beneficiary, **facts
    )
    outbox.add(kind, str(entitlement.pk))


def expire_due(on: date) -> int:
    """Lines whose last day is over; returns how many expired. Safe to run twice."""
    expired = 0
    over = Entitlement.objects.filter(status__in=RUNNING_STATES, valid_to__lt=on)
    for pk in list(over.order_by("valid_to", "pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic(durable=True):
            entitlement = over.select_for_update(no_key=True, skip_locked=True).filter(pk=pk).first()
            if entitlement is not None:
                _move(entitlement, "expire", ["clock"], None)
                expired += 1
    return expired


def write_ahead(on: date) -> int:
    """Tranches of the year ahead that are still missing; returns how many were written."""
    horizon = on + AHEAD
    unplanned = Q(planned_until=None) | Q(planned_until__lt=horizon)
    ends_later = Q(planned_until=None) | Q(valid_to=None) | Q(valid_to__gt=F("planned_until"))
    short = Entitlement.objects.filter(unplanned, ends_later, status=EntitlementStatus.ACTIVE, valid_from__lte=horizon)
    opened = 0
    for entitlement in short.order_by("planned_until", "pk")[:BATCH]:
        with transaction.atomic(durable=True):
            opened += open_tranches(entitlement, horizon)
    return opened


def announce(on: date) -> int:
    """Parts that opened since the last look: each person is told once; returns how many. Old news stay untold."""
    with transaction.atomic(durable=True):
        news = Tranche.objects.filter(announced_at=None, opens_on__range=(on - NEWS, on)).order_by("opens_on", "pk")
        taken = list(news.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:BATCH])
        Tranche.objects.filter(pk__in=taken).update(announced_at=timezone.now())
        open_now = Tranche.objects.filter(
            pk__in=taken, closes_on__gte=on, entitlement__status=EntitlementStatus.ACTIVE
        ).select_related("entitlement__beneficiary")
        for tranche in open_now:
            events.record(
                kind="tranche.opened",
                subject=f"entitlement:{tranche.entitlement_id}",
                actor=None,
                on_behalf_of=tranche.entitlement.beneficiary,
                data={"tranche": tranche.pk, "quantity": tranche.quantity},
            )
        outbox.add_many([("tranche.opened", str(tranche.pk), {}) for tranche in open_now])
    return len(open_now)
