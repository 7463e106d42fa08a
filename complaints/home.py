"""What a person's home page says of complaints: those in which the person, the supplier or the body owes a step."""

from django.urls import reverse

from complaints import selectors
from marketplace.desk import Part, register_home, register_shop
from marketplace.models import Role, User

SHOWN = 5
_DESKS = {
    Role.BENEFICIARY: ("complaints:list", "complaints:detail"),
    Role.GUARDIAN: ("complaints:list", "complaints:detail"),
    Role.SUPPLIER: ("complaints:supplier_inbox", "complaints:supplier_case"),
    Role.INSPECTOR: ("complaints:review", "complaints:review_case"),
    Role.REVIEWER: ("complaints:review", "complaints:review_case"),
}


@register_shop
@register_home
def parts(actor: User) -> list[Part]:
    """Four queries for any number of complaints."""
    desk = next((routes for role, routes in _DESKS.items() if role == actor.role), None)
    if desk is None:
        return []
    owed = selectors.owed(actor)
    cases = [
        {"url": reverse(desk[1], args=[complaint.number]), "complaint": complaint}
        for complaint in selectors.some_of(owed, owed[:SHOWN])
    ]
    return [Part("complaints/home.html", {"cases": cases, "count": owed.count(), "url": reverse(desk[0])}, 20)]
