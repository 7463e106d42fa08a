"""The product types as a book: shelves, types, attribute definitions, measures, in memory.

Loaded with five queries and remembered for a minute; pages and the API never query for it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from catalog import units
from catalog.models import AttributeOption, Category, Measure, ProductAttribute, ProductClass
from marketplace.remembered import Remembered
from marketplace.rules import in_language

Texts = dict[str, str]
LANGUAGES = ("kk", "ru", "en")

# Oscar's storage type → what the attribute is to people.
KINDS = {
    "range": "range", "integer": "number", "option": "choice", "multi_option": "multi", "boolean": "flag", "text": "text",
}  # fmt: skip
STORAGE = {kind: storage for storage, kind in KINDS.items()}


class Named:
    """Something with a name in three languages."""

    names: Texts

    @property
    def name(self) -> str:
        return in_language(self.names)


@dataclass(frozen=True)
class BodyMeasure(Named):
    """What a person measures once; ``how`` explains it, ``picture`` says what its drawing shows (empty without one)."""

    code: str
    unit: str
    shown_unit: str
    minimum: int
    maximum: int
    names: Texts
    hows: Texts
    pictures: Texts

    @property
    def how(self) -> str:
        return in_language(self.hows)

    @property
    def sign(self) -> str:
        """The unit that people use: cm, kg."""
        return units.label(self.shown_unit)

    @property
    def picture(self) -> str:
        return in_language(self.pictures)


@dataclass(frozen=True)
class FitRule:
    """How an attribute is compared with a body measure (see fit.py); ``whys``: why it matters, in three languages."""

    measure: BodyMeasure
    rule: str
    tolerance: int
    whys: Texts = field(default_factory=dict)

    @property
    def why(self) -> str:
        return in_language(self.whys)


@dataclass(frozen=True)
class Choice(Named):
    code: str
    names: Texts


@dataclass(frozen=True)
class Attribute(Named):
    """The definition of one parameter of one type; amounts are whole numbers in ``unit``.

    ``common``: asked of every good (brand, country, package), not one of the type's own questions.
    """

    code: str
    kind: str
    names: Texts
    unit: str = ""
    shown_unit: str = ""
    minimum: int | None = None
    maximum: int | None = None
    required: bool = False
    common: bool = False
    fit: FitRule | None = None
    choices: tuple[Choice, ...] = ()

    def choice_name(self, code: str) -> str:
        return next((choice.name for choice in self.choices if choice.code == code), code)


@dataclass(frozen=True)
class ProductType(Named):
    id: int
    code: str
    names: Texts
    summaries: Texts
    keywords: dict[str, list[str]]
    iso_code: str
    iso_notes: Texts
    iso_mark: str
    unit: str
    sphere: str
    made_to_measure: bool
    shelf: str
    attributes: tuple[Attribute, ...] = ()

    @property
    def summary(self) -> str:
        return in_language(self.summaries)

    @property
    def iso_note(self) -> str:
        return in_language(self.iso_notes)

    @property
    def measures(self) -> tuple[BodyMeasure, ...]:
        """The body measures that its fit rules ask for, each once, in the order of the parameters."""
        return tuple({item.fit.measure.code: item.fit.measure for item in self.attributes if item.fit}.values())

    def attribute(self, code: str) -> Attribute | None:
        return next((attribute for attribute in self.attributes if attribute.code == code), None)


@dataclass(frozen=True)
class Shelf(Named):
    id: int
    code: str
    slug: str
    iso_class: str
    names: Texts
    descriptions: Texts
    types: tuple[ProductType, ...] = ()

    @property
    def description(self) -> str:
        return in_language(self.descriptions)


@dataclass(frozen=True)
class Book:
    """Everything about types; ``by_code`` and ``by_id`` find one."""

    shelves: tuple[Shelf, ...]
    types: tuple[ProductType, ...]
    measures: dict[str, BodyMeasure]
    by_code: dict[str, ProductType] = field(default_factory=dict)
    by_id: dict[int, ProductType] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.types)

    @property
    def common_attributes(self) -> tuple[Attribute, ...]:
        """What every good is asked; the definitions do not differ between types."""
        asked = {attribute.code: attribute for row in self.types for attribute in row.attributes if attribute.common}
        return tuple(asked.values())

    def definitions(self, code: str) -> Iterator[Attribute]:
        """The definitions of an attribute in all types that have it."""
        for product_type in self.types:
            attribute = product_type.attribute(code)
            if attribute is not None:
                yield attribute


def texts(row: dict[str, Any], name: str) -> Texts:
    """The three language columns of a row of ``values()``."""
    return {language: row[f"{name}_{language}"] or "" for language in LANGUAGES}


def _columns(*names: str) -> list[str]:
    return [f"{name}_{language}" for name in names for language in LANGUAGES]


def _measures() -> dict[str, BodyMeasure]:
    rows = Measure.objects.values(
        "code", "unit", "shown_unit", "minimum", "maximum", *_columns("name", "how", "picture")
    )
    return {
        row["code"]: BodyMeasure(
            code=row["code"],
            unit=row["unit"],
            shown_unit=row["shown_unit"],
            minimum=row["minimum"],
            maximum=row["maximum"],
            names=texts(row, "name"),
            hows=texts(row, "how"),
            pictures=texts(row, "picture"),
        )
        for row in rows.order_by("sort", "code")
    }


def _choices() -> dict[int, list[Choice]]:
    groups: dict[int, list[Choice]] = {}
    for row in AttributeOption.objects.order_by("pk").values("group_id", "option", *_columns("label")):
        groups.setdefault(row["group_id"], []).append(Choice(code=row["option"], names=texts(row, "label")))
    return groups


def _fit_rule(data: dict[str, Any] | None, measures: dict[str, BodyMeasure]) -> FitRule | None:
    if not data or data["measure"] not in measures:
        return None
    return FitRule(measures[data["measure"]], data["rule"], data.get("tolerance", 0), data.get("why") or {})


def _attributes(measures: dict[str, BodyMeasure]) -> dict[int, list[Attribute]]:
    choices = _choices()
    of_type: dict[int, list[Attribute]] = {}
    rows = ProductAttribute.objects.order_by("sort", "code").values(
        "product_class_id", "code", "type", "unit", "shown_unit", "minimum", "maximum", "required", "common", "fit",
        "option_group_id", *_columns("name"),
    )  # fmt: skip
    for row in rows:
        of_type.setdefault(row["product_class_id"], []).append(
            Attribute(
                code=row["code"],
                kind=KINDS.get(row["type"], "text"),
                names=texts(row, "name"),
                unit=row["unit"],
                shown_unit=row["shown_unit"],
                minimum=row["minimum"],
                maximum=row["maximum"],
                required=row["required"],
                common=row["common"],
                fit=_fit_rule(row["fit"], measures),
                choices=tuple(choices.get(row["option_group_id"], ())),
            )
        )
    return of_type


def _types(attributes: dict[int, list[Attribute]]) -> Iterator[ProductType]:
    rows = ProductClass.objects.order_by("sort", "code").values(
        "id", "code", "iso_code", "iso_mark", "unit", "sphere", "made_to_measure", "keywords",
        "shelf__code", *_columns("name", "summary", "iso_note"),
    )  # fmt: skip
    for row in rows:
        yield ProductType(
            id=row["id"],
            code=row["code"],
            names=texts(row, "name"),
            summaries=texts(row, "summary"),
            keywords=row["keywords"] or {},
            iso_code=row["iso_code"],
            iso_notes=texts(row, "iso_note"),
            iso_mark=row["iso_mark"],
            unit=row["unit"],
            sphere=row["sphere"],
            made_to_measure=row["made_to_measure"],
            shelf=row["shelf__code"] or "",
            attributes=tuple(attributes.get(row["id"], ())),
        )


def _shelves(types: Iterable[ProductType]) -> Iterator[Shelf]:
    on_shelf: dict[str, list[ProductType]] = {}
    for product_type in types:
        on_shelf.setdefault(product_type.shelf, []).append(product_type)
    rows = Category.objects.filter(is_public=True).order_by("path").values(
        "id", "code", "slug", "iso_class", *_columns("name", "description")
    )  # fmt: skip
    for row in rows:
        code = row["code"] or row["slug"]
        yield Shelf(
            id=row["id"],
            code=code,
            slug=row["slug"],
            iso_class=row["iso_class"],
            names=texts(row, "name"),
            descriptions=texts(row, "description"),
            types=tuple(on_shelf.get(code, ())),
        )


def _load() -> Book:
    measures = _measures()
    types = tuple(_types(_attributes(measures)))
    return Book(
        shelves=tuple(_shelves(types)),
        types=types,
        measures=measures,
        by_code={product_type.code: product_type for product_type in types},
        by_id={product_type.id: product_type for product_type in types},
    )


_remembered = Remembered(_load)
forget = _remembered.forget


def book() -> Book:
    """The types as they were at most a minute ago."""
    return _remembered.get()
