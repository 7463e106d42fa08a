"""The draft kind "listing", and its submit: a draft becomes a listing once, for the ministry to look at."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace import access, calendar, events, idempotency, outbox
from marketplace.drafts import files, kinds, sending
from marketplace.errors import DomainError, Forbidden, Invalid
from marketplace.models import Draft, Role, User
from marketplace.time import database_now
from suppliers.listings import answers, words
from suppliers.listings.models import LISTING_WAITS, Listing
from suppliers.models import Partner
from suppliers.pricelist import prices
from suppliers.selectors import own_supplier

KIND = "listing"
DAYS_RULE = "listing.moderation_days"
TOPIC = "listing.moved"


class ChangeWaits(DomainError):
    code = "change_waits"


def may_edit(actor: User, draft: Draft) -> bool:
    """The people of the supplier whose person began it."""
    if not (actor.is_authenticated and actor.is_active and actor.role == Role.SUPPLIER):
        return False
    if draft.author_id == actor.pk:
        return True
    return Partner.objects.filter(users=actor).filter(users=draft.author_id).exists()


def beneficiary_for(actor: User, _beneficiary_id: int | None) -> None:
    """A listing is about nobody in particular. Raises Forbidden for who works for no supplier that may sell."""
    access.require_role(actor, Role.SUPPLIER)
    if own_supplier(actor).status == Partner.Status.TERMINATED:
        raise Forbidden


def submit(
    *, draft_id: UUID, actor: User, expected_rev: int, request: idempotency.Request | None, now: datetime | None = None
) -> idempotency.Answer:
    """Send the listing: 201 ``{"listing": {"id", "number", "status", "respond_by"}}``; nothing on sale changes.

    A price out of line with its kind waits for a reason when none was given. Raises NotFound, AlreadySubmitted,
    Discarded, Changed, OpenConflict, Invalid (every field error), ChangeWaits; the draft stays as it was.
    """

    def work() -> tuple[int, dict[str, Any]]:
        draft = sending.locked(
            draft_id=draft_id, actor=actor, kind=KIND, expected_rev=expected_rev, came_out=lambda sent: sent.result
        )
        moment, partner = now or database_now(), own_supplier(actor)
        found = answers.read(draft, partner, timezone.localdate(moment))
        if found.errors:
            raise Invalid(found.errors)
        if found.offer is not None and Listing.objects.filter(offer=found.offer, status__in=LISTING_WAITS).exists():
            raise ChangeWaits(_("A change of this offer is being checked already. Wait for it, or withdraw it."))
        listing = _make(actor, partner, draft, found, moment)
        body = {
            "id": listing.pk,
            "number": listing.number,
            "status": listing.status,
            "respond_by": listing.respond_by.isoformat() if listing.respond_by else None,
        }
        sending.close(draft, {"listing": body})
        files.hand_over(draft, subject=f"listing:{listing.pk}", purpose="listing")
        return 201, {"listing": body}

    return idempotency.once_beside_twins(request, work)


def _make(actor: User, partner: Partner, draft: Draft, found: answers.Answers, now: datetime) -> Listing:
    assert found.type is not None
    median = prices.median_of(found.type.id)
    high = prices.out_of_line(found.unit_price, median)
    counted = calendar.deadline(DAYS_RULE, timezone.localdate(now))
    listing = Listing.objects.create(
        partner=partner,
        author=actor,
        draft=draft,
        status=Listing.Status.PRICE_REVIEW if high and not found.price_reason else Listing.Status.MODERATION,
        title=found.texts.get("title.ru") or (found.product.title if found.product else ""),
        answers=found.as_data(),
        product=found.product,
        offer=found.offer,
        unit_price=found.unit_price,
        median=median,
        price_reason=found.price_reason,
        submitted_at=now,
        respond_by=counted.respond_by,
        due_explained=counted.explained,
    )
    tell("sent", listing, "", actor, now)
    return listing


def tell(action: str, listing: Listing, before: str, actor: User | None, now: datetime, *, reason: str = "") -> None:
    """The event, and the outbox row that tells the supplier's people."""
    events.record(
        kind=f"listing.{action}",
        subject=f"listing:{listing.pk}",
        actor=actor,
        before=before,
        after=listing.status,
        reason=reason,
        at=now,
    )
    outbox.add(TOPIC, str(listing.pk), {"action": action})


LISTING_DRAFT = kinds.register(
    kinds.Kind(
        name=KIND,
        schema=answers.SCHEMA,
        knows=answers.knows,
        may_edit=may_edit,
        beneficiary_for=beneficiary_for,
        submit=submit,
        results=sending.results,
        page="supplier/listings/%s/",
        label=words.label,
        words=words.in_words,
    )
)
