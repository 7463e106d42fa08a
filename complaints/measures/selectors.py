"""Who sees which measure, fine and pre-trial record. Foreign and missing are alike."""

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from complaints import selectors as cases
from complaints.measures.models import Fine, Measure
from complaints.models import Complaint
from complaints.selectors import Actor, Viewer
from complaints.states import BODY, MINISTRY
from marketplace import access
from marketplace.models import Role, User

Kind = Measure.Kind
_OVERSEERS = {Role.REVIEWER, Role.AUDITOR, Role.ADMIN}


def visible(actor: Actor) -> QuerySet[Measure]:
    """Overseers all; a body those of its cases, its own decisions and the instructions it got; nobody else any."""
    rows = Measure.objects.all()
    if not actor.is_authenticated or not actor.is_active:
        return rows.none()
    if actor.role in _OVERSEERS:
        return rows
    if actor.role == Role.INSPECTOR and actor.authority_id:
        own = cases.visible(actor).filter(pk=OuterRef("complaint"))
        mine = Q(addressee=actor.authority_id) | Q(authority=actor.authority_id)
        return rows.filter(mine | Exists(own))
    return rows.none()


def listed(actor: User) -> QuerySet[Measure]:
    """What is open and due first stands first. Raises Forbidden for who is neither a body nor an overseer."""
    access.require_role(actor, Role.INSPECTOR, *_OVERSEERS)
    shown = ("complaint", "authority", "addressee", "supplier", "product", "rule", "suspension")
    order = ("respond_by", "-made_at", "pk")
    return visible(actor).select_related(*shown).order_by(F("done_at").desc(nulls_first=True), *order)


def may_report(actor: Actor, measure: Measure) -> bool:
    """May this person say that the measure is carried out, or lift it?"""
    if not actor.is_authenticated:
        return False
    if measure.kind == Kind.INSTRUCTION:
        return actor.authority_id is not None and actor.authority_id == measure.addressee_id
    if measure.kind == Kind.STOP_SALE:
        own = actor.role == Role.INSPECTOR and actor.authority_id == measure.authority_id
        return actor.role == Role.REVIEWER or own
    return False


def reads_records(actor: Viewer) -> bool:
    """Texts of measures, fines and pre-trial papers are for the bodies and overseers, not for the two sides.

    They tell of a person's matter: who keeps accounts and master data does without.
    """
    return actor.is_authenticated and actor.role in {Role.INSPECTOR, *_OVERSEERS} - {Role.ADMIN}


def log(actor: User, measures: Iterable[Measure]) -> None:
    """Whoever reads what is written in measures leaves a row for each person whose matter it is."""
    read = [row for row in measures if row.text or row.result] if reads_records(actor) else []
    people = {row.complaint.complainant_id for row in read if row.complaint.complainant_id is not None}
    access.log_reads(actor=actor, person_ids=people, purpose="complaint", subject="people:measures")


def may_fine(actor: Viewer, complaint: Complaint) -> bool:
    """The body that has the case, and the ministry."""
    return complaint.addressee_authority_id is not None and bool(cases.parties(actor, complaint) & {BODY, MINISTRY})


def fines(actor: Actor) -> QuerySet[Fine]:
    """Fines of the cases that the actor's desk sees."""
    if not actor.is_authenticated or actor.role not in {Role.INSPECTOR, *_OVERSEERS}:
        return Fine.objects.none()
    own = cases.visible(actor).filter(pk=OuterRef("complaint"))
    return Fine.objects.filter(Exists(own)).select_related("complaint", "supplier", "authority")
