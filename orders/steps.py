"""One frame for every step of an order: lock, find the step, act, move, log, hand the effects on.

A verb is one function that opens ``turn`` and calls ``Turn.finish`` once, all inside one durable
transaction. A foreign order is missing; a capacity that never takes this step is refused with 403, a
step that does not fit the state with 409 and the allowed ones.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import calendar, events, outbox
from marketplace.errors import FieldError, Forbidden, Invalid, NotFound
from marketplace.machine import Step
from marketplace.models import User
from orders import selectors
from orders.models import Line, Order
from orders.placing import offers_changed
from orders.states import HAPPENED, ORDER

LONGEST_REASON = 1000


@dataclass
class Turn:
    """A locked order and the legal step that the actor is about to take."""

    order: Order
    lines: list[Line]
    step: Step
    actor: User | None
    now: datetime

    @property
    def today(self) -> date:
        return timezone.localdate(self.now)

    @property
    def person(self) -> User:
        """The actor of a step that only people take."""
        if self.actor is None:
            raise TypeError(f"{self.step.action} is no step of the clock")
        return self.actor

    def finish(
        self,
        *,
        due: calendar.Deadline | None = None,
        reason: str = "",
        data: dict[str, Any] | None = None,
        offers: Iterable[int | None] = (),
        **changes: Any,
    ) -> Order:
        """Move the order, write its event and outbox rows. ``due`` is when the next step is owed."""
        order, before = self.order, self.order.status
        changes = {"due_at": due and due.due_at, "due_rule": due.rule if due else "", **changes}
        ORDER.take(Order.objects.filter(pk=order.pk), self.step, before, **changes)
        order.status = self.step.target
        for name, value in changes.items():
            setattr(order, name, value)
        kind = f"order.{HAPPENED[self.step.action][0]}"
        events.record(
            kind=kind,
            subject=f"order:{order.number}",
            actor=self.actor,
            on_behalf_of=order.user,
            before=before,
            after=order.status,
            reason=reason,
            data=data,
            at=self.now,
        )
        outbox.add_many([(kind, order.number, {}), *offers_changed(offers)])
        return order


@contextmanager
def turn(number: str, action: str, actor: User) -> Iterator[Turn]:
    """Lock an order for a person's step. Raises NotFound, Forbidden, IllegalStep."""
    with transaction.atomic(durable=True):
        if not selectors.visible(actor).filter(number=number).exists():
            raise NotFound
        order = lock_order(number)
        if order is None:
            raise NotFound
        held = selectors.parties(actor, order)
        if not any(action == step.action and set(held) & set(step.parties) for step in ORDER.steps):
            raise Forbidden(allowed=selectors.allowed(order, held))
        step = ORDER.find(action, order.status, held)
        yield Turn(order, list(order.lines.all()), step, actor, timezone.now())


@contextmanager
def clock_turn(number: str, action: str, now: datetime) -> Iterator[Turn | None]:
    """Lock an order for the clock's step; None when it is no longer due or somebody else holds it."""
    with transaction.atomic(durable=True):
        order = lock_order(number, skip_locked=True)
        steps = [step for step in ORDER.allowed(order.status, ["clock"]) if step.action == action] if order else []
        if order is None or not steps or order.due_at is None or order.due_at >= now:
            yield None
            return
        yield Turn(order, list(order.lines.all()), steps[0], None, now)


def lock_order(number: str, *, skip_locked: bool = False) -> Order | None:
    """The order's row, locked, with what every step needs; None when it is missing (or held, with ``skip_locked``)."""
    return (
        Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)
        .select_related("partner", "user", "region", "draft")
        .prefetch_related("lines__product__product_class")
        .filter(number=number)
        .first()
    )


def given_reason(reason: str) -> str:
    """A reason in the actor's words. Raises Invalid when it is missing or too long."""
    text = (reason or "").strip()
    if not text:
        raise Invalid([FieldError("reason", "required", _("Write the reason in a few words."))])
    if len(text) > LONGEST_REASON:
        raise Invalid([FieldError("reason", "too_long", _("Make the reason shorter: 1000 letters at most."))])
    return text


def delivery_rule(lines: Iterable[Line]) -> str:
    """The delivery rule of an order: the slowest of its spheres has the longest time (domain 3.2)."""
    spheres = {_sphere(line) for line in lines}
    for sphere in ("made_to_measure", "service", "wheelchair", "hearing", "durable", "consumable"):
        if sphere in spheres:
            return f"order.delivery_days.{sphere}"
    return "order.delivery_days.durable"


def is_made_to_measure(line: Line) -> bool:
    return bool(line.product and line.product.product_class.made_to_measure)


def _sphere(line: Line) -> str:
    if line.product is None:
        return "durable"
    if is_made_to_measure(line):
        return "made_to_measure"
    sphere = line.product.product_class.sphere
    return "service" if sphere in {"assistant", "sign_language", "sanatorium", "special_services"} else sphere
