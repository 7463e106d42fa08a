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
    """A rule's value with what explains it to people."""

    code: str
    value: Any
    valid_from: date
    mark: str
    basis: str


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


def get(code: str, on: date | None = None) -> InForce:
    """The version of ``code`` in force on a local date (today by default).

    Raises ImproperlyConfigured when no version has started: rule data is part of an installation.
    """
    day = on or timezone.localdate()
    rule = Rule.objects.filter(code=code, valid_from__lte=day).order_by("-valid_from").first()
    if rule is None:
        raise ImproperlyConfigured(f"rule {code} has no version in force on {day}")
    return InForce(rule.code, rule.value, rule.valid_from, rule.mark, in_language(rule.legal_basis))
