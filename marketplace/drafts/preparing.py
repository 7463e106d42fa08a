"""Drafts that the portal fills in for a person: complete at once, the rest is hers."""

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from marketplace import events
from marketplace.drafts import kinds
from marketplace.models import Draft, DraftSave, User

# The name under which the portal writes, where people's saves have the name of their device.
PORTAL = "portal"


def prepare(
    *,
    draft_id: UUID,
    kind: str,
    author: User,
    beneficiary: User,
    values: dict[str, Any],
    origin: dict[str, Any],
    actor: User | None,
    now: datetime,
) -> Draft | None:
    """Write a draft with its first answers into the running transaction; None when the id is taken.

    ``author`` is who would have begun it herself; ``actor`` who asked for it now, None for the clock.
    ``origin``: fields that say where the answers come from; nobody types them, so the log leaves them out.
    """
    schema = kinds.get(kind).schema
    entry = {"ver": 1, "by": author.pk, "dev": PORTAL, "at": now.isoformat()}
    draft, created = Draft.objects.get_or_create(
        pk=draft_id,
        defaults={
            "kind": kind,
            "schema": schema,
            "author": author,
            "beneficiary": beneficiary,
            "rev": 1,
            "fields": {name: {"v": value, **entry} for name, value in {**values, **origin}.items()},
            "updated_at": now,
        },
    )
    if not created:
        return None
    ops = [
        {"f": name, "v": value, "base": 0, "seq": number, "s": "applied", "ver": 1}
        for number, (name, value) in enumerate(values.items())
    ]
    body_hash = hashlib.sha256(json.dumps(ops, sort_keys=True).encode()).hexdigest()
    DraftSave.objects.create(
        draft=draft,
        key=PORTAL,
        body_hash=body_hash,
        actor=author,
        device=PORTAL,
        rev=1,
        ops=ops,
        answer={"rev": 1, "sha256": body_hash, "r": {op["f"]: {"s": "applied", "ver": 1} for op in ops}},
        at=now,
    )
    events.record(
        kind="draft.prepared", subject=f"draft:{draft.pk}", actor=actor, on_behalf_of=beneficiary, data={}, at=now
    )
    return draft
