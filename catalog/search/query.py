"""What people and programs may ask of the catalogue, read from the parameters of an address.

``q``, ``type``, ``shelf``, ``attr.<code>``, ``fits``, ``region``, ``supplier``, ``price``, ``sort``, ``page``.
Intervals are written ``a..b``, ``a..`` or ``..b``; one number alone means exactly that number. Amounts are
whole numbers in the attribute's stored unit (mm, g, ml), prices are KZT for a pack.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from catalog import types
from catalog.types import Attribute, ProductType
from marketplace import regions
from marketplace.errors import FieldError, Invalid

PAGE_SIZE = 20
LONGEST_TEXT = 200
SORTS = ("best", "price", "-price", "unit_price")
YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}

Interval = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True)
class AttributeFilter:
    """One parameter asked for: an interval that must be met, or values of which one must be."""

    code: str
    kind: str
    lower: int | None = None
    upper: int | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """A question to the catalogue. ``measures`` are the person's, in SI units; empty for a visitor.

    ``near``: the person's region. Nothing is left out for it; what nobody delivers there comes after the rest.
    """

    text: str = ""
    product_type: ProductType | None = None
    shelf: str = ""
    region: str = ""
    near: str = ""
    supplier: str = ""
    price: Interval = (None, None)
    attributes: tuple[AttributeFilter, ...] = ()
    fits: bool = False
    measures: Mapping[str, int] = field(default_factory=dict)
    sort: str = "best"
    page: int = 1
    size: int = PAGE_SIZE

    def turned_to(self, page: int) -> "Query":
        return replace(self, page=page)


def from_params(params: QueryDict, *, measures: Mapping[str, int] | None = None, near: str = "") -> Query:
    """Read and check every parameter. Raises Invalid that names each wrong one; unknown others are ignored."""
    errors: list[FieldError] = []
    product_type = _type(params, errors)
    query = Query(
        text=params.get("q", "").strip()[:LONGEST_TEXT],
        product_type=product_type,
        shelf=_shelf(params, errors),
        region=_region(params, errors),
        near=near,
        supplier=params.get("supplier", "").strip()[:128],
        price=_price(params, errors),
        attributes=tuple(_attributes(params, product_type, errors)),
        fits=_flag(params, "fits", errors),
        measures=measures or {},
        sort=_sort(params, errors),
        page=_page(params, errors),
    )
    if errors:
        raise Invalid(errors)
    return query


def region_of(params: QueryDict) -> str:
    """The code of the region asked for, empty for none. Raises Invalid for an unknown one."""
    errors: list[FieldError] = []
    code = _region(params, errors)
    if errors:
        raise Invalid(errors)
    return code


def beneficiary_id(params: QueryDict) -> int | None:
    """``for``: the person to choose for, by id. Raises Invalid for what is not a number."""
    text = params.get("for", "").strip()
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise Invalid([FieldError("for", "number", _("Give the number of a person."))])
    return int(text)


def _type(params: QueryDict, errors: list[FieldError]) -> ProductType | None:
    code = params.get("type", "").strip()
    if not code:
        return None
    found = types.book().by_code.get(code)
    if found is None:
        errors.append(FieldError("type", "unknown", _("There is no such product type.")))
    return found


def _shelf(params: QueryDict, errors: list[FieldError]) -> str:
    code = params.get("shelf", "").strip()
    if code and code not in {shelf.slug for shelf in types.book().shelves}:
        errors.append(FieldError("shelf", "unknown", _("There is no such shelf.")))
    return code


def _region(params: QueryDict, errors: list[FieldError]) -> str:
    text = params.get("region", "").strip()
    if not text:
        return ""
    region = regions.find(text)
    if region is None:
        errors.append(FieldError("region", "unknown", _("There is no such region. Write it like KZ-63.")))
        return ""
    return region.code


def _price(params: QueryDict, errors: list[FieldError]) -> Interval:
    text = params.get("price", "").strip()
    if not text:
        return (None, None)
    try:
        lower, upper = (_decimal(end) if end else None for end in ends(text))
        if (lower is None or lower >= 0) and (lower is None or upper is None or lower <= upper):
            return (lower, upper)
    except ValueError:
        pass
    errors.append(FieldError("price", "interval", _("Write a price interval like 1000..50000.")))
    return (None, None)


def ends(text: str) -> tuple[str, str]:
    """``a..b`` → its ends, an empty one for open; ``a`` → ``a`` twice. Raises ValueError for anything else."""
    lower, dots, upper = (part.strip() for part in text.partition(".."))
    if not dots:
        return lower, lower
    if not lower and not upper:
        raise ValueError(text)
    return lower, upper


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite() or abs(number) >= 10**12:
        raise ValueError(text)
    return number


def _attributes(params: QueryDict, product_type: ProductType | None, errors: list[FieldError]) -> Any:
    for name in params:
        if not name.startswith("attr."):
            continue
        code = name.removeprefix("attr.")
        asked = [part.strip() for text in params.getlist(name) for part in text.split(",") if part.strip()]
        if not asked:
            continue
        definitions = _definitions(code, product_type)
        if not definitions:
            errors.append(FieldError(name, "unknown", _("Products of this type have no such parameter.")))
            continue
        try:
            yield read_filter(code, definitions, asked)
        except ValueError:
            kind = definitions[0].kind
            message = (
                _("Write an interval like 500..620, in whole numbers.")
                if kind in {"range", "number"}
                else _("This parameter has no such value.")
            )
            errors.append(FieldError(name, "interval" if kind in {"range", "number"} else "choice", message))


def _definitions(code: str, product_type: ProductType | None) -> list[Attribute]:
    if product_type is None:
        return list(types.book().definitions(code))
    attribute = product_type.attribute(code)
    return [attribute] if attribute else []


def read_filter(code: str, definitions: list[Attribute], asked: list[str]) -> AttributeFilter:
    """A filter out of texts. Raises ValueError when they do not suit the parameter."""
    kind = definitions[0].kind
    if kind in {"range", "number"}:
        if len(asked) != 1:
            raise ValueError(code)
        lower, upper = (_whole(end) if end else None for end in ends(asked[0]))
        if lower is not None and upper is not None and lower > upper:
            raise ValueError(code)
        return AttributeFilter(code, kind, lower=lower, upper=upper)
    if kind == "flag":
        return AttributeFilter(code, kind, values=tuple(dict.fromkeys(_true_or_false(text) for text in asked)))
    if kind in {"choice", "multi"}:
        known = {choice.code for definition in definitions for choice in definition.choices}
        if not known.issuperset(asked):
            raise ValueError(code)
    return AttributeFilter(code, kind, values=tuple(dict.fromkeys(asked)))


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) > 10**12:
        raise ValueError(text)
    return number


def _true_or_false(text: str) -> str:
    if text.lower() in YES:
        return "true"
    if text.lower() in NO:
        return "false"
    raise ValueError(text)


def _flag(params: QueryDict, name: str, errors: list[FieldError]) -> bool:
    text = params.get(name, "").strip().lower()
    if text in YES | NO:
        return text in YES
    errors.append(FieldError(name, "flag", _("Write 1 or 0.")))
    return False


def _sort(params: QueryDict, errors: list[FieldError]) -> str:
    text = params.get("sort", "").strip() or "best"
    if text not in SORTS:
        message = _("Products cannot be sorted by this. Possible: %(sorts)s.")
        errors.append(FieldError("sort", "unknown", message % {"sorts": ", ".join(SORTS)}))
        return "best"
    return text


def _page(params: QueryDict, errors: list[FieldError]) -> int:
    text = params.get("page", "").strip() or "1"
    if text.isdecimal() and 1 <= int(text) <= 100_000:
        return int(text)
    errors.append(FieldError("page", "number", _("Write the number of a page, from 1.")))
    return 1
