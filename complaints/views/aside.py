"""A complaint that is not sent yet is put aside, and taken up again."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from complaints import complaint_draft
from marketplace import policy
from marketplace.drafts import reading, saving
from marketplace.errors import DomainError, NotFound
from marketplace.models import Role


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE, Role.SUPPLIER)
@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Put it aside; it is kept and can be restored until it is removed."""
    if request.method == "POST":
        _check_kind(request, draft_id)
        saving.discard(draft_id=draft_id, actor=request.user)
        messages.success(request, _("The complaint was put aside. You can restore it here."))
    return redirect("complaints:list")


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE, Role.SUPPLIER)
@require_http_methods(["GET", "POST"])
def restore(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Take it up with everything that was in it."""
    if request.method == "GET":
        return redirect("complaints:list")
    _check_kind(request, draft_id)
    try:
        saving.restore(draft_id=draft_id, actor=request.user)
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error))
        return redirect("complaints:list")
    messages.success(request, _("The complaint is open again. Everything is there."))
    return redirect("complaints:draft", draft_id)


def _check_kind(request: HttpRequest, draft_id: uuid.UUID) -> None:
    if reading.get(request.user, draft_id).kind != complaint_draft.KIND:
        raise NotFound
