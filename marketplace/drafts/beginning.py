"""A draft that a page or a program begins for its actor, with the answers that are known already."""

import uuid
from typing import Any

from marketplace.drafts import kinds, saving
from marketplace.models import User


def begin(actor: User, kind: str, values: dict[str, Any]) -> uuid.UUID:
    """A new draft of the actor's own; raises what the kind says to who may have none."""
    draft_id = uuid.uuid4()
    ops = [saving.Op(name, value, 0, number) for number, (name, value) in enumerate(values.items())]
    saving.save(
        draft_id=draft_id,
        actor=actor,
        key=f"begin:{draft_id}",
        body=repr(values).encode(),
        device=saving.PAGE_DEVICE,
        kind=kind,
        schema=kinds.get(kind).schema,
        ops=ops,
    )
    return draft_id
