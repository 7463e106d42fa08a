"""The tree of ISO 9999 as editors see it: class, shelf, kinds, and how sure the code of each kind is (domain 6).

A code that was seen in no source (mark C), or of which the division is unsure (D), is kept and shown as what it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from catalog import types
from catalog.loading import DATA, read
from catalog.models import ProductClass
from catalog.types import Named, ProductType, Shelf, Texts

UNCERTAIN = ("C", "D")
SERVICES = "SRV"
ELSEWHERE = ("27", "28", "30")  # one shelf, one line of the tree
MARKS = dict(ProductClass.IsoMark.choices)


@dataclass(frozen=True)
class IsoClass(Named):
    """A class with its shelves, each with its kinds that are asked for; ``code`` is SRV for services."""

    code: str
    names: Texts
    shelves: tuple[tuple[Shelf, tuple[ProductType, ...]], ...]

    @property
    def count(self) -> int:
        return sum(len(kinds) for _shelf, kinds in self.shelves)


def tree(*, uncertain_only: bool = False) -> list[IsoClass]:
    """All classes in their order; with ``uncertain_only`` those that have a kind with an unsure code. No query."""
    found = []
    for code, names in _names():
        shelves = [(shelf, _kinds(shelf.types, code, uncertain_only)) for shelf in types.book().shelves]
        kept = tuple((shelf, kinds) for shelf, kinds in shelves if kinds)
        if kept:
            found.append(IsoClass(code, names, kept))
    return found


def class_of(kind: ProductType) -> str:
    """The class of a kind by its own code: goods of several classes lie on one shelf."""
    code = kind.iso_code[:2] or SERVICES
    return ELSEWHERE[0] if code in ELSEWHERE else code


def is_uncertain(kind: ProductType) -> bool:
    """Has the code to be compared with the classification before anybody relies on it?"""
    return kind.iso_mark in UNCERTAIN


def _kinds(kinds: Sequence[ProductType], code: str, uncertain_only: bool) -> tuple[ProductType, ...]:
    of_class = (kind for kind in kinds if class_of(kind) == code)
    return tuple(kind for kind in of_class if is_uncertain(kind) or not uncertain_only)


@cache
def _names() -> tuple[tuple[str, Texts], ...]:
    return tuple((row["code"], row["name"]) for row in read(DATA / "iso_classes.json"))
