"""Who sees which listings: a supplier its own, the ministry and the auditor all of them."""

from django.db.models import Case, F, QuerySet, Value, When

from marketplace.errors import NotFound
from marketplace.models import Role, User
from suppliers.listings.models import LISTING_WAITS, Listing

READERS = (Role.REVIEWER, Role.AUDITOR)


def visible(actor: User) -> QuerySet[Listing]:
    """Anybody else sees none."""
    rows = Listing.objects.select_related("partner", "product", "offer", "author")
    if not actor.is_authenticated:
        return rows.none()
    if actor.role in READERS:
        return rows
    return rows.filter(partner__users=actor) if actor.role == Role.SUPPLIER else rows.none()


def get(actor: User, listing_id: int) -> Listing:
    """One listing; foreign and missing alike raise NotFound."""
    found = visible(actor).filter(pk=listing_id).first()
    if found is None:
        raise NotFound
    return found


def locked(actor: User, listing_id: int) -> Listing:
    """The same under its row lock, for who changes it."""
    get(actor, listing_id)
    rows = Listing.objects.select_for_update(of=("self",), no_key=True).select_related("partner", "author")
    return rows.get(pk=listing_id)


def worklist(actor: User) -> QuerySet[Listing]:
    """What waits for the ministry first, by the day of the answer; then the rest, the latest first."""
    turn = Case(When(status__in=LISTING_WAITS, then=Value(0)), default=Value(1))
    return visible(actor).order_by(turn, F("respond_by").asc(nulls_last=True), "-submitted_at", "pk")
