"""A request that is sent twice has one effect and gets the same answer twice.

The key's row is written in the transaction of the effect: a twin that arrives meanwhile waits on
the unique index and then replays; a refusal rolls both back, so the key stays free.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction

from marketplace.errors import KeyReused
from marketplace.models import IdempotencyKey, User


@dataclass(frozen=True)
class Request:
    """One logical action: who asks, under which key, for what, with which body."""

    owner: str
    key: str
    action: str
    body_hash: str
    user: User | None = None


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    replayed: bool = False


def request_of(*, user: User | None, owner: str = "", key: str, action: str, body: bytes) -> Request:
    """The request's identity; ``owner`` names a visitor without an account (a hash, never an address)."""
    who = f"user:{user.pk}" if user is not None and user.is_authenticated else owner
    known = user if user is not None and user.is_authenticated else None
    return Request(who, key, action, hashlib.sha256(body).hexdigest(), known)


def once(request: Request | None, work: Callable[[], tuple[int, dict[str, Any]]]) -> Answer:
    """Run ``work`` in one durable transaction, once per key. Without a request: just run it.

    Raises KeyReused when the key stands for another body or action.
    """
    with transaction.atomic(durable=True):
        if request is None:
            status, body = work()
            return Answer(status, body)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO marketplace_idempotencykey"
                " (owner, key, action, body_hash, user_id, status, answer, created_at)"
                " VALUES (%s, %s, %s, %s, %s, 0, '{}', now()) ON CONFLICT (owner, key) DO NOTHING RETURNING id",
                [
                    request.owner,
                    request.key,
                    request.action,
                    request.body_hash,
                    request.user.pk if request.user else None,
                ],
            )
            inserted = cursor.fetchone()
        if inserted is None:
            return _replay(request)
        status, body = work()
        IdempotencyKey.objects.filter(pk=inserted[0]).update(status=status, answer=body)
        return Answer(status, body)


def once_beside_twins(request: Request | None, work: Callable[[], tuple[int, dict[str, Any]]]) -> Answer:
    """The same where a constraint may refuse the work because a twin with another key was first.

    The second look finds what the twin did.
    """
    try:
        return once(request, work)
    except IntegrityError:
        return once(request, work)


def _replay(request: Request) -> Answer:
    stored = IdempotencyKey.objects.get(owner=request.owner, key=request.key)
    if stored.body_hash != request.body_hash or stored.action != request.action:
        raise KeyReused
    return Answer(stored.status, stored.answer, replayed=True)
