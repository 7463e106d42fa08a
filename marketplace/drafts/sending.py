"""What every kind asks before its draft becomes something else, and how the draft is closed then."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.drafts import keys, rights
from marketplace.errors import Changed, DomainError, Forbidden
from marketplace.models import Draft, User


class AlreadySubmitted(DomainError):
    code = "already_submitted"
    message = _("This application was already sent. You see what came out of it.")


class Discarded(DomainError):
    code = "discarded"
    message = _("This application was put aside. Restore it to go on.")


class OpenConflict(DomainError):
    code = "open_conflict"
    message = _("Two people changed the same answer. Choose which one to keep, then send.")


def locked(
    *, draft_id: UUID, actor: User, kind: str, expected_rev: int, came_out: Callable[[Draft], dict[str, Any]]
) -> Draft:
    """The open draft under its row lock, as the actor checked it; ``came_out``: what a sent one became.

    Raises NotFound, OnlyHelps, Forbidden (another kind), AlreadySubmitted (with what came out), Discarded, Changed,
    OpenConflict.
    """
    draft = rights.lock(draft_id=draft_id, actor=actor)
    rights.check_sends(actor, draft)
    if draft.kind != kind:
        raise Forbidden
    if draft.status == Draft.Status.SUBMITTED:
        raise AlreadySubmitted(**came_out(draft))
    if draft.status == Draft.Status.DISCARDED:
        raise Discarded
    if draft.rev != expected_rev:
        raise Changed(rev=draft.rev)
    if draft.conflicts:
        raise OpenConflict(conflicts=sorted(draft.conflicts))
    return draft


def close(draft: Draft, result: dict[str, Any]) -> None:
    """Mark the draft as sent with what came out of it; keys that save without a session end."""
    draft.status, draft.submitted_at, draft.result = Draft.Status.SUBMITTED, timezone.now(), result
    draft.save(update_fields=["status", "submitted_at", "result"])
    keys.revoke(draft.pk)


def results(draft: Draft) -> list[dict[str, Any]]:
    """What came out of a draft that becomes one thing, in the shape of the draft's ``orders``."""
    return [draft.result] if draft.result else []
