"""The parts of a person's home page: each app registers what its people need first.

This layer draws the page and knows none of the apps above. A part brings its own template; the page
includes it with the part's context as ``part``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from marketplace.models import User


@dataclass(frozen=True)
class Part:
    """One section of the home page: a template that starts with an ``<h2>``. Lower ``order`` stands first."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    order: int = 50


HomeFunction = Callable[[User], list[Part]]
_functions: list[HomeFunction] = []


def register_home(function: HomeFunction) -> HomeFunction:
    """Call from an AppConfig.ready: ``function(actor)`` gives the parts for this person, none for other roles."""
    _functions.append(function)
    return function


def home_of(actor: User) -> list[Part]:
    """The parts of this person's home page, in their order."""
    parts = [part for function in _functions for part in function(actor)]
    return sorted(parts, key=lambda part: part.order)
