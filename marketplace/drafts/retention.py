"""How long drafts are kept: the people are reminded before the end, then the draft is removed.

The end is counted in local dates from the last touch (or from the day it was put aside) by rule data. Each
reminder moves the end so that its promise holds: who is told "in 14 days" has 14 days, also when
the reminder comes late because the portal was away. A touch starts everything anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from marketplace import events, formats, notices, rules
from marketplace.drafts import files, kinds
from marketplace.drafts.effects import address_of, owner_of
from marketplace.models import Draft, DraftReminder
from marketplace.time import database_now

REMINDER_RULE = "order.draft_reminder_days"
PUT_ASIDE_RULE = "draft.put_aside_days"
BATCH = 500
MOMENTS = {Draft.Status.OPEN: "updated_at", Draft.Status.DISCARDED: "discarded_at"}


@dataclass(frozen=True)
class Terms:
    """How many days a draft is kept, and how many days before the end people are told, the earliest first."""

    kept: int
    reminders: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """What is due today: a reminder (``days`` before) or, without one, the removal; ``end`` is its day."""

    end: date
    days: int | None = None


def due(terms: Terms, touched_on: date, made: dict[int, date], today: date) -> Step | None:
    """The next step of a draft that was touched on a day and has had the reminders ``made``; None when it can wait."""
    end = touched_on + timedelta(days=terms.kept)
    for days in terms.reminders:
        if days not in made:
            end = max(end, today + timedelta(days=days))
            return Step(end, days) if today >= end - timedelta(days=days) else None
        end = max(end, made[days] + timedelta(days=days))
    return Step(end) if today >= end else None


def with_ends(drafts: list[Draft]) -> list[tuple[Draft, date]]:
    """Each draft with the day on which it is removed if nobody touches it; a reminder that comes late moves it."""
    terms = _terms(timezone.localdate()) if drafts else {}
    return [
        (draft, timezone.localdate(_moment(draft)) + timedelta(days=terms[draft.kind, Draft.Status(draft.status)].kept))
        for draft in drafts
    ]


def sweep(now: datetime | None = None) -> dict[str, int]:
    """Remind and remove whatever is due on the local day of ``now`` (the database's clock); safe to run twice."""
    today = timezone.localdate(now or database_now())
    counts = {"reminded": 0, "purged": 0}
    for (kind, status), terms in _terms(today).items():
        for draft in _due(kind, status, terms, today):
            done = _do(draft.pk, status, terms, today)
            if done:
                counts[done] += 1
    return counts


def _terms(today: date) -> dict[tuple[str, Draft.Status], Terms]:
    """By kind and status, from the rules in force."""
    keep_rules = {kind.name: kind.keep_rule for kind in kinds.every()}
    found = rules.several(REMINDER_RULE, PUT_ASIDE_RULE, *set(keep_rules.values()), on=today)
    reminders = tuple(sorted((int(days) for days in found[REMINDER_RULE].value["days"]), reverse=True))
    put_aside = Terms(int(found[PUT_ASIDE_RULE].value["days"]), reminders)
    terms: dict[tuple[str, Draft.Status], Terms] = {}
    for name, rule in keep_rules.items():
        terms[name, Draft.Status.OPEN] = Terms(int(found[rule].value["days"]), reminders)
        terms[name, Draft.Status.DISCARDED] = put_aside
    return terms


def _due(kind: str, status: Draft.Status, terms: Terms, today: date) -> Iterator[Draft]:
    """Drafts for which a step is due, the longest untouched first; looked at without a lock."""
    last = today - timedelta(days=terms.kept - max(terms.reminders, default=0))
    after = timezone.make_aware(datetime.combine(last + timedelta(days=1), time()))
    rows = Draft.objects.filter(kind=kind, status=status, **{f"{MOMENTS[status]}__lt": after})
    waiting = list(rows.order_by(MOMENTS[status]).values_list("pk", flat=True))
    for start in range(0, len(waiting), BATCH):
        batch = Draft.objects.filter(pk__in=waiting[start : start + BATCH]).defer("fields", "conflicts")
        for draft in batch.prefetch_related("reminders"):
            if due(terms, timezone.localdate(_moment(draft)), _made(draft), today):
                yield draft


def _moment(draft: Draft) -> datetime:
    """The last touch; of a draft that was put aside, when that was."""
    return draft.discarded_at or draft.updated_at


def _made(draft: Draft) -> dict[int, date]:
    """Reminders since the last touch: days before the end → when they were made."""
    return {row.days: row.made_on for row in draft.reminders.all() if row.moment == _moment(draft)}


def _do(draft_id: UUID, status: Draft.Status, terms: Terms, today: date) -> str:
    """One due step in a transaction of its own, decided anew under the lock; a draft in use is left for tomorrow."""
    with transaction.atomic(durable=True):
        rows = Draft.objects.select_for_update(skip_locked=True, of=("self",)).select_related("beneficiary", "author")
        draft = rows.filter(pk=draft_id, status=status).first()
        if draft is None:
            return ""
        step = due(terms, timezone.localdate(_moment(draft)), _made(draft), today)
        if step is None:
            return ""
        if step.days is None:
            _purge(draft)
            return "purged"
        DraftReminder.objects.create(draft=draft, moment=_moment(draft), days=step.days, made_on=today)
        _remind(draft, step.days, step.end)
        return "reminded"


def _purge(draft: Draft) -> None:
    """Answers, files and the log of saves are removed; what stays says that there was a draft, not what stood in it."""
    events.record(
        kind="draft.purged",
        subject=f"draft:{draft.pk}",
        actor=None,
        on_behalf_of=draft.beneficiary,
        before=draft.status,
        after="purged",
        data={"kind": draft.kind, "rev": draft.rev, "touched_on": timezone.localdate(_moment(draft)).isoformat()},
    )
    files.forget(draft)
    draft.delete()


def _remind(draft: Draft, days: int, end: date) -> None:
    reader = owner_of(draft, draft.author_id) or draft.author
    with translation.override(reader.language):
        words: dict[str, Any] = {
            "begun": formats.date_long(draft.created_at),
            "end": formats.date_long(end),
            "url": address_of(draft),
        }
        if draft.status == Draft.Status.DISCARDED:
            text = _(
                "You began it on %(begun)s, and it was put aside. On %(end)s it is removed for good."
                " To keep it, restore it: %(url)s"
            )
        else:
            text = _(
                "You began it on %(begun)s and did not send it. On %(end)s it is removed for good."
                " To keep it, go on with it: %(url)s"
            )
        notices.create(
            recipient=reader,
            kind="draft.reminder",
            subject=f"draft:{draft.pk}",
            title=_("Your draft is removed on %(end)s") % words,
            text=text % words,
            dedupe=f"draft.reminder:{draft.pk}:{_moment(draft).isoformat()}:{days}",
        )
