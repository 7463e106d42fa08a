"""Who sees which feedback, calls and visits. Foreign and missing alike raise NotFound.

A supplier's people and an office's caseworkers read what concerns them, except what a mystery visitor saw
before it was reviewed (until then there is no mark). The body of a place reads what got no reply in time.
"""

from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from complaints.feedback.models import CallTask, Feedback, MysteryVisit, PublicReply
from complaints.feedback.states import OPEN_CALLS, OWED_STATES, SETTLED_STATES, FeedbackStatus, ReplyStatus, VisitStatus
from marketplace import rules
from marketplace.errors import NotFound
from marketplace.models import Role, User
from suppliers.selectors import shops_of

MINISTRY = {Role.REVIEWER}
READERS = {Role.REVIEWER, Role.AUDITOR, Role.ADMIN}


def visible(actor: Any) -> QuerySet[Feedback]:
    """All feedback whose words the actor may read. Marks and means are told by others (figures.py)."""
    rows = Feedback.objects.select_related("supplier", "office", "region")
    if not actor.is_authenticated:
        return rows.none()
    if actor.role in MINISTRY:
        return rows
    if actor.role == Role.SUPPLIER:
        return rows.filter(supplier__in=shops_of(actor))
    if actor.role == Role.CASEWORKER and actor.office_id:
        return rows.filter(office=actor.office_id)
    if actor.role == Role.INSPECTOR and actor.authority is not None:
        return rows.filter(escalated_at__isnull=False, region=actor.authority.region_id)
    return rows.none()


def owed(actor: User) -> QuerySet[Feedback]:
    """What the actor has to look at, what is due first first.

    Owners: marks without reply or action. The ministry: those without a reply in time, then words to moderate.
    """
    rows = visible(actor).order_by("reply_by", "pk")
    if actor.role in {Role.SUPPLIER, Role.CASEWORKER}:
        return rows.filter(status__in=OWED_STATES)
    escalated = Q(status=FeedbackStatus.ESCALATED)
    if actor.role in MINISTRY:
        return rows.filter(escalated | Q(status__in=[FeedbackStatus.RATED, FeedbackStatus.ACTED]) & ~Q(text=""))
    return rows.filter(escalated)


def read(actor: User, feedback_id: int) -> Feedback:
    found = visible(actor).filter(pk=feedback_id).first()
    if found is None:
        raise NotFound
    return found


def lock(actor: User, feedback_id: int) -> Feedback:
    """The row under a lock, for a step of the actor."""
    found = visible(actor).select_for_update(of=("self",)).filter(pk=feedback_id).first()
    if found is None:
        raise NotFound
    return found


def parties(actor: User, found: Feedback) -> list[str]:
    """In what capacity the actor meets a mark that is visible to them."""
    if actor.role == Role.SUPPLIER and found.supplier_id is not None:
        return ["supplier"]
    if actor.role == Role.CASEWORKER and found.office_id is not None:
        return ["office"]
    return ["ministry"] if actor.role in MINISTRY else []


def overdue(now: datetime) -> QuerySet[Feedback]:
    """Flagged marks whose last day is over, by local dates."""
    return Feedback.objects.filter(status=FeedbackStatus.FLAGGED, reply_by__lt=timezone.localdate(now))


def to_archive(now: datetime) -> QuerySet[Feedback]:
    """Marks that nobody owes a step of, given and published more days ago than ``feedback.archive_days`` says."""
    days = int(rules.get("feedback.archive_days", on=timezone.localdate(now)).value["days"])
    since = timezone.make_aware(datetime.combine(timezone.localdate(now) - timedelta(days=days), time.min))
    rows = Feedback.objects.filter(status__in=SETTLED_STATES, given_at__lt=since)
    return rows.exclude(published_at__gte=since)


def published(**owner: Any) -> QuerySet[Feedback]:
    """Words that everybody may read about one supplier or office, the latest first, with published replies."""
    replies = Prefetch("public_replies", PublicReply.objects.filter(status=ReplyStatus.PUBLISHED))
    rows = Feedback.objects.filter(status=FeedbackStatus.PUBLISHED, **owner).order_by("-published_at")
    return rows.prefetch_related(replies)


# --- Calls and visits ---------------------------------------------------------------------------


def calls(actor: User, now: datetime) -> QuerySet[CallTask]:
    """Interviews to be made today: the hotline's all, a caseworker's with the own office's people about deliveries.

    Nobody interviews about the own office.
    """
    rows = CallTask.objects.select_related("occasion__person", "occasion__supplier", "occasion__office", "region")
    rows = rows.filter(status__in=OPEN_CALLS, call_from__lte=timezone.localdate(now)).order_by("call_from", "pk")
    if actor.role == Role.HOTLINE:
        return rows
    if actor.role == Role.CASEWORKER and actor.office is not None:
        return rows.filter(occasion__office=None, occasion__person__office=actor.office)
    return rows.none()


def call(actor: User, task_id: int, now: datetime) -> CallTask:
    found = calls(actor, now).filter(pk=task_id).first()
    if found is None:
        raise NotFound
    return found


def visits(actor: Any) -> QuerySet[MysteryVisit]:
    """The ministry sees all assignments, a mystery visitor the own ones; the visited see none."""
    rows = MysteryVisit.objects.select_related("visitor__user", "supplier", "office", "fee").order_by("due_on", "pk")
    if not actor.is_authenticated:
        return rows.none()
    if actor.role in READERS:
        return rows
    return rows.filter(visitor__user=actor, visitor__active=True)


def visit(actor: Any, visit_id: int) -> MysteryVisit:
    found = visits(actor).filter(pk=visit_id).first()
    if found is None:
        raise NotFound
    return found


def visit_parties(actor: User, found: MysteryVisit) -> list[str]:
    """A reviewer who is the visitor is only the visitor."""
    if found.visitor.user_id == actor.pk:
        return ["visitor"]
    return ["ministry"] if actor.role in MINISTRY else []


def open_visits(actor: User) -> QuerySet[MysteryVisit]:
    """Assignments that wait for a step of the actor, what is due first first."""
    if actor.role in MINISTRY:
        return visits(actor).filter(status__in=[VisitStatus.VISITED, VisitStatus.REVIEWED]).exclude(visitor__user=actor)
    return visits(actor).filter(visitor__user=actor, status=VisitStatus.ASSIGNED)
