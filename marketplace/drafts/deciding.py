"""Two people, one field: who decides which answer stays.

The person decides. A specialist may do it for her when she is there or on the phone: the specialist says
which, and the person gets both answers to read (frontend.md 2.5).
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from marketplace import events, outbox
from marketplace.drafts import rights
from marketplace.errors import FieldError, Invalid
from marketplace.models import Draft, DraftSave, User

REASONS = {
    "present": _("The person is here"),
    "phone": _("The person is on the phone"),
}


def asks_reason(actor: User) -> bool:
    """Whether the question at a field also asks this actor how the person takes part."""
    return actor.is_authenticated and actor.role in rights.STAFF


def must_be_told(actor: User, draft: Draft, current: dict[str, Any], conflict: dict[str, Any]) -> bool:
    """Does a specialist decide here about an answer that is not only her own?"""
    return (
        asks_reason(actor)
        and draft.beneficiary_id is not None
        and {current["by"], conflict["by"]} != {actor.pk}
    )  # fmt: skip


def checked(reason: str, *, needed: bool) -> str:
    """The reason as it is recorded. Raises Invalid when it is needed and not one of REASONS."""
    if reason in REASONS:
        return reason
    if needed:
        message = _("Say how the person takes part: she is here, or she is on the phone.")
        raise Invalid([FieldError("reason", "required", message)])
    return ""


def tell(draft: Draft, save: DraftSave, *, actor: User, field: str, reason: str) -> None:
    """Log the decision and have the person told; both values stand in the save, not in event or outbox."""
    events.record(
        kind="draft.decided_for_person",
        subject=f"draft:{draft.pk}",
        actor=actor,
        on_behalf_of=draft.beneficiary,
        reason=reason,
        data={"field": field, "rev": save.rev},
        at=save.at,
    )
    outbox.add("draft.decided_for_person", str(draft.pk), {"save": save.pk})
