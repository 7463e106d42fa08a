"""Starting a draft and putting an offer into it: what the buttons of the catalogue and the programme do."""

import json
import uuid
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.drafts import reading, saving
from marketplace.drafts.answers import whole_number
from marketplace.drafts.saving import PAGE_DEVICE, Op
from marketplace.errors import DomainError, NotFound
from marketplace.models import Draft, Guardianship, Role, User
from orders import draft_fields, norms, order_draft, selectors
from suppliers.models import StockRecord


class NotInProgramme(DomainError):
    """No line of the programme names this type of product, or nothing is left of it now."""

    code = "not_in_programme"


def start(*, actor: User, person_id: int | None = None) -> uuid.UUID:
    """A new draft with what is known of the person already. Raises Forbidden, NotFound, Invalid (which person?)."""
    person = order_draft.beneficiary_for(actor, person_id)
    draft_id = uuid.uuid4()
    save(draft_id, actor, starting_values(actor, person), person_id=person.pk)
    return draft_id


def starting_values(actor: User, person: User) -> dict[str, Any]:
    """Contact and address as the accounts know them: asked once, shown to be checked."""
    contact = actor if actor.role in {Role.BENEFICIARY, Role.GUARDIAN} else _contact_of(person)
    values = {
        "contact.name": str(contact),
        "contact.phone": contact.phone,
        "contact.channel": contact.channel,
        "delivery.region": person.region_id or "",
        "delivery.address": person.record.address,
    }
    return {name: value for name, value in values.items() if value}


def _contact_of(person: User) -> User:
    running = Q(valid_to=None) | Q(valid_to__gte=timezone.localdate())
    found = Guardianship.objects.filter(running, ward=person).select_related("guardian").order_by("pk").first()
    return found.guardian if found else person


def choose_offer(
    *,
    actor: User,
    offer_id: int,
    entitlement_id: int | None = None,
    draft_id: uuid.UUID | None = None,
    person_id: int | None = None,
) -> uuid.UUID:
    """Put one pack of an offer into the named draft, else into the latest open one, else into a new one.

    The line of the programme that names the product's type is taken unless one is given. An offer for a
    product that is in the draft already, or for a norm that has no room for a second line, takes the
    place of the earlier choice. Raises NotFound, NotInProgramme with the reason in words.
    """
    offer = StockRecord.objects.select_related("product__product_class").filter(pk=offer_id).first()
    if offer is None:
        raise NotFound
    draft = _draft_for(actor, draft_id, person_id)
    if draft is None:
        draft = reading.get(actor, start(actor=actor, person_id=person_id))
    assert draft.beneficiary_id is not None
    standing = _standing_for(draft, offer, entitlement_id)
    key = _line_for(draft, offer, standing)
    values = {f"line.{key}.entitlement": standing.entitlement.pk, f"line.{key}.offer": offer.pk}
    if not whole_number(draft.value(f"line.{key}.quantity")):
        values[f"line.{key}.quantity"] = 1
    if draft_fields.ranked(draft, key):
        values[f"line.{key}.fallback"] = []
    save(draft.pk, actor, values, draft=draft)
    return draft.pk


def take_offer(*, draft_id: uuid.UUID, actor: User, key: str, offer_id: int, packs: int) -> None:
    """Put another offer into a line, with so many packs of it; the next offers belonged to the earlier choice."""
    draft = reading.get(actor, draft_id)
    values: dict[str, Any] = {f"line.{key}.offer": offer_id, f"line.{key}.quantity": packs}
    if draft_fields.ranked(draft, key):
        values[f"line.{key}.fallback"] = []
    save(draft.pk, actor, values, draft=draft)


def remove_line(*, draft_id: uuid.UUID, actor: User, key: str) -> None:
    """Empty every field of a line; it stays in the history."""
    draft = reading.get(actor, draft_id)
    matches = ((name, draft_fields.LINE.fullmatch(name)) for name in draft.fields)
    save(draft.pk, actor, {name: None for name, match in matches if match and match["key"] == key}, draft=draft)


def save(
    draft_id: uuid.UUID,
    actor: User,
    values: dict[str, Any],
    *,
    draft: Draft | None = None,
    person_id: int | None = None,
) -> saving.Receipt:
    """One save of several fields, over the versions that ``draft`` shows."""
    seen = draft.fields if draft else {}
    ops = [Op(name, value, seen[name]["ver"] if name in seen else 0, 0) for name, value in values.items()]
    return saving.save(
        draft_id=draft_id,
        actor=actor,
        key=f"{PAGE_DEVICE}:{uuid.uuid4()}",
        body=json.dumps([[op.field, op.value, op.base] for op in ops]).encode(),
        device=PAGE_DEVICE,
        schema=draft_fields.SCHEMA,
        beneficiary_id=person_id,
        ops=ops,
    )


def _draft_for(actor: User, draft_id: uuid.UUID | None, person_id: int | None) -> Draft | None:
    """The named draft (NotFound when foreign or closed), or the latest open one of the same person."""
    if draft_id is not None:
        draft = reading.get(actor, draft_id)
        if draft.kind != order_draft.ORDER_DRAFT.name or draft.status != Draft.Status.OPEN:
            raise NotFound
        return draft
    person = order_draft.beneficiary_for(actor, person_id)
    return (
        reading.visible(actor)
        .filter(kind=order_draft.ORDER_DRAFT.name, status=Draft.Status.OPEN, beneficiary=person)
        # A prepared application is looked at first: new goods do not slip into it.
        .exclude(rev=1, fields__has_key=draft_fields.REPEAT)
        .select_related("beneficiary")
        .order_by("-updated_at")
        .first()
    )


def _standing_for(draft: Draft, offer: StockRecord, entitlement_id: int | None) -> norms.Standing:
    """The line of the programme of the person whose draft the actor has opened."""
    fitting = [
        standing
        for standing in selectors.programme_of_draft(draft)
        if standing.entitlement.product_type_id == offer.product.product_class_id
        and entitlement_id in (None, standing.entitlement.pk)
    ]
    usable = max(fitting, key=lambda standing: standing.remaining, default=None)
    if usable is None:
        raise NotInProgramme(
            _("The programme has no line for this: %(type)s. Ask the medical and social expertise.")
            % {"type": offer.product.product_class.name}
        )
    if reason := norms.why_not(usable):
        raise NotInProgramme(reason[1], next_date=usable.next_date)
    return usable


def _line_for(draft: Draft, offer: StockRecord, standing: norms.Standing) -> str:
    """The key of the line that the offer goes to: an earlier choice of the same, or a new key."""
    same = [line for line in draft_fields.lines(draft) if line.entitlement == standing.entitlement.pk]
    chosen = {row.pk: row for row in StockRecord.objects.filter(pk__in=[line.offer for line in same if line.offer])}
    for line in same:
        earlier = chosen.get(line.offer or 0)
        if earlier is None or earlier.product_id == offer.product_id:
            return line.key
    taken = sum((line.quantity or 1) * chosen[line.offer].pack_size for line in same if line.offer in chosen)
    if same and taken + offer.pack_size > standing.remaining:
        return same[0].key
    # Keys of emptied lines are never used again: their history belongs to another choice.
    used = {match["key"] for name in draft.fields if (match := draft_fields.LINE.fullmatch(name))}
    return next(key for number in range(1, 1000) if (key := f"l{number}") not in used)
