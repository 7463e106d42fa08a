"""A product's parameters in words: name, amount in people's units, choices by their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from catalog import units
from catalog.types import Attribute, ProductType


@dataclass(frozen=True)
class Shown:
    """One line of the parameters' table; ``common`` ones (brand, country, package) stand below the others."""

    code: str
    name: str
    text: str
    common: bool


def shown(product_type: ProductType, parameters: Mapping[str, Mapping[str, Any]]) -> list[Shown]:
    """The stated parameters in the order of the type's definition."""
    return [
        Shown(attribute.code, attribute.name, text_of(attribute, parameters[attribute.code]), attribute.common)
        for attribute in product_type.attributes
        if attribute.code in parameters
    ]


def choices(attribute: Attribute) -> list[tuple[str, str]]:
    """What may be chosen of a parameter, as a query writes it and as people read it."""
    if attribute.kind == "flag":
        return [("true", _("yes")), ("false", _("no"))]
    return [(choice.code, choice.name) for choice in attribute.choices]


def text_of(attribute: Attribute, parameter: Mapping[str, Any]) -> str:
    """``45–62 cm``, ``yes``, ``left, right``."""
    if attribute.kind == "range":
        return units.interval(parameter["min"], parameter["max"], attribute.unit, attribute.shown_unit)
    value = parameter["value"]
    if attribute.kind == "number":
        return units.amount(value, attribute.unit, attribute.shown_unit)
    if attribute.kind == "flag":
        return _("yes") if value else _("no")
    if attribute.kind == "choice":
        return attribute.choice_name(value)
    if attribute.kind == "multi":
        return ", ".join(attribute.choice_name(choice) for choice in value)
    return str(value)


def as_data(product_type: ProductType, parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The API's shape: code → amounts in the stored unit, and the words people see."""
    return {
        attribute.code: {
            "name": attribute.name,
            "unit": attribute.unit or None,
            "text": text_of(attribute, parameters[attribute.code]),
            **parameters[attribute.code],
        }
        for attribute in product_type.attributes
        if attribute.code in parameters
    }
