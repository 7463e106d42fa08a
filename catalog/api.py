"""The catalogue's part of the API: product types with their parameters, regions, suggestions."""

from typing import Any, Literal
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from ninja import Field, Query, Router, Schema

from catalog import classification, types
from catalog.search import suggest
from catalog.search.query import LONGEST_TEXT
from catalog.types import Attribute, ProductType
from marketplace import regions
from marketplace.api import Problem, anyone

router = Router(tags=["catalogue"])


class Names(Schema):
    kk: str
    ru: str
    en: str


class ChoiceOut(Schema):
    code: str
    names: Names


class FitRuleOut(Schema):
    measure: str
    rule: str
    tolerance: int


class AttributeOut(Schema):
    """``min`` and ``max`` are the plausible bounds in ``unit`` (SI); people see ``shown_unit``."""

    code: str
    kind: str
    names: Names
    unit: str | None
    shown_unit: str | None
    min: int | None
    max: int | None
    required: bool
    fit: FitRuleOut | None
    choices: list[ChoiceOut]


class ProductTypeOut(Schema):
    code: str
    iso_code: str
    iso_mark: str
    iso_note: str
    names: Names
    summaries: Names
    shelf: str
    sphere: str
    unit: str
    made_to_measure: bool
    attributes: list[AttributeOut]


class ShelfOut(Schema):
    code: str
    iso_class: str
    names: Names
    types: list[str]


class BodyMeasureOut(Schema):
    code: str
    unit: str
    shown_unit: str
    min: int
    max: int
    names: Names
    how: Names


class ProductTypesOut(Schema):
    """``shelves`` is the tree: each names its types by code, ``results`` describes them.

    ``common_attributes`` are asked of every good beside the type's own ones.
    """

    shelves: list[ShelfOut]
    common_attributes: list[AttributeOut]
    measures: list[BodyMeasureOut]
    results: list[ProductTypeOut]
    next: str | None
    count: int


class RegionOut(Schema):
    code: str
    slug: str
    name: str
    names: Names


class RegionsOut(Schema):
    results: list[RegionOut]
    next: str | None
    count: int


@router.get("/product-types", auth=anyone, response=ProductTypesOut, operation_id="list_product_types")
def list_product_types(request: HttpRequest) -> dict[str, Any]:
    """The tree of shelves and product types with the parameters each type is chosen by."""
    book = types.book()
    return {
        "shelves": [
            {
                "code": shelf.code,
                "iso_class": shelf.iso_class,
                "names": shelf.names,
                "types": [product_type.code for product_type in shelf.types],
            }
            for shelf in book.shelves
        ],
        "measures": [
            {
                "code": measure.code,
                "unit": measure.unit,
                "shown_unit": measure.shown_unit,
                "min": measure.minimum,
                "max": measure.maximum,
                "names": measure.names,
                "how": measure.hows,
            }
            for measure in book.measures.values()
        ],
        "common_attributes": [_attribute_data(attribute) for attribute in book.common_attributes],
        "results": [_type_data(product_type) for product_type in book.types],
        "next": None,
        "count": len(book.types),
    }


class KindOfClassOut(Schema):
    """``certainty``: what ``iso_mark`` says of the code, in words; a code that is not ``sure`` waits to be compared."""

    code: str
    iso_code: str
    iso_mark: str
    certainty: str
    sure: bool
    iso_note: str
    names: Names


class ShelfOfClassOut(Schema):
    code: str
    names: Names
    types: list[KindOfClassOut]


class ProductClassOut(Schema):
    """``code``: two digits of ISO 9999, SRV for services."""

    code: str
    names: Names
    shelves: list[ShelfOfClassOut]


class ProductClassesOut(Schema):
    """``count``: kinds listed; ``unsure``: how many of all kinds have a code that is not sure."""

    results: list[ProductClassOut]
    next: str | None
    count: int
    unsure: int


@router.get("/product-classes", auth=anyone, response=ProductClassesOut, operation_id="list_product_classes")
def list_product_classes(request: HttpRequest, unsure: bool = False) -> dict[str, Any]:
    """The tree of ISO 9999: class, shelf, kinds, and how sure the code of each kind is; ``unsure``: only those to check."""
    found = classification.tree(uncertain_only=unsure)
    return {
        "results": [
            {
                "code": row.code,
                "names": row.names,
                "shelves": [
                    {"code": shelf.code, "names": shelf.names, "types": [_kind_data(kind) for kind in kinds]}
                    for shelf, kinds in row.shelves
                ],
            }
            for row in found
        ],
        "next": None,
        "count": sum(row.count for row in found),
        "unsure": sum(map(classification.is_uncertain, types.book().types)),
    }


def _kind_data(kind: ProductType) -> dict[str, Any]:
    return {
        "code": kind.code,
        "iso_code": kind.iso_code,
        "iso_mark": kind.iso_mark,
        "certainty": str(classification.MARKS.get(kind.iso_mark, "")),
        "sure": not classification.is_uncertain(kind),
        "iso_note": kind.iso_note,
        "names": kind.names,
    }


class SuggestionOut(Schema):
    """``kind``: type (with its ``code``), brand, or product (with its ``id``). ``url`` is the page to go to."""

    kind: Literal["type", "brand", "product"]
    text: str
    code: str
    id: int | None
    url: str


class SuggestionsOut(Schema):
    results: list[SuggestionOut]
    next: str | None
    count: int


class SuggestIn(Schema):
    """``q``: what was typed until now."""

    q: str = Field("", max_length=LONGEST_TEXT)
    limit: int = Field(8, ge=1, le=20)


@router.get("/suggest", auth=anyone, response={200: SuggestionsOut, 422: Problem}, operation_id="suggest_products")
def suggest_products(request: HttpRequest, params: Query[SuggestIn]) -> dict[str, Any]:
    """Product types, brands and products that the typed text may mean; its last word may be unfinished."""
    results = [{**vars(found), "url": suggestion_url(found)} for found in suggest.suggest(params.q, params.limit)]
    return {"results": results, "next": None, "count": len(results)}


def suggestion_url(found: suggest.Suggestion) -> str:
    if found.kind == "type":
        return reverse("catalogue:type", kwargs={"code": found.code})
    if found.kind == "product":
        return reverse("catalogue:detail", kwargs={"product_slug": found.slug, "pk": found.id})
    return f"{reverse('catalogue:search')}?{urlencode({'q': found.text})}"


@router.get("/regions", auth=anyone, response=RegionsOut, operation_id="list_regions")
def list_regions(request: HttpRequest) -> dict[str, Any]:
    """The regions of Kazakhstan; every region parameter takes the code or the slug."""
    results = [
        {"code": region.code, "slug": region.slug, "name": region.name, "names": region.names}
        for region in regions.listed()
    ]
    return {"results": results, "next": None, "count": len(results)}


def _type_data(product_type: ProductType) -> dict[str, Any]:
    return {
        "code": product_type.code,
        "iso_code": product_type.iso_code,
        "iso_mark": product_type.iso_mark,
        "iso_note": product_type.iso_note,
        "names": product_type.names,
        "summaries": product_type.summaries,
        "shelf": product_type.shelf,
        "sphere": product_type.sphere,
        "unit": product_type.unit,
        "made_to_measure": product_type.made_to_measure,
        "attributes": [_attribute_data(attribute) for attribute in product_type.attributes if not attribute.common],
    }


def _attribute_data(attribute: Attribute) -> dict[str, Any]:
    fit = attribute.fit
    return {
        "code": attribute.code,
        "kind": attribute.kind,
        "names": attribute.names,
        "unit": attribute.unit or None,
        "shown_unit": attribute.shown_unit or None,
        "min": attribute.minimum,
        "max": attribute.maximum,
        "required": attribute.required,
        "fit": fit and {"measure": fit.measure.code, "rule": fit.rule, "tolerance": fit.tolerance},
        "choices": [{"code": choice.code, "names": choice.names} for choice in attribute.choices],
    }
