"""The goods of an application: packs of each line, next offers, and what else the programme gives."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from catalog.models import Product
from marketplace import formats
from marketplace.drafts import rights
from marketplace.drafts.answers import whole_number
from marketplace.models import Draft, User
from marketplace.views import draft_forms
from orders import alternatives, choosing, draft_fields, norms, repeat_notes, selectors
from orders.draft_fields import RANKS, LineAnswers
from orders.fits import Fitting
from orders.forms import GoodsForm
from orders.review import Review, most_fallbacks, why_not_offered
from suppliers import delivery
from suppliers import selectors as market
from suppliers.models import StockRecord
from suppliers.selectors import RankedOffer

MOST_OTHERS = 8


def form_of(actor: User, draft: Draft, found: Review, data: Any) -> GoodsForm:
    """A control for the packs of each line, boxes for the offers to ask next, a wish for the fitting."""
    chosen = {line.key: found.offers.get(line.offer or 0) for line in found.answers.lines}
    packs = {line.key: line.quantity for line in found.answers.lines}
    offers = [offer for offer in chosen.values() if offer is not None]
    fitting = Fitting(actor, draft, found)
    of_type = fitting.look(
        {offer.product_id for offer in offers}, others_of={offer.product.product_class_id for offer in offers}
    )
    ranked = _ranked({pk for pks in of_type.values() for pk in pks} | {offer.product_id for offer in offers}, found)
    lines = {}
    for key, offer in chosen.items():
        alike = [] if offer is None else of_type[offer.product.product_class_id]
        listed = [] if offer is None else _others(offer, packs.get(key) or 1, ranked, alike, fitting)
        lines[key] = listed + _named_before(draft, key, {value for value, _label in listed}) if listed else listed
    ranks = {
        f"line.{line.key}.{part}": str(pk)
        for line in found.answers.lines
        for part, pk in zip(RANKS, line.fallback, strict=False)
    }
    live = draft_forms.live(draft)
    cleared = {name: "" for name in live if (match := draft_fields.LINE.fullmatch(name)) and match["part"] in RANKS}
    form = GoodsForm(
        # Over the live values each place shows what the later word says of it.
        data if data is None or hasattr(data, "getlist") else {**data, **cleared, **ranks},
        initial={**live, **cleared, **ranks},
        lines=lines,
        places=most_fallbacks.get(),
        fittings={key for key, offer in chosen.items() if offer and offer.product.product_class.made_to_measure},
        asked_whole={key for key in chosen if f"line.{key}.fallback" in draft.conflicts},
    )
    form.fitting = fitting
    return form


def _others(
    offer: StockRecord, packs: int, ranked: dict[int, list[RankedOffer]], products: list[int], fitting: Fitting
) -> list[tuple[str, str]]:
    """Offers of the product, then of others of its kind, that deliver and cost the person no more for as many pieces.

    The same as when an order is passed on (``fulfilment.passing``): with the delivery, whose price must be known.
    """
    rows = ranked.get(offer.product_id, [])
    pieces = packs * offer.pack_size
    own = next((_cost(row, pieces) for row in rows if row.id == offer.pk), None)
    elsewhere = [row for pk in products if pk != offer.product_id for row in ranked.get(pk, [])]
    return [
        (str(row.id), _choice(row) if row.product_id == offer.product_id else _other_product(row, fitting))
        for row in [*rows, *elsewhere]
        if row.delivers
        and row.id != offer.pk
        and (row.delivery_included or row.delivery_price is not None)
        and (own is None or _cost(row, pieces) <= own)
    ][:MOST_OTHERS]


def _cost(row: RankedOffer, pieces: int) -> Decimal:
    """KZT that the person pays for so many pieces; the delivery once, however many packs."""
    brought = row.delivery_price or Decimal(0)
    return (row.you_pay - brought) / row.pack_size * pieces + brought


def _named_before(draft: Draft, key: str, listed: set[str]) -> list[tuple[str, str]]:
    """What the person named and what is not offered now: it stays her choice until she takes it back."""
    named = {str(item) for item in draft_fields.ranked(draft, key)} - listed
    numbers = [int(text) for text in named if text.isdecimal()]
    rows = StockRecord.objects.filter(pk__in=numbers).select_related("product", "partner") if numbers else []
    return [(str(row.pk), f"{row.product.title}, {row.partner.name}") for row in rows]


def _ranked(products: set[int], found: Review) -> dict[int, list[RankedOffer]]:
    """Offers of the products, best first, with what each costs the person."""
    region = found.answers.region.code if found.answers.region else ""
    guarantee_of = {
        standing.entitlement.product_type_id: norms.guarantee(standing) for standing in found.standings.values()
    }
    return market.ranked_offers(products, region=region, guarantee_of=guarantee_of, policy=found.policy)


def _choice(row: RankedOffer) -> str:
    words = {
        "supplier": row.supplier.name,
        "price": formats.money(row.price),
        "you_pay": formats.money(row.you_pay),
    }
    if row.delivery_price is None:
        return _("%(supplier)s: %(price)s a pack, you pay %(you_pay)s") % words
    words["delivery"] = formats.money(row.delivery_price)
    return _("%(supplier)s: %(price)s a pack and %(delivery)s for delivery, you pay %(you_pay)s") % words


def _other_product(row: RankedOffer, fitting: Fitting) -> str:
    """Another product is named, with whether it fits: nothing is put in its place unseen."""
    words = [fitting.titles.get(row.product_id, ""), _choice(row), fitting.words(row.product_id).rstrip(".")]
    return ". ".join(part for part in words if part)


def context(actor: User, draft: Draft, found: Review, form: GoodsForm) -> dict[str, Any]:
    """The lines with their controls, and the programme's lines from which to choose more."""
    reviewed = {line.key: line for line in found.lines}
    notes = repeat_notes.of(draft, found)
    others = {
        line.key: _instead(line, found.offers.get(line.offer or 0), found.standings.get(line.entitlement or 0), found)
        for line in found.answers.lines
    }
    form.fitting.look(item["offer"].product_id for listed in others.values() for item in listed)
    lines = []
    for line in found.answers.lines:
        offer, standing = found.offers.get(line.offer or 0), found.standings.get(line.entitlement or 0)
        fitting_wish = line.name("fitting")
        lines.append(
            {
                "key": line.key,
                "offer": offer,
                "delivery": delivery.words(offer.delivery) if offer else "",
                "standing": standing,
                "reviewed": reviewed.get(line.key),
                "notes": notes.get(line.key, []),
                "fit": form.fitting.of(offer.product_id) if offer else None,
                "instead": [{**item, "fit": form.fitting.of(item["offer"].product_id)} for item in others[line.key]],
                "unit": standing.entitlement.unit if standing else "piece",
                "quantity": form[line.name("quantity")],
                "ranks": form.ranks(line.key),
                "fitting": form[fitting_wish] if fitting_wish in form.fields else None,
                "other_url": _catalogue_url(actor, draft, standing, offer) if standing or offer else "",
            }
        )
    chosen = {line.entitlement for line in found.answers.lines}
    more = [
        {"standing": standing, "url": _catalogue_url(actor, draft, standing), "reason": norms.why_not(standing)}
        for standing in selectors.programme_of_draft(draft)
        if standing.entitlement.pk not in chosen
    ]
    return {"lines": lines, "more": more}


def _instead(
    line: LineAnswers, offer: StockRecord | None, standing: norms.Standing | None, found: Review
) -> list[dict[str, Any]]:
    """Other offers, as buttons, when the chosen one cannot be ordered: with packs for about as many pieces."""
    if offer is None or standing is None:
        return []
    short = any(item.line.key == line.key and item.code == "stock_ran_out" for item in found.shortages)
    if not short and why_not_offered(offer, found.answers.region, found.fresh_since) is None:
        return []
    units = min((line.quantity or 1) * offer.pack_size, standing.remaining or offer.pack_size)
    return [
        {
            "offer": other,
            "delivery": delivery.words(other.delivery),
            "packs": alternatives.packs_for(units, other),
            "value": f"{line.key}:{other.pk}",
        }
        for other in alternatives.other_offers(found, offer, units)
    ]


def take(request: HttpRequest, draft: Draft) -> bool:
    """The button of another offer was pressed: ``<key of the line>:<offer>:<packs>``."""
    key, _colon, rest = request.POST.get("_take", "").partition(":")
    offer, _colon, packs = rest.partition(":")
    numbers = whole_number(offer), whole_number(packs)
    if key not in draft_fields.line_keys(draft) or numbers[0] is None or numbers[1] is None:
        return False
    choosing.take_offer(draft_id=draft.pk, actor=request.user, key=key, offer_id=numbers[0], packs=numbers[1])
    return True


def _catalogue_url(actor: User, draft: Draft, standing: norms.Standing | None, offer: StockRecord | None = None) -> str:
    """Where to choose for this line: the page of the chosen product, else the products of the type.

    To a helper by code the catalogue says nothing of the person: it only carries the draft.
    """
    person = {} if rights.only_helps(actor, draft) else {"for": draft.beneficiary_id}
    query = urlencode({"draft": draft.pk, **person})
    if offer is not None and (standing is None or offer.product.moderation == Product.Moderation.PUBLISHED):
        return f"{offer.product.get_absolute_url()}?{query}"
    assert standing is not None
    return f"{reverse('catalogue:type', args=[standing.entitlement.product_type.code])}?{query}"
