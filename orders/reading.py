"""Opening things that hold personal data: the look is written down before it is granted (guarantee G8).

The owner's own look needs no row; a caseworker's and a supplier's look at name, phone or address does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace import access, events
from marketplace.errors import NotFound
from marketplace.models import Event, Role, User
from orders import norms, selectors
from orders.models import Act, Order


@dataclass(frozen=True)
class OpenedOrder:
    order: Order
    events: list[Event]


def open_order(actor: User, number: str, *, purpose: str = "order") -> OpenedOrder:
    """One order with its history. Raises NotFound for a foreign one."""
    order = selectors.get(actor, number)
    if actor.role in {Role.CASEWORKER, Role.SUPPLIER} and selectors.shows_contact(actor, order):
        access.log_read(actor=actor, person_id=order.user_id, purpose=purpose, subject=f"order:{number}")
    return OpenedOrder(order, events.of_subject(f"order:{number}"))


def open_programme(actor: User, *, person_id: int | None = None, purpose: str = "entitlement") -> list[norms.Standing]:
    """Programme lines of the actor's people, or of one of them (NotFound for anybody else's)."""
    if person_id is not None:
        access.person(actor, person_id)
    found = selectors.programme(actor, person_id=person_id)
    log_people(actor, [standing.entitlement.beneficiary_id for standing in found], purpose)
    return found


def open_person(actor: User, person_id: int, *, purpose: str = "office") -> User:
    """A person of the own office with the record. Raises NotFound."""
    person = access.person(actor, person_id)
    # Not as one of a list: who opens people without a case is asked about (orders/curious.py).
    access.log_read(actor=actor, person_id=person.pk, purpose=purpose, subject=f"person:{person.pk}")
    return person


def log_people(actor: User, person_ids: Sequence[int], purpose: str) -> None:
    """A caseworker's list of people leaves a row for each of them."""
    if actor.role == Role.CASEWORKER:
        access.log_reads(actor=actor, person_ids=person_ids, purpose=purpose, subject=f"people:{purpose}")


def open_act(actor: User, number: str) -> Act:
    """The acceptance act of an order the actor may see. Raises NotFound, also before acceptance.

    The act names the person, so the ministry and the auditor, who see orders without names, do not get it.
    """
    if actor.role not in {Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.SUPPLIER}:
        raise NotFound
    found = (
        Act.objects.select_related("order", "supplier_signed_by")
        .filter(order__in=selectors.visible(actor), order__number=number)
        .first()
    )
    if found is None:
        raise NotFound
    if actor.role in {Role.CASEWORKER, Role.SUPPLIER}:
        access.log_read(actor=actor, person_id=found.order.user_id, purpose="order", subject=f"order:{number}")
    return found
