"""The verdict of fit.py as an SQL expression over ``d.parameters``, so that lists filter and order by it.

0 fits, 1 unknown, 2 does not fit. A test compares it with fit.py on the same products and people.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from catalog import types
from catalog.types import Attribute, FitRule, ProductType

_Expression = tuple[str, list[Any]]
_Ruled = tuple[Attribute, FitRule]


def rank(product_type: ProductType | None, measures: Mapping[str, int]) -> _Expression:
    """For one type, or for all types at once."""
    asked = [product_type] if product_type is not None else types.book().types
    ruled = {item.id: _ruled(item) for item in asked if not item.made_to_measure and _ruled(item)}
    broken, open_questions = [], []
    for attribute, fit, type_ids in _grouped(ruled):
        own = _broken(attribute, fit, measures)
        if own is not None:
            broken.append(_for_types(own, type_ids))
        open_questions.append(_for_types(_open(attribute, fit, measures), type_ids))
    for type_id, attributes in ruled.items():
        if not any(attribute.required for attribute, _fit in attributes):
            codes = [attribute.code for attribute, _fit in attributes]
            open_questions.append(_for_types(("NOT d.parameters ?| %s", [codes]), [type_id]))
    text, params = "CASE", []
    for verdict, tests in ((2, broken), (1, open_questions)):
        if tests:
            text += f" WHEN {' OR '.join(test for test, _params in tests)} THEN {verdict}"
            params += [param for _test, own_params in tests for param in own_params]
    return (f"{text} ELSE 0 END", params) if params else ("0", [])


def _ruled(product_type: ProductType) -> list[_Ruled]:
    return [(attribute, attribute.fit) for attribute in product_type.attributes if attribute.fit is not None]


def _grouped(ruled: Mapping[int, Iterable[_Ruled]]) -> list[tuple[Attribute, FitRule, list[int]]]:
    """Types that ask the same question the same way share one test."""
    groups: dict[tuple[object, ...], tuple[Attribute, FitRule, list[int]]] = {}
    for type_id, attributes in ruled.items():
        for attribute, fit in attributes:
            key = (attribute.code, attribute.required, fit.measure.code, fit.rule, fit.tolerance)
            groups.setdefault(key, (attribute, fit, []))[2].append(type_id)
    return list(groups.values())


def _for_types(test: _Expression, type_ids: list[int]) -> _Expression:
    text, params = test
    return f"(d.type_id = ANY(%s) AND {text})", [type_ids, *params]


def _broken(attribute: Attribute, fit: FitRule, measures: Mapping[str, int]) -> _Expression | None:
    measure = measures.get(fit.measure.code)
    if measure is None:
        return None
    smallest, largest = ("min", "max") if attribute.kind == "range" else ("value", "value")
    tests: list[_Expression] = []
    if fit.rule != "at_least":
        tests.append(("(d.parameters #>> %s)::bigint > %s", [[attribute.code, smallest], measure + fit.tolerance]))
    if fit.rule != "at_most":
        tests.append(("(d.parameters #>> %s)::bigint < %s", [[attribute.code, largest], measure - fit.tolerance]))
    return f"({' OR '.join(text for text, _params in tests)})", [param for _text, own in tests for param in own]


def _open(attribute: Attribute, fit: FitRule, measures: Mapping[str, int]) -> _Expression:
    """Mandatory and not stated, or stated and asking for a measure that is not known."""
    missing, unmeasured = "NOT d.parameters ? %s", fit.measure.code not in measures
    if attribute.required:
        return ("true", []) if unmeasured else (missing, [attribute.code])
    return ("d.parameters ? %s", [attribute.code]) if unmeasured else ("false", [])
