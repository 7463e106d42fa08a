"""Who changed what in an application, and the way back to a former answer."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import policy
from marketplace.models import Role
from marketplace.views import history as of_drafts
from orders.views import tasks


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
@require_safe
def history(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Every save of an application."""
    return of_drafts.history(request, tasks.opened(request, draft_id), _place(draft_id))


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
@require_http_methods(["GET", "POST"])
def bring_back(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """After a sign-in that interrupted it the browser comes back with GET: then only the list is shown."""
    place = _place(draft_id)
    if request.method == "GET":
        return redirect(place.history_url)
    return of_drafts.bring_back(request, tasks.opened(request, draft_id), place)


def _place(draft_id: UUID) -> of_drafts.Place:
    def url(name: str) -> str:
        return reverse(f"orders:{name}", args=[draft_id])

    return of_drafts.Place(url("draft"), _("To the application"), url("history"), url("bring_back"))
