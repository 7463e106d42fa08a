"""The 20 regions as plain data, and how people and programs may name one."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from marketplace.models import Region
from marketplace.remembered import Remembered
from marketplace.rules import in_language


@dataclass(frozen=True)
class RegionFacts:
    """A region without a query; ``name`` speaks the active language."""

    code: str
    slug: str
    names: dict[str, str]
    centres: dict[str, str]

    @property
    def name(self) -> str:
        return in_language(self.names)


def _load() -> tuple[RegionFacts, ...]:
    return tuple(
        RegionFacts(
            code=region.code,
            slug=region.slug,
            names={language: getattr(region, f"name_{language}") or "" for language in ("kk", "ru", "en")},
            centres={language: getattr(region, f"centre_{language}") or "" for language in ("kk", "ru", "en")},
        )
        for region in Region.objects.order_by("sort", "code")
    )


_remembered = Remembered(_load)
forget = _remembered.forget


def listed() -> tuple[RegionFacts, ...]:
    """All regions in their order."""
    return _remembered.get()


def options(chosen: str) -> list[dict[str, Any]]:
    """For components/select.html: the whole country first; ``chosen`` is a code, or empty."""
    return [
        {"value": "", "label": _("All Kazakhstan"), "checked": not chosen},
        *({"value": region.code, "label": region.name, "checked": region.code == chosen} for region in listed()),
    ]


def find(text: str) -> RegionFacts | None:
    """A region by ISO code in any case (``kz-63``) or by its slug (``east-kazakhstan``)."""
    wanted = text.strip().lower()
    return next((region for region in listed() if wanted in (region.code.lower(), region.slug)), None)


def name_of(code: str) -> str:
    """The name in the active language; the code itself for a region that is not listed."""
    return next((region.name for region in listed() if region.code == code), code)
