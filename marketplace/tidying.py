"""What a night's work is: seal the audit log, forget what nobody needs any more.

Here stand the portal's own marks, which are kept for days; what is kept of people for years is in keeping.py, by rules.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from marketplace import events, keeping, sessions
from marketplace.drafts import files as draft_files
from marketplace.models import (
    ApiToken,
    ContinueCode,
    DraftKey,
    Mirror,
    OutboxRow,
    PageChange,
    SignInCode,
    TroubleMinute,
)

BATCH = 2000
OUTBOX_KEPT = timedelta(days=14)
# The status page speaks of this month, the indicators of any month of these years.
TROUBLE_KEPT = timedelta(days=5 * 366)
# Far longer than any page is kept.
PAGE_CHANGES_KEPT = timedelta(days=1)
# What was agreed and confirmed stands in the events; the codes and screens themselves are over within the hour.
CODES_KEPT = timedelta(days=30)
SIGN_IN_CODES_KEPT = timedelta(days=1)


_others: dict[str, Callable[[datetime], int]] = {}


def register(name: str, forget: Callable[[datetime], int]) -> None:
    """What an app above forgets at night by itself; ``forget`` says how many rows went."""
    _others[name] = forget


def tidy_up(now: datetime | None = None) -> dict[str, int]:
    """Seal every day up to yesterday and remove what has expired; safe to run at any time, twice as well."""
    moment = now or timezone.now()
    counts = {"days_sealed": events.seal_until(timezone.localdate(moment) - timedelta(days=1))}
    for name, expired in _expired(moment):
        counts[name] = _remove(expired)
    counts |= {name: forget(moment) for name, forget in _others.items()}
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    # Last: after years without it there may be more than one night's work, and the next night goes on.
    return counts | keeping.sweep(moment)


def _expired(moment: datetime) -> Iterator[tuple[str, QuerySet[Any]]]:
    yield "outbox_rows", OutboxRow.objects.filter(done_at__lt=moment - OUTBOX_KEPT)
    yield "browser_sessions", sessions.expired(moment)
    yield "sign_in_codes", SignInCode.objects.filter(expires_at__lt=moment - SIGN_IN_CODES_KEPT)
    yield "trouble_minutes", TroubleMinute.objects.filter(minute__lt=moment - TROUBLE_KEPT)
    yield "page_changes", PageChange.objects.filter(at__lt=moment - PAGE_CHANGES_KEPT)
    # A signed-out session's keys say "this device" in the history until then.
    yield "draft_keys", DraftKey.objects.filter(expires_at__lt=moment)
    yield "continue_codes", ContinueCode.objects.filter(expires_at__lt=moment - CODES_KEPT)
    yield "second_screens", Mirror.objects.filter(made_at__lt=moment - CODES_KEPT)
    yield "api_tokens", ApiToken.objects.filter(expires_at__lt=moment)
    yield "unfinished_files", draft_files.unfinished(moment)


def _remove(rows: QuerySet[Any]) -> int:
    """Delete in batches: one big statement would run into the statement time-out and hold its locks long."""
    removed = 0
    while batch := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        removed += rows.model._default_manager.filter(pk__in=batch).delete()[0]
    return removed
