"""The fields of a listing, read into answers: a product of the catalogue or a new one, its parameters, the own offer."""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from catalog import stating, types
from catalog.models import Product
from catalog.types import ProductType
from marketplace import formats, regions
from marketplace.drafts.answers import whole_number
from marketplace.errors import FieldError
from marketplace.models import Draft
from suppliers import delivery, ranking
from suppliers.models import Partner, StockRecord
from suppliers.offers import HIGHEST_PRICE, MOST_STOCK
from suppliers.onboarding.answers import needs_licence

SCHEMA = 1
NEW = "new"
# Delivery that the price does not cover; unless a supplier says so it does.
DELIVERY_APART = "apart"
PLAIN = {
    "q", "product", "type", "title.kk", "title.ru", "description.kk", "description.ru", "sku", "price", "pack_size",
    "stock", "lead_days", "regions", "warranty_months", "delivery", "delivery_price", "price_reason", "offer",
}  # fmt: skip
PARAMETER = re.compile(r"p\.[a-z][a-z0-9_]{0,59}(\.from|\.to)?")
LEAD = re.compile(r"lead\.KZ-[0-9]{2}")
# Whole numbers of the offer: the smallest and largest that make sense.
NUMBERS = {
    "pack_size": (1, 10_000),
    "stock": (0, MOST_STOCK),
    "lead_days": (0, 365),
    "warranty_months": (0, 240),
}


@dataclass
class Answers:
    """What the draft says; ``errors`` names each wrong field of it."""

    product: Product | None = None
    type: ProductType | None = None
    offer: StockRecord | None = None
    texts: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    edits_product: bool = False
    sku: str = ""
    price: Decimal = Decimal(0)
    numbers: dict[str, int] = field(default_factory=dict)
    regions: list[str] = field(default_factory=list)
    lead_by_region: dict[str, int] = field(default_factory=dict)
    delivery: Decimal | None = delivery.NOTHING
    price_reason: str = ""
    errors: list[FieldError] = field(default_factory=list)

    @property
    def unit_price(self) -> Decimal:
        """KZT for one unit."""
        return (self.price / max(self.numbers.get("pack_size", 1), 1)).quantize(Decimal("0.01"))

    def as_data(self) -> dict[str, Any]:
        """What a listing keeps."""
        return {
            "type": self.type.code if self.type else "",
            "texts": self.texts,
            "parameters": self.parameters,
            "edits_product": self.edits_product,
            "sku": self.sku,
            "price": f"{self.price:.2f}",
            "numbers": self.numbers,
            "regions": self.regions,
            "lead_by_region": self.lead_by_region,
            "delivery_included": self.delivery == delivery.NOTHING,
            "delivery_price": f"{self.delivery:.2f}" if self.delivery else None,
        }


def knows(name: str) -> bool:
    """Is this a field of the current schema?"""
    return name in PLAIN or bool(PARAMETER.fullmatch(name) or LEAD.fullmatch(name))


def product_of(draft: Draft) -> Product | None:
    """The product of the catalogue that was chosen."""
    number = whole_number(draft.value("product"))
    found = (
        Product.objects.filter(pk=number, moderation=Product.Moderation.PUBLISHED, is_public=True) if number else None
    )
    return found.first() if found is not None else None


def type_of(draft: Draft, product: Product | None) -> ProductType | None:
    """The kind of the chosen product, or the one that was said for a new one."""
    book = types.book()
    if product is not None:
        return book.by_id.get(product.product_class_id)
    return book.by_code.get(str(draft.value("type") or "")) if draft.value("product") == NEW else None


def may_edit_product(product: Product, partner: Partner) -> bool:
    """A product that others sell as well is not one supplier's to describe."""
    rows = StockRecord.objects.filter(product=product)
    return rows.filter(partner=partner).exists() and not rows.exclude(partner=partner).exists()


def describes(draft: Draft, partner: Partner) -> bool:
    """Does this listing say what the product is, or only for how much it is sold?"""
    product = product_of(draft)
    return draft.value("product") == NEW if product is None else may_edit_product(product, partner)


def read(draft: Draft, partner: Partner, today: date) -> Answers:
    """The draft's answers with every error; never fails, whatever was typed."""
    found = Answers(product=product_of(draft))
    found.type = type_of(draft, found.product)
    found.edits_product = describes(draft, partner)
    _read_offer(found, draft, partner)
    _check_choice(found, draft, partner, today)
    if found.edits_product and found.type is not None:
        _read_product(found, draft, found.type)
    _read_terms(found, draft)
    taken = StockRecord.objects.filter(partner=partner, partner_sku=found.sku)
    if taken.exclude(pk=found.offer.pk if found.offer else None).exists():
        message = _("You have an offer with this article number already.")
        found.errors.append(FieldError("sku", "taken", message))
    return found


def _read_offer(found: Answers, draft: Draft, partner: Partner) -> None:
    """The own offer that is changed: the one that the draft names, or the only one for this product."""
    number = whole_number(draft.value("offer"))
    own = StockRecord.objects.filter(partner=partner)
    found.offer = own.filter(pk=number).first() if number else None
    if found.offer is not None and found.product is None:
        found.product = found.offer.product


def _check_choice(found: Answers, draft: Draft, partner: Partner, today: date) -> None:
    if found.type is None:
        code, message = ("type", _("Choose the kind of product.")) if draft.value("product") == NEW else (
            "product", _("Find your product in the catalogue, or say that it is a new one."),
        )  # fmt: skip
        found.errors.append(FieldError(code, "required", message))
    elif needs_licence([found.type.code]) and (partner.licence_until is None or partner.licence_until < today):
        message = _("This kind is licensed. Ask the ministry to note your licence first.")
        found.errors.append(FieldError("product", "licence", message))
    if found.offer is not None and found.product is not None and found.offer.product_id != found.product.pk:
        found.errors.append(FieldError("product", "other", _("An offer stays with its product.")))


def _read_product(found: Answers, draft: Draft, kind: ProductType) -> None:
    for name in ("title.kk", "title.ru", "description.kk", "description.ru"):
        text = " ".join(str(draft.value(name) or "").split())
        most = 255 if name.startswith("title") else 2000
        if name.startswith("title") and not text:
            found.errors.append(FieldError(name, "required", _("Give the name: what it is, the model, the size.")))
        elif len(text) > most:
            message = _("Write at most %(most)s characters.") % {"most": most}
            found.errors.append(FieldError(name, "too_long", message))
        found.texts[name] = text
    typed = {name: draft.value(name) for name in draft.fields}
    for attribute in kind.attributes:
        value, errors = stating.read(attribute, typed)
        found.errors += errors
        if value is not None:
            found.parameters[attribute.code] = value


def _read_terms(found: Answers, draft: Draft) -> None:
    found.sku = str(draft.value("sku") or "").strip()
    if not found.sku or len(found.sku) > 128:
        found.errors.append(FieldError("sku", "required", _("Give your article number, at most 128 characters.")))
    found.price = _price(found, draft)
    for name, (least, most) in NUMBERS.items():
        typed = draft.value(name)
        number = whole_number(typed) if typed not in (None, "") else (0 if name == "warranty_months" else None)
        if number is None or not least <= number <= most:
            message = _("Give a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}
            found.errors.append(FieldError(name, "range", message))
        else:
            found.numbers[name] = number
    chosen = draft.value("regions")
    codes = {str(code) for code in chosen} if isinstance(chosen, list) else set()
    found.regions = [region.code for region in regions.listed() if region.code in codes]
    if not found.regions:
        found.errors.append(FieldError("regions", "required", _("Choose at least one region that you deliver to.")))
    for code in found.regions:
        typed = draft.value(f"lead.{code}")
        if typed in (None, ""):
            continue
        days = whole_number(typed)
        if days is None or not 0 <= days <= 365:
            message = _("Give a whole number from %(least)s to %(most)s.") % {"least": 0, "most": 365}
            found.errors.append(FieldError(f"lead.{code}", "range", message))
        else:
            found.lead_by_region[code] = days
    found.delivery = _delivery(found, draft)
    found.price_reason = str(draft.value("price_reason") or "").strip()[:2000]


def _delivery(found: Answers, draft: Draft) -> Decimal:
    if draft.value("delivery") != DELIVERY_APART:
        return delivery.NOTHING
    price, most = _sum(draft, "delivery_price"), ranking.policy().delivery_most
    if not price or delivery.problem(price, most):
        message = _("Give what one delivery costs: above zero, at most %(most)s.") % {"most": formats.money(most)}
        found.errors.append(FieldError("delivery_price", "range", message))
        return delivery.NOTHING
    return price


def asked_for_delivery(data: dict[str, Any]) -> Decimal | None:
    """``delivery.asked`` of what a listing keeps; one of before this was asked says nothing: then it is in the price."""
    price = data.get("delivery_price")
    return delivery.asked(data.get("delivery_included", True), None if price is None else Decimal(price))


def _sum(draft: Draft, name: str) -> Decimal:
    text = str(draft.value(name) or "").replace("\xa0", "").replace(" ", "").replace(",", ".")
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


def _price(found: Answers, draft: Draft) -> Decimal:
    price = _sum(draft, "price")
    if not (price.is_finite() and 0 < price <= HIGHEST_PRICE and price == round(price, 2)):
        found.errors.append(FieldError("price", "range", _("Give a price above zero, in tenge.")))
        return Decimal(0)
    return price
