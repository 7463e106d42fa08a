"""Kinds of products that are near each other: where a kind has nothing of its own to be compared with."""

from catalog import types
from catalog.types import ProductType


def nearest(kind: ProductType, least: float) -> list[ProductType]:
    """Other kinds of the same sphere and unit, the nearest first.

    Two kinds are the nearer, the more of their own parameters they share (parameters of both as a part of those of
    either); at ``least`` this part, between 0 and 1. What is asked of every good does not count.
    """
    own = _parameters(kind)
    found = []
    for other in types.book().types:
        if other.id == kind.id or (other.sphere, other.unit) != (kind.sphere, kind.unit):
            continue
        theirs = _parameters(other)
        share = len(own & theirs) / len(own | theirs) if own | theirs else 0.0
        if share >= least and share > 0:
            found.append((-share, other.code, other))
    return [other for _share, _code, other in sorted(found, key=lambda item: item[:2])]


def _parameters(kind: ProductType) -> set[str]:
    return {attribute.code for attribute in kind.attributes if not attribute.common}
