"""The first page: what this is for visitors, what needs doing for those who signed in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_cookie

from marketplace import desk, life, policy
from marketplace.context import page_path
from marketplace.models import Role
from marketplace.notices import calls

CALLS_SHOWN = 20


@policy.before_second_factor
@policy.anyone
@require_safe
@vary_on_cookie
def root(request: HttpRequest) -> HttpResponse:
    """``/`` leads to the pages in the language of the last visit, of the browser, else Kazakh."""
    return redirect(f"/{get_language()}/")


@policy.anyone
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Visitors: search, three ways in, life situations. Others: the parts that the apps register."""
    if not request.user.is_authenticated:
        return render(request, "home/visitor.html", {"situations": life.situations(), "paths": _paths()})
    waiting, more = calls.to_read_out(request.user, CALLS_SHOWN)
    context = {
        "parts": desk.home_of(request.user),
        "calls": waiting,
        "more_calls": more,
        "paths": _paths(),
    }
    return render(request, "home/person.html", context)


def _paths() -> dict[str, str]:
    """Addresses of the other apps' pages: part of the public contract, unlike their route names."""
    return {
        "catalogue": page_path("catalog/"),
        "complain": page_path("complaints/new/"),
        "track": page_path("track/"),
        "map": page_path("map/"),
    }


@policy.only(Role.CASEWORKER, Role.HOTLINE)
@require_POST
def told(request: HttpRequest, notice_id: int) -> HttpResponse:
    """The button "I have told the person" of the call list."""
    calls.mark_told(notice_id=notice_id, actor=request.user)
    messages.success(request, _("Noted: the person has been told."))
    return redirect("marketplace:home")
