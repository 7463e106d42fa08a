"""What a person's home page says of feedback: marks that wait for a reply, calls to make, places to visit."""

from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from complaints.feedback import selectors
from complaints.feedback.models import MysteryVisitor
from marketplace.desk import Part, register_home, register_shop
from marketplace.models import Role, User
from suppliers.selectors import shops_of

SHOWN = 3
_WITH_DESK = {Role.SUPPLIER, Role.CASEWORKER, Role.INSPECTOR, Role.REVIEWER}
_CALLING = {Role.HOTLINE, Role.CASEWORKER}
_VISITING = {Role.BENEFICIARY, Role.GUARDIAN}


@register_shop
@register_home
def parts(actor: User) -> list[Part]:
    """Six queries at most."""
    now: datetime = timezone.now()
    found = []
    # Who only applies to sell has nothing that anybody could mark.
    if actor.role in _WITH_DESK and (actor.role != Role.SUPPLIER or shops_of(actor)):
        owed = selectors.owed(actor)
        context = {
            "items": list(owed[:SHOWN]),
            "count": owed.count(),
            "url": reverse("complaints:feedback_desk"),
            "codes": actor.role in {Role.SUPPLIER, Role.CASEWORKER},
            "ministry": actor.role == Role.REVIEWER,
        }
        found.append(Part("feedback/home.html", context, 25))
    if actor.role in _CALLING:
        calls = selectors.calls(actor, now).count()
        found.append(Part("feedback/home_calls.html", {"count": calls, "url": reverse("complaints:calls")}, 30))
    if actor.role in _VISITING and MysteryVisitor.objects.filter(user=actor, active=True).exists():
        visits = selectors.open_visits(actor)
        context = {"first": visits.first(), "count": visits.count(), "url": reverse("complaints:visits")}
        found.append(Part("feedback/home_visits.html", context, 35))
    return found
