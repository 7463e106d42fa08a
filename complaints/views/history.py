"""Who changed what in a complaint that is being written, and the way back to a former answer."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from complaints.complaint_draft import KIND
from marketplace import policy
from marketplace.drafts import reading, rights
from marketplace.errors import NotFound
from marketplace.models import Draft, Role
from marketplace.views import history as of_drafts


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE, Role.SUPPLIER)
@require_safe
def history(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Every save of a complaint that is not sent, or of what it was before."""
    return of_drafts.history(request, _opened(request, draft_id), _place(draft_id))


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE, Role.SUPPLIER)
@require_http_methods(["GET", "POST"])
def bring_back(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """After a sign-in that interrupted it the browser comes back with GET: then only the list is shown."""
    place = _place(draft_id)
    if request.method == "GET":
        return redirect(place.history_url)
    return of_drafts.bring_back(request, _opened(request, draft_id), place)


def _opened(request: HttpRequest, draft_id: UUID) -> Draft:
    """A specialist's look at a person's draft is logged."""
    found = reading.get(request.user, draft_id)
    if found.kind != KIND:
        raise NotFound
    rights.log_look(request.user, found)
    return found


def _place(draft_id: UUID) -> of_drafts.Place:
    def url(name: str) -> str:
        return reverse(f"complaints:{name}", args=[draft_id])

    return of_drafts.Place(url("draft"), _("To the complaint"), url("draft_history"), url("draft_bring_back"))
