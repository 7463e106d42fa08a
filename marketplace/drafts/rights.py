"""Who may fill in a draft: asked in one place by every door."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import access
from marketplace.drafts import kinds
from marketplace.errors import Forbidden, NotFound
from marketplace.models import Draft, HelpGrant, Role, User

STAFF = frozenset({Role.CASEWORKER, Role.HOTLINE})
OWNERS = frozenset({Role.BENEFICIARY, Role.GUARDIAN})


class OnlyHelps(Forbidden):
    """A helper fills in; to send and to put aside is the person's, or her own office's."""

    code = "only_helps"
    message = _("You only help with this application. The person sends it herself, or her own social office does.")


def may_edit(actor: User, draft: Draft) -> bool:
    """Whether the actor reads and saves this draft: the rule of its kind, or help that the person let in."""
    return kinds.get(draft.kind).may_edit(actor, draft) or helps(actor, draft)


def helps(actor: User, draft: Draft) -> bool:
    """Did the person let this specialist in with a continue code, and does that still run?"""
    if not actor.is_authenticated or not actor.is_active or actor.role not in STAFF:
        return False
    return running_help().filter(draft=draft, helper=actor).exists()


def running_help(now: datetime | None = None) -> QuerySet[HelpGrant]:
    """Help with open drafts that nobody ended and whose hours are not over."""
    return HelpGrant.objects.filter(ended_at=None, until__gt=now or timezone.now(), draft__status=Draft.Status.OPEN)


def only_helps(actor: User, draft: Draft) -> bool:
    """Of somebody who may edit: only because the person let her in, not by the rule of the draft's kind."""
    return actor.role in STAFF and not kinds.get(draft.kind).may_edit(actor, draft)


def check_sends(actor: User, draft: Draft) -> None:
    """Raises OnlyHelps for somebody who may fill in but neither send nor put aside."""
    if only_helps(actor, draft):
        raise OnlyHelps


def owns(actor: User, draft: Draft) -> bool:
    """Of somebody who may edit: is she the person herself or her guardian? Of others than staff only those may."""
    return draft.beneficiary_id is not None and actor.role in OWNERS


def is_owner(actor: User, draft: Draft) -> bool:
    """The person herself or her guardian; of a draft about nobody in particular, the person who writes it."""
    if draft.beneficiary_id is None:
        return draft.author_id == actor.pk and actor.role in OWNERS
    return access.is_owner(actor, draft.beneficiary_id)


def log_look(actor: User, draft: Draft) -> None:
    """A specialist's look at a person's draft leaves a row (guarantee G8)."""
    if actor.role in STAFF:
        purpose = "help" if only_helps(actor, draft) else "draft"
        access.log_read(actor=actor, person_id=draft.beneficiary_id, purpose=purpose, subject=f"draft:{draft.pk}")


def log_looks(actor: User, beneficiary_ids: Iterable[int | None]) -> None:
    """The same for a list that tells what is in each draft: one row for each person on it."""
    if actor.role in STAFF:
        people = [pk for pk in beneficiary_ids if pk is not None]
        access.log_reads(actor=actor, person_ids=people, purpose="draft", subject="people:draft")


def lock(*, draft_id: UUID, actor: User) -> Draft:
    """The locked draft, inside the transaction of what changes it; foreign and missing are NotFound."""
    # The person at hand: a caseworker may because of the person's office, and what changes it mostly needs her.
    rows = Draft.objects.select_for_update(of=("self",)).select_related("beneficiary")
    draft = rows.filter(pk=draft_id).first()
    if draft is None or not may_edit(actor, draft):
        raise NotFound
    return draft
