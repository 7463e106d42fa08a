"""How long personal data are kept: each kind by a rule of the ministry (``retention.…``), taken out at night.

An app registers under the code of a rule how it takes out what is older. What stays of a row tells that something was,
when and in what state, so that books, reports and the log of events still add up; whom it was about does not stay.
``KEPT`` of tests/rights/test_retention.py names the tables that no rule empties, with the reason.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.contrib.admin.models import LogEntry
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from marketplace import events, rules
from marketplace.models import Draft, DraftFile, DraftSave, EmergencyAccess, IdempotencyKey, Notice

BATCH = 200
REMOVED = "–"  # where something has to stand
Row = TypeVar("Row", bound=Model)
Forget = Callable[[datetime], int]


@dataclass(frozen=True)
class Kind:
    """``rule``: code of {"days": n}; ``tables``: whose personal columns it empties; ``forget``: one batch of what is older."""

    rule: str
    tables: tuple[str, ...]
    forget: Forget


_kinds: dict[str, Kind] = {}


def kind(rule: str, *tables: str) -> Callable[[Forget], Forget]:
    """Register what is taken out under a rule: ``forget(before)`` does at most BATCH rows and says how many."""

    def register(forget: Forget) -> Forget:
        _kinds[rule] = Kind(rule, tables, forget)
        return forget

    return register


def tables() -> set[str]:
    """Labels of all tables that some rule empties."""
    return {table for one in _kinds.values() for table in one.tables}


def sweep(now: datetime) -> dict[str, int]:
    """Take out what is too old at ``now``, by rule; how many rows of each. Safe to run twice.

    A rule that the installation has not taken yet takes nothing out.
    """
    counts = {}
    for one in _kinds.values():
        try:
            days = int(rules.get(one.rule).value["days"])
        except ImproperlyConfigured:
            continue
        before, count = now - timedelta(days=days), 0
        while done := _batch(one, before):
            count += done
        counts[one.rule] = count
    return counts


def _batch(one: Kind, before: datetime) -> int:
    with transaction.atomic(durable=True):
        count = one.forget(before)
        if count:
            data = {"count": count, "before": before.date().isoformat()}
            events.record(kind="retention.removed", subject=f"rule:{one.rule}", actor=None, data=data)
    return count


def batch_of(rows: QuerySet[Row]) -> list[Row]:
    """The next rows of a batch under their lock; what somebody else holds waits for the next night."""
    return list(rows.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:BATCH])


def ids(rows: Iterable[Model]) -> list[Any]:
    return [row.pk for row in rows]


# --- What this layer keeps ------------------------------------------------------------------------


@kind("retention.message_days", "marketplace.Notice")
def _messages(before: datetime) -> int:
    """To whom and what; that there was one, of which kind, and how it ended, stays."""
    full = ~Q(text="") | ~Q(title="") | ~Q(address="") | ~Q(otherwise="") | Q(buttons__isnull=False)
    found = batch_of(Notice.objects.filter(full, finished_at__lt=before))
    Notice.objects.filter(pk__in=ids(found)).update(text="", title="", address="", otherwise="", buttons=None)
    return len(found)


@kind(
    "retention.sent_draft_days",
    "marketplace.Draft",
    "marketplace.DraftSave",
    "marketplace.DraftFile",
    "marketplace.DraftFileChunk",
)
def _sent_drafts(before: datetime) -> int:
    """Answers and every save of what was sent: it lives on as the order or the complaint. Unsent ones: drafts/retention.py."""
    sent = Draft.objects.filter(status=Draft.Status.SUBMITTED, submitted_at__lt=before)
    found = batch_of(sent.exclude(fields={}, conflicts={}))
    Draft.objects.filter(pk__in=ids(found)).update(fields={}, conflicts={})
    DraftSave.objects.filter(draft__in=ids(found)).delete()
    DraftFile.objects.filter(draft__in=ids(found)).update(name="")
    return len(found)


@kind("retention.answer_days", "marketplace.IdempotencyKey")
def _answers(before: datetime) -> int:
    """What a repeated request gets again: a phone may come back after a year with one."""
    found = batch_of(IdempotencyKey.objects.filter(created_at__lt=before))
    return IdempotencyKey.objects.filter(pk__in=ids(found)).delete()[0]


@kind("retention.admin_days", "admin.LogEntry", "marketplace.EmergencyAccess")
def _administration(before: datetime) -> int:
    """What administrators changed by name; why somebody's data were opened. That it was stays in the log of events."""
    entries = list(LogEntry.objects.filter(action_time__lt=before).order_by("pk").values_list("pk", flat=True)[:BATCH])
    LogEntry.objects.filter(pk__in=entries).delete()
    reasons = batch_of(EmergencyAccess.objects.filter(asked_at__lt=before).exclude(reason=REMOVED))
    EmergencyAccess.objects.filter(pk__in=ids(reasons)).update(reason=REMOVED)
    return len(entries) + len(reasons)
