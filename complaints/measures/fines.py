"""Fines as records: imposed in a case, appealed, paid. Sums are KZT. The portal collects nothing."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import selectors as cases
from complaints.measures import selectors
from complaints.measures.models import Fine
from complaints.stepping import money
from marketplace import events
from marketplace.errors import DomainError, FieldError, Forbidden, Invalid, NotFound
from marketplace.models import User
from marketplace.time import database_now


class AlreadyNoted(DomainError):
    code = "already_noted"
    message = _("This is noted already.")


def impose(
    *, number: str, actor: User, article: str, amount: Any, imposed_on: date | None = None, now: datetime | None = None
) -> Fine:
    """Note a fine of the case's supplier. Raises NotFound, Forbidden (not this body's case), Invalid."""
    now = now or database_now()
    today = timezone.localdate(now)
    on = imposed_on or today
    errors = []
    if not article.strip() or len(article) > 200:
        errors.append(FieldError("article", "required", _("Name the article of the law, in at most 200 characters.")))
    if on > today:
        errors.append(FieldError("imposed_on", "future", _("Give a day that has come already.")))
    try:
        total = money(amount, "amount")
    except Invalid as error:
        errors += error.errors
    else:
        if not total:
            errors.append(FieldError("amount", "required", _("Give a sum in tenge, for example 12500.")))
    if errors:
        raise Invalid(errors)
    with transaction.atomic(durable=True):
        complaint = cases.lock(actor, number)
        if not selectors.may_fine(actor, complaint):
            raise Forbidden
        fine = Fine.objects.create(
            complaint=complaint, authority=actor.authority, supplier=complaint.supplier or complaint.addressee_supplier,
            article=article.strip(), amount=total, imposed_on=on, imposed_by=actor,
        )  # fmt: skip
        _note("fined", fine, actor, now)
    return fine


def note_paid(*, fine_id: int, actor: User, now: datetime | None = None) -> Fine:
    """The fine was paid today. Raises NotFound, Forbidden, AlreadyNoted."""
    return _note_day(fine_id, actor, "paid_on", "fine_paid", now or database_now())


def note_appealed(*, fine_id: int, actor: User, now: datetime | None = None) -> Fine:
    """The fine was appealed today. Raises the same."""
    return _note_day(fine_id, actor, "appealed_on", "fine_appealed", now or database_now())


def totals(first: date, last: date, region: Any = None) -> dict[str, Any]:
    """Fines imposed from the first to the last day: how many, their sum, and what of it is paid by now."""
    rows = Fine.objects.filter(imposed_on__range=(first, last))
    if region is not None:
        rows = rows.filter(complaint__region=region)
    found = rows.aggregate(
        imposed=Count("pk"),
        total=Sum("amount", default=0),
        paid=Sum("amount", filter=Q(paid_on__isnull=False), default=0),
    )
    return {"imposed": found["imposed"], "sum": found["total"], "paid": found["paid"]}


def _note_day(fine_id: int, actor: User, column: str, word: str, now: datetime) -> Fine:
    with transaction.atomic(durable=True):
        fine = selectors.fines(actor).select_for_update(of=("self",)).filter(pk=fine_id).first()
        if fine is None:
            raise NotFound
        if not selectors.may_fine(actor, fine.complaint):
            raise Forbidden
        empty = Fine.objects.filter(pk=fine.pk, **{column: None})
        if empty.update(**{column: timezone.localdate(now)}) != 1:
            raise AlreadyNoted
        _note(word, fine, actor, now)
    fine.refresh_from_db()
    return fine


def _note(word: str, fine: Fine, actor: User, now: datetime) -> None:
    events.record(
        kind=f"complaint.{word}",
        subject=f"complaint:{fine.complaint.number}",
        actor=actor,
        data={"party": "authority", "fine": fine.pk, "amount": str(fine.amount)},
        at=now,
    )
