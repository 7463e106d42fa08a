"""The API's shapes of products, offers and suppliers (contract section 3), as plain data."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone

from catalog import parameters, selectors
from catalog.models import ProductDocument
from catalog.search import Listed
from catalog.selectors import Beneficiary
from marketplace.money import money
from marketplace.rules import in_language
from suppliers import delivery, guarantees, strategy
from suppliers.guarantees import Guarantee
from suppliers.models import LotRecall, Partner, StockRecord
from suppliers.second_check import Case
from suppliers.selectors import RankedOffer, current


def offer_data(offer: RankedOffer) -> dict[str, Any]:
    return {
        "id": offer.id,
        "supplier": {"code": offer.supplier.code, "name": offer.supplier.name, "rating": offer.rating},
        "price": money(offer.price),
        "unit_price": money(offer.unit_price),
        "pack_size": offer.pack_size,
        "stock": offer.stock,
        "lead_days": offer.lead_days,
        "regions": offer.regions,
        "delivers": offer.delivers,
        "warranty_months": offer.warranty_months,
        "delivery_included": offer.delivery_included,
        "delivery_price": offer.delivery_price and money(offer.delivery_price),
        "state_pays": money(offer.state_pays),
        "you_pay": money(offer.you_pay),
        "score": offer.score,
        "score_parts": offer.parts,
        "why": offer.why,
    }


def kept_offer_data(offer: dict[str, Any], guarantee: Guarantee | None, region: str) -> dict[str, Any]:
    """An offer as the search document keeps it, in the shape of ``offer_data``."""
    price = Decimal(offer["price"])
    state_pays, you_pay = guarantees.split(price, offer["pack_size"], guarantee)
    asked = kept_delivery(offer)
    return {
        "id": offer["id"],
        "supplier": {"code": offer["supplier"], "name": offer["supplier_name"], "rating": offer["rating"]},
        "price": money(price),
        "unit_price": money(Decimal(offer["unit_price"])),
        "pack_size": offer["pack_size"],
        "stock": offer["stock"],
        "lead_days": offer["lead_days_by_region"].get(region, offer["lead_days"]),
        "regions": offer["regions"],
        "delivers": not region or region in offer["regions"],
        "warranty_months": offer["warranty_months"],
        "delivery_included": offer["delivery_included"],
        "delivery_price": money(asked) if asked else None,
        "state_pays": money(state_pays),
        "you_pay": money(you_pay + (asked or 0)),
        "score": round(offer["score"] * 100),
        "score_parts": {name: round(value * 100) for name, value in offer["parts"].items()},
        "why": in_language(offer["why"]),
    }


def kept_delivery(offer: dict[str, Any]) -> Decimal | None:
    """What is asked for the delivery of an offer that a search document keeps (``delivery.asked``)."""
    price = offer.get("delivery_price")
    return delivery.asked(offer["delivery_included"], None if price is None else Decimal(price))


def best_kept(row: ProductDocument | Listed, region: str = "", supplier: str = "") -> dict[str, Any] | None:
    """The best ranked offer of a document that delivers to the region, from the supplier when one is asked for."""
    return next(
        (
            offer
            for offer in current(row)
            if (not region or region in offer["regions"]) and (not supplier or offer["supplier"] == supplier)
        ),
        None,
    )


def product_data(
    row: ProductDocument | Listed,
    *,
    beneficiary: Beneficiary,
    guarantee_of: dict[int, Guarantee],
    choice_index: float,
    region: str = "",
    supplier: str = "",
) -> dict[str, Any]:
    product_type = selectors.type_of(row)
    fit = selectors.fit_of(row, beneficiary.measures)
    best = best_kept(row, region, supplier)
    return {
        "id": row.pk,
        "title": selectors.title_of(row),
        "brand": row.brand,
        "type": {"code": product_type.code, "iso_code": product_type.iso_code, "name": product_type.name},
        "attributes": parameters.as_data(product_type, row.parameters),
        "offer_count": len(current(row)),
        "choice_index": choice_index,
        "best_offer": best and kept_offer_data(best, guarantee_of.get(row.type_id), region),
        "fit": {"verdict": fit.verdict, "reasons": fit.texts},
    }


def detail_data(
    row: ProductDocument,
    offers: Sequence[RankedOffer],
    *,
    beneficiary: Beneficiary,
    guarantee_of: dict[int, Guarantee],
    choice_index: float,
) -> dict[str, Any]:
    """A product with its offers as they are now; the count and the best one come from them."""
    listed = [offer_data(offer) for offer in offers]
    plain = product_data(row, beneficiary=beneficiary, guarantee_of=guarantee_of, choice_index=choice_index)
    return plain | {
        "description": in_language(row.texts),
        "offer_count": len(listed),
        "best_offer": next((offer for offer in listed if offer["delivers"]), None),
        "offers": listed,
    }


def supplier_data(partner: Partner) -> dict[str, Any]:
    """``partner`` comes from ``selectors.visible_suppliers``, with its number of offers."""
    return {
        "code": partner.code,
        "name": partner.name,
        "rating": strategy.standing(partner).rating,
        "status": partner.status,
        "suspended_until": partner.suspended_until,
        "region": partner.home_region_id,
        "offer_count": partner.offer_count,
        "about": partner.about or "",
    }


def supplier_detail_data(partner: Partner, qr_url: str) -> dict[str, Any]:
    return supplier_data(partner) | {
        "bin": partner.bin,
        "address": partner.address,
        "phone": partner.phone,
        "email": partner.email,
        "facts": vars(strategy.standing(partner)),
        "qr_url": qr_url,
    }


def own_offer_data(offer: StockRecord) -> dict[str, Any]:
    return {
        "id": offer.pk,
        "product": {"id": offer.product_id, "title": offer.product.title},
        "sku": offer.partner_sku,
        "status": offer.status,
        "price": money(offer.price),
        "pack_size": offer.pack_size,
        "stock": offer.net_stock_level,
        "reserved": offer.num_allocated,
        "stock_confirmed_at": offer.stock_confirmed_at,
        "regions": offer.regions,
        "delivery_included": offer.delivery_included,
        "delivery_price": offer.delivery_price and money(offer.delivery_price),
    }


def standing_data(partner: Partner) -> dict[str, Any]:
    """May it sell, and every ban it ever had, the newest first."""
    return {
        "code": partner.code,
        "status": partner.status,
        "suspended_until": partner.suspended_until,
        "suspensions": [
            {
                "number": ban.number,
                "started_at": timezone.localtime(ban.started_at),
                "until": ban.until,
                "reason": ban.reason,
                "legal_basis": ban.legal_basis,
                "ended_at": timezone.localtime(ban.ended_at) if ban.ended_at else None,
                "ended_reason": ban.ended_reason,
            }
            for ban in partner.suspensions.all()
        ],
    }


def recall_data(recall: LotRecall) -> dict[str, Any]:
    """For everybody: nothing of who has the goods."""
    return {
        "id": recall.pk,
        "number": recall.number,
        "status": recall.status,
        "supplier": recall.partner.code,
        "product": {"id": recall.product_id, "title": recall.product.title},
        "lot": recall.lot,
        "reason": recall.reason,
        "what_to_do": recall.what_to_do,
        "legal_basis": recall.legal_basis,
        "by_state": recall.by_state,
        "opened_at": timezone.localtime(recall.opened_at),
        "closed_at": timezone.localtime(recall.closed_at) if recall.closed_at else None,
        "result": recall.result,
    }


def case_data(case: Case, waits: Sequence[str]) -> dict[str, Any]:
    """What an application and goods on their way have in common; ``waits``: states in which somebody owes an answer."""
    return {
        "id": case.pk,
        "number": case.number,
        "status": case.status,
        "answers": case.answers,
        "submitted_at": timezone.localtime(case.submitted_at),
        "respond_by": case.respond_by,
        "late": case.overdue_at is not None and case.status in waits,
        "reason": case.reason,
        "words": case.words,
        "appeal": case.appeal,
        "decided_at": timezone.localtime(case.decided_at) if case.decided_at else None,
    }
