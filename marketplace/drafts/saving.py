"""Saving a draft: applied once, in order, never over a newer foreign value (guarantees G1, G2).

One transaction: lock the draft row, apply each operation to its field, write the save with its receipt unless
its key is known: then nothing changes and the first receipt is told again. The receipt's ``sha256`` is the digest of the request's bytes: "saved" is
only true for what the server has read.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import crypto, events, payloads
from marketplace.drafts import deciding, ending, keys, kinds, rights, sealed
from marketplace.drafts.errors import AnswerChanged, DraftClosed, NoQuestion
from marketplace.errors import BadRequest, FieldError, Forbidden, Invalid, KeyReused, NotFound, TooLarge
from marketplace.models import Draft, DraftSave, User

MAX_BODY = 64 * 1024  # the browser's limit for a request that outlives its page
MAX_FIELD_NAME = 120
# A page without JavaScript is one device: a person has one form there, not one per tab.
PAGE_DEVICE = "page"
# Outcomes in the log that gave a field a value or set one aside: what can be brought back.
KEPT_STATES = {"applied", "conflict", "resolved", "brought_back"}


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

    def without_values(self) -> dict[str, Any]:
        """The answer to who may only add: what was saved, nothing of what stood there before."""
        results = {
            field: {"s": "applied" if result["s"] == "same" else result["s"], "ver": result["ver"]}
            for field, result in self.answer["r"].items()
        }
        return self.answer | {"r": results}


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
    via: str = "",
) -> Receipt:
    """Create the draft or save changed fields; the same key again gives the same receipt.

    ``via`` is keys.VIA for who saves with a draft key: such a save creates nothing, and its outcome does
    not depend on the stored values, so that nobody can find them by guessing. Raises BadRequest (no key, a field twice), TooLarge, KeyReused, NotFound (foreign), DraftClosed,
    Invalid (no beneficiary, unknown kind).
    """
    _check_request(key, body, ops)
    device, blind = payloads.clean(device)[:64], via == keys.VIA
    plain_hash = body_hash = hashlib.sha256(body).hexdigest()
    with transaction.atomic(durable=True):
        draft, made = _locked(draft_id), False
        if draft is None:
            if blind:
                raise NotFound
            draft, made = _create(draft_id, actor, kind, schema, beneficiary_id)
        draft_kind = kinds.get(draft.kind)
        # For whom it was made was asked a moment ago (beneficiary_for).
        if not made and not rights.may_edit(actor, draft):
            raise NotFound
        if draft.status != Draft.Status.OPEN:
            if (former := _former_receipt(draft, key, body)) is not None:
                return former
            _check_open(draft)
        now = timezone.now()
        kept = {op.field: sealed.kept(draft_kind, draft, op.field, payloads.clean(op.value)) for op in ops}
        results = {
            op.field: _apply(draft, draft_kind, op, kept[op.field], actor, device, now, blind=blind) for op in ops
        }
        told = {field: _told(result) if blind else result for field, result in results.items()}
        if any(result["s"] in {"applied", "conflict"} for result in told.values()):
            draft.rev += 1
        logged = [
            {"f": op.field, **kept[op.field], "base": op.base, "seq": op.seq, **_logged(results[op.field])}
            for op in ops
        ]
        answer = {"rev": draft.rev, "sha256": plain_hash, "r": told}
        stored = dict(answer)
        if any("sealed" in entry for entry in kept.values()):
            # By a plain digest of the body a number of twelve digits could be found out.
            body_hash = _keyed_hash(body)
            del stored["sha256"]
        if _store(draft, now, actor, device, logged, stored, key=key, body_hash=body_hash, via=via) is None:
            former = _former_receipt(draft, key, body)
            assert former is not None
            return former
    return Receipt(answer)


def _former_receipt(draft: Draft, key: str, body: bytes) -> Receipt | None:
    """What a save under this key was told; None when there was none. Raises KeyReused for another body."""
    known = DraftSave.objects.filter(draft=draft, key=key).first()
    if known is None:
        return None
    plain_hash = hashlib.sha256(body).hexdigest()
    if known.body_hash not in (plain_hash, _keyed_hash(body)):
        raise KeyReused
    return Receipt(known.answer | {"sha256": plain_hash}, replayed=True)


def _keyed_hash(body: bytes) -> str:
    return crypto.digest("draft-save", body.hex()).hex()


def _logged(result: dict[str, Any]) -> dict[str, Any]:
    return {"s": result["s"], "ver": result["ver"]}


def _told(result: dict[str, Any]) -> dict[str, Any]:
    """The outcome without any value; an old device that says the live value is told what every other value is."""
    return {"s": "conflict" if result["s"] == "same" else result["s"], "ver": result["ver"]}


# The unique key decides whether the save is new; only then is the draft changed. One statement, because this is the
# most frequent write of all. The draft is locked: a twin has either committed or waits.
STORE = """
WITH saved AS (
    INSERT INTO marketplace_draftsave (draft_id, key, body_hash, actor_id, device, via, rev, ops, answer, at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (draft_id, key) DO NOTHING RETURNING id
)
UPDATE marketplace_draft SET fields = %s, conflicts = %s, rev = %s, updated_at = %s
WHERE id = %s AND EXISTS (SELECT FROM saved) RETURNING (SELECT id FROM saved)
"""


def _store(
    draft: Draft,
    now: datetime,
    actor: User,
    device: str,
    ops: list[dict[str, Any]],
    answer: dict[str, Any],
    *,
    key: str,
    body_hash: str,
    via: str = "",
) -> DraftSave | None:
    """Write the changed draft and the save with its receipt; None, and nothing is written, when the key is known."""
    in_json = partial(connection.ops.adapt_json_value, encoder=None)
    save: list[Any] = [draft.pk, key, body_hash, actor.pk, device, via, draft.rev, in_json(ops), in_json(answer), now]
    changed: list[Any] = [in_json(draft.fields), in_json(draft.conflicts), draft.rev, now, draft.pk]
    with connection.cursor() as cursor:
        cursor.execute(STORE, [*save, *changed])
        stored = cursor.fetchone()
    if stored is None:
        return None
    draft.updated_at = now
    return DraftSave(
        pk=stored[0], draft=draft, key=key, body_hash=body_hash, actor=actor, device=device, via=via, rev=draft.rev,
        ops=ops, answer=answer, at=now,
    )  # fmt: skip


def _check_open(draft: Draft) -> None:
    """Raises DraftClosed with what came out of it; a draft that was put aside says so."""
    if draft.status == Draft.Status.DISCARDED:
        raise DraftClosed(_("This application was put aside. Restore it to go on."), orders=[])
    if draft.status != Draft.Status.OPEN:
        raise DraftClosed(orders=kinds.get(draft.kind).results(draft))


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
    return next(iter(Draft.objects.raw("SELECT * FROM marketplace_draft WHERE id = %s FOR UPDATE", [draft_id])), None)


def _create(draft_id: UUID, actor: User, kind: str, schema: int, beneficiary_id: int | None) -> tuple[Draft, bool]:
    """Insert the client-made id; a twin that was first wins and is locked instead: (the draft, was it made here?)"""
    beneficiary = kinds.get(kind).beneficiary_for(actor, beneficiary_id)
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO marketplace_draft (id, kind, schema, status, beneficiary_id, author_id, rev, fields,"
            " conflicts, result, created_at, updated_at)"
            " VALUES (%s, %s, %s, 'open', %s, %s, 0, '{}', '{}', '{}', %s, %s) ON CONFLICT (id) DO NOTHING",
            [draft_id, kind, schema, beneficiary.pk if beneficiary else None, actor.pk, now, now],
        )
        made = bool(cursor.rowcount)
    if made:
        mine = Draft(id=draft_id, kind=kind, schema=schema, beneficiary=beneficiary, author=actor)
        mine.created_at = mine.updated_at = now
        mine._state.adding = False
        return mine, True
    theirs = _locked(draft_id)
    if theirs is None:
        raise NotFound
    return theirs, False


def _apply(
    draft: Draft,
    kind: kinds.Kind,
    op: Op,
    kept: dict[str, Any],
    actor: User,
    device: str,
    now: datetime,
    *,
    blind: bool,
) -> dict[str, Any]:
    """One operation's outcome: applied, same, conflict, unknown or locked; ``kept``: its value as it is stored.

    With ``blind`` the live value said again is a new version like any other: only who did not see the
    latest version can say the same without effect.
    """
    current = draft.fields.get(op.field)
    version = current["ver"] if current else 0
    if not kind.knows(op.field):
        # An old cached form against a newer schema: kept in the log, shown for review, never dropped.
        return {"s": "unknown", "ver": version}
    if not kind.may_write(actor, draft, op.field):
        return {"s": "locked", "ver": version}
    # A device cannot be in conflict with its own lost answer.
    own = current is not None and current["dev"] == device and current["by"] == actor.pk
    current_seen = op.base >= version or own
    if current and sealed.same(draft, op.field, current, kept) and not (blind and current_seen):
        return {"s": "same", "ver": version}
    entry = {**kept, "by": actor.pk, "dev": device, "at": now.isoformat()}
    if current_seen:
        draft.fields[op.field] = {**entry, "ver": version + 1}
        return {"s": "applied", "ver": version + 1}
    draft.conflicts[op.field] = {**entry, "base": op.base}
    return {"s": "conflict", "ver": version, "theirs": current["v"], "by": current["by"]}


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
    actor looked at, NoQuestion when nothing is open at the field, KeyReused, and Invalid when a specialist
    decides about somebody else's answer without a ``reason`` (deciding.REASONS); the person is told.
    """
    key = f"resolve:{key or uuid4()}"[:255]
    decision = _keyed_hash(json.dumps([field, pick, base, value, reason]).encode())
    with transaction.atomic(durable=True):
        draft = rights.lock(draft_id=draft_id, actor=actor)
        if _known(draft, key, decision):
            return draft
        _check_open(draft)
        kind = kinds.get(draft.kind)
        if not kind.may_write(actor, draft, field):
            raise Forbidden
        conflict, current = draft.conflicts.get(field), draft.fields.get(field)
        if conflict is None or current is None:
            raise NoQuestion
        if base != current["ver"]:
            raise AnswerChanged
        told = deciding.must_be_told(actor, draft, current, conflict)
        reason = deciding.checked(reason, needed=told)
        device = payloads.clean(device)[:64]
        edit = sealed.kept(kind, draft, field, payloads.clean(value))
        kept = _picked(pick, actor, current, conflict, edit)
        now = timezone.now()
        version = current["ver"] + 1
        other = conflict if sealed.same(draft, field, kept, current) else current
        draft.fields[field] = {**kept, "ver": version, "by": actor.pk, "dev": device, "at": now.isoformat()}
        del draft.conflicts[field]
        draft.rev += 1
        op = {"f": field, **kept, "base": base, "seq": 0, "s": "resolved", "ver": version, "pick": pick}
        op |= {"other": other["v"], "reason": reason}
        answer = {"rev": draft.rev, "r": {field: {"s": "resolved", "ver": version}}}
        save = _store(draft, now, actor, device, [op], answer, key=key, body_hash=decision)
        assert save is not None, "the key was looked up under the draft's lock"
        if told:
            deciding.tell(draft, save, actor=actor, field=field, reason=reason)
    return draft


def _known(draft: Draft, key: str, body_hash: str) -> bool:
    """Was this very decision taken before? Raises KeyReused for another one under the same key."""
    known = draft.saves.filter(key=key).first()
    if known is not None and known.body_hash != body_hash:
        raise KeyReused
    return known is not None


def _picked(
    pick: str, actor: User, current: dict[str, Any], conflict: dict[str, Any], edit: dict[str, Any]
) -> dict[str, Any]:
    mine, theirs = sides(actor, current, conflict)
    if pick in {"mine", "yours"}:
        return sealed.part(mine)
    if pick == "theirs":
        return sealed.part(theirs)
    if pick == "edit":
        return edit
    raise Invalid([FieldError("pick", "choice", _("Choose mine, theirs or edit."))])


def sides(actor: User, current: dict[str, Any], conflict: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the actor's entry, the other's entry): who wrote the set-aside value sees it as the own one."""
    return (conflict, current) if conflict["by"] == actor.pk else (current, conflict)


def bring_back(*, draft_id: UUID, actor: User, field: str, rev: int, key: str = "", device: str = "") -> Draft:
    """Put back the value that a field got, or that was set aside, in the save ``rev``: a new save over the live one.

    An open question at the field is settled when its other value comes back; not by a specialist, who
    answers it with a reason (``resolve``). The same ``key`` again changes nothing. Raises NotFound, DraftClosed, Forbidden (the actor may not set this
    field), Invalid (the history has no such value), KeyReused.
    """
    key = f"bring-back:{key or uuid4()}"[:255]
    decision = hashlib.sha256(json.dumps([field, rev]).encode()).hexdigest()
    with transaction.atomic(durable=True):
        draft = rights.lock(draft_id=draft_id, actor=actor)
        if _known(draft, key, decision):
            return draft
        _check_open(draft)
        kind = kinds.get(draft.kind)
        former = _former(draft, field, rev)
        if former is None or not kind.knows(field):
            raise Invalid([FieldError("rev", "unknown", _("The history has no such answer."))])
        if not kind.may_write(actor, draft, field):
            raise Forbidden
        now, device = timezone.now(), payloads.clean(device)[:64]
        current, conflict = draft.fields.get(field), draft.conflicts.get(field)
        version, value, state = current["ver"] if current else 0, sealed.part(former), "same"
        op = {"f": field, **value, "base": version, "seq": 0, "from": rev}
        if current is None or not sealed.same(draft, field, current, value):
            version, state = version + 1, "brought_back"
            draft.fields[field] = {**value, "ver": version, "by": actor.pk, "dev": device, "at": now.isoformat()}
            draft.rev += 1
            if conflict is not None and sealed.same(draft, field, conflict, value) and not deciding.asks_reason(actor):
                del draft.conflicts[field]
        answer = {"rev": draft.rev, "r": {field: {"s": state, "ver": version}}}
        ops = [op | {"s": state, "ver": version}]
        save = _store(draft, now, actor, device, ops, answer, key=key, body_hash=decision)
        assert save is not None, "the key was looked up under the draft's lock"
    return draft


def _former(draft: Draft, field: str, rev: int) -> dict[str, Any] | None:
    """The operation that gave the field a value, or set one aside, in the save ``rev``."""
    for save in draft.saves.filter(rev=rev).order_by("pk"):
        for op in save.ops:
            if op["f"] == field and op["s"] in KEPT_STATES:
                found: dict[str, Any] = op
                return found
    return None


def discard(*, draft_id: UUID, actor: User) -> None:
    """Put a draft aside; it can be restored until it is purged. Its keys end."""
    with transaction.atomic(durable=True):
        draft = rights.lock(draft_id=draft_id, actor=actor)
        rights.check_sends(actor, draft)
        if draft.status == Draft.Status.OPEN:
            draft.status, draft.discarded_at = Draft.Status.DISCARDED, timezone.now()
            draft.save(update_fields=["status", "discarded_at"])
            keys.revoke(draft.pk)
            ending.end_sharing(draft, at=draft.discarded_at)
            _record("draft.discarded", draft, actor)


def restore(*, draft_id: UUID, actor: User) -> Draft:
    """Take up a draft that was put aside; an open one stays as it is. Raises NotFound, DraftClosed (it was sent)."""
    with transaction.atomic(durable=True):
        draft = rights.lock(draft_id=draft_id, actor=actor)
        if draft.status == Draft.Status.SUBMITTED:
            _check_open(draft)
        if draft.status == Draft.Status.DISCARDED:
            draft.status, draft.discarded_at, draft.updated_at = Draft.Status.OPEN, None, timezone.now()
            draft.save(update_fields=["status", "discarded_at", "updated_at"])
            _record("draft.restored", draft, actor)
    return draft


def _record(kind: str, draft: Draft, actor: User) -> None:
    events.record(
        kind=kind, subject=f"draft:{draft.pk}", actor=actor, on_behalf_of=draft.beneficiary, data={"kind": draft.kind}
    )
