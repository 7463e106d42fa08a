"""What the home page says first: to a supplier that may not sell why, to who has no shop yet how far its application is,
to the ministry which applications wait."""

from typing import Any

from marketplace.desk import Part, register_home
from marketplace.drafts import reading
from marketplace.models import Draft, Role, User
from suppliers import selectors, standing
from suppliers.models import Partner
from suppliers.onboarding import selectors as onboarding
from suppliers.onboarding.sending import KIND


@register_home
def parts(actor: User) -> list[Part]:
    """One query for a supplier that may sell, up to three for who has no shop."""
    if actor.role == Role.REVIEWER:
        return _ministry(actor)
    if actor.role != Role.SUPPLIER:
        return []
    shop = selectors.supplier_of(actor)
    if shop is None:
        return [_applicant(actor)]
    return (
        [] if shop.status == Partner.Status.APPROVED else [Part("supplier/standing_home.html", standing_of(actor), 5)]
    )


def _applicant(actor: User) -> Part:
    sent = onboarding.visible(actor).first()
    begun = reading.visible(actor).filter(kind=KIND, status=Draft.Status.OPEN).first()
    return Part("supplier/onboarding/home.html", {"application": sent, "draft": begun}, 5)


def _ministry(actor: User) -> list[Part]:
    owed = onboarding.owed(actor)
    first = owed.first()
    return [Part("review/applications/home.html", {"count": owed.count(), "first": first}, 40)] if first else []


def standing_of(actor: User) -> dict[str, Any]:
    """The supplier with its running ban, for ``supplier/_standing.html``."""
    partner = selectors.own_supplier(actor)
    return {"supplier": partner, "suspension": standing.running(partner) if partner.suspended_until else None}
