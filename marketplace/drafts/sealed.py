"""Answers that are kept sealed, such as a number of identity: everybody reads the last digits, nobody the whole.

An entry of such a field, in the draft and in its log, has in ``v`` what people see, and beside it in ``sealed`` the
whole value, encrypted and bound to its draft and field. Only the service that needs it opens it.
"""

import json
from base64 import b64decode, b64encode
from typing import Any
from uuid import UUID

from marketplace import crypto, identity
from marketplace.drafts.kinds import Kind
from marketplace.models import Draft

PARTS = ("v", "sealed")


def kept(kind: Kind, draft: Draft, field: str, value: Any) -> dict[str, Any]:
    """What is stored for a value; the last digits sent back by a page that showed them are the value that stands."""
    if not (isinstance(value, str) and value and kind.sealed(field, value)):
        return {"v": value}
    for entry in (draft.fields.get(field), draft.conflicts.get(field)):
        if entry is not None and "sealed" in entry and entry["v"] == value:
            return part(entry)
    token = crypto.encrypt(value, bound_to=place(draft.pk, field))
    return {"v": identity.masked(value), "sealed": b64encode(token).decode()}


def part(entry: dict[str, Any]) -> dict[str, Any]:
    """The value of an entry or of an operation of the log, without who and when."""
    return {name: entry[name] for name in PARTS if name in entry}


def whole(draft: Draft, field: str, entry: dict[str, Any] | None = None) -> Any:
    """The value as it was typed, of the live entry unless another one is given."""
    entry = draft.fields.get(field) if entry is None else entry
    if entry is None:
        return None
    if "sealed" in entry:
        return crypto.decrypt(b64decode(entry["sealed"]), bound_to=place(draft.pk, field))
    return entry["v"]


def same(draft: Draft, field: str, one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Do two entries of a field say the same? JSON keeps 1 and true apart, Python does not."""
    left, right = (whole(draft, field, entry) for entry in (one, other))
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def place(draft_id: UUID, field: str) -> str:
    """What a sealed value is bound to."""
    return f"draft.fields:{draft_id}:{field}"
