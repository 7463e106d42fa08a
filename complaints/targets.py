"""Whom a person wants to complain to: the seller, a consumer association or a state body (a code's three doors).

The table of routing says what is right for a subject; a person may still knock at another of the three, or at
several at once: the first is the addressee, the others stand beside it with dates of their own. What is urgent
or a fraud goes where the table says, whatever was chosen; a supplier who must not know is never addressed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.models import Complaint
from complaints.routing import Parallel, Route, Why, body_clock, route, seller_clock
from marketplace.models import Authority, Office
from orders.models import Line
from suppliers.models import Partner

ASSOCIATION_CODE = "pretrial-association"


class Target(TextChoices):
    SELLER = "seller", gettext_lazy("To the seller")
    ASSOCIATION = "association", gettext_lazy("To a consumer association")
    BODY = "body", gettext_lazy("To a state body")


# The boxes of the form, by target.
TICKS = {
    Target.SELLER: gettext_lazy("I complain to the seller"),
    Target.BODY: gettext_lazy("I complain to a state body"),
    Target.ASSOCIATION: gettext_lazy("I complain to a consumer association"),
}
# Who becomes the addressee when several were ticked without an order.
PRECEDENCE = (Target.SELLER, Target.BODY, Target.ASSOCIATION)


@dataclass(frozen=True)
class Doors:
    """What stands behind the three doors for one filing: the route of the table, the seller, the office."""

    route: Route
    subject: str
    now: datetime
    seller: Partner | None = None
    office: Office | None = None

    def behind(self, target: str) -> Authority | Partner | None:
        """Who is meant; None where there is nobody, or nobody who may know."""
        if target == Target.ASSOCIATION:
            return Authority.objects.filter(code=ASSOCIATION_CODE).select_related("parent").first()
        first = self.route.supplier or self.route.authority
        if target == Target.SELLER:
            # An office has no seller: its first door leads to its head.
            return first if self.office is not None else None if self.route.hide_name else self.seller
        itself = isinstance(first, Partner) or (self.office is not None and first is not None)
        return self.route.escalates_to if itself else first


def routed(
    *,
    subject: str,
    chosen: Sequence[str],
    now: datetime,
    supplier: Partner | None = None,
    line: Line | None = None,
    office: Office | None = None,
    **asked: Any,
) -> Route:
    """The table's route of a filing, with the addressees that were chosen (``asked``: what else routing.route is told)."""
    found = route(subject=subject, supplier=supplier, line=line, office=office, now=now, **asked)
    seller = line.order.partner if line else supplier
    return aim(Doors(found, subject, now, seller=seller, office=office), chosen)


def aim(doors: Doors, chosen: Sequence[str]) -> Route:
    """The route with the addressees that were chosen; the same route where the choice changes nothing."""
    route, wanted = doors.route, list(dict.fromkeys(target for target in chosen if target))
    if not wanted:
        return route
    free = route.priority != Complaint.Priority.URGENT and wanted[0] != Target.SELLER
    to = doors.behind(wanted[0])
    if free and isinstance(to, Authority) and to != route.authority:
        route = _to(doors, to)
    beside = {one.to: one for one in route.parallels}
    for target in wanted:
        to = doors.behind(target)
        if to is not None and to not in (route.supplier, route.authority) and not _dated(beside.get(to)):
            beside[to] = _beside(doors, to)
    return replace(route, parallels=[one for one in beside.values() if one.to != route.authority])


def _dated(one: Parallel | None) -> bool:
    return one is not None and one.deadline is not None


def _beside(doors: Doors, to: Authority | Partner) -> Parallel:
    if isinstance(to, Partner):
        return Parallel(to, Why.TARGET, seller_clock(doors.subject, doors.now))
    return Parallel(to, Why.TARGET, body_clock(doors.subject, to, timezone.localdate(doors.now)))


def _to(doors: Doors, authority: Authority) -> Route:
    route = doors.route
    joins = [body for body in route.joins if body != authority]
    if not joins and authority.parent is not None:
        joins = [authority.parent]
    return replace(
        route,
        supplier=None,
        authority=authority,
        joins=joins,
        deadline=body_clock(doors.subject, authority, timezone.localdate(doors.now)),
        notes=[*route.notes, _("You chose this addressee yourself.")],
    )
