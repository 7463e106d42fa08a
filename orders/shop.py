"""The part of a supplier's desk that tells what the state owes: from the ledger, held lines with their reason."""

from typing import Any

from marketplace.desk import Part, register_shop
from marketplace.models import User
from orders import payouts

SHOWN = 10


@register_shop
def parts(actor: User) -> list[Part]:
    """Four queries."""
    found = payouts.owed(actor)
    context: dict[str, Any] = {
        "total": found.total,
        "held": found.held,
        "back": found.back,
        "lines": found.lines[:SHOWN],
        "more": found.count > SHOWN,
    }
    return [Part("supplier/desk_payouts.html", context, 50)]
