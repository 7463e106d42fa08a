"""Bodies and answers of the market's API, so that the OpenAPI document says what really comes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ninja import Field, Schema

from marketplace.money import Money


class ProductsIn(Schema):
    """All optional; an unknown type, region or sort and a broken interval are refused with 422."""

    q: str = ""
    type: str = ""
    shelf: str = ""
    fits: str = ""
    region: str = ""
    supplier: str = ""
    price: str = ""
    sort: str = ""
    page: str = ""
    beneficiary: str = Field("", alias="for", description="id of the person to choose for")


class ProductIn(Schema):
    region: str = ""
    packs: int = Field(1, ge=1, le=10_000)
    beneficiary: str = Field("", alias="for", description="id of the person to choose for")


class OwnOfferIn(Schema):
    """What to change; ``price`` is KZT for a pack, ``stock`` packs that are free to be ordered.

    ``delivery_price``: KZT that the person pays for bringing one order, 0 when the delivery is in the price.
    """

    price: Decimal | None = None
    stock: int | None = None
    delivery_price: Decimal | None = None
    confirm_stock: bool = False


class SupplierRef(Schema):
    code: str
    name: str
    rating: float | None


class OfferOut(Schema):
    """``price`` is for a pack, ``unit_price`` for a unit; ``stock`` counts packs; score and parts out of 100.

    ``delivery_price``: what the person pays the supplier for bringing one order, a part of ``you_pay``. Null when the
    delivery is in the price (``delivery_included``); null beside false when the supplier has not said how much.
    """

    id: int
    supplier: SupplierRef
    price: Money
    unit_price: Money
    pack_size: int
    stock: int
    lead_days: int
    regions: list[str]
    delivers: bool
    warranty_months: int
    delivery_included: bool
    delivery_price: Money | None
    state_pays: Money
    you_pay: Money
    score: int
    score_parts: dict[str, int]
    why: str


class TypeRef(Schema):
    code: str
    iso_code: str
    name: str


class FitOut(Schema):
    verdict: str
    reasons: list[str]


class ProductSummaryOut(Schema):
    """``choice_index``: effective number of independent suppliers of the type (in the asked region)."""

    id: int
    title: str
    brand: str
    type: TypeRef
    attributes: dict[str, dict[str, Any]]
    offer_count: int
    choice_index: float
    best_offer: OfferOut | None
    fit: FitOut


class ProductDetailOut(ProductSummaryOut):
    description: str
    offers: list[OfferOut]


class FacetValueOut(Schema):
    value: str
    label: str
    count: int


class ProductsOut(Schema):
    """``facets``: filter name → its choices with the exact number of products each would give."""

    results: list[ProductSummaryOut]
    next: str | None
    count: int
    facets: dict[str, list[FacetValueOut]]


class SupplierOut(SupplierRef):
    """``suspended_until``: the last day of a ban; on the next the supplier sells again."""

    status: str
    suspended_until: date | None
    region: str | None
    offer_count: int
    about: str


class SupplierDetailOut(SupplierOut):
    """Contacts, and the counts behind the score."""

    bin: str | None
    address: str
    phone: str
    email: str
    facts: dict[str, int | float]
    qr_url: str


class SuppliersOut(Schema):
    results: list[SupplierOut]
    next: str | None
    count: int


class OwnOfferOut(Schema):
    id: int
    product: dict[str, Any]
    sku: str
    status: str
    price: Money
    pack_size: int
    stock: int
    reserved: int
    stock_confirmed_at: datetime | None
    regions: list[str]
    delivery_included: bool
    delivery_price: Money | None


class OwnOffersOut(Schema):
    results: list[OwnOfferOut]
    next: str | None
    count: int


# --- May a supplier sell? -------------------------------------------------------------------------


class SuspendIn(Schema):
    """``until``: the last local day of the ban."""

    until: date
    reason: str
    legal_basis: str


class StandingReasonIn(Schema):
    reason: str


class SuspensionOut(Schema):
    number: str
    started_at: datetime
    until: date
    reason: str
    legal_basis: str
    ended_at: datetime | None
    ended_reason: str


class StandingOut(Schema):
    code: str
    status: str
    suspended_until: date | None
    suspensions: list[SuspensionOut]


# --- Lots that are called back ---------------------------------------------------------------------


class RecallIn(Schema):
    """``product``: id; ``supplier``: code, asked of the ministry alone; the texts are read by everybody."""

    product: int
    lot: str
    reason_kk: str
    reason_ru: str
    what_to_do_kk: str
    what_to_do_ru: str
    legal_basis: str = ""
    supplier: str = ""


class RecallOut(Schema):
    """``reason`` and ``what_to_do`` in the language of the request."""

    id: int
    number: str
    status: str
    supplier: str
    product: dict[str, Any]
    lot: str
    reason: str
    what_to_do: str
    legal_basis: str
    by_state: bool
    opened_at: datetime
    closed_at: datetime | None
    result: str


class RecallsOut(Schema):
    results: list[RecallOut]
    next: str | None
    count: int


class CaseOut(Schema):
    """What the ministry decides on, an application or goods on their way to the catalogue.

    ``respond_by``: the last local day of whoever has the turn; of a refused one, until when a second check may be asked
    for. ``allowed``: steps that the caller may take now.
    """

    id: int
    number: str
    status: str
    answers: dict[str, Any]
    submitted_at: datetime
    respond_by: date | None
    late: bool
    reason: str
    words: str
    appeal: str
    decided_at: datetime | None
    allowed: list[str]


class RefusalReason(Schema):
    code: str
    name: str


class RefusalReasonsOut(Schema):
    results: list[RefusalReason]


class RefusalIn(Schema):
    """``reason``: a code of ``…/refusal-reasons`` beside it; whoever is refused reads ``text``."""

    reason: str
    text: str


class WordsIn(Schema):
    text: str
