"""A draft becomes orders, once (guarantees G2 and G3): one durable transaction.

1. replay a known Idempotency-Key; 2. lock the draft; 3. already submitted, changed since the review or
an open question: refuse; 4. check every rule with tranches and offers locked in pk order; 5. one order
per supplier with stock, ledger, events and outbox rows; 6. close the draft. A refusal keeps the draft.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog import measuring
from marketplace import idempotency
from marketplace.drafts import mirror, rights, sending, story
from marketplace.errors import Changed, Invalid
from marketplace.models import Draft, User
from marketplace.money import money
from orders import alternatives, placing, second_screen
from orders.models import Order
from orders.review import Review, review


class RanOut(Invalid):
    """Stock, norm or budget does not reach: every shortage is named, with what could be taken instead."""

    status = 409
    code = "ran_out"
    message = _("Something has run out. Your application is kept: choose one of the alternatives.")

    def __init__(self, found: Review):
        super().__init__(found.problems)
        self.extra = {"alternatives": alternatives.of(found)}


def submit(
    *,
    draft_id: UUID,
    actor: User,
    expected_rev: int,
    request: idempotency.Request | None,
    seen_you_pay: Decimal | None = None,
) -> idempotency.Answer:
    """Turn the draft into one order per supplier: 201 {"orders": [{number, supplier, total, state_pays, you_pay, delivery_price}]}.

    ``total`` and ``you_pay`` have the delivery in them. ``expected_rev`` is the revision the person checked, ``seen_you_pay`` the sum she was shown (KZT):
    another one now means a price moved, and she looks again. Raises NotFound, OnlyHelps (a specialist who was
    let in by a code), AlreadySubmitted, Discarded, Changed, OpenConflict, Invalid (every field error), RanOut,
    NotConfirmed (the person beside the office has not confirmed a line); the draft stays as it was.
    """

    def work() -> tuple[int, dict[str, Any]]:
        draft = sending.locked(
            draft_id=draft_id, actor=actor, kind="order", expected_rev=expected_rev,
            came_out=lambda sent: {"orders": sent.result.get("orders", [])},
        )  # fmt: skip
        found = review(draft, actor=actor, lock=True)
        if found.errors:
            raise Invalid(found.problems)
        if found.shortages:
            raise RanOut(found)
        if seen_you_pay is not None and seen_you_pay != found.you_pay:
            raise Changed(_("A price changed since you looked. Check the sums again, then send."))
        # The person who sends for herself needs no second screen to agree.
        by_staff = actor.role in rights.STAFF
        confirmed = mirror.confirmation(draft, second_screen.lines(draft, found)) if by_staff else None
        now = timezone.now()
        placements, told = _placements(draft, found), story.of(draft, now)
        orders = placing.place(placements, actor=actor, now=now, confirmed=confirmed, story=told)
        return 201, {"orders": _close(draft, found, orders, actor, now)}

    return idempotency.once_beside_twins(request, work)


def _placements(draft: Draft, found: Review) -> list[placing.Placement]:
    answers, beneficiary = found.answers, draft.beneficiary
    assert beneficiary is not None and answers.region is not None
    contact = {
        "contact_name": answers.name,
        "contact_phone": answers.phone,
        "contact_channel": answers.channel,
        "delivery_address": answers.address,
        "delivery_comment": answers.comment,
    }
    return [
        placing.Placement(lines, draft, beneficiary, answers.region.code, beneficiary.office_id, contact)
        for lines in found.by_supplier()
    ]


def _close(draft: Draft, found: Review, orders: list[Order], actor: User, now: datetime) -> list[dict[str, Any]]:
    """Mark the draft as sent with what came out of it; body measures go to the person's record."""
    results = [
        {
            "number": order.number,
            "supplier": {"code": order.partner.code, "name": order.partner.name},
            "total": money(order.total_incl_tax),
            "state_pays": money(order.state_pays),
            "you_pay": money(order.you_pay),
            "delivery_price": money(order.shipping_incl_tax),
        }
        for order in orders
    ]
    sending.close(draft, {"orders": results})
    assert draft.beneficiary_id is not None
    measuring.keep(person_id=draft.beneficiary_id, actor=actor, measures=found.answers.measures, at=now)
    return results
