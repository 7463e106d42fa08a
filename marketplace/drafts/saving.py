"""Saving a draft: applied once, in order, never over a newer foreign value (guarantees G1, G2).

One transaction: lock the draft row, replay a known key, apply each operation to its field, write the
save with its receipt. The receipt's ``sha256`` is the digest of the request's bytes: "saved" is
only true for what the server has read.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import payloads
from marketplace.drafts import kinds
from marketplace.errors import (
    BadRequest,
    Changed,
    DomainError,
    FieldError,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    TooLarge,
)
from marketplace.models import Draft, DraftSave, User

MAX_BODY = 64 * 1024  # the browser's limit for a request that outlives its page
MAX_FIELD_NAME = 120


class AnswerChanged(Changed):
    """The value that the actor decided about is not the live one any more."""

    status = 409


class NoQuestion(DomainError):
    code = "no_question"
    message = _("There is no open question at this field.")


class DraftClosed(DomainError):
    code = "draft_closed"
    message = _("This application was already sent. You see what came out of it.")


@dataclass(frozen=True)
class Op:
    """One field's change. ``base``: the version the device had seen; ``seq``: its own counter."""

    field: str
    value: Any
    base: int
    seq: int


@dataclass(frozen=True)
class Receipt:
    answer: dict[str, Any]
    replayed: bool = False

    @property
    def rev(self) -> int:
        return int(self.answer["rev"])


def save(
    *,
    draft_id: UUID,
    actor: User,
    key: str,
    body: bytes,
    device: str,
    ops: list[Op],
    schema: int = 1,
    kind: str = "order",
    beneficiary_id: int | None = None,
) -> Receipt:
    """Create the draft or save changed fields; the same key again gives the same receipt.

    Raises BadRequest (no key, a field twice), TooLarge, KeyReused, NotFound (foreign), DraftClosed,
    Invalid (no beneficiary, unknown kind).
    """
    _check_request(key, body, ops)
    device = payloads.clean(device)[:64]
    body_hash = hashlib.sha256(body).hexdigest()
    with transaction.atomic(durable=True):
        draft = _locked(draft_id) or _create(draft_id, actor, kind, schema, beneficiary_id)
        draft_kind = kinds.get(draft.kind)
        if not draft_kind.may_edit(actor, draft):
            raise NotFound
        known = DraftSave.objects.filter(draft=draft, key=key).first()
        if known is not None:
            if known.body_hash != body_hash:
                raise KeyReused
            return Receipt(known.answer, replayed=True)
        if draft.status != Draft.Status.OPEN:
            raise DraftClosed(orders=draft_kind.results(draft))
        now = timezone.now()
        ops = [Op(op.field, payloads.clean(op.value), op.base, op.seq) for op in ops]
        results = {op.field: _apply(draft, draft_kind, op, actor, device, now) for op in ops}
        if any(result["s"] in {"applied", "conflict"} for result in results.values()):
            draft.rev += 1
        draft.updated_at = now
        draft.save(update_fields=["fields", "conflicts", "rev", "updated_at"])
        answer = {"rev": draft.rev, "sha256": body_hash, "r": results}
        DraftSave.objects.create(
            draft=draft,
            key=key,
            body_hash=body_hash,
            actor=actor,
            device=device,
            rev=draft.rev,
            ops=[
                {"f": op.field, "v": op.value, "base": op.base, "seq": op.seq, **_logged(results[op.field])}
                for op in ops
            ],
            answer=answer,
            at=now,
        )
    return Receipt(answer)


def _logged(result: dict[str, Any]) -> dict[str, Any]:
    return {"s": result["s"], "ver": result["ver"]}


def _check_request(key: str, body: bytes, ops: list[Op]) -> None:
    if not key or len(key) > 255:
        raise BadRequest(_("Send an Idempotency-Key header of 1 to 255 characters."), code="idempotency_key_missing")
    if len(body) > MAX_BODY:
        raise TooLarge
    names = [op.field for op in ops]
    if len(set(names)) != len(names):
        raise BadRequest(_("Send one change per field."), code="field_repeated")
    if any(not name or len(name) > MAX_FIELD_NAME or not name.isprintable() for name in names):
        raise BadRequest(_("A field name is empty or too long."), code="field_name")


def _locked(draft_id: UUID) -> Draft | None:
    return Draft.objects.select_for_update().filter(pk=draft_id).first()


def _create(draft_id: UUID, actor: User, kind: str, schema: int, beneficiary_id: int | None) -> Draft:
    """Insert the client-made id; a twin that was first wins and is locked instead."""
    beneficiary = kinds.get(kind).beneficiary_for(actor, beneficiary_id)
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO marketplace_draft (id, kind, schema, status, beneficiary_id, author_id, rev, fields,"
            " conflicts, result, created_at, updated_at)"
            " VALUES (%s, %s, %s, 'open', %s, %s, 0, '{}', '{}', '{}', %s, %s) ON CONFLICT (id) DO NOTHING",
            [draft_id, kind, schema, beneficiary.pk if beneficiary else None, actor.pk, now, now],
        )
    draft = _locked(draft_id)
    if draft is None:
        raise NotFound
    return draft


def _apply(draft: Draft, kind: kinds.Kind, op: Op, actor: User, device: str, now: datetime) -> dict[str, Any]:
    """One operation's outcome: applied, same, conflict, unknown or locked."""
    current = draft.fields.get(op.field)
    version = current["ver"] if current else 0
    if not kind.knows(op.field):
        # An old cached form against a newer schema: kept in the log, shown for review, never dropped.
        return {"s": "unknown", "ver": version}
    if not kind.may_write(actor, draft, op.field):
        return {"s": "locked", "ver": version}
    if current and _same(current["v"], op.value):
        return {"s": "same", "ver": version}
    # A device cannot be in conflict with its own lost answer.
    own = current is not None and current["dev"] == device and current["by"] == actor.pk
    entry = {"v": op.value, "by": actor.pk, "dev": device, "at": now.isoformat()}
    if op.base >= version or own:
        draft.fields[op.field] = {**entry, "ver": version + 1}
        return {"s": "applied", "ver": version + 1}
    draft.conflicts[op.field] = {**entry, "base": op.base}
    return {"s": "conflict", "ver": version, "theirs": current["v"], "by": current["by"]}


def _same(left: Any, right: Any) -> bool:
    # JSON keeps 1 and true apart, Python does not.
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def resolve(
    *,
    draft_id: UUID,
    actor: User,
    field: str,
    pick: str,
    base: int,
    value: Any = None,
    device: str = "",
    reason: str = "",
    key: str = "",
) -> Draft:
    """Settle a conflict: keep ``mine`` or ``theirs`` (as the actor sees them), or ``edit`` to a new value.

    The same ``key`` again changes nothing. Raises AnswerChanged when the live value is not the one the
    actor looked at, NoQuestion when nothing is open at the field, KeyReused.
    """
    key = f"resolve:{key or uuid4()}"[:255]
    decision = hashlib.sha256(json.dumps([field, pick, base, value]).encode()).hexdigest()
    with transaction.atomic(durable=True):
        draft = lock_for_submit(draft_id=draft_id, actor=actor)
        known = draft.saves.filter(key=key).first()
        if known is not None:
            if known.body_hash != decision:
                raise KeyReused
            return draft
        if draft.status != Draft.Status.OPEN:
            raise DraftClosed(orders=kinds.get(draft.kind).results(draft))
        if not kinds.get(draft.kind).may_write(actor, draft, field):
            raise Forbidden
        conflict, current = draft.conflicts.get(field), draft.fields.get(field)
        if conflict is None or current is None:
            raise NoQuestion
        if base != current["ver"]:
            raise AnswerChanged
        device, reason = payloads.clean(device)[:64], payloads.clean(reason)
        kept = _picked(pick, actor, current, conflict, payloads.clean(value))
        now = timezone.now()
        version = current["ver"] + 1
        draft.fields[field] = {"v": kept, "ver": version, "by": actor.pk, "dev": device, "at": now.isoformat()}
        del draft.conflicts[field]
        draft.rev += 1
        draft.updated_at = now
        draft.save(update_fields=["fields", "conflicts", "rev", "updated_at"])
        DraftSave.objects.create(
            draft=draft,
            key=key,
            body_hash=decision,
            actor=actor,
            device=device,
            rev=draft.rev,
            ops=[
                {"f": field, "v": kept, "base": base, "seq": 0, "s": "resolved", "ver": version, "pick": pick}
                | {"other": conflict["v"] if _same(kept, current["v"]) else current["v"], "reason": reason}
            ],
            answer={"rev": draft.rev, "r": {field: {"s": "resolved", "ver": version}}},
            at=now,
        )
    return draft


def _picked(pick: str, actor: User, current: dict[str, Any], conflict: dict[str, Any], value: Any) -> Any:
    mine, theirs = sides(actor, current, conflict)
    if pick in {"mine", "yours"}:
        return mine["v"]
    if pick == "theirs":
        return theirs["v"]
    if pick == "edit":
        return value
    raise Invalid([FieldError("pick", "choice", _("Choose mine, theirs or edit."))])


def sides(actor: User, current: dict[str, Any], conflict: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the actor's entry, the other's entry): who wrote the set-aside value sees it as the own one."""
    return (conflict, current) if conflict["by"] == actor.pk else (current, conflict)


def discard(*, draft_id: UUID, actor: User) -> None:
    """Put a draft aside; it can be restored until it is purged."""
    with transaction.atomic(durable=True):
        draft = lock_for_submit(draft_id=draft_id, actor=actor)
        if draft.status == Draft.Status.OPEN:
            draft.status = Draft.Status.DISCARDED
            draft.discarded_at = timezone.now()
            draft.save(update_fields=["status", "discarded_at"])


def lock_for_submit(*, draft_id: UUID, actor: User) -> Draft:
    """The locked draft, inside the transaction of what changes it; foreign and missing are NotFound."""
    draft = _locked(draft_id)
    if draft is None or not kinds.get(draft.kind).may_edit(actor, draft):
        raise NotFound
    return draft
