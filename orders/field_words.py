"""How the fields of an order draft and their values are called, on pages and in notices."""

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import regions
from marketplace.drafts.answers import whole_number
from marketplace.drafts.kinds import shown_plainly
from marketplace.models import Draft, User
from orders import draft_fields
from orders.forms import PROOFS
from orders.goods_words import PARTS, PLACES
from orders.models import Entitlement
from suppliers.models import StockRecord

LABELS = {
    "contact.name": gettext_lazy("Whom should the courier call?"),
    "contact.phone": gettext_lazy("Phone"),
    "contact.channel": gettext_lazy("How do we send you news?"),
    "delivery.region": gettext_lazy("Region"),
    "delivery.address": gettext_lazy("Address"),
    "delivery.comment": gettext_lazy("What should the courier know? (optional)"),
    "consent.terms": gettext_lazy("Consent"),
    "consent.proof": gettext_lazy("How did the person agree?"),
    "consent.date": gettext_lazy("When?"),
}
OFFERS = {"offer", "fallback", *draft_fields.RANKS}
_NUMBERED = re.compile(r"^l(\d+)$")  # keys that our pages give to lines


def label(name: str) -> str:
    """The question that a field answers."""
    if name in LABELS:
        return str(LABELS[name])
    match = draft_fields.LINE.fullmatch(name)
    if match:
        return _("Product %(key)s: %(part)s") % {
            "key": _NUMBERED.sub(r"\1", match["key"]),
            "part": PARTS.get(match["part"]) or PLACES[draft_fields.RANKS.index(match["part"])],
        }
    return name


def in_words(draft: Draft, ops: list[dict[str, Any]]) -> Callable[[str, Any], str]:
    """A log's values as people read them: offers and lines of the programme by their names, read in two queries."""
    offers = _offers({number for op in ops if _part(op["f"]) in OFFERS for number in _numbers(op["v"])})
    lines = _lines(draft, {number for op in ops if _part(op["f"]) == "entitlement" for number in _numbers(op["v"])})

    def words(field: str, value: Any) -> str:
        part = _part(field)
        names = offers if part in OFFERS else lines if part == "entitlement" else {}
        if names and value not in (None, ""):
            return ", ".join(names.get(number, str(number)) for number in _numbers(value)) or shown_plainly(
                field, value
            )
        return _choice(field, value) or shown_plainly(field, value)

    return words


def _part(field: str) -> str:
    match = draft_fields.LINE.fullmatch(field)
    return match["part"] if match else ""


def _numbers(value: Any) -> list[int]:
    listed = value if isinstance(value, list) else [value]
    return [number for item in listed if (number := whole_number(item)) is not None]


def _offers(numbers: set[int]) -> dict[int, str]:
    rows = StockRecord.objects.filter(pk__in=numbers).select_related("product", "partner") if numbers else []
    return {row.pk: f"{row.product.title}, {row.partner.name}" for row in rows}


def _lines(draft: Draft, numbers: set[int]) -> dict[int, str]:
    """Only of the person's own programme: a foreign number stays a number."""
    rows = Entitlement.objects.filter(pk__in=numbers, beneficiary=draft.beneficiary_id).select_related("product_type")
    return {row.pk: row.product_type.name for row in rows} if numbers else {}


def _choice(field: str, value: Any) -> str:
    """The chosen word of a list."""
    if not isinstance(value, str):
        return ""
    if field == "delivery.region":
        region = regions.find(value)
        return region.name if region else ""
    choices = {"contact.channel": User.Channel.choices, "consent.proof": PROOFS}.get(field, [])
    return str(dict(choices).get(value, ""))
