"""Who else has a draft open: a hint, kept in the cache for half a minute and nowhere else. It locks nothing.

The cache has ids, no names.
"""

import time
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from marketplace.drafts import reading, rights
from marketplace.models import Draft, Role, User

SEEN_SECONDS = 30
MOST_PEOPLE = 20
WORDS = {
    Role.CASEWORKER: _("A specialist of the social office"),
    Role.HOTLINE: _("An operator of 1414"),
    Role.BENEFICIARY: _("The person herself"),
    Role.GUARDIAN: _("The person's guardian"),
}


def seen(*, draft_id: UUID, actor: User, device: str = "") -> list[dict[str, Any]]:
    """Note that the actor has the draft open; the others who do: {"name", "role"}, the latest first.

    Other devices of the actor are nobody else. Specialists are called by what they are, never by name or
    login. Without the cache nobody is there. Raises NotFound.
    """
    draft = reading.get(actor, draft_id)
    key, now = f"presence:{draft.pk}", time.time()
    # Two who write at once may hide one of them for one turn: a hint is not worth a lock.
    present = {who: entry for who, entry in (cache.get(key) or {}).items() if now - entry["at"] < SEEN_SECONDS}
    present[f"{actor.pk}:{device[:64]}"] = {"user": actor.pk, **_facts(actor, draft), "at": now}
    latest = sorted(present.items(), key=lambda item: -item[1]["at"])[:MOST_PEOPLE]
    cache.set(key, dict(latest), SEEN_SECONDS)
    others = {entry["user"]: entry for _key, entry in reversed(latest) if entry["user"] != actor.pk}
    named = [who for who, entry in others.items() if entry.get("named")]
    names = dict(User.objects.filter(pk__in=named).values_list("pk", "full_name")) if named else {}
    return [
        {"name": names.get(who) or str(WORDS.get(entry["role"], _("Somebody else"))), "role": entry["role"]}
        for who, entry in reversed(others.items())
    ]


def _facts(actor: User, draft: Draft) -> dict[str, Any]:
    """The person's side by name, a specialist without: the reader's language has the words for her."""
    return {"named": rights.is_owner(actor, draft), "role": actor.role}
