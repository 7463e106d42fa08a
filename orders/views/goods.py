"""The goods of an application: packs of each line, next offers, and what else the programme gives."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from catalog.models import Product
from marketplace import formats
from marketplace.drafts import rights
from marketplace.drafts.answers import whole_number
from marketplace.forms import DraftForm
from marketplace.models import Draft, User
from marketplace.views import draft_forms
from orders import alternatives, choosing, draft_fields, norms, repeat_notes, selectors
from orders.draft_fields import LineAnswers
from orders.forms import GoodsForm
from orders.review import Review, why_not_offered
from suppliers import selectors as market
from suppliers.models import StockRecord
from suppliers.selectors import RankedOffer

MOST_OTHERS = 5


def form_of(draft: Draft, found: Review, data: Any) -> GoodsForm:
    """A control for the packs of each line, and boxes for the offers to try next."""
    chosen = {line.key: found.offers.get(line.offer or 0) for line in found.answers.lines}
    ranked = _ranked({offer.product_id for offer in chosen.values() if offer is not None}, found)
    lines = {key: _others(offer, ranked.get(offer.product_id, [])) if offer else [] for key, offer in chosen.items()}
    return GoodsForm(data, initial=draft_forms.live(draft), lines=lines)


def _others(offer: StockRecord, ranked: list[RankedOffer]) -> list[tuple[str, str]]:
    """Other offers of the product that deliver and cost the person no more for a piece: only those are ever asked."""
    own = next((row.you_pay / row.pack_size for row in ranked if row.id == offer.pk), None)
    return [
        (str(row.id), _choice(row))
        for row in ranked
        if row.delivers and row.id != offer.pk and (own is None or row.you_pay / row.pack_size <= own)
    ][:MOST_OTHERS]


def _ranked(products: set[int], found: Review) -> dict[int, list[RankedOffer]]:
    """Offers of the chosen products, best first, with what each costs the person."""
    region = found.answers.region.code if found.answers.region else ""
    guarantee_of = {
        standing.entitlement.product_type_id: norms.guarantee(standing) for standing in found.standings.values()
    }
    return market.ranked_offers(products, region=region, guarantee_of=guarantee_of, policy=found.policy)


def _choice(row: RankedOffer) -> str:
    return _("%(supplier)s: %(price)s a pack, you pay %(you_pay)s") % {
        "supplier": row.supplier.name,
        "price": formats.money(row.price),
        "you_pay": formats.money(row.you_pay),
    }


def context(actor: User, draft: Draft, found: Review, form: DraftForm) -> dict[str, Any]:
    """The lines with their controls, and the programme's lines from which to choose more."""
    reviewed = {line.key: line for line in found.lines}
    notes = repeat_notes.of(draft, found)
    lines = []
    for line in found.answers.lines:
        offer, standing = found.offers.get(line.offer or 0), found.standings.get(line.entitlement or 0)
        fallback = line.name("fallback")
        lines.append(
            {
                "key": line.key,
                "offer": offer,
                "standing": standing,
                "reviewed": reviewed.get(line.key),
                "notes": notes.get(line.key, []),
                "instead": _instead(line, offer, standing, found),
                "unit": standing.entitlement.unit if standing else "piece",
                "quantity": form[line.name("quantity")],
                "fallback": form[fallback] if fallback in form.fields else None,
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
        {"offer": other, "packs": alternatives.packs_for(units, other), "value": f"{line.key}:{other.pk}"}
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
