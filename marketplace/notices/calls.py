"""People to be told by phone: the list of an office's caseworkers and of the 1414 operators."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from marketplace import access, events
from marketplace.errors import NotFound
from marketplace.models import Notice, Role, User
from marketplace.notices import sending


def waiting(actor: User) -> QuerySet[Notice]:
    """Notices that the actor may tell by phone, the oldest first.

    A caseworker phones the people of the own office, an operator of 1414 everybody.
    """
    rows = Notice.objects.filter(status=Notice.Status.CALL).select_related("recipient").order_by("created_at", "pk")
    if actor.is_authenticated and actor.role == Role.HOTLINE:
        return rows
    if actor.is_authenticated and actor.role == Role.CASEWORKER and actor.office_id:
        return rows.filter(recipient__office_id=actor.office_id)
    return rows.none()


def to_read_out(actor: User, most: int) -> tuple[list[Notice], bool]:
    """The first of them for a page that says whom to call and what to say, and whether there are more.

    Names, phones and texts are on the page: each person on it gets a row in the read log (guarantee G8).
    """
    found = list(waiting(actor)[: most + 1])
    people = [notice.recipient_id for notice in found[:most] if notice.recipient_id is not None]
    access.log_reads(actor=actor, person_ids=people, purpose="call", subject="people:call")
    return [sending.fill(notice) for notice in found[:most]], len(found) > most


def mark_told(*, notice_id: int, actor: User) -> None:
    """The actor has told the person. Raises NotFound when it is not (or no longer) on the actor's list."""
    with transaction.atomic(durable=True):
        notice = waiting(actor).filter(pk=notice_id).first()
        told = Notice.objects.filter(pk=notice_id, status=Notice.Status.CALL)
        if notice is None or not told.update(status=Notice.Status.DELIVERED, finished_at=timezone.now()):
            raise NotFound
        access.log_read(actor=actor, person_id=notice.recipient_id, purpose="call", subject=notice.subject)
        events.record(
            kind="notice.told",
            subject=notice.subject,
            actor=actor,
            on_behalf_of=notice.recipient,
            data={"notice": notice.pk, "kind": notice.kind},
        )
