"""How the fields of a listing and their values are called: in its form, its history and its preview."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import parameters, types
from catalog.models import Product
from catalog.types import ProductType
from marketplace import formats, regions, rules
from marketplace.drafts.answers import whole_number
from marketplace.drafts.kinds import shown_plainly
from marketplace.models import Draft
from marketplace.rules import in_language
from suppliers import delivery
from suppliers.listings import answers

REASONS_RULE = "listing.refusal_reasons"
LABELS = {
    "q": gettext_lazy("Find your product"),
    "product": gettext_lazy("Which product is it?"),
    "type": gettext_lazy("Kind of the new product"),
    "title.kk": gettext_lazy("Name in Kazakh"),
    "title.ru": gettext_lazy("Name in Russian"),
    "description.kk": gettext_lazy("Description in Kazakh (optional)"),
    "description.ru": gettext_lazy("Description in Russian (optional)"),
    "sku": gettext_lazy("Your article number"),
    "price": gettext_lazy("Price of a pack, ₸"),
    "pack_size": gettext_lazy("Units in a pack"),
    "stock": gettext_lazy("Packs in stock"),
    "lead_days": gettext_lazy("Days to deliver"),
    "regions": gettext_lazy("Where do you deliver to?"),
    "delivery": gettext_lazy("Is the delivery in the price?"),
    "delivery_price": gettext_lazy("What does the delivery of one order cost, ₸?"),
    "warranty_months": gettext_lazy("Warranty, months (optional)"),
    "price_reason": gettext_lazy("Why is the price what it is? (optional)"),
    "offer": gettext_lazy("Offer that is changed"),
}


def delivery_choices() -> list[tuple[str, str]]:
    """What may be said of the price of delivery."""
    return [("included", _("it is in the price")), (answers.DELIVERY_APART, _("it is paid separately"))]


def label(name: str) -> str:
    """The question that a field answers."""
    if name in LABELS:
        return str(LABELS[name])
    if name.startswith("lead."):
        return _("Days to deliver: %(region)s") % {"region": regions.name_of(name.removeprefix("lead."))}
    code = name.removeprefix("p.").partition(".")[0]
    return next((found.name for found in types.book().definitions(code)), name)


def in_words(_draft: Draft, ops: list[dict[str, Any]]) -> Callable[[str, Any], str]:
    """A log's values as people read them; names of products in one query."""
    numbers = {number for op in ops if op["f"] == "product" and (number := whole_number(op["v"]))}
    titles = {row.pk: row.title for row in Product.objects.filter(pk__in=numbers)} if numbers else {}

    def words(field: str, value: Any) -> str:
        if field == "product":
            return _("a new product") if value == answers.NEW else titles.get(whole_number(value) or 0, str(value))
        if field == "type" and value in types.book().by_code:
            return types.book().by_code[str(value)].name
        if field == "delivery":
            return dict(delivery_choices()).get(str(value), shown_plainly(field, value))
        if field == "regions" and isinstance(value, list):
            return shown_plainly(field, [regions.name_of(str(code)) for code in value])
        return shown_plainly(field, value)

    return words


def reasons() -> list[tuple[str, str]]:
    """Why a listing may be refused: code and words (rule data)."""
    return [(item["code"], in_language(item["name"])) for item in rules.get(REASONS_RULE).value["reasons"]]


def reason_name(code: str) -> str:
    return dict(reasons()).get(code, code)


def summary(title: str, data: dict[str, Any], product: Product | None) -> list[dict[str, Any]]:
    """Rows of the preview and of the page of a listing; ``data`` as ``Answers.as_data`` gives it."""
    kind = types.book().by_code.get(data["type"])
    numbers = data["numbers"]
    rows: list[dict[str, Any]] = [
        {"key": _("Product"), "value": title},
        {"key": _("Kind"), "value": kind.name if kind else data["type"]},
    ]
    if product is None or product.title != title:
        rows.append({"key": _("In the catalogue"), "value": product.title if product else _("a new product")})
    if data["edits_product"]:
        texts = data["texts"]
        rows += [{"key": LABELS[name], "value": texts[name]} for name in texts if texts[name]]
        rows += [{"key": name, "value": text} for name, text in _parameters(kind, data["parameters"])]
    places = [
        f"{regions.name_of(code)}: {formats.quantity(data['lead_by_region'].get(code, numbers['lead_days']), 'day')}"
        for code in data["regions"]
    ]
    return [
        *rows,
        # The ministry reads it as well: it is not its article.
        {"key": _("Article"), "value": data["sku"]},
        {"key": LABELS["price"], "value": formats.money(Decimal(data["price"]))},
        {"key": LABELS["pack_size"], "value": str(numbers["pack_size"])},
        {"key": LABELS["stock"], "value": str(numbers["stock"])},
        {"key": _("Delivers to"), "lines": places},
        {"key": _("Delivery"), "value": delivery.words(answers.asked_for_delivery(data))},
        {"key": _("Warranty"), "value": formats.quantity(numbers["warranty_months"], "month")},
    ]


def _parameters(kind: ProductType | None, stated: dict[str, Any]) -> list[tuple[str, str]]:
    if kind is None:
        return []
    shown = {}
    for attribute in kind.attributes:
        if attribute.code in stated:
            value = stated[attribute.code]
            data = {"min": value[0], "max": value[1]} if attribute.kind == "range" else {"value": value}
            shown[attribute.code] = data
    return [(row.name, row.text) for row in parameters.shown(kind, shown)]
