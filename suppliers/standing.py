"""May this supplier sell? A ban with an end date that lifts itself (domain 3.3), and its end before time.

A banned supplier's offers leave lists and orders at once (``strategy.purchasable``, ``orders.placing``); its
open orders stay and are shown to their social offices. Every step is one transaction: the supplier's row
locked, a conditional UPDATE, the event, the outbox rows.
"""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import access, events, outbox, rules
from marketplace.errors import FieldError, Invalid, NotFound
from marketplace.models import Role, User
from marketplace.time import database_now
from suppliers import sweeping
from suppliers.models import Partner, StockRecord, Suspension
from suppliers.states import SUPPLIER
from suppliers.written import MAX_TEXT, required

RULE = "supplier.suspension"
MAX_BASIS = 300


def suspend(
    *, supplier: str, until: date, reason: str, legal_basis: str, actor: User, now: datetime | None = None
) -> Suspension:
    """Ban a supplier (by its code) to the end of the local day ``until``.

    Raises Forbidden (not the ministry), NotFound, Invalid (no reason, no basis, a day that the rule
    ``supplier.suspension`` does not allow), IllegalStep (not approved, or banned already).
    """
    with transaction.atomic(durable=True):
        return impose(
            partner=locked(supplier), until=until, reason=reason, legal_basis=legal_basis, actor=actor,
            now=now or database_now(),
        )  # fmt: skip


def impose(
    *,
    partner: Partner,
    until: date,
    reason: str,
    legal_basis: str,
    actor: User,
    now: datetime,
    data: dict[str, Any] | None = None,
) -> Suspension:
    """``suspend`` inside the running transaction of its cause; ``partner`` is locked. Raises the same."""
    access.require_role(actor, Role.REVIEWER)
    reason, legal_basis = _checked(until, reason, legal_basis, timezone.localdate(now))
    # Whoever is just ordering one of the offers finishes first; who comes later finds the supplier banned.
    list(StockRecord.objects.select_for_update(no_key=True).filter(partner=partner).order_by("pk").values_list("pk"))
    before = partner.status
    step = SUPPLIER.find("suspend", before, ["ministry"])
    SUPPLIER.take(Partner.objects.filter(pk=partner.pk), step, before, suspended_until=until)
    suspension = Suspension.objects.create(
        partner=partner, started_at=now, until=until, reason=reason, legal_basis=legal_basis, imposed_by=actor
    )
    _tell(
        "suspended", partner, before, step.target, suspension, actor, now, reason, {"until": f"{until}"} | (data or {})
    )
    return suspension


def end_early(*, supplier: str, reason: str, actor: User, now: datetime | None = None) -> Partner:
    """The ministry ends a ban before its time, for a reason (a granted appeal). Raises like ``suspend``."""
    access.require_role(actor, Role.REVIEWER)
    reason = required(reason, "reason", _("Say why the suspension ends before its time."))
    with transaction.atomic(durable=True):
        partner = locked(supplier)
        _restore(partner, actor, now or database_now(), reason)
    return partner


def terminate(*, supplier: str, reason: str, actor: User, now: datetime | None = None) -> Partner:
    """Take a supplier off the portal for good, for a reason. Raises like ``suspend``."""
    access.require_role(actor, Role.REVIEWER)
    reason = required(reason, "reason", _("Say why the supplier leaves the portal for good."))
    now = now or database_now()
    with transaction.atomic(durable=True):
        partner = locked(supplier)
        before = partner.status
        step = SUPPLIER.find("terminate", before, ["ministry"])
        SUPPLIER.take(Partner.objects.filter(pk=partner.pk), step, before, suspended_until=None)
        running = _end(partner, actor, now, reason)
        _tell("terminated", partner, before, step.target, running, actor, now, reason)
    partner.refresh_from_db()
    return partner


def lift_due(now: datetime) -> Counter[str]:
    """Restore every supplier whose last day of a ban is over, once; twice or by two at once changes nothing more."""
    due = Partner.objects.filter(status=Partner.Status.SUSPENDED, suspended_until__lt=timezone.localdate(now))

    def lift(partner: Partner) -> str:
        _restore(partner, None, now)
        return "suspensions lifted"

    return sweeping.one_by_one(due, "suspended_until", lift, broken="suspension_not_lifted", named="supplier")


def running(partner: Partner) -> Suspension | None:
    """The ban that is in force now."""
    return Suspension.objects.filter(partner=partner, ended_at=None).first()


def latest_day(today: date) -> date:
    """The last day that a ban may have when it begins today (rule ``supplier.suspension``)."""
    return today + timedelta(days=int(rules.get(RULE, on=today).value["most_days"]))


def locked(code: str) -> Partner:
    """A supplier by its code under its row lock. Raises NotFound."""
    partner: Partner | None = Partner.objects.select_for_update(of=("self",), no_key=True).filter(code=code).first()
    if partner is None:
        raise NotFound
    return partner


def _restore(partner: Partner, actor: User | None, now: datetime, reason: str = "") -> None:
    before = partner.status
    step = SUPPLIER.find("restore", before, ["ministry"] if actor else ["clock"])
    SUPPLIER.take(Partner.objects.filter(pk=partner.pk), step, before, suspended_until=None)
    _tell("restored", partner, before, step.target, _end(partner, actor, now, reason), actor, now, reason)
    partner.refresh_from_db()


def _end(partner: Partner, actor: User | None, now: datetime, reason: str) -> Suspension | None:
    suspension = running(partner)
    if suspension is not None:
        suspension.ended_at, suspension.ended_by, suspension.ended_reason = now, actor, reason
        suspension.save(update_fields=["ended_at", "ended_by", "ended_reason"])
    return suspension


def _tell(
    word: str,
    partner: Partner,
    before: str,
    after: str,
    suspension: Suspension | None,
    actor: User | None,
    now: datetime,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """The event; who has to know (``supplier.<word>``); the search documents (``supplier.changed``)."""
    known = {"suspension": suspension.pk} if suspension else {}
    events.record(
        kind=f"supplier.{word}",
        subject=f"supplier:{partner.code}",
        actor=actor,
        before=before,
        after=after,
        reason=reason,
        data=known | (data or {}),
        at=now,
    )
    outbox.add(f"supplier.{word}", str(partner.pk), known)
    outbox.add("supplier.changed", str(partner.pk))


def _checked(until: date, reason: str, legal_basis: str, today: date) -> tuple[str, str]:
    """Reason and basis without blanks around them. Raises Invalid naming every wrong field."""
    errors = []
    last = latest_day(today)
    if not today <= until <= last:
        message = _("Choose a day from today to %(day)s.") % {"day": f"{last:%d.%m.%Y}"}
        errors.append(FieldError("until", "range", message))
    if not reason.strip():
        errors.append(FieldError("reason", "required", _("Say why. The supplier reads it.")))
    elif len(reason) > MAX_TEXT:
        errors.append(FieldError("reason", "too_long", _("Write at most 4,000 characters.")))
    if not legal_basis.strip():
        errors.append(FieldError("legal_basis", "required", _("Name the law and the article.")))
    elif len(legal_basis) > MAX_BASIS:
        errors.append(FieldError("legal_basis", "too_long", _("Write at most 300 characters.")))
    if errors:
        raise Invalid(errors)
    return reason.strip(), legal_basis.strip()
