"""What becomes of a low mark: the owner replies and notes what was done, a moderator decides what all may read."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints.feedback import questions, selectors
from complaints.feedback.models import Feedback
from complaints.feedback.states import FEEDBACK
from marketplace import events, outbox
from marketplace.errors import FieldError, Invalid
from marketplace.models import User
from marketplace.time import database_now


def reply(*, feedback_id: int, actor: User, text: str) -> Feedback:
    """The owner's reply. Raises NotFound (foreign), IllegalStep, Invalid."""
    return _take(feedback_id, "reply", actor, lambda now: {"reply": _words("text", text), "replied_at": now})


def note_action(*, feedback_id: int, actor: User, text: str) -> Feedback:
    """What the owner did about it. Raises NotFound, IllegalStep, Invalid."""
    return _take(feedback_id, "note-action", actor, lambda _now: {"action": _words("text", text)})


def publish(*, feedback_id: int, actor: User, text: str) -> Feedback:
    """Put the moderated words before everybody. Raises NotFound, IllegalStep, Invalid (somebody's numbers in them)."""
    return _take(
        feedback_id,
        "publish",
        actor,
        lambda now: {"public_text": questions.publishable(text), "published_at": now},
    )


def keep_private(*, feedback_id: int, actor: User) -> Feedback:
    """The mark counts, the words stay with the owner and the ministry. Raises NotFound, IllegalStep."""
    return _take(feedback_id, "keep-private", actor, lambda _now: {"public_text": "", "published_at": None})


def escalate(*, feedback_id: int, now: datetime) -> bool:
    """The owner let the day pass: the body of the place and the ministry see it. False when it is not due any more."""
    with transaction.atomic(durable=True):
        rows = selectors.overdue(now).select_for_update(skip_locked=True, of=("self",))
        found = rows.filter(pk=feedback_id).first()
        if found is None:
            return False
        _move(found, "escalate", ["clock"], None, {"escalated_at": now}, now)
        outbox.add("feedback.escalated", str(found.pk))
        return True


def archive(*, feedback_id: int, now: datetime) -> bool:
    """The mark leaves the pages; it counts on in the means. False when it is not due any more."""
    with transaction.atomic(durable=True):
        rows = selectors.to_archive(now).select_for_update(skip_locked=True, of=("self",))
        found = rows.filter(pk=feedback_id).first()
        if found is None:
            return False
        _move(found, "archive", ["clock"], None, {}, now)
        return True


def _take(feedback_id: int, action: str, actor: User, changes: Callable[[datetime], dict[str, Any]]) -> Feedback:
    now = database_now()
    with transaction.atomic(durable=True):
        found = selectors.lock(actor, feedback_id)
        parties = selectors.parties(actor, found)
        # The step first: a refusal names the state, not the words that were typed for it.
        FEEDBACK.find(action, found.status, parties)
        _move(found, action, parties, actor, changes(now), now)
        found.refresh_from_db()
        return found


def _move(
    found: Feedback, action: str, parties: list[str], actor: User | None, changes: dict[str, Any], now: datetime
) -> None:
    step = FEEDBACK.find(action, found.status, parties)
    FEEDBACK.take(Feedback.objects.filter(pk=found.pk), step, found.status, **changes)
    events.record(
        kind=f"feedback.{action.replace('-', '_')}",
        subject=f"feedback:{found.pk}",
        actor=actor,
        before=found.status,
        after=step.target,
        at=now,
    )


def _words(name: str, text: str) -> str:
    words = text.strip()
    if not words:
        raise Invalid([FieldError(name, "required", _("Write in your own words."))])
    if len(words) > questions.MAX_TEXT:
        raise Invalid([FieldError(name, "too_long", _("Write at most 2,000 characters."))])
    return words
