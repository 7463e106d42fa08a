"""Interviews by phone: each week a random sample of every region, so that quiet places are heard as well.

The seed, the size of each stratum and the reason for each name are kept: the same seed over the same
occasions draws the same people, and nobody chooses whom to ask.
"""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from complaints.feedback import giving, selectors
from complaints.feedback.giving import Said
from complaints.feedback.models import CallRound, CallTask, Feedback, NoInvitations, Occasion
from complaints.feedback.states import CALL, OPEN_CALLS
from marketplace import access, crypto, events, rules
from marketplace.models import User
from marketplace.rules import in_language
from marketplace.time import database_now


@dataclass(frozen=True)
class Stratum:
    """One region's part of a sample."""

    region: str
    universe: int
    drawn: list[int]


def draw_sample(universe: dict[str, list[int]], *, per_region: int, seed: str) -> list[Stratum]:
    """``per_region`` of each region's occasions, all where there are fewer. Pure: the seed decides everything."""
    strata = []
    for region in sorted(universe):
        ids = sorted(universe[region])
        # Chance for fairness, not for secrecy: it has to be repeatable.
        chance = random.Random(f"{seed}:{region}")  # noqa: S311  # nosec B311  # a sample that can be drawn again
        strata.append(Stratum(region, len(ids), sorted(chance.sample(ids, min(per_region, len(ids))))))
    return strata


def week_of(day: date) -> str:
    year, week, _weekday = day.isocalendar()
    return f"{year}-W{week:02d}"


def universe(since: date, until: date) -> QuerySet[Occasion]:
    """Occasions of a span that nobody has rated, of people who can be phoned and did not refuse."""
    refused = NoInvitations.objects.filter(person=OuterRef("person"))
    given = Feedback.objects.filter(event=OuterRef("event"))
    return (
        Occasion.objects.filter(happened_on__gte=since, happened_on__lte=until, used_at=None, call=None)
        .filter(~Exists(refused), ~Exists(given), person__is_active=True)
        .exclude(person__phone="")
    )


def draw(now: datetime, *, seed: str = "") -> int:
    """Draw the sample of this week, once; returns how many people are to be called."""
    today = timezone.localdate(now)
    name = week_of(today)
    if CallRound.objects.filter(name=name).exists():
        return 0
    rule = rules.get("feedback.calls").value
    since, until = today - timedelta(days=int(rule["days_back"])), today - timedelta(days=1)
    people: dict[str, list[int]] = {}
    for region, pk in universe(since, until).values_list("region_id", "pk"):
        people.setdefault(region, []).append(pk)
    if not people:
        return 0  # a week without occasions is looked at again
    seed = seed or crypto.digest("feedback-calls", name).hex()[:16]
    strata = draw_sample(people, per_region=int(rule["per_region"]), seed=seed)
    try:
        with transaction.atomic(durable=True):
            _write(CallRound(name=name, seed=seed, since=since, until=until, drawn_at=now), strata, today)
    except IntegrityError:
        return 0  # another beat drew it, or took one of the people, at this moment; the next sweep looks again
    return sum(len(stratum.drawn) for stratum in strata)


def _write(round_: CallRound, strata: list[Stratum], today: date) -> None:
    round_.strata = {stratum.region: {"of": stratum.universe, "drawn": len(stratum.drawn)} for stratum in strata}
    round_.save(force_insert=True)
    CallTask.objects.bulk_create(
        CallTask(
            round=round_,
            occasion_id=pk,
            region_id=stratum.region,
            call_from=today,
            drawn_because={
                "seed": round_.seed,
                "region": stratum.region,
                "of": stratum.universe,
                "place": place,
                "drawn": len(stratum.drawn),
            },
        )
        for stratum in strata
        for place, pk in enumerate(stratum.drawn, 1)
    )
    events.record(
        kind="feedback.sample_drawn",
        subject=f"call-round:{round_.name}",
        actor=None,
        data={"seed": round_.seed, "strata": round_.strata},
        at=round_.drawn_at,
    )


def script() -> list[str]:
    """What the operator reads out, in the active language."""
    return [in_language(step) for step in rules.get("feedback.call_script").value["steps"]]


def interview(*, task_id: int, actor: User, said: Said, now: datetime | None = None) -> Feedback:
    """The person answered. Raises NotFound, IllegalStep, Invalid, AlreadyGiven (rated by the link meanwhile)."""
    now = now or database_now()
    with transaction.atomic(durable=True):
        task = _lock(task_id, actor, "interview", now)
        occasion = Occasion.objects.select_related("supplier", "office").get(pk=task.occasion_id)
        given = giving.of_occasion(occasion, Feedback.Channel.CALL, said, actor=actor, now=now)
        _move(task, "interview", actor, now, finished_at=now)
        return given


def no_answer(*, task_id: int, actor: User, now: datetime | None = None) -> CallTask:
    """Nobody took the call: again another day, after the last try not any more. Raises NotFound, IllegalStep."""
    now = now or database_now()
    rule = rules.get("feedback.calls").value
    with transaction.atomic(durable=True):
        task = _lock(task_id, actor, "no-answer", now)
        tries = task.tries + 1
        if tries >= int(rule["tries"]):
            _move(task, "give-up", actor, now, tries=tries, finished_at=now)
        else:
            again = timezone.localdate(now) + timedelta(days=int(rule["again_after_days"]))
            _move(task, "no-answer", actor, now, tries=tries, call_from=again)
        task.refresh_from_db()
        return task


def decline(*, task_id: int, actor: User, now: datetime | None = None) -> None:
    """The person does not want to answer, now and later. Raises NotFound, IllegalStep."""
    now = now or database_now()
    with transaction.atomic(durable=True):
        task = _lock(task_id, actor, "decline", now)
        person_id = Occasion.objects.values_list("person_id", flat=True).get(pk=task.occasion_id)
        NoInvitations.objects.get_or_create(person_id=person_id, defaults={"at": now})
        _move(task, "decline", actor, now, finished_at=now)


def close_stale(now: datetime) -> int:
    """Calls whose link came back, or whose week is long over, need nobody's time any more."""
    days_back = int(rules.get("feedback.calls").value["days_back"])
    oldest = timezone.localdate(now) - timedelta(days=days_back)
    rows = CallTask.objects.filter(status__in=OPEN_CALLS)
    stale = rows.filter(occasion__used_at__isnull=False) | rows.filter(round__drawn_at__date__lt=oldest)
    target = CALL.find("give-up", "waiting", ["clock"]).target
    # One statement for all, so the state stands in its condition.
    return CallTask.objects.filter(pk__in=stale.values("pk"), status__in=OPEN_CALLS).update(
        status=target, finished_at=now
    )


def _lock(task_id: int, actor: User, action: str, now: datetime) -> CallTask:
    found = selectors.call(actor, task_id, now)
    task = CallTask.objects.select_for_update().get(pk=found.pk)
    CALL.find(action, task.status, ["desk"])
    access.log_read(
        actor=actor, person_id=found.occasion.person_id, purpose="call", subject=f"occasion:{found.occasion_id}"
    )
    return task


def _move(task: CallTask, action: str, actor: User, now: datetime, **changes: Any) -> None:
    step = CALL.find(action, task.status, ["desk"])
    CALL.take(CallTask.objects.filter(pk=task.pk), step, task.status, operator=actor, **changes)
    events.record(
        kind=f"feedback.call_{action.replace('-', '_')}",
        subject=f"occasion:{task.occasion_id}",
        actor=actor,
        before=task.status,
        after=step.target,
        data={"round": task.round_id},
        at=now,
    )
