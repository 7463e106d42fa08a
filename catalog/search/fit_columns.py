"""The verdicts of fit.py for all documents at once, so that lists filter and order by them.

0 fits, 1 unknown, 2 does not fit. A test compares them with fit.py on the same products and people.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from catalog import types
from catalog.search.columns import Columns, Integers, Mask
from catalog.types import Attribute, FitRule, ProductType

FITS, UNKNOWN, DOES_NOT_FIT = 0, 1, 2

_Ruled = tuple[Attribute, FitRule]


def ranks(columns: Columns, product_type: ProductType | None, measures: Mapping[str, int]) -> Integers:
    """The verdict on each document of one type, or of all types at once."""
    if measures:
        return _ranks(columns, product_type, measures)
    key, book = None if product_type is None else product_type.id, types.book()
    known = columns.fit_of_nobody.get(key)
    if known is None or known[0] is not book:  # the rules may be others since
        known = columns.fit_of_nobody[key] = (book, _ranks(columns, product_type, measures))
    return known[1]


def _ranks(columns: Columns, product_type: ProductType | None, measures: Mapping[str, int]) -> Integers:
    asked = [product_type] if product_type is not None else types.book().types
    ruled = {item.id: _ruled(item) for item in asked if not item.made_to_measure and _ruled(item)}
    broken, unclear = columns.mask(), columns.mask()
    for attribute, fit, type_ids in _grouped(ruled):
        of_types = np.isin(columns.type, type_ids)
        broken |= of_types & _broken(columns, attribute, fit, measures)
        unclear |= of_types & _unclear(columns, attribute, fit, measures)
    for type_id, attributes in ruled.items():
        if not any(attribute.required for attribute, _fit in attributes):
            stated = columns.mask()
            for attribute, _fit in attributes:
                stated |= _stated(columns, attribute.code)
            unclear |= (columns.type == type_id) & ~stated
    return np.where(broken, DOES_NOT_FIT, np.where(unclear, UNKNOWN, FITS))


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


def _stated(columns: Columns, code: str) -> Mask:
    entry = columns.stated.get(code)
    return columns.mask(None if entry is None else entry.row)


def _broken(columns: Columns, attribute: Attribute, fit: FitRule, measures: Mapping[str, int]) -> Mask:
    measure, entry = measures.get(fit.measure.code), columns.stated.get(attribute.code)
    if measure is None or entry is None:
        return columns.mask()
    outside = np.zeros(len(entry.row), dtype=bool)
    if fit.rule != "at_least":
        outside |= entry.low > measure + fit.tolerance
    if fit.rule != "at_most":
        outside |= entry.high < measure - fit.tolerance
    return columns.mask(entry.row[outside])


def _unclear(columns: Columns, attribute: Attribute, fit: FitRule, measures: Mapping[str, int]) -> Mask:
    """Mandatory and not stated, or stated and asking for a measure that is not known."""
    stated, unmeasured = _stated(columns, attribute.code), fit.measure.code not in measures
    if attribute.required:
        return np.ones(len(columns), dtype=bool) if unmeasured else ~stated
    return stated if unmeasured else columns.mask()
