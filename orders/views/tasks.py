"""The parts of an application: their order, their states, and how its fields read."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.drafts import reading
from marketplace.errors import NotFound
from marketplace.models import Draft, Role, User
from orders import draft_fields
from orders.order_draft import ORDER_DRAFT
from orders.reading import log_people
from orders.review import Review

TITLES = {
    "goods": gettext_lazy("Goods"),
    "delivery": gettext_lazy("Delivery"),
    "contact": gettext_lazy("Contact"),
    "consent": gettext_lazy("Consent of the person"),
    "check": gettext_lazy("Check and send"),
}
LABELS = {
    "contact.name": gettext_lazy("Whom should the courier call?"),
    "contact.phone": gettext_lazy("Phone"),
    "contact.channel": gettext_lazy("How do we send you news?"),
    "delivery.region": gettext_lazy("Region"),
    "delivery.address": gettext_lazy("Address"),
    "delivery.comment": gettext_lazy("What should the courier know? (optional)"),
    "consent.terms": gettext_lazy("Consent"),
    "consent.proof": gettext_lazy("How did the person agree?"),
    "consent.date": gettext_lazy("When?"),
}
PARTS = {
    "entitlement": gettext_lazy("Line of the programme"),
    "offer": gettext_lazy("Offer"),
    "quantity": gettext_lazy("How many packs?"),
    "fallback": gettext_lazy("Next offers"),
}


def opened(request: HttpRequest, draft_id: UUID) -> Draft:
    """An order draft the person may fill in; other kinds and foreign ones raise NotFound. An office's look is logged."""
    found = reading.get(request.user, draft_id)
    if found.kind != ORDER_DRAFT.name:
        raise NotFound
    if found.beneficiary_id:
        log_people(request.user, [found.beneficiary_id], "draft")
    return found


def steps_for(actor: User) -> list[str]:
    """The steps in their order; the office also records the consent, the owner ticks it when she sends."""
    names = ["goods", "delivery", "contact", "consent", "check"]
    return names if actor.role == Role.CASEWORKER else [name for name in names if name != "consent"]


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


def following(actor: User, step: str) -> str:
    names = steps_for(actor)
    return names[min(names.index(step) + 1, len(names) - 1)]


def task_list(draft: Draft, found: Review, actor: User) -> list[dict[str, Any]]:
    """Each step with its state: done, to correct, not started; sending comes last."""
    wrong = {step_of(error.field) for error in found.problems}
    asked = {step_of(name) for name in draft.conflicts}
    tasks = []
    for name in steps_for(actor):
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


def field_label(name: str) -> str:
    """How a field is called on the pages."""
    if name in LABELS:
        return str(LABELS[name])
    match = draft_fields.LINE.fullmatch(name)
    if match:
        return _("Product %(key)s: %(part)s") % {"key": match["key"], "part": PARTS[match["part"]]}
    return name


def shown(value: Any) -> str:
    """A field's value in a history."""
    if value is True:
        return _("yes")
    if value in (None, "", [], False):
        return "–"
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
