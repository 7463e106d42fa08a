"""The parts of an application: their order, their states, and how its fields read."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.context import page_path
from marketplace.drafts import reading, rights
from marketplace.errors import NotFound
from marketplace.models import Draft, Role, User
from orders import draft_fields
from orders.order_draft import ORDER_DRAFT
from orders.review import Review

TITLES = {
    "goods": gettext_lazy("Goods"),
    "delivery": gettext_lazy("Delivery"),
    "contact": gettext_lazy("Contact"),
    "consent": gettext_lazy("Consent of the person"),
    "check": gettext_lazy("Check and send"),
}


def opened(request: HttpRequest, draft_id: UUID) -> Draft:
    """An order draft the person may fill in; other kinds and foreign ones raise NotFound. A specialist's look is logged."""
    found = reading.get(request.user, draft_id)
    if found.kind != ORDER_DRAFT.name:
        raise NotFound
    rights.log_look(request.user, found)
    return found


def is_office(actor: User, draft: Draft) -> bool:
    """The person's own office, which may send for her with a proof of her consent; a helper by code is none."""
    return actor.role == Role.CASEWORKER and not rights.only_helps(actor, draft)


def steps_for(actor: User, draft: Draft) -> list[str]:
    """The steps in their order; the office also records the consent, the owner ticks it when she sends."""
    names = ["goods", "delivery", "contact", "consent", "check"]
    return names if is_office(actor, draft) else [name for name in names if name != "consent"]


def list_of(actor: User) -> tuple[str, str]:
    """Where the way back from an application leads: (address, name). An operator of 1414 has no list of them."""
    if actor.role == Role.HOTLINE:
        return page_path("hotline/"), _("Calls to 1414")
    return reverse("orders:applications"), _("My applications")


def step_of(field: str) -> str:
    """The step that asks for a field."""
    first = field.partition(".")[0]
    if field == draft_fields.OWNER_CONSENT:
        return "check"
    return {"line": "goods", "measures": "goods"}.get(first, first if first in TITLES else "check")


def url_of(draft: Draft, step: str) -> str:
    if step == "check":
        return reverse("orders:check", args=[draft.pk])
    return reverse("orders:step", args=[draft.pk, step])


def following(actor: User, draft: Draft, step: str) -> str:
    names = steps_for(actor, draft)
    return names[min(names.index(step) + 1, len(names) - 1)]


def task_list(draft: Draft, found: Review, actor: User) -> list[dict[str, Any]]:
    """Each step with its state: done, to correct, not started; sending comes last."""
    wrong = {step_of(error.field) for error in found.problems}
    asked = {step_of(name) for name in draft.conflicts}
    tasks = []
    for name in steps_for(actor, draft):
        status, colour = _state(name, draft, wrong, asked)
        ready = name != "check" or (not (wrong - {"check"}) and not asked)
        tasks.append(
            {
                "title": TITLES[name],
                "url": url_of(draft, name),
                "status": status if ready else _("Cannot be sent yet"),
                "colour": colour if ready else "",
            }
        )
    return tasks


def _state(name: str, draft: Draft, wrong: set[str], asked: set[str]) -> tuple[str, str]:
    started = any(step_of(field) == name and entry["v"] not in (None, "") for field, entry in draft.fields.items())
    if name in asked:
        return _("Two different answers"), "red"
    if name == "check":
        return _("Ready to send"), "blue"
    if name in wrong:
        return (_("To be corrected"), "yellow") if started else (_("Not started"), "blue")
    return _("Done"), ""
