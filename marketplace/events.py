"""The event log: written with every transition, never changed (guarantee G8)."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from marketplace.models import AuditSeal, Event, User
from marketplace.request import request_id

GENESIS = "0" * 64


def record(
    *,
    kind: str,
    subject: str,
    actor: User | None,
    on_behalf_of: User | None = None,
    before: str = "",
    after: str = "",
    reason: str = "",
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> Event:
    """Append one event; call it inside the transaction that makes the change.

    ``actor`` is None for the clock. Without ``at`` it happened now, by the database's clock. ``data`` holds ids and numbers, never personal text.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an event belongs into the transaction of its change")
    when = {} if at is None else {"at": at}
    return Event.objects.create(
        **when,
        actor=actor,
        on_behalf_of=on_behalf_of if on_behalf_of != actor else None,
        kind=kind,
        subject=subject,
        before=before,
        after=after,
        reason=reason,
        request_id=request_id.get(),
        data=data or {},
    )


def record_many(rows: Iterable[dict[str, Any]], *, kind: str, actor: User | None, at: datetime) -> None:
    """Events of one kind in one statement; a row holds ``subject`` and, where they matter, before, after, data."""
    if not connection.in_atomic_block:
        raise RuntimeError("events belong into the transaction of their change")
    listed = list(rows)
    if not listed:
        return
    # By hand: thousands of rows of a price list, for each of which a model instance would cost more than all else.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO marketplace_event (at, actor_id, kind, request_id, reason, subject, before, after, data)"
            " SELECT %s, %s, %s, %s, '', subject, before, after, data::jsonb"
            " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS listed (subject, before, after, data)",
            [
                at,
                actor.pk if actor is not None else None,
                kind,
                request_id.get(),
                [row["subject"] for row in listed],
                [row.get("before", "") for row in listed],
                [row.get("after", "") for row in listed],
                [json.dumps(row.get("data", {})) for row in listed],
            ],
        )


def of_subject(subject: str) -> list[Event]:
    """Everything that happened to one thing, oldest first, actors joined."""
    return list(Event.objects.filter(subject=subject).select_related("actor").order_by("pk"))


def digest_of(events: Iterator[Event], previous: str) -> tuple[str, int, int | None]:
    """Chain digest over events, their number and the last id."""
    chain, count, last = hashlib.sha256(previous.encode()), 0, None
    for event in events:
        row = [
            event.pk, event.at.isoformat(), event.actor_id, event.on_behalf_of_id, event.kind, event.subject,
            event.before, event.after, event.reason, event.request_id, event.data,
        ]  # fmt: skip
        chain.update(json.dumps(row, ensure_ascii=False, sort_keys=True).encode())
        count, last = count + 1, event.pk
    return chain.hexdigest(), count, last


def _events_after(last: int | None, until: int | None) -> Iterator[Event]:
    """Events by id, the order of writing: ``at`` may lie in the past (imported history) or in the future."""
    return Event.objects.filter(pk__gt=last or 0, pk__lte=until or 0).order_by("pk").iterator()


def seal_until(day: date) -> int:
    """Seal every complete day up to and including ``day``; returns how many were sealed.

    A day's seal covers the ids written since the seal before. Call it for days that are over for
    hours: a transaction that is still open could add an event below the last sealed id. Two at once
    share the days: each reads the last seal when it is its turn.
    """
    sealed = 0
    while _seal_next(day):
        sealed += 1
    return sealed


@transaction.atomic(durable=True)
def _seal_next(latest: date) -> bool:
    """Seal the day after the last seal, the first time the day of the first event; False when none is due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('marketplace_auditseal'))")
    last = AuditSeal.objects.order_by("-day").first()
    if last is None:
        first_event = Event.objects.order_by("at").first()
        if first_event is None:
            return False
        day, digest, covered = timezone.localtime(first_event.at).date(), GENESIS, None
    else:
        day, digest, covered = last.day + timedelta(days=1), last.digest, last.last_event_id
    if day > latest:
        return False
    end = timezone.make_aware(datetime.combine(day + timedelta(days=1), datetime.min.time()))
    newest = Event.objects.filter(at__lt=end, pk__gt=covered or 0).aggregate(Max("pk"))["pk__max"]
    digest, count, last_event = digest_of(_events_after(covered, newest), digest)
    AuditSeal.objects.create(day=day, events=count, digest=digest, last_event_id=last_event or covered)
    return True


def verify() -> list[str]:
    """What is wrong with the chain, in words; empty when nothing was tampered with."""
    problems: list[str] = []
    previous, covered = GENESIS, None
    for seal in AuditSeal.objects.order_by("day"):
        digest, count, _last = digest_of(_events_after(covered, seal.last_event_id), previous)
        if digest != seal.digest:
            problems.append(f"{seal.day}: the events of this seal do not match it ({count} of {seal.events} events)")
        previous, covered = seal.digest, seal.last_event_id
    return problems
