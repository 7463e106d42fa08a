"""A new key for identity numbers and look-ups: every row is rewritten under it, in batches, as often as one likes.

A new key is put in front of the old one (``FIELD_KEYS``, ``BLIND_INDEX_KEY``) and the portal restarted: it reads under
both and writes under the new one. Then rows are rewritten here; when ``check`` finds none left, the old key goes.
Who keeps values under these keys registers how a row is renewed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from django.db import transaction
from django.db.models import Model, QuerySet

from marketplace import crypto, events
from marketplace.models import PersonRecord

BATCH = 500


class Unreadable(Exception):
    """The row's value belongs to none of the keys: it stays as it is, and somebody has to look."""


@dataclass(frozen=True)
class Kept:
    """Rows with such values; ``renew(row)`` gives the columns that are to change, nothing when all is new, or raises Unreadable."""

    rows: Callable[[], QuerySet[Any]]
    renew: Callable[[Any], dict[str, Any]]


@dataclass
class Count:
    """How many rows were looked at, how many were (or have to be) rewritten, which cannot be read."""

    rows: int = 0
    renewed: int = 0
    unreadable: int = 0


_kept: dict[str, Kept] = {}


def register(name: str, rows: Callable[[], QuerySet[Any]], renew: Callable[[Any], dict[str, Any]]) -> None:
    """Call where the table is known."""
    _kept[name] = Kept(rows, renew)


def rotate(*, batch: int = BATCH, most: int | None = None) -> dict[str, Count]:
    """Rewrite what is not under the newest keys; a batch is a transaction, so a run that was killed is begun anew.

    ``most``: stop after so many batches. Safe beside a portal that works: rows are locked while they are rewritten.
    """
    counts, left = {name: Count() for name in _kept}, most
    for name, kept in _kept.items():
        last: Any = None
        while left is None or left > 0:
            with transaction.atomic(durable=True):
                rows = _next(kept, last, batch, locked=True)
                for row in rows:
                    if changed := _changed(kept, row, counts[name]):
                        type(row)._default_manager.filter(pk=row.pk).update(**changed)
            if not rows:
                break
            last, left = rows[-1].pk, None if left is None else left - 1
    with transaction.atomic(durable=True):
        told = {name: {"rows": count.rows, "renewed": count.renewed} for name, count in counts.items()}
        events.record(kind="keys.rotate", subject="keys", actor=None, data=told)
    return counts


def check(*, batch: int = BATCH) -> dict[str, Count]:
    """The same without writing: ``renewed`` counts rows that still need an old key."""
    counts = {name: Count() for name in _kept}
    for name, kept in _kept.items():
        last: Any = None
        while rows := _next(kept, last, batch, locked=False):
            for row in rows:
                _changed(kept, row, counts[name])
            last = rows[-1].pk
    return counts


def _next(kept: Kept, last: Any, batch: int, *, locked: bool) -> list[Model]:
    rows = kept.rows().order_by("pk")
    if last is not None:
        rows = rows.filter(pk__gt=last)
    return list((rows.select_for_update(of=("self",)) if locked else rows)[:batch])


def _changed(kept: Kept, row: Any, count: Count) -> dict[str, Any]:
    count.rows += 1
    try:
        changed = kept.renew(row)
    except Unreadable:
        count.unreadable += 1
        return {}
    count.renewed += bool(changed)
    return changed


def index_of(stored: bytes | memoryview | None, text: str) -> bytes | None:
    """The newest index of ``text`` when another of its indexes is stored, None when it is the newest already.

    Raises Unreadable when none of the keys gives what is stored.
    """
    known: Iterator[bytes] = crypto.blind_indexes(text)
    newest, present = next(known), bytes(stored or b"")
    if present == newest:
        return None
    if present not in known:
        raise Unreadable
    return newest


def value_of(stored: bytes | memoryview, place: str) -> tuple[str, bytes | None]:
    """The text, and what is to be stored for it now; None when that is there already. Raises Unreadable."""
    try:
        text = crypto.decrypt(bytes(stored), bound_to=place)
    except (InvalidTag, KeyError, ValueError):
        raise Unreadable from None
    return text, None if crypto.is_under_newest_key(bytes(stored)) else crypto.encrypt(text, bound_to=place)


def number_of(row: Any, place: str) -> dict[str, Any]:
    """``renew`` of a row with the columns ``iin_encrypted`` and ``iin_index``."""
    number, value = value_of(row.iin_encrypted, place)
    changed: dict[str, Any] = {"iin_encrypted": value} if value else {}
    if row.iin_index is not None and (index := index_of(row.iin_index, number)):
        changed["iin_index"] = index
    return changed


register(
    "identity numbers",
    lambda: PersonRecord.objects.exclude(iin_encrypted=None),
    lambda record: number_of(record, crypto.place_of_iin(record.user_id)),
)
