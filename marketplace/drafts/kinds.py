"""Kinds of drafts: the apps above register what a form may hold, who may fill it in, and what submit does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from marketplace import files
from marketplace.drafts.pictures import Picture
from marketplace.errors import FieldError, Invalid
from marketplace.idempotency import Answer
from marketplace.models import Draft, User

MOST_FILES = 5


def _always(_actor: User, _draft: Draft, _field: str) -> bool:
    return True


def shown_plainly(_field: str, value: Any) -> str:
    """A value that needs no look-up as people read it."""
    if value is True:
        return str(_("yes"))
    if value in (None, "", [], False):
        return "–"
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class Kind:
    """``may_edit``: who reads and saves; ``beneficiary_for``: whose draft a new one is (raises
    Forbidden or Invalid); ``knows``: is this a field of the current schema; ``may_write``: may this
    actor, who may edit the draft, set this field (a caseworker cannot give the person's consent); ``submit``: a service
    ``(draft_id=, actor=, expected_rev=, request=) -> idempotency.Answer``; ``shared_with_office``: the
    person's office sees it in its lists; ``results``: what came out; ``page``: its address under the
    language, with %s for the id; ``label``: a field's name in words; ``words``: from the operations of a log,
    what shows a field's value in words (one look-up for all); ``picture``: what
    a second screen shows of it, None when the kind has none; ``keep_rule``: the rule that says how many days
    an untouched one is kept; ``most_files``: how many photos go with it; ``recording_bytes``: how large a voice or
    video among them may be, 0 when none is taken; ``together_bytes``: how large all of them together; ``sealed``: is
    this value of the field kept encrypted, with its last digits shown to everybody (``sealed.kept``).
    """

    name: str
    schema: int
    knows: Callable[[str], bool]
    may_edit: Callable[[User, Draft], bool]
    beneficiary_for: Callable[[User, int | None], User | None]
    submit: Callable[..., Answer]
    may_write: Callable[[User, Draft, str], bool] = _always
    shared_with_office: bool = False
    results: Callable[[Draft], list[dict[str, Any]]] = lambda draft: list(draft.result.get("orders", []))
    page: str = ""
    label: Callable[[str], str] = str
    words: Callable[[Draft, list[dict[str, Any]]], Callable[[str, Any], str]] = lambda draft, ops: shown_plainly
    picture: Callable[[Draft], Picture] | None = None
    keep_rule: str = "order.draft_keep_days"
    most_files: Callable[[], int] = lambda: MOST_FILES
    recording_bytes: Callable[[], int] = lambda: 0
    together_bytes: Callable[[], int] = lambda: MOST_FILES * files.MAX_BYTES
    sealed: Callable[[str, Any], bool] = lambda field, value: False


_kinds: dict[str, Kind] = {}


def every() -> list[Kind]:
    """All kinds that the apps registered."""
    return list(_kinds.values())


def shared_with_office() -> list[str]:
    """Kinds that caseworkers help to fill in."""
    return [kind.name for kind in _kinds.values() if kind.shared_with_office]


def register(kind: Kind) -> Kind:
    _kinds[kind.name] = kind
    return kind


def get(name: str) -> Kind:
    """Raises Invalid for a kind that no app registered."""
    if name not in _kinds:
        raise Invalid([FieldError("kind", "unknown", _("There is no such kind of draft."))])
    return _kinds[name]
