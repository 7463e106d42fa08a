"""What a person's home page says first: the programme, the applications to finish, the orders that wait."""

from django.urls import reverse

from marketplace.desk import Part, register_home
from marketplace.drafts import reading as drafts
from marketplace.models import Draft, Role, User
from orders import holders, norms, repeat_notes, selectors
from suppliers.onboarding import selectors as onboarding

SHOWN = 5


@register_home
def parts(actor: User) -> list[Part]:
    """Eleven queries at most, whatever the person has."""
    if actor.role in {Role.BENEFICIARY, Role.GUARDIAN}:
        return [*_called_back(actor), _person(actor)]
    if actor.role == Role.CASEWORKER:
        return [
            Part("office/home.html", {"count": selectors.to_do(actor).count(), "url": reverse("orders:office")}, 10)
        ]
    if actor.role == Role.SUPPLIER and onboarding.has_shop(actor):
        context = {
            "count": selectors.to_do(actor).count(),
            "first": selectors.to_do(actor).first(),
            "url": reverse("orders:supplier_desk"),
        }
        return [Part("supplier/home.html", context, 10)]
    return []


def _called_back(actor: User) -> list[Part]:
    """Goods that may be dangerous come before everything else."""
    rows = list(holders.unanswered(actor)[:SHOWN])
    return [Part("beneficiary/recalls_home.html", {"rows": rows}, 1)] if rows else []


def _person(actor: User) -> Part:
    ready = repeat_notes.ready(actor)
    open_drafts = (
        drafts.visible(actor)
        .filter(kind="order", status=Draft.Status.OPEN)
        .exclude(pk__in=[item.draft.pk for item in ready])
    )
    context = {
        "ready": ready[:SHOWN],
        "orders": list(selectors.to_do(actor).select_related("partner")[:SHOWN]),
        "drafts": list(open_drafts.select_related("beneficiary").order_by("-updated_at")[:SHOWN]),
        "lines": [
            {"standing": standing, "line": standing.entitlement, "refused": norms.why_not(standing) is not None}
            for standing in selectors.programme(actor)
        ],
    }
    return Part("beneficiary/home.html", context, 10)
