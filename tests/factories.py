"""Places, people, the catalogue and suppliers for tests: plain functions with named people as defaults.

``make_rules()`` gives the installation's rule data; the other functions make one thing each and what it
hangs on. What the process remembers of master data is forgotten as soon as a test adds to it.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from catalog import types
from catalog.loading import in_columns
from catalog.models import (
    AttributeOption,
    AttributeOptionGroup,
    Category,
    Measure,
    Product,
    ProductAttribute,
    ProductAttributeValue,
    ProductClass,
)
from catalog.slugs import slugify
from marketplace import regions, rules
from marketplace.models import Guardianship, Office, PersonRecord, Region, Role, Rule, User
from suppliers.models import Partner, StockRecord

_numbers = itertools.count(1)

REGIONS = {
    "KZ-63": ("east-kazakhstan", "Шығыс Қазақстан облысы", "Восточно-Казахстанская область", "East Kazakhstan Region"),
    "KZ-79": ("shymkent", "Шымкент", "Шымкент", "Shymkent"),
    "KZ-75": ("almaty", "Алматы", "Алматы", "Almaty"),
}


def in_three(text: str) -> dict[str, str]:
    """The same word in three languages, told apart by the language's code."""
    return {language: f"{text} {language}" for language in ("kk", "ru", "en")}


def make_rules(*codes: str) -> None:
    """The rules of the installation, or only the named ones."""
    for item in rules.shipped().values():
        if not codes or item["code"] in codes:
            fields = {name: item[name] for name in ("value", "legal_basis", "mark")}
            Rule.objects.get_or_create(code=item["code"], valid_from=item["valid_from"], defaults=fields)


# --- Places and people -------------------------------------------------------------------------


def make_region(code: str = "KZ-63") -> Region:
    """One of three real regions; the same row for the same code."""
    slug, kk, ru, en = REGIONS[code]
    found, created = Region.objects.get_or_create(
        code=code,
        defaults={
            "slug": slug,
            "tile_column": 0,
            "tile_row": 0,
            "sort": list(REGIONS).index(code),
            **in_columns("name", {"kk": kk, "ru": ru, "en": en}),
        },
    )
    if created:
        regions.forget()
    return found


def make_office(code: str = "ust-kamenogorsk", region: str = "KZ-63") -> Office:
    found, _created = Office.objects.get_or_create(
        code=code, defaults={"region": make_region(region), **in_columns("name", in_three(code))}
    )
    return found


def make_user(username: str, role: str, **more: Any) -> User:
    more.setdefault("full_name", username.title())
    more.setdefault("language", "ru")
    return User.objects.create(username=username, role=role, **more)


def make_person(
    username: str = "marat", *, measures: Mapping[str, int] | None = None, office: str = "ust-kamenogorsk", **more: Any
) -> User:
    """A beneficiary with a record; ``measures`` in SI units."""
    found = make_office(office)
    more.setdefault("region", found.region)
    user = make_user(username, Role.BENEFICIARY, office=found, **more)
    PersonRecord.objects.create(user=user, birth_date=date(1984, 9, 17), measures=dict(measures or {}))
    return user


def make_guardian(username: str = "aigul", wards: Sequence[User] = (), *, valid_to: date | None = None) -> User:
    guardian = make_user(username, Role.GUARDIAN, language="kk")
    for ward in wards:
        Guardianship.objects.create(guardian=guardian, ward=ward, basis="birth certificate", valid_to=valid_to)
    return guardian


def make_caseworker(username: str = "gulnar", office: str = "ust-kamenogorsk") -> User:
    found = make_office(office)
    return make_user(username, Role.CASEWORKER, office=found, region=found.region)


# --- The catalogue -------------------------------------------------------------------------------


def make_measure(code: str = "height_mm", unit: str = "mm", shown_unit: str = "cm") -> Measure:
    found, _created = Measure.objects.get_or_create(
        code=code,
        defaults={
            "unit": unit,
            "shown_unit": shown_unit,
            "minimum": 100,
            "maximum": 300_000,
            **in_columns("name", in_three(code)),
            **in_columns("how", in_three(f"how {code}")),
        },
    )
    types.forget()
    return found


def make_shelf(code: str = "walkers") -> Category:
    found = Category.objects.filter(code=code).first()
    if found is None:
        found = Category.objects.add_root({"code": code, "slug": code, **in_columns("name", in_three(code))})
    types.forget()
    return found


# A child walker's questions: what is compared with the child's measures, and what is chosen freely.
WALKER_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "handle_height": {
        "kind": "range", "unit": "mm", "shown_unit": "cm", "required": True,
        "fit": {"measure": "handle_height_mm", "rule": "covers", "tolerance": 0},
    },
    "max_user_mass": {
        "kind": "number", "unit": "g", "shown_unit": "kg", "required": True,
        "fit": {"measure": "mass_g", "rule": "at_least", "tolerance": 0},
    },
    "wheels": {"kind": "choice", "required": True, "choices": ["two", "four"]},
    "supports": {"kind": "multi", "choices": ["head", "chest"]},
    "folding": {"kind": "flag"},
}  # fmt: skip


def make_type(
    code: str = "child-walker", *, attributes: Mapping[str, Mapping[str, Any]] | None = None, **more: Any
) -> ProductClass:
    """A product type with attribute definitions; a child walker's ones unless told otherwise."""
    names = more.pop("names", in_three(code))
    row, created = ProductClass.objects.get_or_create(
        code=code,
        defaults={
            "slug": code,
            "sphere": "durable",
            "unit": "piece",
            "iso_code": "12 06 06",
            "shelf": make_shelf(),
            **in_columns("name", names),
            **more,
        },
    )
    if created:
        for sort, (name, definition) in enumerate((WALKER_ATTRIBUTES if attributes is None else attributes).items()):
            make_attribute(row, name, sort=sort, **definition)
    types.forget()
    return row


def make_attribute(
    product_type: ProductClass,
    code: str,
    *,
    kind: str,
    unit: str = "",
    shown_unit: str = "",
    fit: Mapping[str, Any] | None = None,
    choices: Iterable[str] = (),
    **more: Any,
) -> ProductAttribute:
    if fit:
        make_measure(fit["measure"], unit, shown_unit)
    group = None
    if choices:
        group, _created = AttributeOptionGroup.objects.get_or_create(code=code, defaults={"name": code})
        for choice in choices:
            AttributeOption.objects.get_or_create(
                group=group, option=choice, defaults=in_columns("label", in_three(choice))
            )
    return ProductAttribute.objects.create(
        product_class=product_type,
        code=code,
        type=types.STORAGE[kind],
        unit=unit,
        shown_unit=shown_unit,
        fit=dict(fit) if fit else None,
        option_group=group,
        **in_columns("name", in_three(code.replace("_", " "))),
        **more,
    )


def make_product(
    product_type: ProductClass | None = None,
    title: str = "Bota 50",
    *,
    parameters: Mapping[str, Any] | None = None,
    **more: Any,
) -> Product:
    """A published product; ``parameters``: code → (min, max), number, code of a choice, list of codes, bool, text."""
    kind = product_type or make_type()
    titles = more.pop("titles", in_three(title))
    product = Product.objects.create(
        structure=Product.STANDALONE,
        product_class=kind,
        upc=more.pop("upc", f"p-{next(_numbers)}"),
        slug=slugify(title),
        **in_columns("title", titles),
        **more,
    )
    for code, value in (parameters or {}).items():
        _state(product, ProductAttribute.objects.get(product_class=kind, code=code), value)
    return product


def _state(product: Product, attribute: ProductAttribute, value: Any) -> None:
    row = ProductAttributeValue(product=product, attribute=attribute)
    options = AttributeOption.objects.filter(group=attribute.option_group)
    if attribute.type == "range":
        row.value_range = (value[0], value[1] + 1)
    elif attribute.type == "option":
        row.value_option = options.get(option=value)
    elif attribute.type != "multi_option":
        setattr(row, f"value_{attribute.type}", value)
    row.save()
    if attribute.type == "multi_option":
        row.value_multi_option.set(options.filter(option__in=value))


# --- Suppliers -----------------------------------------------------------------------------------


def make_supplier(code: str = "jarqyn-med", *, login: str = "", status: str = "approved", **more: Any) -> Partner:
    """An approved supplier, with an account when ``login`` names one."""
    more.setdefault("bin", f"{131340000000 + next(_numbers)}")
    partner = Partner.objects.create(code=code, name=more.pop("name", code.title()), status=status, **more)
    if login:
        partner.users.add(make_user(login, Role.SUPPLIER))
    return partner


def make_offer(
    product: Product, partner: Partner | None = None, *, price: str = "142000.00", **more: Any
) -> StockRecord:
    """A published offer: one in a pack, ten in stock, counted now, delivered to all three regions."""
    defaults: dict[str, Any] = {
        "partner_sku": f"sku-{next(_numbers)}",
        "num_in_stock": more.pop("stock", 10),
        "num_allocated": 0,
        "status": StockRecord.Status.PUBLISHED,
        "pack_size": 1,
        "lead_days": 6,
        "regions": list(REGIONS),
        "stock_confirmed_at": timezone.now(),
    }
    return StockRecord.objects.create(
        product=product,
        partner=partner or Partner.objects.filter(code="jarqyn-med").first() or make_supplier(),
        price=Decimal(price),
        **(defaults | more),
    )
