"""Where a person is signed in, and the end of it."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace import policy, sessions


@policy.own_account
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every browser in which the person is signed in, this one first."""
    here = sessions.here(request)
    rows = [{"row": row, "here": row.pk == here} for row in sessions.of(request.user)]
    rows.sort(key=lambda item: not item["here"])
    return render(request, "account/sessions.html", {"rows": rows})


@policy.own_account
@require_POST
def end(request: HttpRequest, session_id: int) -> HttpResponse:
    """Signs one other browser out."""
    sessions.end(user_id=request.user.pk, session_id=session_id)
    messages.success(request, _("Signed out there."))
    return redirect("sessions")


@policy.own_account
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """Signs every other browser, program and device out."""
    user = sessions.end_all(user_id=request.user.pk, actor=request.user, because="asked", keep=sessions.here(request))
    update_session_auth_hash(request, user)
    sessions.keep_here(request)
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("sessions")
