"""What the home page says of headquarters: the own tasks, what is due first."""

from django.urls import reverse

from complaints.headquarters import selectors
from marketplace.desk import Part, register_home
from marketplace.models import Role, User


@register_home
def parts(actor: User) -> list[Part]:
    """A guest always, an inspector or reviewer with tasks; one query."""
    if actor.role not in {Role.GUEST, *selectors.KEEPERS}:
        return []
    tasks = list(selectors.own_tasks(actor)[:5])
    if not tasks and actor.role != Role.GUEST:
        return []
    return [Part("review/headquarters/home.html", {"tasks": tasks, "url": reverse("complaints:headquarters")}, 30)]
