"""Signals that suppliers may act together, or staff beside the rules: kept, shown, dismissed with a reason.

A signal is no accusation and has no effect by itself: it changes no rank, hides nothing, and whom it names does not
hear of it. Who finds signals registers here with the words for them (``collusion.py``; layers above add their own).
What only the ministry sees is the rule; an alert goes to the auditor too, with a message.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace import access, events, outbox
from marketplace.errors import FieldError, Invalid, NotFound
from marketplace.models import Role, User
from suppliers.watch.models import Signal

LONGEST_REASON = 1000
FOUND = "signals.found"
MOST_EVIDENCE = 20  # rows kept of a signal; its strength counts all
State = Signal.State


@dataclass(frozen=True)
class Finding:
    """What a source saw: suppliers' codes, how often, and plain facts, a row each; ``staff_id`` when it is about one of the staff."""

    kind: str
    parties: tuple[str, ...]
    strength: int
    evidence: list[dict[str, Any]] = field(default_factory=list)
    type_id: int | None = None
    region: str = ""
    staff_id: int | None = None

    @property
    def key(self) -> str:
        parts = [self.kind, *sorted(self.parties), str(self.type_id or ""), self.region]
        parts += [f"staff {self.staff_id}"] if self.staff_id else []
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Kind:
    """How a kind of signal is told: its name, why it may mean something, a sentence for a row of evidence, and to whom."""

    label: Any
    why: Any
    line: Callable[[dict[str, Any]], str]
    is_alert: bool = False


Source = Callable[[], Iterable[Finding]]
kinds: dict[str, Kind] = {}
_sources: list[Source] = []


def source(**told: Kind) -> Callable[[Source], Source]:
    """Register a function that finds signals of these kinds: ``@source(same_price=Kind(…))``."""

    def register(function: Source) -> Source:
        kinds.update(told)
        _sources.append(function)
        return function

    return register


def kinds_for(actor: User) -> list[str]:
    """The ministry sees every kind, the auditor the alerts. Raises Forbidden to everybody else."""
    access.require_role(actor, Role.REVIEWER, Role.AUDITOR)
    return [name for name, kind in kinds.items() if kind.is_alert or actor.role == Role.REVIEWER]


def sweep() -> int:
    """Look for signals anew; returns how many stand. Safe to run twice.

    What is not seen any more is gone; what was dismissed stays so unless it is stronger than it was then.
    """
    found = {finding.key: finding for function in _sources for finding in function()}
    now = timezone.now()
    with transaction.atomic(durable=True):
        known = {signal.key: signal for signal in Signal.objects.select_for_update().order_by("pk")}
        gone = [one.pk for key, one in known.items() if key not in found and one.state == State.OPEN]
        Signal.objects.filter(pk__in=gone).update(state=State.GONE)
        news = 0
        fresh: list[Signal] = []
        seen: list[Signal] = []
        for key, finding in found.items():
            signal = known.get(key) or Signal(
                key=key,
                kind=finding.kind,
                parties=sorted(finding.parties),
                type_id=finding.type_id,
                region=finding.region,
                staff_id=finding.staff_id,
                found_at=now,
            )
            news += kinds[finding.kind].is_alert and (signal.pk is None or signal.state == State.GONE)
            if signal.state == State.GONE or finding.strength > signal.dismissed_strength:
                signal.state = State.OPEN
            signal.strength, signal.seen_at = finding.strength, now
            signal.evidence = finding.evidence[:MOST_EVIDENCE]
            (seen if signal.pk else fresh).append(signal)
        Signal.objects.bulk_create(fresh)
        Signal.objects.bulk_update(seen, ["state", "strength", "seen_at", "evidence"], batch_size=500)
        if news:
            outbox.add(FOUND, now.isoformat(), {"alerts": news})
    return Signal.objects.filter(state=State.OPEN).count()


def dismiss(*, signal_id: int, actor: User, reason: str) -> None:
    """The ministry looked at it and says why it means nothing."""
    access.require_role(actor, Role.REVIEWER)
    words = reason.strip()[:LONGEST_REASON]
    if not words:
        raise Invalid([FieldError("reason", "required", _("Say why the signal means nothing."))])
    with transaction.atomic(durable=True):
        now = timezone.now()
        signal = Signal.objects.select_for_update().filter(pk=signal_id, state=State.OPEN).first()
        if signal is None:
            raise NotFound
        Signal.objects.filter(pk=signal_id).update(
            state=State.DISMISSED,
            dismissed_at=now,
            dismissed_by=actor,
            dismissed_strength=signal.strength,
            reason=words,
        )
        events.record(
            kind="market-signal.dismiss",
            subject=f"market-signal:{signal_id}",
            actor=actor,
            before=State.OPEN,
            after=State.DISMISSED,
            reason=words,
            data={"kind": signal.kind, "parties": signal.parties, "strength": signal.strength},
            at=now,
        )
