"""The yearly declaration: a supplier confirms that what it said of itself still holds; without it its sales pause.

It is told before, by the days of the rule; the pause ends at once when it declares. Its open orders stay.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from marketplace import events, formats, notices, outbox, rules
from marketplace.calendar import add_months
from marketplace.errors import FieldError, Invalid
from marketplace.forms import parse_phone
from marketplace.models import OutboxRow, User
from marketplace.time import database_now
from suppliers.models import Partner
from suppliers.onboarding import answers
from suppliers.selectors import own_supplier
from suppliers.states import SUPPLIER

log = structlog.get_logger(__name__)

RULE = "supplier.redeclaration_months"
REMINDER_RULE = "supplier.redeclaration_reminder_days"
BATCH = 500
S = Partner.Status


def due_on(partner: Partner, on: date | None = None) -> date:
    """The last day of the declaration that runs (rule ``supplier.redeclaration_months``)."""
    return add_months(partner.declared_on, int(rules.get(RULE, on=on).value["months"]))


def declare(*, actor: User, declared: Iterable[str], address: str, phone: str, now: datetime | None = None) -> Partner:
    """Renew the own supplier's declaration; a paused one sells again. ``declared``: codes of what is ticked.

    Raises Forbidden (no supplier), IllegalStep (banned for good), Invalid (something is not declared, no address, no phone).
    """
    moment, ticked, errors = now or database_now(), set(declared), []
    for item in answers.declarations():
        if item["code"] not in ticked:
            message = _("Tick this: without it nobody may sell here.")
            errors.append(FieldError(f"declare.{item['code']}", "required", message))
    if not address.strip() or len(address) > answers.LONGEST["address"]:
        errors.append(FieldError("address", "required", _("Give the address: town, street, house.")))
    try:
        phone = parse_phone(phone)
    except ValidationError as error:
        errors.append(FieldError("phone", "phone", error.message))
    if errors:
        raise Invalid(errors)
    with transaction.atomic(durable=True):
        rows = Partner.objects.select_for_update(of=("self",), no_key=True)
        partner: Partner = rows.get(pk=own_supplier(actor).pk)
        before = partner.status
        partner.declared_on, partner.address, partner.phone = timezone.localdate(moment), address.strip(), phone
        if before not in (S.APPROVED, S.SUSPENDED):
            step = SUPPLIER.find("declare", before, ["supplier"])
            SUPPLIER.take(Partner.objects.filter(pk=partner.pk), step, before)
            partner.status = step.target
        partner.save(update_fields=["declared_on", "address", "phone"])
        _record("declared", partner, before, actor, moment)
    return partner


def run(now: datetime) -> Counter[str]:
    """Remind suppliers whose declaration ends soon, pause those whose day has passed; safe to run twice."""
    today, done = timezone.localdate(now), Counter[str]()
    months = int(rules.get(RULE, on=today).value["months"])
    ahead = sorted(int(days) for days in rules.get(REMINDER_RULE, on=today).value["days"])
    # A month is at most 31 days long: nobody is missed, who is not due yet is left out below.
    near = today + timedelta(days=max(ahead, default=0)) - timedelta(days=28 * months)
    for partner in Partner.objects.filter(status=S.APPROVED, declared_on__lte=near).order_by("pk")[:BATCH]:
        due = add_months(partner.declared_on, months)
        if today > due:
            done["sales paused"] += _pause(partner.pk, partner.declared_on, now)
        elif (days := next((days for days in ahead if today >= due - timedelta(days=days)), None)) is not None:
            done["declarations reminded"] += _remind(partner, due, days)
    return +done


def _pause(pk: int, declared_on: date, now: datetime) -> int:
    """One supplier; a broken one must not keep the others, the next sweep tries again."""
    try:
        with transaction.atomic(durable=True):
            rows = Partner.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
            partner = rows.filter(pk=pk, status=S.APPROVED, declared_on=declared_on).first()
            if partner is None:
                return 0  # renewed meanwhile, or another sweep has it
            step = SUPPLIER.find("pause", partner.status, ["clock"])
            SUPPLIER.take(Partner.objects.filter(pk=pk), step, S.APPROVED)
            partner.status = step.target
            _record("paused", partner, S.APPROVED, None, now)
    except Exception:
        log.exception("supplier_not_paused", supplier=pk)
        return 0
    return 1


def _remind(partner: Partner, due: date, days: int) -> int:
    """Once for each declaration and number of days: the notice's own key keeps twins away."""

    def words() -> tuple[str, str]:
        text = _("It takes two minutes. Otherwise your offers leave the catalogue until you do: %(url)s")
        return _("Renew your declaration by %(day)s") % {"day": formats.date_long(due)}, text % {"url": _page()}

    with transaction.atomic(durable=True):
        return notices.tell(
            partner.users.all(), words, kind="supplier.declaration_due", subject=f"supplier:{partner.code}",
            dedupe=f"supplier.declaration:{partner.pk}:{partner.declared_on}:{days}",
        )  # fmt: skip


@outbox.handler("supplier.paused")
def tell_pause(row: OutboxRow) -> None:
    """The supplier's people learn why their offers left, and how to bring them back."""
    partner = Partner.objects.get(pk=row.key)

    def words() -> tuple[str, str]:
        text = _("The yearly declaration was not renewed. Renew it, and you sell again at once: %(url)s")
        return _("Your offers left the catalogue"), text % {"url": _page()}

    notices.tell(
        partner.users.all(), words, kind=row.topic, subject=f"supplier:{partner.code}", dedupe=f"{row.topic}:{row.pk}"
    )


def _record(word: str, partner: Partner, before: str, actor: User | None, now: datetime) -> None:
    events.record(
        kind=f"supplier.{word}", subject=f"supplier:{partner.code}", actor=actor, before=before, after=partner.status,
        at=now,
    )  # fmt: skip
    if word == "paused":
        outbox.add("supplier.paused", str(partner.pk))
    outbox.add("supplier.changed", str(partner.pk))


def _page() -> str:
    return f"{settings.PORTAL_URL}/{translation.get_language()}/supplier/declaration/"
