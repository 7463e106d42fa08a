"""What a supplier's home page says first when it may not sell: until when, why, and how to appeal."""

from typing import Any

from marketplace.desk import Part, register_home
from marketplace.models import Role, User
from suppliers import selectors, standing
from suppliers.models import Partner


@register_home
def parts(actor: User) -> list[Part]:
    """Nothing for a supplier that may sell; one query for it."""
    if actor.role != Role.SUPPLIER or not Partner.objects.filter(users=actor).exclude(status="approved").exists():
        return []
    return [Part("supplier/standing_home.html", standing_of(actor), 5)]


def standing_of(actor: User) -> dict[str, Any]:
    """The supplier with its running ban, for ``supplier/_standing.html``."""
    partner = selectors.own_supplier(actor)
    return {"supplier": partner, "suspension": standing.running(partner) if partner.suspended_until else None}
