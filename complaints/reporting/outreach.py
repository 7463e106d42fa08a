"""The outreach log: what a department did to tell people about their rights. Totals are computed, never typed in.

A line is never changed: a wrong one is struck out and stays readable.
"""

from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints.reporting.models import OutreachEntry
from marketplace import access, events, replica
from marketplace.errors import DomainError, FieldError, Invalid, NotFound
from marketplace.models import Region, Role, User
from marketplace.time import database_now

KEEPERS = (Role.INSPECTOR, Role.REVIEWER)
MOST = 1_000_000


class AlreadyStruck(DomainError):
    code = "already_struck"
    message = _("This line is struck out already.")


# A line counts from its entry in the event log until it was struck out there.
_TOTALS = """
SELECT e.data ->> 'kind', sum(sign * (e.data ->> 'count')::int), sum(sign * (e.data ->> 'reach')::int)
FROM (SELECT *, CASE kind WHEN 'outreach.entered' THEN 1 ELSE -1 END AS sign FROM marketplace_event
      WHERE kind IN ('outreach.entered', 'outreach.struck') AND at >= %(since)s) e
JOIN complaints_outreachentry o ON o.id = substr(e.subject, 10)::bigint
WHERE (e.data ->> 'on')::date BETWEEN %(first)s AND %(last)s
    AND (%(region)s::text IS NULL OR o.region_id = %(region)s)
GROUP BY 1 HAVING sum(sign) > 0
"""


def totals(first: date, last: date, region: Region | None) -> dict[str, Any]:
    """How often each kind was done from the first to the last day, the sum of them, and how many people it reached.

    Counted from the events; a line is entered on its own day or later.
    """
    since = timezone.make_aware(datetime.combine(first, time.min))
    named = {"first": first, "last": last, "since": since, "region": region.pk if region else None}
    with replica.cursor() as cursor:
        cursor.execute(_TOTALS, named)
        sums = {kind: (times, people) for kind, times, people in cursor.fetchall()}
    by_kind = {kind: sums[kind][0] for kind in OutreachEntry.Kind.values if kind in sums}
    return {
        "by_kind": by_kind,
        "total": sum(by_kind.values()),
        "reach": sum(people for _times, people in sums.values()),
    }


def entries(actor: User) -> QuerySet[OutreachEntry]:
    """Lines of the actor's department, or of all for the ministry. Raises Forbidden for everybody else."""
    access.require_role(actor, *KEEPERS)
    rows = OutreachEntry.objects.select_related("region", "author")
    return rows if actor.role == Role.REVIEWER else rows.filter(region=region_of(actor))


def region_of(actor: User) -> Region | None:
    """The region of the actor's department; none for the ministry and for bodies of the whole country."""
    return actor.authority.region if actor.authority else None


def add(
    *, actor: User, kind: str, on: date, count: int, reach: int = 0, note: str = "", now: datetime | None = None
) -> OutreachEntry:
    """Enter one line: ``count`` times something of a kind on a day; ``reach`` is people. Raises Forbidden, Invalid."""
    access.require_role(actor, *KEEPERS)
    now = now or database_now()
    errors = []
    if kind not in OutreachEntry.Kind.values:
        errors.append(FieldError("kind", "choice", _("Choose a kind from the list.")))
    if on > timezone.localdate(now):
        errors.append(FieldError("on", "future", _("Give a day that has come already.")))
    if not 1 <= count <= MOST:
        errors.append(FieldError("count", "out_of_range", _("Give a whole number from 1 to 1,000,000.")))
    if not 0 <= reach <= MOST * 100:
        errors.append(FieldError("reach", "out_of_range", _("Give a whole number from 0 to 100,000,000.")))
    if errors:
        raise Invalid(errors)
    with transaction.atomic(durable=True):
        entry = OutreachEntry.objects.create(
            region=region_of(actor), kind=kind, on=on, count=count, reach=reach, note=note.strip()[:200],
            author=actor, entered_at=now,
        )  # fmt: skip
        _log("entered", entry, actor, now)
    return entry


def strike(*, actor: User, entry_id: int, now: datetime | None = None) -> OutreachEntry:
    """Take a wrong line out of the sums. Raises Forbidden, NotFound (of another department), AlreadyStruck."""
    now = now or database_now()
    with transaction.atomic(durable=True):
        entry = entries(actor).select_for_update(of=("self",)).filter(pk=entry_id).first()
        if entry is None:
            raise NotFound
        if entry.struck_at is not None:
            raise AlreadyStruck
        entry.struck_at = now
        entry.save(update_fields=["struck_at"])
        _log("struck", entry, actor, now)
    return entry


def _log(word: str, entry: OutreachEntry, actor: User, now: datetime) -> None:
    events.record(
        kind=f"outreach.{word}",
        subject=f"outreach:{entry.pk}",
        actor=actor,
        data={"kind": entry.kind, "on": entry.on.isoformat(), "count": entry.count, "reach": entry.reach},
        at=now,
    )
