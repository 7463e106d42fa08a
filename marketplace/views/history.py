"""Who changed what in a draft, save by save, with a button that brings a former answer back: for every kind.

The apps route the two views under the address of their kind and say where the way back leads.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.drafts import keys, kinds, reading, saving, sealed
from marketplace.errors import DomainError, NotFound
from marketplace.models import Draft, DraftSave

PAGE_SIZE = 30
STATES = {
    "resolved": gettext_lazy("chosen of two answers"),
    "brought_back": gettext_lazy("brought back"),
    "same": gettext_lazy("as it was"),
    "locked": gettext_lazy("only the person herself may say this; kept here alone"),
    "unknown": gettext_lazy("from an older form; kept here alone"),
}


@dataclass(frozen=True)
class Place:
    """Addresses of a draft: its own page with the words that lead there, its history, and the button's target."""

    draft_url: str
    back_text: str
    history_url: str
    bring_back_url: str


def history(request: HttpRequest, draft: Draft, place: Place) -> HttpResponse:
    """Every save, the latest first: who, when, on which device, which answers."""
    page = Paginator(reading.saves_of(draft), PAGE_SIZE).get_page(request.GET.get("page"))
    words = kinds.get(draft.kind).words(draft, [op for save in page for op in save.ops])
    devices = keys.devices_of(request.session.session_key)
    rows = [
        {
            "save": save,
            "device": _device(request, save, devices),
            "changes": [_change(request, draft, save, op, words(op["f"], op["v"])) for op in save.ops],
        }
        for save in page
    ]
    context = {"draft": draft, "place": place, "page": page, "rows": rows, "key": uuid.uuid4().hex}
    return render(request, "drafts/history.html", context)


def bring_back(request: HttpRequest, draft: Draft, place: Place) -> HttpResponse:
    """The button at a former answer; the answer that it takes the place of stays in the history."""
    field, rev = request.POST.get("f", ""), request.POST.get("rev", "")
    if not (rev.isascii() and rev.isdigit() and len(rev) < 10):
        raise NotFound
    try:
        saving.bring_back(
            draft_id=draft.pk,
            actor=request.user,
            field=field,
            rev=int(rev),
            key=f"page:{request.POST.get('_key', '')[:40]}:{rev}:{field}",
            device=saving.PAGE_DEVICE,
        )
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error))
    else:
        messages.success(request, _("Brought back: %(field)s.") % {"field": kinds.get(draft.kind).label(field)})
    return redirect(place.history_url)


def _device(request: HttpRequest, save: DraftSave, devices: set[str]) -> str:
    """The device in words; nothing when nobody can tell whether it is this one."""
    if save.device == saving.PAGE_DEVICE:
        return _("with a button of the page")
    if save.actor_id == request.user.pk and save.device in devices:
        return _("on this device")
    return _("on another device") if devices or save.actor_id != request.user.pk else ""


def _change(request: HttpRequest, draft: Draft, save: DraftSave, op: dict[str, Any], value: str) -> dict[str, Any]:
    name, live = op["f"], draft.fields.get(op["f"])
    is_live = live is not None and sealed.same(draft, name, live, op)
    state = STATES.get(op["s"], "")
    if op["s"] == "conflict":
        state = _("a question is open") if name in draft.conflicts else _("not chosen of two answers")
    kind = kinds.get(draft.kind)
    return {
        "field": name,
        "rev": save.rev,
        "label": kind.label(name),
        "value": value,
        "state": state,
        "is_live": is_live,
        "can_return": not is_live
        and op["s"] in saving.KEPT_STATES
        and draft.status == Draft.Status.OPEN
        and kind.knows(name)
        and kind.may_write(request.user, draft, name),
    }
