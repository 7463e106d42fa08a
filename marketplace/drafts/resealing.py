"""What drafts and their log keep sealed, when keys are changed (marketplace/rotation.py)."""

from base64 import b64decode, b64encode
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from marketplace import rotation
from marketplace.drafts import sealed
from marketplace.models import Draft, DraftSave

_WORD = '"sealed"'


def _renewed(draft_id: UUID, field: str, entry: Any) -> Any:
    """The entry under the newest key; the same object when nothing is to be changed. Raises Unreadable."""
    if not isinstance(entry, dict) or "sealed" not in entry:
        return entry
    _text, value = rotation.value_of(b64decode(entry["sealed"]), sealed.place(draft_id, field))
    return entry if value is None else {**entry, "sealed": b64encode(value).decode()}


def _drafts() -> QuerySet[Draft]:
    rows = Draft.objects.annotate(one=Cast("fields", TextField()), other=Cast("conflicts", TextField()))
    return rows.filter(Q(one__contains=_WORD) | Q(other__contains=_WORD))


def _renew_draft(draft: Draft) -> dict[str, Any]:
    changed = {}
    for column in ("fields", "conflicts"):
        before = getattr(draft, column)
        after = {field: _renewed(draft.pk, field, entry) for field, entry in before.items()}
        if after != before:
            changed[column] = after
    return changed


def _saves() -> QuerySet[DraftSave]:
    return DraftSave.objects.annotate(text=Cast("ops", TextField())).filter(text__contains=_WORD)


def _renew_save(save: DraftSave) -> dict[str, Any]:
    ops = [_renewed(save.draft_id, op["f"], op) for op in save.ops]
    return {"ops": ops} if ops != save.ops else {}


rotation.register("drafts", _drafts, _renew_draft)
rotation.register("saves of drafts", _saves, _renew_save)
