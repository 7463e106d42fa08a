"""Loads the classification and the products from data files. Idempotent: a repeated run updates in place.

The files of ``catalog/data`` refer to each other by code: product types to attributes and shelves,
attributes (through their fit rules) to measures. Attributes with ``"scope": "all_goods"`` are asked of
every good; a type that names one again narrows it, and what it leaves out stays as it was.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.db import models, transaction
from django.utils import translation
from oscar.core.loading import get_model

from catalog import types
from catalog.models import (
    AttributeOption,
    Category,
    Measure,
    Product,
    ProductAttribute,
    ProductAttributeValue,
    ProductClass,
)
from catalog.slugs import slugify
from catalog.types import LANGUAGES, STORAGE

# Oscar's own classes of our application, as it wants them asked for.
AttributeOptionGroup = get_model("catalogue", "AttributeOptionGroup")
ProductCategory = get_model("catalogue", "ProductCategory")

DATA = Path(__file__).parent / "data"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def upsert(
    model: type[models.Model], rows: Sequence[models.Model], *, key: Iterable[str], keep: Iterable[str] = ()
) -> None:
    """Insert rows, or update the ones whose ``key`` columns are known; ``keep`` columns stay as they are then."""
    key, kept = list(key), {*key, *keep}
    changed = [
        field.name
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in kept and field.attname not in kept
    ]
    # The plain column of a translated text holds Kazakh, whoever runs this in whatever language.
    with translation.override("kk"):
        model._default_manager.bulk_create(
            rows, update_conflicts=True, unique_fields=key, update_fields=changed, batch_size=1000
        )


def in_columns(name: str, texts: dict[str, Any]) -> dict[str, str]:
    """{"kk": …} → {"name": …, "name_kk": …}: one text in its language columns."""
    return {name: texts["kk"]} | {f"{name}_{language}": texts[language] for language in LANGUAGES}


def load_types(folder: Path = DATA) -> dict[str, int]:
    """Measures, shelves, product types, attributes and their options; says how many stand in the files."""
    measures, shelves = read(folder / "measures.json"), read(folder / "shelves.json")
    attributes, rows = read(folder / "attributes.json"), read(folder / "product_types.json")
    with transaction.atomic():
        _load_measures(measures)
        shelf_ids = _load_shelves(shelves)
        type_ids = _load_product_types(rows, shelf_ids)
        groups = _load_options(attributes)
        _load_attributes(rows, attributes, type_ids, groups)
    types.forget()
    return {"measures": len(measures), "shelves": len(shelves), "types": len(rows), "attributes": len(attributes)}


def _load_measures(measures: list[dict[str, Any]]) -> None:
    rows = [
        Measure(
            code=item["code"],
            unit=item["unit"],
            shown_unit=item["shown_unit"],
            minimum=item["min"],
            maximum=item["max"],
            sort=sort,
            **in_columns("name", item["name"]),
            **in_columns("how", item["how"]),
            **in_columns("picture", item["picture"]),
        )
        for sort, item in enumerate(measures)
    ]
    upsert(Measure, rows, key=["code"])


def _load_shelves(shelves: list[dict[str, Any]]) -> dict[str, int]:
    """Shelves are roots of Oscar's category tree, in the order of the file."""
    known = {category.code: category for category in Category.objects.all()}
    with translation.override("kk"):
        for item in shelves:
            wanted = {
                "slug": item["code"],
                "iso_class": item["iso_class"],
                **in_columns("name", item["name"]),
                **in_columns("description", item["description"]),
            }
            category = known.get(item["code"])
            if category is None:
                known[item["code"]] = Category.objects.add_root({"code": item["code"], **wanted})
            elif any(getattr(category, name) != value for name, value in wanted.items()):
                for name, value in wanted.items():
                    setattr(category, name, value)
                category.save()
    return {code: category.pk for code, category in known.items() if code}


def _load_product_types(rows: list[dict[str, Any]], shelf_ids: dict[str, int]) -> dict[str, int]:
    upsert(
        ProductClass,
        [
            ProductClass(
                code=item["code"],
                slug=item["code"],
                sort=sort,
                iso_code=item["iso_code"],
                iso_mark=item["iso_mark"],
                priority_good=item["priority"],
                sphere=item["sphere"],
                unit=item["unit"],
                made_to_measure=item["made_to_measure"],
                requires_shipping=item["srv"] is None,
                keywords=item["keywords"],
                shelf_id=shelf_ids[item["shelf"]],
                **in_columns("name", item["name"]),
                **in_columns("summary", item["summary"]),
                **in_columns("iso_note", item["iso_note"]),
            )
            for sort, item in enumerate(rows)
        ],
        key=["code"],
    )
    return dict(ProductClass.objects.values_list("code", "id"))


def _load_options(attributes: dict[str, dict[str, Any]]) -> dict[str, int]:
    """One option group per attribute, shared by the types that ask for it."""
    chosen = {code: definition for code, definition in attributes.items() if "choices" in definition}
    upsert(
        AttributeOptionGroup,
        [AttributeOptionGroup(code=code, name=definition["name"]["en"]) for code, definition in chosen.items()],
        key=["code"],
    )
    groups = dict(AttributeOptionGroup.objects.filter(code__in=chosen).values_list("code", "id"))
    options = [
        AttributeOption(group_id=groups[code], option=choice["code"], **in_columns("label", choice["name"]))
        for code, definition in chosen.items()
        for choice in definition["choices"]
    ]
    upsert(AttributeOption, options, key=["group", "option"])
    return groups


def _load_attributes(
    rows: list[dict[str, Any]],
    attributes: dict[str, dict[str, Any]],
    type_ids: dict[str, int],
    groups: dict[str, int],
) -> None:
    wanted = [
        _attribute(code, {**attributes[code], **asked}, sort, type_ids[item["code"]], groups.get(code))
        for item in rows
        for sort, (code, asked) in enumerate(_asked(item, attributes).items())
    ]
    upsert(ProductAttribute, wanted, key=["code", "product_class"])
    kept = {(row.code, row.product_class_id) for row in wanted}
    stale = [
        pk
        for pk, code, type_id in ProductAttribute.objects.filter(product_class__in=type_ids.values()).values_list(
            "pk", "code", "product_class_id"
        )
        if (code, type_id) not in kept
    ]
    if stale:
        ProductAttribute.objects.filter(pk__in=stale).delete()


def _asked(item: dict[str, Any], attributes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a type asks for, own questions first: code → what it says differently from the definition."""
    asked = {own["code"]: {**own, "common": False} for own in item["attributes"]}
    if item["srv"] is None:
        for code, definition in attributes.items():
            if definition["scope"] == "all_goods":
                narrowed = {name: value for name, value in asked.get(code, {}).items() if value is not None}
                asked[code] = {"common": True, **definition, **narrowed}
    return asked


def _attribute(
    code: str, definition: dict[str, Any], sort: int, type_id: int, group_id: int | None
) -> ProductAttribute:
    def unit(name: str) -> str:
        return "" if definition[name] == "none" else definition[name]

    return ProductAttribute(
        code=code,
        product_class_id=type_id,
        type=STORAGE[definition["kind"]],
        option_group_id=group_id,
        required=bool(definition["required"]),
        unit=unit("unit"),
        shown_unit=unit("shown_unit"),
        minimum=definition["min"],
        maximum=definition["max"],
        fit=definition["fit"],
        common=definition["common"],
        sort=sort,
        **in_columns("name", definition["name"]),
    )


def load_products(path: Path = DATA / "products.json") -> int:
    """Products with their parameters, by product code; returns how many the file holds.

    Search documents are not touched: the offers' loader refreshes them.
    """
    items = read(path)
    with transaction.atomic():
        types_by_code = {product_type.code: product_type for product_type in ProductClass.objects.all()}
        rows = [_product(item, types_by_code[item["type"]]) for item in items]
        upsert(Product, rows, key=["upc"], keep=["date_created", "moderation", "is_public"])
        ids = dict(Product.objects.filter(upc__in=[item["code"] for item in items]).values_list("upc", "id"))
        _load_values(items, ids, types_by_code)
        _load_places(items, ids, types_by_code)
    return len(items)


def _product(item: dict[str, Any], product_type: ProductClass) -> Product:
    return Product(
        upc=item["code"],
        slug=slugify(item["title"]["kk"])[:255],
        product_class=product_type,
        brand=item["brand"],
        model_name=item["model"],
        **in_columns("title", item["title"]),
        **in_columns("description", item["description"]),
    )


def _load_values(items: list[dict[str, Any]], ids: dict[str, int], types_by_code: dict[str, ProductClass]) -> None:
    definitions = {
        (row.product_class_id, row.code): row
        for row in ProductAttribute.objects.filter(product_class__in={types_by_code[item["type"]].pk for item in items})
    }
    options = {
        (group_id, option): pk
        for pk, group_id, option in AttributeOption.objects.values_list("pk", "group_id", "option")
    }
    rows, many = [], {}
    for item in items:
        own = {"brand": item["brand"], "model": item["model"], "country": item["country"], **item["attributes"]}
        for code, value in own.items():
            definition = definitions.get((types_by_code[item["type"]].pk, code))
            if definition is None:
                continue  # services have no brand, model or country
            key = (definition.pk, ids[item["code"]])
            row = ProductAttributeValue(attribute_id=key[0], product_id=key[1])
            if definition.type == "multi_option":
                many[key] = {options[definition.option_group_id, choice] for choice in value}
            elif definition.type == "option":
                row.value_option_id = options[definition.option_group_id, value]
            elif definition.type == "range":
                row.value_range = (value[0], value[1] + 1)  # half-open in PostgreSQL
            else:
                setattr(row, f"value_{definition.type}", value)
            rows.append(row)
    upsert(ProductAttributeValue, rows, key=["attribute", "product"])
    stored = {
        (attribute_id, product_id): pk
        for pk, attribute_id, product_id in ProductAttributeValue.objects.filter(product__in=ids.values()).values_list(
            "pk", "attribute_id", "product_id"
        )
    }
    wanted = {(row.attribute_id, row.product_id) for row in rows}
    ProductAttributeValue.objects.filter(pk__in=[pk for key, pk in stored.items() if key not in wanted]).delete()
    _load_many({stored[key]: choices for key, choices in many.items()})


def _load_many(choices_of: dict[int, set[int]]) -> None:
    """The chosen options of multi-valued parameters: value id → option ids."""
    through = ProductAttributeValue.value_multi_option.through
    stored: dict[tuple[int, int], int] = {
        (value_id, option_id): pk
        for pk, value_id, option_id in through.objects.filter(productattributevalue__in=choices_of).values_list(
            "pk", "productattributevalue_id", "attributeoption_id"
        )
    }
    wanted = {(value_id, option_id) for value_id, choices in choices_of.items() for option_id in choices}
    through.objects.filter(pk__in=[pk for pair, pk in stored.items() if pair not in wanted]).delete()
    through.objects.bulk_create(
        through(productattributevalue_id=value_id, attributeoption_id=option_id)
        for value_id, option_id in sorted(wanted - stored.keys())
    )


def _load_places(items: list[dict[str, Any]], ids: dict[str, int], types_by_code: dict[str, ProductClass]) -> None:
    """Every product stands on the shelf of its type."""
    rows = [
        ProductCategory(product_id=ids[item["code"]], category_id=types_by_code[item["type"]].shelf_id)
        for item in items
        if types_by_code[item["type"]].shelf_id
    ]
    ProductCategory.objects.bulk_create(rows, ignore_conflicts=True)
