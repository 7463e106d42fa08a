"""The API's shapes of orders and programme lines (contract section 3), as plain data."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.models import ProductClass
from marketplace import crypto
from marketplace.models import Event, User
from marketplace.money import money
from orders import norms, selectors
from orders.models import Line, Order, RecallHolder
from orders.states import HAPPENED, OrderStatus

_HAPPENED = dict(HAPPENED.values()) | {
    "recall.wished": _("The person answered a recall"),
    "recall.served": _("Done after a recall, says the supplier"),
    "recall.money_returned": _("The supplier paid the state back"),
}


def product_type(row: ProductClass) -> dict[str, Any]:
    return {"code": row.code, "iso_code": row.iso_code, "name": row.name}


def entitlement(standing: norms.Standing) -> dict[str, Any]:
    """A line of the programme with what it gives today; ``refusal`` says why nothing can be ordered."""
    line = standing.entitlement
    reason = norms.why_not(standing)
    return {
        "id": line.pk,
        "beneficiary": {"id": line.beneficiary_id, "name": str(line.beneficiary)},
        "type": product_type(line.product_type),
        "status": line.status,
        "norm": line.norm,
        "unit": line.unit,
        "period": line.period,
        "rule": norms.rule_in_words(standing),
        "remaining_quantity": standing.remaining,
        "remaining_sum": money(standing.remaining_sum),
        "guaranteed_sum": money(standing.guaranteed_sum),
        "guaranteed_unit_sum": money(line.guaranteed_unit_sum),
        "next_date": standing.next_date,
        "valid_from": line.valid_from,
        "valid_to": line.valid_to,
        "tranches": [
            {
                "opens_on": row.opens_on,
                "closes_on": row.closes_on,
                "quantity": row.quantity,
                "remaining_quantity": row.free_quantity,
                "open": row.opens_on <= standing.on,
            }
            for row in line.tranches.all()
            if row.closes_on >= standing.on
        ],
        "refusal": {"code": reason[0], "message": reason[1]} if reason else None,
    }


def line(row: Line, held: list[str]) -> dict[str, Any]:
    """One line; ``quantity`` counts packs, ``units`` pieces of the norm. The programme is not the supplier's matter."""
    data = {
        "id": row.pk,
        "product": {
            "id": row.product_id,
            "title": row.product.title if row.product else row.title,
            "type": product_type(row.product.product_class) if row.product else None,
        },
        "offer": row.stockrecord_id,
        "quantity": row.quantity,
        "pack_size": row.pack_size,
        "units": row.units,
        "price": money(row.line_price_incl_tax),
        "state_pays": money(row.state_pays),
        "you_pay": money(row.you_pay),
        "lot": row.lot,
        "warranty_months": row.warranty_months,
        "payment_on_hold": row.on_hold,
    }
    return data if held == ["supplier"] else data | {"entitlement": row.entitlement_id}


def order_row(actor: User, order: Order) -> dict[str, Any]:
    """An order as lists show it."""
    held = selectors.parties(actor, order)
    return {
        "number": order.number,
        "status": order.status,
        "status_name": str(OrderStatus(order.status).label),
        "supplier": {"code": order.partner.code, "name": order.partner.name},
        "lines": [line(row, held) for row in order.lines.all()],
        "total": money(order.total_incl_tax),
        "state_pays": money(order.state_pays),
        "you_pay": money(order.you_pay),
        "delivery_terms": order.shipping_code,
        "delivery_price": money(order.shipping_incl_tax),
        "placed_at": order.date_placed,
        "due_at": order.due_at,
        "whose_turn": selectors.whose_turn(order),
        "allowed": selectors.allowed(order, held),
    }


def order(actor: User, found: Order, happened: list[Event]) -> dict[str, Any]:
    """One order in full, as this actor may see it: the code only for the owner, contacts only while needed."""
    data = order_row(actor, found) | {
        "due_rule": found.due_rule,
        "promised_on": found.promised_on,
        "region": {"code": found.region_id, "name": found.region.name},
        "events": events(happened),
    }
    held = selectors.parties(actor, found)
    if held != ["supplier"]:
        # Which other suppliers were asked, and which are next, is not this supplier's matter.
        data |= {"fallback": found.fallback, "previous": found.previous.number if found.previous else None}
    if selectors.shows_contact(actor, found):
        data["contact"] = {
            "name": found.contact_name,
            "phone": found.contact_phone,
            "channel": found.contact_channel,
        }
        data["delivery"] = {"address": found.delivery_address, "comment": found.delivery_comment}
        data["fitting_wishes"] = {str(row.pk): row.fitting_wish for row in found.lines.all() if row.fitting_wish}
    if held in (["owner"], ["office"]):
        data["beneficiary"] = {"id": found.user_id, "name": str(found.user)}
    if held == ["owner"]:
        data["delivery_code"] = delivery_code(found)
    return data


def delivery_code(found: Order) -> str:
    """Six digits that the person tells the courier; shown to the owner only."""
    return code_of(found.number)


def code_of(number: str) -> str:
    """The same by the order's number."""
    return crypto.code("delivery", number)


def events(happened: list[Event]) -> list[dict[str, Any]]:
    """What happened, oldest first; who did it is told as a role, never as a name."""
    return [
        {
            "at": row.at,
            "kind": row.kind,
            "title": str(_HAPPENED.get(row.kind.removeprefix("order."), row.kind)),
            "by": row.actor.role if row.actor else "clock",
            "before": row.before,
            "after": row.after,
            "reason": row.reason,
        }
        for row in happened
    ]


# --- Pages ----------------------------------------------------------------------------------------

S = OrderStatus
WITH_ACT = {S.ACCEPTED, S.ACCEPTED_WITH_REMARKS, S.REIMBURSEMENT_PENDING, S.HELD, S.PAID, S.CLOSED}
NOT_TAKEN = {S.DECLINED, S.TIMED_OUT}
TURNS = {
    "owner": _("The person"),
    "supplier": _("The supplier"),
    "office": _("The social office"),
    "ministry": _("The ministry"),
}


def code_is_needed(found: Order) -> bool:
    """The code is shown until the goods are handed over."""
    return found.status in {S.SENT, S.CONFIRMED, S.IN_DELIVERY, S.FAILED_DELIVERY}


def timeline(happened: list[Event]) -> list[dict[str, Any]]:
    """Events as the timeline shows them, newest first; wrong codes and names stay in the log."""
    return [
        {
            "title": _HAPPENED[row.kind.removeprefix("order.")],
            "at": row.at,
            "by": str(row.actor.get_role_display() if row.actor else _("the portal's clock")),
            "text": row.reason,
        }
        for row in reversed(happened)
        if row.kind.removeprefix("order.") in _HAPPENED
    ]


def holder(row: RecallHolder) -> dict[str, Any]:
    """A line of a recalled lot, without its person."""
    return {
        "id": row.pk,
        "recall": row.recall_id,
        "order": row.line.order.number,
        "line": row.line_id,
        "lot": row.line.lot,
        "packs": row.line.quantity,
        "told_at": row.told_at,
        "wish": row.wish,
        "wished_at": row.wished_at,
        "served_at": row.served_at,
        "reminders": row.reminders,
    }
