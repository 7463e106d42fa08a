"""Mystery visits: an assignment, a checklist with photos, a review, a fee that somebody else approves.

Assignments are blind: the visitor is not shown what others said of the place, and the place does not learn
of the visit before its report is accepted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints.feedback import giving, questions, selectors
from complaints.feedback.giving import About, Said
from complaints.feedback.models import Feedback, MysteryVisit, MysteryVisitor, VisitFee
from complaints.feedback.questions import NO, YES, Facet
from complaints.feedback.states import VISIT, VisitStatus
from marketplace import access, calendar, events, files, outbox, rules
from marketplace.errors import DomainError, FieldError, Forbidden, Invalid
from marketplace.models import Office, Role, StoredFile, User
from marketplace.rules import in_language
from marketplace.time import database_now
from suppliers.models import Partner

MOST_PHOTOS = 10
LAPSED_AT_ONCE = 500
_MAY_VISIT = {Role.BENEFICIARY, Role.GUARDIAN}


class OwnFee(DomainError):
    """Nobody pays themselves."""

    code = "own_fee"
    message = _("Somebody else has to approve the fee of your own visit.")


@dataclass(frozen=True)
class Report:
    """What the visitor brings back; ``checklist``: code → yes or no for every line."""

    mark: Any
    checklist: Mapping[str, Any]
    text: str
    visited_on: date | None


def checklist_of(what: str) -> list[Facet]:
    """The lines to be checked at an ``office`` or a ``supplier``, in the active language."""
    lines = rules.get("feedback.checklist").value[what]
    return [Facet(line["code"], in_language(line["label"])) for line in lines]


def enlist(*, actor: User, username: str, contract: str) -> MysteryVisitor:
    """Register a visitor: a person whom the portal serves, so that nobody visits the own employer.

    Raises Forbidden, Invalid.
    """
    access.require_role(actor, *selectors.MINISTRY)
    with transaction.atomic(durable=True):
        user = User.objects.filter(username=username.strip(), is_active=True, role__in=_MAY_VISIT).first()
        if user is None:
            message = _("Nobody whom the portal serves has this user name.")
            raise Invalid([FieldError("username", "unknown", message)])
        if not contract.strip():
            raise Invalid([FieldError("contract", "required", _("Write the number of the contract."))])
        visitor, _created = MysteryVisitor.objects.update_or_create(
            user=user,
            defaults={"contract": contract.strip()[:60], "active": True},
            create_defaults={"contract": contract.strip()[:60], "registered_at": database_now()},
        )
        events.record(kind="visitor.enlisted", subject=f"visitor:{visitor.pk}", actor=actor, on_behalf_of=user)
        return visitor


def assign(*, actor: User, visitor_id: int, office: str = "", supplier: str = "") -> MysteryVisit:
    """Send a visitor to an office or a supplier, named by code. Raises Forbidden, Invalid."""
    access.require_role(actor, *selectors.MINISTRY)
    now = database_now()
    with transaction.atomic(durable=True):
        visitor = MysteryVisitor.objects.filter(pk=visitor_id, active=True).select_related("user").first()
        place = Office.objects.filter(code=office).first() if office else None
        shop = Partner.objects.filter(code=supplier, status=Partner.Status.APPROVED).first() if supplier else None
        errors = []
        if visitor is None or visitor.user_id == actor.pk:
            errors.append(FieldError("visitor", "choice", _("Choose a visitor.")))
        if (place is None) == (shop is None):
            errors.append(FieldError("place", "choice", _("Choose one office or one supplier.")))
        if place is not None and visitor is not None and visitor.user.office_id == place.pk:
            message = _("This visitor is served there and would be recognised. Choose another one.")
            errors.append(FieldError("visitor", "known_there", message))
        if errors or visitor is None:
            raise Invalid(errors)
        deadline = calendar.deadline("feedback.visit", timezone.localdate(now))
        visit = MysteryVisit.objects.create(
            visitor=visitor,
            office=place,
            supplier=shop,
            assigned_by=actor,
            assigned_at=now,
            due_on=deadline.respond_by,
        )
        _log(visit, "assigned", actor, now)
        outbox.add("visit.assigned", str(visit.pk))
        return visit


def report(*, visit_id: int, actor: User, said: Report, photos: list[UploadedFile]) -> MysteryVisit:
    """The visitor was there. Raises NotFound, IllegalStep, Invalid (every line of the checklist is needed)."""
    selectors.visit(actor, visit_id)
    if len(photos) > MOST_PHOTOS:
        raise Invalid([FieldError("photos", "too_many", _("Choose ten photos at most."))])
    # Drawing takes up to a second each: before the lock, not under it.
    pictures = [files.draw(photo, field="photos") for photo in photos]
    now = database_now()
    with transaction.atomic(durable=True):
        visit, parties = _lock(visit_id, actor, "report")
        checked = _checked(visit, said, timezone.localdate(now))
        if not pictures and not photos_of(visit):
            raise Invalid([FieldError("photos", "required", _("Add at least one photo from the place."))])
        for picture in pictures:
            files.keep(picture=picture, subject=f"visit:{visit.pk}", purpose="visit", owner=actor)
        _move(visit, "report", parties, actor, now, **checked)
        return visit


def _checked(visit: MysteryVisit, said: Report, today: date) -> dict[str, Any]:
    what = "office" if visit.office_id else "supplier"
    errors = [
        FieldError(f"check.{line.code}", "choice", _("Answer yes or no."))
        for line in checklist_of(what)
        if said.checklist.get(line.code) not in (YES, NO)
    ]
    if said.visited_on is None or not timezone.localdate(visit.assigned_at) <= said.visited_on <= today:
        errors.append(FieldError("visited_on", "date", _("Give the day of the visit, after you were sent.")))
    try:
        answer = questions.check(what, mark=said.mark, facets={}, text=said.text)
    except Invalid as error:
        raise Invalid([*errors, *error.errors]) from None
    if errors:
        raise Invalid(errors)
    return {
        "mark": answer.mark,
        "text": answer.text,
        "visited_on": said.visited_on,
        "checklist": {line.code: said.checklist[line.code] for line in checklist_of(what)},
    }


def accept(*, visit_id: int, actor: User) -> MysteryVisit:
    """The report is sound: the mark counts, the fee is entered. Raises NotFound, IllegalStep, Forbidden."""
    now = database_now()
    with transaction.atomic(durable=True):
        visit, parties = _lock(visit_id, actor, "accept")
        what = "office" if visit.office is not None else "supplier"
        place = visit.office.region_id if visit.office else visit.supplier.home_region_id if visit.supplier else None
        given = giving.register(
            About(f"mystery:{visit.pk}", supplier=visit.supplier, office=visit.office, region_id=place),
            Feedback.Channel.MYSTERY,
            Said(visit.mark, {}, visit.text),
            actor=None,
            now=now,
        )
        amount = Decimal(rules.get("feedback.visit_fee").value[what])
        VisitFee.objects.create(visit=visit, payee=visit.visitor.user, amount=amount, entered_at=now)
        _move(visit, "accept", parties, actor, now, feedback=given)
        return visit


def send_back(*, visit_id: int, actor: User, reason: str) -> MysteryVisit:
    """The report needs more. Raises NotFound, IllegalStep, Forbidden, Invalid."""
    if not reason.strip():
        raise Invalid([FieldError("reason", "required", _("Say what is missing."))])
    return _step(visit_id, "return", actor, returned_because=reason.strip()[: questions.MAX_TEXT])


def cancel(*, visit_id: int, actor: User) -> MysteryVisit:
    """The visit is not needed any more. Raises NotFound, IllegalStep, Forbidden."""
    return _step(visit_id, "cancel", actor)


def lapse_due(now: datetime) -> int:
    """Assignments whose last day has passed are taken back, each in its own transaction; returns how many."""
    overdue = MysteryVisit.objects.filter(status=VisitStatus.ASSIGNED, due_on__lt=timezone.localdate(now))
    done = 0
    for pk in list(overdue.order_by("due_on", "pk").values_list("pk", flat=True)[:LAPSED_AT_ONCE]):
        with transaction.atomic(durable=True):
            visit = overdue.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
            if visit is not None:
                _move(visit, "lapse", ["clock"], None, now)
                done += 1
    return done


def fees(actor: User) -> QuerySet[VisitFee]:
    """The fee ledger, the latest first. Raises Forbidden for everybody but the ministry and the auditors."""
    access.require_role(actor, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
    return VisitFee.objects.select_related("visit__office", "visit__supplier", "visit__visitor")


def approve_fee(*, visit_id: int, actor: User) -> MysteryVisit:
    """Pay the visit out of the ledger. Raises NotFound, IllegalStep, Forbidden, OwnFee."""
    now = database_now()
    with transaction.atomic(durable=True):
        visit = MysteryVisit.objects.filter(pk=visit_id, visitor__user=actor).first()
        if visit is not None:
            raise OwnFee
        visit, parties = _lock(visit_id, actor, "pay")
        VisitFee.objects.filter(visit=visit, approved_at=None).update(approved_by=actor, approved_at=now)
        _move(visit, "pay", parties, actor, now)
        return visit


def photos_of(visit: MysteryVisit) -> list[StoredFile]:
    return list(StoredFile.objects.filter(subject=f"visit:{visit.pk}"))


def _may_open(actor: Any, key: str) -> bool:
    return key.isdecimal() and selectors.visits(actor).filter(pk=int(key)).exists()


files.register_rule("visit", _may_open)


def _step(visit_id: int, action: str, actor: User, **changes: Any) -> MysteryVisit:
    now = database_now()
    with transaction.atomic(durable=True):
        visit, parties = _lock(visit_id, actor, action)
        _move(visit, action, parties, actor, now, **changes)
        return visit


def _lock(visit_id: int, actor: User, action: str) -> tuple[MysteryVisit, list[str]]:
    rows = selectors.visits(actor).select_for_update(of=("self",))
    visit = rows.filter(pk=visit_id).first() or selectors.visit(actor, visit_id)
    parties = selectors.visit_parties(actor, visit)
    if not parties or not any(set(parties) & set(step.parties) for step in VISIT.steps if step.action == action):
        raise Forbidden
    VISIT.find(action, visit.status, parties)
    return visit, parties


def _move(
    visit: MysteryVisit, action: str, parties: list[str], actor: User | None, now: datetime, **changes: Any
) -> None:
    step = VISIT.find(action, visit.status, parties)
    VISIT.take(MysteryVisit.objects.filter(pk=visit.pk), step, visit.status, **changes)
    _log(visit, step.target, actor, now)
    visit.refresh_from_db()


def _log(visit: MysteryVisit, after: str, actor: User | None, now: datetime) -> None:
    before = visit.status if after != "assigned" else ""
    events.record(kind=f"visit.{after}", subject=f"visit:{visit.pk}", actor=actor, before=before, after=after, at=now)
