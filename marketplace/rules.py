"""Rule data: which version of a rule is in force on a day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import get_language

from marketplace.models import Rule


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


def several(*codes: str, on: date | None = None) -> dict[str, InForce]:
    """The versions of several rules in force on a local date (today by default), in one query.

    Raises ImproperlyConfigured when one has not started: rule data is part of an installation.
    """
    day = on or timezone.localdate()
    versions = Rule.objects.filter(code__in=codes, valid_from__lte=day).order_by("code", "-valid_from").distinct("code")
    found = {
        rule.code: InForce(rule.code, rule.value, rule.valid_from, rule.mark, rule.legal_basis) for rule in versions
    }
    for code in codes:
        if code not in found:
            raise ImproperlyConfigured(f"rule {code} has no version in force on {day}")
    return found


def get(code: str, on: date | None = None) -> InForce:
    """The version of ``code`` in force on a local date (today by default); raises like ``several``."""
    return several(code, on=on)[code]
