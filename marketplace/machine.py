"""State machines as data: one table of steps gives the checks, the buttons, the docs and the tests."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models

from marketplace.errors import IllegalStep


@dataclass(frozen=True)
class Step:
    """``action`` by one of ``parties`` moves a thing from one of ``sources`` to ``target``.

    ``parties`` say in what capacity the actor meets the thing ("owner", "supplier", "office",
    "authority", "ministry", "clock"): whether an actor has that capacity is the selectors' matter.
    """

    action: str
    sources: tuple[str, ...]
    target: str
    parties: tuple[str, ...]
    label: Any  # a lazy translation: the words on the button


class Machine:
    """The legal steps of one kind of thing."""

    def __init__(self, name: str, states: type[models.TextChoices], steps: Iterable[Step]):
        self.name = name
        self.states = states
        self.steps = tuple(steps)
        for step in self.steps:
            unknown = {*step.sources, step.target} - set(states.values)
            if unknown:
                raise ValueError(f"{name}: step {step.action} names unknown states {unknown}")

    def allowed(self, state: str, parties: Iterable[str]) -> list[Step]:
        """Steps that these capacities may take now, in the order of the table."""
        held = set(parties)
        return [step for step in self.steps if state in step.sources and held & set(step.parties)]

    def actions(self, state: str, parties: Iterable[str]) -> list[str]:
        """Names of the allowed steps, each once."""
        return list(dict.fromkeys(step.action for step in self.allowed(state, parties)))

    def find(self, action: str, state: str, parties: Iterable[str]) -> Step:
        """The step to take. Raises IllegalStep naming the allowed actions."""
        held = list(parties)
        for step in self.allowed(state, held):
            if step.action == action:
                return step
        raise IllegalStep(action=action, state=self.states(state).label, allowed=self.actions(state, held))

    def take(self, queryset: models.QuerySet[Any], step: Step, state: str, **changes: Any) -> None:
        """Move the one row of ``queryset`` if it is still in ``state``; the row count decides.

        Raises IllegalStep when someone else was first.
        """
        if queryset.filter(status=state).update(status=step.target, **changes) != 1:
            raise IllegalStep(action=step.action, state=self.states(state).label, allowed=[])
