"""Bodies and answers of the orders' API, so that the OpenAPI document says what really comes."""

from datetime import date, datetime
from typing import Any

from ninja import Schema

from marketplace.money import Money


class Named(Schema):
    code: str
    name: str


class TypeOut(Schema):
    code: str
    iso_code: str
    name: str


class PersonOut(Schema):
    id: int
    name: str


class TrancheOut(Schema):
    opens_on: date
    closes_on: date
    quantity: int
    remaining_quantity: int
    open: bool


class RefusalOut(Schema):
    code: str
    message: str


class EntitlementOut(Schema):
    id: int
    beneficiary: PersonOut
    type: TypeOut
    status: str
    norm: int
    unit: str
    period: str
    rule: str
    remaining_quantity: int
    remaining_sum: Money
    guaranteed_sum: Money
    guaranteed_unit_sum: Money
    next_date: date | None
    valid_from: date
    valid_to: date | None
    tranches: list[TrancheOut]
    refusal: RefusalOut | None


class EntitlementList(Schema):
    results: list[EntitlementOut]
    next: str | None
    count: int


class ProductOut(Schema):
    id: int | None
    title: str
    type: TypeOut | None


class LineOut(Schema):
    id: int
    product: ProductOut
    offer: int | None
    entitlement: int | None = None
    quantity: int
    pack_size: int
    units: int
    price: Money
    state_pays: Money
    you_pay: Money
    lot: str
    warranty_months: int
    payment_on_hold: bool


class OrderRow(Schema):
    """``total`` and ``you_pay`` have ``delivery_price`` in them: what the person pays the supplier for bringing it.

    ``delivery_terms``: included, apart, unstated (paid separately, nobody has said how much); empty for an old order.
    """

    number: str
    status: str
    status_name: str
    supplier: Named
    lines: list[LineOut]
    total: Money
    state_pays: Money
    you_pay: Money
    delivery_terms: str
    delivery_price: Money
    placed_at: datetime
    due_at: datetime | None
    whose_turn: str | None
    allowed: list[str]


class OrderList(Schema):
    results: list[OrderRow]
    next: str | None
    count: int


class EventOut(Schema):
    at: datetime
    kind: str
    title: str
    by: str
    before: str
    after: str
    reason: str


class ContactOut(Schema):
    name: str
    phone: str
    channel: str


class DeliveryOut(Schema):
    address: str
    comment: str


class OrderOut(OrderRow):
    """``delivery_code`` comes to the owner alone, ``contact`` and ``delivery`` to those who need them now."""

    due_rule: str
    promised_on: date | None
    region: Named
    events: list[EventOut]
    fallback: dict[str, Any] | None = None
    fitting_wishes: dict[str, str] | None = None
    previous: str | None = None
    contact: ContactOut | None = None
    delivery: DeliveryOut | None = None
    beneficiary: PersonOut | None = None
    delivery_code: str | None = None


class ReasonIn(Schema):
    reason: str = ""


class DeliverIn(Schema):
    code: str
    lots: dict[str, str] = {}
    note: str = ""


# --- Lots that are called back ---------------------------------------------------------------------


class ProgressOut(Schema):
    """Lines of orders: ``waiting`` for an answer or for what was wished."""

    told: int
    answered: int
    replaced: int
    refunded: int
    repaired: int
    kept: int
    waiting: int


class HolderOut(Schema):
    """``lot`` is empty when the delivery did not say it; ``wish``: empty, replacement, refund, repair, keep."""

    id: int
    recall: int
    order: str
    line: int
    lot: str
    packs: int
    told_at: datetime
    wish: str
    wished_at: datetime | None
    served_at: datetime | None
    reminders: int


class HoldersOut(Schema):
    results: list[HolderOut]
    next: str | None
    count: int


class WishIn(Schema):
    wish: str


class RecallResultIn(Schema):
    result: str
