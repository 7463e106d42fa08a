"""The draft key: saving goes on after the session is gone (docs/adr/0012-draft-key.md).

A key adds values to one open draft as the person who asked for it. It reads nothing, sends nothing and
creates nothing; what it saves is marked in the log.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models import F
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from marketplace import payloads, rules
from marketplace.drafts import rights
from marketplace.drafts.errors import DraftClosed
from marketplace.models import Draft, DraftKey, User

VIA = "key"
KEY_BYTES = 16  # 128 bits: not to be guessed, whatever the rate
LIFETIME_RULE = "draft.key_days"
# A receipt that is asked for with another content is a guess at the content: an honest device never needs many.
MAX_STRIKES = 5


@dataclass(frozen=True)
class Issued:
    """The key as its device keeps it; the portal forgets it at once."""

    key: str
    expires_at: datetime


@dataclass(frozen=True)
class Holder:
    """Whom a presented key stands for."""

    key_id: int
    user: User
    device: str


def issue(*, draft_id: UUID, actor: User, device: str, session_key: str | None = None) -> Issued:
    """A new key for this person, device and draft; the former one is void. Raises NotFound, DraftClosed."""
    key = secrets.token_urlsafe(KEY_BYTES)
    device = payloads.clean(device)[:64]
    now = timezone.now()
    expires_at = now + timedelta(days=int(rules.get(LIFETIME_RULE).value["days"]))
    with transaction.atomic(durable=True):
        draft = rights.lock(draft_id=draft_id, actor=actor)
        if draft.status != Draft.Status.OPEN:
            raise DraftClosed
        _working().filter(draft=draft, user=actor, device=device).update(revoked_at=now)
        DraftKey.objects.create(
            draft=draft,
            user=actor,
            device=device,
            key_hash=_hash(key),
            session_hash=_hash(session_key) if session_key else b"",
            password_mark=actor.get_session_auth_hash(),
            created_at=now,
            expires_at=expires_at,
        )
    return Issued(key, expires_at)


def holder_of(key: str, draft_id: UUID) -> Holder | None:
    """Who saves with this key; None for a wrong, expired, revoked or foreign one and for a draft that is closed."""
    row = (
        _working()
        .select_related("user", "draft")
        .filter(
            key_hash=_hash(key),
            draft=draft_id,
            draft__status=Draft.Status.OPEN,
            expires_at__gt=timezone.now(),
            user__is_active=True,
        )
        .first()
    )
    if row is None or not constant_time_compare(row.password_mark, row.user.get_session_auth_hash()):
        return None
    return Holder(row.pk, row.user, row.device) if rights.may_edit(row.user, row.draft) else None


def strike(key_id: int) -> None:
    """Count a receipt that was asked for with another content; too many of them end the key."""
    row = DraftKey.objects.filter(pk=key_id)
    row.update(strikes=F("strikes") + 1)
    row.filter(strikes__gte=MAX_STRIKES, revoked_at=None).update(revoked_at=timezone.now())


def revoke(draft_id: UUID) -> None:
    """End every key of a draft, in the transaction that closes it."""
    _working().filter(draft=draft_id).update(revoked_at=timezone.now())


def devices_of(session_key: str | None) -> set[str]:
    """Names of the devices that asked for keys in this session: the browser that looks now."""
    if not session_key:
        return set()
    return set(DraftKey.objects.filter(session_hash=_hash(session_key)).values_list("device", flat=True))


@receiver(user_logged_out)
def _revoke_of_session(sender: Any, request: HttpRequest, **_signal: Any) -> None:
    """Who signs out leaves no key on the device; the session of a program has none."""
    session_key = getattr(getattr(request, "session", None), "session_key", None)
    if session_key:
        _working().filter(session_hash=_hash(session_key)).update(revoked_at=timezone.now())


def _working() -> Any:
    return DraftKey.objects.filter(revoked_at=None)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
