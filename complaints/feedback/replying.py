"""The right of reply: what a supplier says in public about its complaints or a published mark, looked through first."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints.feedback import questions
from complaints.feedback.models import Feedback, PublicReply
from complaints.feedback.states import REPLY, FeedbackStatus, ReplyStatus
from marketplace import access, events
from marketplace.errors import FieldError, Invalid, NotFound
from marketplace.models import Role, User
from marketplace.time import database_now
from suppliers.models import Partner
from suppliers.selectors import shops_of


def replies(actor: User) -> QuerySet[PublicReply]:
    """A supplier's own, all for the ministry and the auditor; none for anybody else."""
    rows = PublicReply.objects.select_related("supplier", "feedback")
    if actor.role in {Role.REVIEWER, Role.AUDITOR}:
        return rows
    return rows.filter(supplier__in=shops_of(actor)) if actor.role == Role.SUPPLIER else rows.none()


def answerable(actor: User, feedback_id: int | None) -> tuple[Partner, Feedback | None]:
    """Who replies to what. Raises Forbidden, and NotFound for a foreign or unpublished mark."""
    access.require_role(actor, Role.SUPPLIER)
    own = Partner.objects.filter(pk__in=shops_of(actor)).order_by("pk")
    if feedback_id is None:
        supplier = own.first()
        if supplier is None:
            raise NotFound
        return supplier, None
    mark = (
        Feedback.objects.select_related("supplier")
        .filter(pk=feedback_id, supplier__in=own, status=FeedbackStatus.PUBLISHED)
        .first()
    )
    if mark is None or mark.supplier is None:
        raise NotFound
    return mark.supplier, mark


def offer(*, actor: User, text: str, feedback_id: int | None = None) -> PublicReply:
    """Send a reply to be looked through; one that waits already is replaced. Raises Forbidden, NotFound, Invalid."""
    now = database_now()
    with transaction.atomic(durable=True):
        supplier, mark = answerable(actor, feedback_id)
        words = _publishable(text)
        Partner.objects.select_for_update(no_key=True).get(pk=supplier.pk)
        _replace(supplier, mark, ReplyStatus.WAITING, now)
        reply = PublicReply.objects.create(
            supplier=supplier, feedback=mark, text=words, language=(get_language() or "kk")[:2], offered_at=now
        )
        _log("offered", reply, "", actor, now)
    return reply


def publish(*, actor: User, reply_id: int, text: str) -> PublicReply:
    """Put the words, looked through, beside what they answer. Raises Forbidden, NotFound, IllegalStep, Invalid."""

    def change(reply: PublicReply, now: datetime) -> dict[str, Any]:
        words = _publishable(text)
        _replace(reply.supplier, reply.feedback, ReplyStatus.PUBLISHED, now)
        if reply.feedback is None:
            Partner.objects.filter(pk=reply.supplier_id).update(
                complaints_reply=words, complaints_reply_language=reply.language
            )
        return {"text": words, "decided_at": now}

    return _take(actor, reply_id, "publish", change)


def refuse(*, actor: User, reply_id: int, text: str) -> PublicReply:
    """Not to be published, with the reason for the supplier. Raises Forbidden, NotFound, IllegalStep, Invalid."""

    def change(_reply: PublicReply, now: datetime) -> dict[str, Any]:
        reason = text.strip()[: questions.MAX_TEXT]
        if not reason:
            raise Invalid([FieldError("text", "required", _("Write why it is not published."))])
        return {"refused_for": reason, "decided_at": now}

    return _take(actor, reply_id, "refuse", change)


def withdraw(*, actor: User, reply_id: int) -> PublicReply:
    """The supplier takes it back. Raises Forbidden, NotFound, IllegalStep."""

    def change(reply: PublicReply, _now: datetime) -> dict[str, Any]:
        if reply.status == ReplyStatus.PUBLISHED and reply.feedback is None:
            Partner.objects.filter(pk=reply.supplier_id).update(complaints_reply="", complaints_reply_language="")
        return {}

    return _take(actor, reply_id, "withdraw", change)


def _take(actor: User, reply_id: int, action: str, change: Any) -> PublicReply:
    access.require_role(actor, *({Role.SUPPLIER} if action == "withdraw" else {Role.REVIEWER}))
    party, now = ("supplier" if action == "withdraw" else "ministry"), database_now()
    with transaction.atomic(durable=True):
        reply = replies(actor).select_for_update(of=("self",)).filter(pk=reply_id).first()
        if reply is None:
            raise NotFound
        step, before = REPLY.find(action, reply.status, [party]), reply.status
        REPLY.take(PublicReply.objects.filter(pk=reply.pk), step, before, **change(reply, now))
        reply.refresh_from_db()
        _log(action, reply, before, actor, now)
    return reply


def _replace(supplier: Partner, mark: Feedback | None, status: str, now: datetime) -> None:
    """The one that stands in this state makes room for a later one."""
    for old in PublicReply.objects.select_for_update().filter(supplier=supplier, feedback=mark, status=status):
        step = REPLY.find("replace", status, ["clock"])
        REPLY.take(PublicReply.objects.filter(pk=old.pk), step, status, decided_at=now)


def _publishable(text: str) -> str:
    try:
        return questions.publishable(text)
    except Invalid as error:
        # The box of these forms is called "text".
        raise Invalid([FieldError("text", wrong.code, wrong.message) for wrong in error.errors]) from None


def _log(word: str, reply: PublicReply, before: str, actor: User, now: datetime) -> None:
    events.record(
        kind=f"reply.{word}",
        subject=f"reply:{reply.pk}",
        actor=actor,
        before=before,
        after=reply.status,
        data={"supplier": reply.supplier.code, "feedback": reply.feedback_id},
        at=now,
    )
