"""What a product states of itself: parameters typed in people's units, read against the type, written as rows.

Values by code: ``(min, max)`` of a range, a whole number, the code of a choice, a list of codes, True or False, text.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from catalog import units
from catalog.models import AttributeOption, Product, ProductAttribute, ProductAttributeValue
from catalog.types import Attribute
from marketplace.errors import FieldError

PREFIX = "p."
LONGEST = 200


def fields_of(attribute: Attribute) -> list[str]:
    """Names of the boxes that ask for a parameter."""
    name = f"{PREFIX}{attribute.code}"
    return [f"{name}.from", f"{name}.to"] if attribute.kind == "range" else [name]


def read(attribute: Attribute, typed: Mapping[str, Any]) -> tuple[Any, list[FieldError]]:
    """The value in the stored unit, None when nothing was said; and what is wrong, at the box that it was typed in."""
    names = fields_of(attribute)
    said = [typed.get(name) for name in names]
    if all(value in (None, "", []) for value in said):
        missing = [FieldError(names[0], "required", _("Say this: people choose by it."))] if attribute.required else []
        return None, missing
    if attribute.kind == "range":
        return _range(attribute, names, said)
    if attribute.kind == "number":
        return _number(attribute, names[0], said[0])
    if attribute.kind in {"choice", "multi"}:
        return _chosen(attribute, names[0], said[0])
    if attribute.kind == "flag":
        return {"yes": True, "no": False}.get(str(said[0])), []
    text = str(said[0]).strip()
    if len(text) > LONGEST:
        return None, [FieldError(names[0], "too_long", _("Write at most %(most)s characters.") % {"most": LONGEST})]
    return text, []


def _number(attribute: Attribute, name: str, value: Any) -> tuple[int | None, list[FieldError]]:
    try:
        number = units.to_stored(str(value or ""), attribute.unit, attribute.shown_unit)
    except ValueError:
        return None, [FieldError(name, "number", _("Give a number, for example 62 or 62,5."))]
    low, high = attribute.minimum, attribute.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        between = {
            "low": units.amount(low or 0, attribute.unit, attribute.shown_unit),
            "high": units.amount(high, attribute.unit, attribute.shown_unit) if high is not None else "∞",
        }
        return None, [FieldError(name, "range", _("Give a value from %(low)s to %(high)s.") % between)]
    return number, []


def _range(attribute: Attribute, names: list[str], said: list[Any]) -> tuple[tuple[int, int] | None, list[FieldError]]:
    # One end alone says both: a thing that does not move.
    low, wrong_low = _number(attribute, names[0], said[0] if said[0] not in (None, "") else said[1])
    high, wrong_high = _number(attribute, names[1], said[1] if said[1] not in (None, "") else said[0])
    if wrong_low or wrong_high or low is None or high is None:
        return None, [*wrong_low, *wrong_high]
    if low > high:
        return None, [FieldError(names[1], "order", _("The largest value is smaller than the smallest one."))]
    return (low, high), []


def _chosen(attribute: Attribute, name: str, value: Any) -> tuple[Any, list[FieldError]]:
    known = {choice.code for choice in attribute.choices}
    codes = [str(code) for code in value] if isinstance(value, list) else [str(value)]
    if not set(codes) <= known:
        return None, [FieldError(name, "choice", _("Choose from the list."))]
    return (codes if attribute.kind == "multi" else codes[0]), []


def typed_of(attribute: Attribute, parameter: Mapping[str, Any]) -> dict[str, Any]:
    """The boxes filled with what a product states (a parameter as ``documents.parameters_of`` gives it)."""
    names = fields_of(attribute)

    def shown(value: int) -> str:
        return f"{units.in_people_units(value, attribute.unit, attribute.shown_unit):f}"

    if attribute.kind == "range":
        return {names[0]: shown(parameter["min"]), names[1]: shown(parameter["max"])}
    value = parameter["value"]
    if attribute.kind == "number":
        return {names[0]: shown(value)}
    return {names[0]: ("yes" if value else "no") if attribute.kind == "flag" else value}


def state(product: Product, values: Mapping[str, Any]) -> None:
    """Write these parameters and take away all others, inside the transaction of the cause."""
    definitions = {row.code: row for row in ProductAttribute.objects.filter(product_class=product.product_class_id)}
    ProductAttributeValue.objects.filter(product=product).exclude(attribute__code__in=values).delete()
    for code, value in values.items():
        attribute = definitions[code]
        row = ProductAttributeValue.objects.filter(product=product, attribute=attribute).first()
        row = row or ProductAttributeValue(product=product, attribute=attribute)
        options = AttributeOption.objects.filter(group=attribute.option_group_id)
        if attribute.type == "range":
            row.value_range = (value[0], value[1] + 1)  # half-open in PostgreSQL
        elif attribute.type == "option":
            row.value_option = options.get(option=value)
        elif attribute.type != "multi_option":
            setattr(row, f"value_{attribute.type}", value)
        row.save()
        if attribute.type == "multi_option":
            row.value_multi_option.set(options.filter(option__in=value))
