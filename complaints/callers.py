"""Who calls 1414: found by phone, name or number over indexes, and let in to what she began by a check of two facts.

A phone in a complaint is found by a keyed digest, never by reading through the cases. That somebody was found is
logged; what her drafts hold is shown only after the check, which is an event of its own (domain 0.14, F20).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from complaints import selectors
from complaints.contact_keys import keys_of
from complaints.models import Complaint
from marketplace import access, events, rules
from marketplace.drafts import kinds
from marketplace.errors import FieldError, Invalid, NotFound
from marketplace.models import Draft, Role, User
from orders.draft_fields import phone_number
from orders.models import Order

PEOPLE, CASES, ORDERS, DRAFTS = 10, 20, 10, 10
SHORTEST_NAME = 3  # letters: what an index of three-letter parts can find
# What a caller can name of herself; only the kind of the fact is kept.
FACTS = {
    "name": _("Her full name"),
    "phone": _("The phone number of her account"),
    "birth": _("Her date of birth"),
    "address": _("Her address"),
    "order": _("The number of an order"),
}


@dataclass(frozen=True)
class Found:
    """People by phone or name, cases by number or phone; ``more`` when the name fits too many."""

    people: list[User] = field(default_factory=list)
    cases: list[Complaint] = field(default_factory=list)
    more: bool = False


@dataclass(frozen=True)
class Begun:
    """A draft as anybody at the phone may hear of it: that it exists, since when, how far it is."""

    draft: Draft

    @property
    def answers(self) -> int:
        return sum(1 for entry in self.draft.fields.values() if entry["v"] not in ("", None, False, []))

    @property
    def content(self) -> list[dict[str, Any]]:
        """Question and answer in the words of its kind: for who was let in."""
        kind, fields = kinds.get(self.draft.kind), self.draft.fields
        words = kind.words(self.draft, [{"f": name, "v": entry["v"]} for name, entry in fields.items()])
        return [
            {"key": kind.label(name), "value": words(name, entry["v"])}
            for name, entry in fields.items()
            if entry["v"] not in ("", None, False, [])
        ]


def find(actor: User, what: str) -> Found:
    """People and cases for a caller. Finding a person leaves a row in the read log. Raises Forbidden."""
    access.require_role(actor, Role.HOTLINE)
    what = what.strip()
    # Before the phone: the digits of a number would pass for one.
    if cases := list(_cases(actor).filter(number=what.upper()[:20])):
        return Found(cases=cases)
    if phone := phone_number(what):
        people = _by_phone(phone, what)
        _log(actor, people)
        known = Q(contact_key__in=keys_of(phone)) | Q(complainant__in=[person.pk for person in people])
        return Found(people, list(_cases(actor).filter(known)[:CASES]))
    if len(what) < SHORTEST_NAME:
        return Found()
    named = User.objects.filter(full_name__icontains=what, record__isnull=False).select_related("region")
    people = list(named.order_by("full_name", "pk")[: PEOPLE + 1])
    _log(actor, people[:PEOPLE])
    return Found(people[:PEOPLE], more=len(people) > PEOPLE)


def _by_phone(phone: str, typed: str) -> list[User]:
    """Those whose phone it is, and the wards of a guardian whose phone it is."""
    owners = list(User.objects.filter(phone__in={phone, typed}).values_list("pk", flat=True)[:PEOPLE])
    people = User.objects.filter(Q(pk__in=owners) | Q(guardians__guardian__in=owners), record__isnull=False)
    return list(people.select_related("region").order_by("pk").distinct()[:PEOPLE])


def _cases(actor: User) -> Any:
    return selectors.listed(actor)


def _log(actor: User, people: Iterable[User]) -> None:
    access.log_reads(actor=actor, person_ids=[person.pk for person in people], purpose="call", subject="people:call")


def person(actor: User, person_id: int) -> User:
    """One person whom the operator found. Raises Forbidden, NotFound; leaves a row in the read log."""
    access.require_role(actor, Role.HOTLINE)
    found = User.objects.select_related("region", "record").filter(pk=person_id, record__isnull=False).first()
    if found is None:
        raise NotFound
    access.log_read(actor=actor, person_id=found.pk, purpose="call", subject=f"person:{found.pk}")
    return found


def begun(person: User) -> list[Begun]:
    """What the person, or who helps her, has begun and not sent, the latest first."""
    drafts = Draft.objects.filter(beneficiary=person, status=Draft.Status.OPEN)
    return [Begun(draft) for draft in drafts.order_by("-updated_at")[:DRAFTS]]


def orders_of(person: User) -> list[Order]:
    """Her latest orders: number, state and supplier, nothing of what is in them."""
    return list(Order.objects.filter(user=person).select_related("partner").order_by("-date_placed")[:ORDERS])


def cases_of(actor: User, person: User) -> list[Complaint]:
    return list(_cases(actor).filter(complainant=person)[:CASES])


def check(*, actor: User, person_id: int, facts: Iterable[str], now: datetime | None = None) -> None:
    """The operator let the caller name enough facts (rule ``complaint.caller_facts``): an event says which kinds.

    Raises Forbidden, NotFound, Invalid: too few, or one that the portal does not know of her.
    """
    with transaction.atomic(durable=True):
        found = person(actor, person_id)
        told = list(dict.fromkeys(facts))
        if unknown := [fact for fact in told if fact not in _known(found)]:
            names = ", ".join(str(FACTS.get(fact, fact)) for fact in unknown)
            message = _("The portal cannot compare this: %(facts)s. Ask for another fact.") % {"facts": names}
            raise Invalid([FieldError("facts", "unknown", message)])
        count = int(rules.get("complaint.caller_facts").value["count"])
        if len(told) < count:
            message = _("Ask for at least %(count)s facts before you go on.") % {"count": count}
            raise Invalid([FieldError("facts", "too_few", message)])
        events.record(
            kind="person.caller_checked",
            subject=f"person:{found.pk}",
            actor=actor,
            on_behalf_of=found,
            data={"facts": told},
            at=now,
        )


def _known(found: User) -> set[str]:
    """The facts that the portal itself knows of the person, so that they can be compared."""
    held = {
        "name": found.full_name,
        "phone": found.phone,
        "birth": found.record.birth_date,
        "address": found.record.address,
        "order": Order.objects.filter(user=found).exists(),
    }
    return {fact for fact, value in held.items() if value}
