"""What a prepared application says of itself: where it comes from, and what is not as it was last time."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from marketplace import formats
from marketplace.drafts import reading
from marketplace.models import Draft, User
from orders import draft_fields
from orders.draft_fields import LineAnswers
from orders.review import Review, delivery_of, why_not_offered
from suppliers.models import StockRecord


@dataclass(frozen=True)
class Ready:
    """A prepared application on the person's home page."""

    draft: Draft
    goods: list[str]


def source_of(draft: Draft) -> str:
    """The number of the order that the draft repeats; empty for any other draft."""
    return str(_facts(draft).get("order", ""))


def ready(actor: User) -> list[Ready]:
    """Prepared applications that wait to be checked, the latest first; two queries for any number."""
    drafts = (
        reading.visible(actor)
        .filter(kind="order", status=Draft.Status.OPEN, fields__has_key=draft_fields.REPEAT)
        .select_related("beneficiary")
        .order_by("-created_at", "pk")
    )
    answers = {draft: list(draft_fields.lines(draft)) for draft in drafts}
    wanted = {line.offer for lines in answers.values() for line in lines if line.offer}
    rows = StockRecord.objects.filter(pk__in=wanted).select_related("product__product_class") if wanted else []
    offers = {row.pk: row for row in rows}
    return [
        Ready(draft, [_goods(line, offers.get(line.offer or 0)) for line in lines]) for draft, lines in answers.items()
    ]


def _goods(line: LineAnswers, offer: StockRecord | None) -> str:
    if offer is None:
        return _("Choose an offer")
    if not line.quantity:
        return str(offer.product.title)
    packs = formats.packs(line.quantity, offer.pack_size, offer.product.product_class.unit)
    return _("%(product)s, %(packs)s") % {"product": offer.product.title, "packs": packs}


def of(draft: Draft, found: Review) -> dict[str, list[str]]:
    """By the line's key: what differs from last time, in words. Nothing for lines that the person chose herself."""
    listed = {}
    for line in found.answers.lines:
        last = _facts(draft).get("lines", {}).get(line.key)
        if last and (line.offer or None) == last.get("offer"):
            listed[line.key] = _differences(line, last, found)
    return {key: notes for key, notes in listed.items() if notes}


def _differences(line: LineAnswers, last: dict[str, Any], found: Review) -> list[str]:
    offer, standing = found.offers.get(line.offer or 0), found.standings.get(line.entitlement or 0)
    if offer is None:
        return [_("The offer of last time is no longer sold. Choose another one.")]
    gone = why_not_offered(offer, found.answers.region, found.fresh_since)
    if gone is not None:
        return [_("The offer of last time cannot be ordered now. %(why)s") % {"why": gone[1]}]
    unit = standing.entitlement.unit if standing else "piece"
    notes = []
    if offer.price != Decimal(last["price"]):
        notes.append(
            _("The price of a pack changed: %(before)s last time, %(now)s now.")
            % {"before": formats.money(Decimal(last["price"])), "now": formats.money(offer.price)}
        )
    brought = next(
        (delivery_of(lines) for lines in found.by_supplier() if lines[0].offer.partner_id == offer.partner_id), None
    )
    if brought is not None and brought.price != Decimal(last.get("delivery", brought.price)):
        notes.append(
            _("Delivery costs another sum: %(before)s last time, %(now)s now.")
            % {"before": formats.money(Decimal(last["delivery"])), "now": formats.money(brought.price)}
        )
    if offer.pack_size != last["pack_size"]:
        notes.append(
            _("The pack changed: %(before)s last time, %(now)s now.")
            % {
                "before": formats.quantity(last["pack_size"], unit),
                "now": formats.quantity(offer.pack_size, unit),
            }
        )
    if not last["prepared"]:
        notes.append(_("A whole pack does not fit into your norm now. Choose another offer."))
    elif line.quantity == last["prepared"] and last["prepared"] * offer.pack_size != last["packs"] * last["pack_size"]:
        notes.append(
            _("Last time you got %(before)s, now it is %(now)s.")
            % {
                "before": formats.packs(last["packs"], last["pack_size"], unit),
                "now": formats.packs(last["prepared"], offer.pack_size, unit),
            }
        )
    return notes


def _facts(draft: Draft) -> dict[str, Any]:
    value = draft.value(draft_fields.REPEAT)
    return value if isinstance(value, dict) else {}
