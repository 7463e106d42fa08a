"""Things whose dates were fixed when they began: the apps above say how many a change would not touch."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Dated:
    """``of_rule(code)`` counts open things dated by a rule, ``from_day(day)`` those due on a day or later."""

    label: Any
    of_rule: Callable[[str], int]
    from_day: Callable[[date], int]


@dataclass(frozen=True)
class Kept:
    """How many of one kind keep their dates."""

    label: Any
    count: int


_registered: list[Dated] = []


def register(label: Any, *, of_rule: Callable[[str], int], from_day: Callable[[date], int]) -> None:
    """Call while an app gets ready."""
    _registered.append(Dated(label, of_rule, from_day))


def kept_by_rule(*codes: str) -> list[Kept]:
    """Open things that keep their dates when a version of these rules starts."""
    return [Kept(kind.label, sum(kind.of_rule(code) for code in codes)) for kind in _registered]


def kept_from(day: date) -> list[Kept]:
    """Open things due on the day or later: their dates were computed without the change."""
    return [Kept(kind.label, kind.from_day(day)) for kind in _registered]
