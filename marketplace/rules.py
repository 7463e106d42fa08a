"""Rule data: which version of a rule is in force on a day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from marketplace import rule_shapes
from marketplace.models import Rule

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class InForce:
    """A rule's value with what explains it to people; ``legal_basis`` is {"kk", "ru", "en"}."""

    code: str
    value: Any
    valid_from: date
    mark: str
    legal_basis: dict[str, str]

    @property
    def basis(self) -> str:
        """The legal basis in the active language."""
        return in_language(self.legal_basis)


def in_language(texts: dict[str, str] | str | None) -> str:
    """The text of the active language out of {"kk", "ru", "en"}; Kazakh, then Russian, when missing."""
    if not texts:
        return ""
    if isinstance(texts, str):
        return texts
    for code in (get_language() or "kk", "kk", "ru", "en"):
        if texts.get(code):
            return texts[code]
    return ""


# The first versions as the product ships them: a list of {"code", "value", "valid_from", "mark", "legal_basis"}.
Shipped = Callable[[], list[dict[str, Any]]]
_shipped: list[Shipped] = []


def ships(function: Shipped) -> Shipped:
    """Register the rules of an app's data files: what the portal falls back to when stored ones cannot be read."""
    _shipped.append(function)
    return function


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """The rules that come with the product, by code."""
    return {row["code"]: row for function in _shipped for row in function()}


def several(*codes: str, on: date | None = None) -> dict[str, InForce]:
    """The versions of several rules in force on a local date (today by default), in one query.

    A value that the code cannot work with never gets this far: the version before it answers, at last
    the one that came with the product, and the log says so. Raises ImproperlyConfigured when a rule
    has not started: rule data is part of an installation.
    """
    day = on or timezone.localdate()
    started = Rule.objects.filter(valid_from__lte=day).order_by("code", "-valid_from")
    found = {rule.code: _in_force(rule) for rule in started.filter(code__in=codes).distinct("code")}
    for code in codes:
        if code not in found:
            raise ImproperlyConfigured(f"rule {code} has no version in force on {day}")
        if rule_shapes.problems(code, found[code].value):
            log.error("rule_broken", rule=code, valid_from=found[code].valid_from.isoformat())
            found[code] = _last_readable(code, started.filter(code=code))
    return found


def _in_force(rule: Rule) -> InForce:
    return InForce(rule.code, rule.value, rule.valid_from, rule.mark, rule.legal_basis)


def _last_readable(code: str, versions: QuerySet[Rule]) -> InForce:
    for rule in versions:
        if not rule_shapes.problems(code, rule.value):
            return _in_force(rule)
    if code not in shipped():
        raise ImproperlyConfigured(f"no version of rule {code} can be read")
    row = shipped()[code]
    return InForce(code, row["value"], date.fromisoformat(row["valid_from"]), row["mark"], row["legal_basis"])


def get(code: str, on: date | None = None) -> InForce:
    """The version of ``code`` in force on a local date (today by default); raises like ``several``."""
    return several(code, on=on)[code]
