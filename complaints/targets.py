"""Whom a person wants to complain to: the seller, a consumer association or a state body (a code's three doors).

The table of routing says what is right for a subject; a person may still knock at another of the three.
What is urgent or a fraud goes where the table says, whatever was chosen.
"""

from dataclasses import replace
from datetime import datetime

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.models import Complaint
from complaints.routing import Route, body_clock
from marketplace.models import Authority

ASSOCIATION_CODE = "pretrial-association"


class Target(TextChoices):
    SELLER = "seller", gettext_lazy("To the seller")
    ASSOCIATION = "association", gettext_lazy("To a consumer association")
    BODY = "body", gettext_lazy("To a state body")


def aim(route: Route, target: str, subject: str, now: datetime) -> Route:
    """The route with the addressee that was chosen; the same route where the choice changes nothing."""
    if target in ("", Target.SELLER) or route.priority == Complaint.Priority.URGENT:
        return route
    if target == Target.BODY:
        return (
            route
            if route.supplier is None or route.escalates_to is None
            else _to(route, route.escalates_to, subject, now)
        )
    association = Authority.objects.filter(code=ASSOCIATION_CODE).select_related("parent").first()
    return _to(route, association, subject, now) if association is not None else route


def _to(route: Route, authority: Authority, subject: str, now: datetime) -> Route:
    joins = [body for body in route.joins if body != authority]
    if not joins and authority.parent is not None:
        joins = [authority.parent]
    return replace(
        route,
        supplier=None,
        authority=authority,
        joins=joins,
        deadline=body_clock(subject, authority, timezone.localdate(now)),
        notes=[*route.notes, _("You chose this addressee yourself.")],
    )
