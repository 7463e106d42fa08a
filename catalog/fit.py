"""Does it fit? A product's parameters against a person's measures, rule by rule, with reasons in words.

Rules (data of the attribute definitions):
- ``covers``: the adjustable interval reaches the measure (handle 45–62 cm, the person needs 58 cm);
- ``within``: the measure lies in the interval the product is made for (body height 90–120 cm);
- ``at_least``: the number is not below the measure (largest user weight);
- ``at_most``: the number is not above the measure (seat depth).
``tolerance`` widens the comparison on the side where it is harmless; ``why`` says in three languages why the measure
matters, where it does not fit, and why it still does, where only the tolerance makes it fit.

One broken rule: does not fit. Otherwise, when the supplier did not state a mandatory parameter or the
person a measure that is asked for: unknown. Otherwise: fits. Nothing here reads a database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import units
from catalog.types import Attribute, FitRule

FITS, DOES_NOT_FIT, UNKNOWN = "fits", "does_not_fit", "unknown"
LABELS = {
    FITS: gettext_lazy("Fits"),
    DOES_NOT_FIT: gettext_lazy("Does not fit"),
    UNKNOWN: gettext_lazy("Not known whether it fits"),
}
_ORDER = {DOES_NOT_FIT: 0, UNKNOWN: 1, FITS: 2}

Parameters = Mapping[str, Mapping[str, Any]]
Measures = Mapping[str, int]


@dataclass(frozen=True)
class Reason:
    """What one rule says; ``attribute`` is empty when it is about the whole product."""

    attribute: str
    verdict: str
    text: str


@dataclass(frozen=True)
class Fit:
    """``reasons``: what speaks against it first, then what is not known, then what fits."""

    verdict: str
    reasons: tuple[Reason, ...]

    @property
    def label(self) -> str:
        return str(LABELS[self.verdict])

    @property
    def texts(self) -> list[str]:
        return [reason.text for reason in self.reasons]


def verdict(
    parameters: Parameters, definitions: Iterable[Attribute], measures: Measures, *, made_to_measure: bool = False
) -> Fit:
    """Compare every parameter that has a fit rule; what is not mandatory and not stated is left out."""
    if made_to_measure:
        return Fit(FITS, (Reason("", FITS, _("It is made to your measure after a fitting.")),))
    ruled = [(definition, definition.fit) for definition in definitions if definition.fit is not None]
    if not ruled:
        return Fit(FITS, (Reason("", FITS, _("This product is chosen without body measures.")),))
    reasons = [
        _compare(definition, rule, parameters.get(definition.code), measures)
        for definition, rule in ruled
        if definition.required or definition.code in parameters
    ]
    if not reasons:
        return Fit(UNKNOWN, (Reason("", UNKNOWN, _("The supplier stated no sizes.")),))
    reasons.sort(key=lambda reason: _ORDER[reason.verdict])
    return Fit(reasons[0].verdict, tuple(reasons))


def holds(rule: str, tolerance: int, parameter: Mapping[str, Any], measure: int) -> bool:
    """Whether the measure satisfies the rule."""
    lower, upper = bounds(parameter)
    if rule in {"covers", "within"}:
        return lower - tolerance <= measure <= upper + tolerance
    if rule == "at_least":
        return measure <= upper + tolerance
    if rule == "at_most":
        return lower - tolerance <= measure
    raise ValueError(f"unknown fit rule {rule!r}")


def bounds(parameter: Mapping[str, Any]) -> tuple[int, int]:
    """Smallest and largest value of a stated parameter; a single number is both."""
    if "min" in parameter:
        return parameter["min"], parameter["max"]
    return parameter["value"], parameter["value"]


def _compare(definition: Attribute, fit: FitRule, parameter: Mapping[str, Any] | None, measures: Measures) -> Reason:
    if parameter is None:
        text = _("%(parameter)s: not stated by the supplier.") % {"parameter": definition.name}
        return Reason(definition.code, UNKNOWN, text)
    lower, upper = bounds(parameter)
    stated = units.interval(lower, upper, definition.unit, definition.shown_unit)
    if fit.measure.code not in measures:
        text = _("%(parameter)s: %(stated)s. Your measure is not known: %(measure)s.") % {
            "parameter": definition.name,
            "stated": stated,
            "measure": fit.measure.name,
        }
        return Reason(definition.code, UNKNOWN, text)
    measure = measures[fit.measure.code]
    needed = units.amount(measure, fit.measure.unit, fit.measure.shown_unit)
    words = {"parameter": definition.name, "stated": stated, "needed": needed}
    if not holds(fit.rule, fit.tolerance, parameter, measure):
        return Reason(definition.code, DOES_NOT_FIT, _with_why(_not_fitting(fit.rule) % words, fit))
    said = _fitting(fit.rule) % words
    return Reason(definition.code, FITS, said if holds(fit.rule, 0, parameter, measure) else _with_why(said, fit))


def _with_why(said: str, fit: FitRule) -> str:
    return f"{said} {fit.why}".rstrip()


def _fitting(rule: str) -> str:
    if rule == "at_least":
        return _("%(parameter)s: %(stated)s, enough for your %(needed)s.")
    if rule == "at_most":
        return _("%(parameter)s: %(stated)s, not more than your %(needed)s.")
    return _("%(parameter)s: %(stated)s, you need %(needed)s: this fits.")


def _not_fitting(rule: str) -> str:
    if rule == "at_least":
        return _("%(parameter)s: %(stated)s, you need at least %(needed)s.")
    if rule == "at_most":
        return _("%(parameter)s: %(stated)s, you need at most %(needed)s.")
    return _("%(parameter)s: %(stated)s, you need %(needed)s.")
