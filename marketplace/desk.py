"""The parts of a person's home page, and of a supplier's desk: each app registers what its people need first.

The layer that draws a page knows none of the apps above it. A part brings its own template; the page
includes it with the part's context as ``part``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from marketplace.models import User


@dataclass(frozen=True)
class Part:
    """One section of the page: a template that starts with an ``<h2>``. Lower ``order`` stands first."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    order: int = 50


Parts = Callable[[User], list[Part]]
_home: list[Parts] = []
_shop: list[Parts] = []


def register_home(function: Parts) -> Parts:
    """Call from an AppConfig.ready: ``function(actor)`` gives the parts for this person, none for other roles."""
    _home.append(function)
    return function


def register_shop(function: Parts) -> Parts:
    """The same for the desk of a supplier; ``actor`` works for one."""
    _shop.append(function)
    return function


def home_of(actor: User) -> list[Part]:
    """The parts of this person's home page, in their order."""
    return _in_order(_home, actor)


def shop_of(actor: User) -> list[Part]:
    """The parts of this supplier's desk, in their order."""
    return _in_order(_shop, actor)


def _in_order(functions: list[Parts], actor: User) -> list[Part]:
    return sorted((part for function in functions for part in function(actor)), key=lambda part: part.order)
