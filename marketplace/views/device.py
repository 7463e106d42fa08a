"""What belongs to a browser rather than to a person: service worker, offline pages, shared computer, sign-out."""

import hashlib
from typing import Any

from allauth.account import views as allauth_views
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition, require_http_methods, require_POST, require_safe

from marketplace import kiosk, local_copies, offline, policy
from marketplace.way_back import safe_path


def _worker() -> str:
    return offline.worker_script() if settings.SERVICE_WORKER else offline.no_worker_script()


def _worker_etag(_request: HttpRequest) -> str:
    return f'"{hashlib.sha256(_worker().encode()).hexdigest()[:32]}"'


@policy.before_second_factor
@policy.anyone
@require_safe
@condition(etag_func=_worker_etag)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker of every page; browsers ask for it with each page and mostly get 304."""
    return HttpResponse(
        _worker(),
        content_type="text/javascript; charset=utf-8",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"},
    )


@policy.before_second_factor
@policy.anyone
@require_safe
def shell(request: HttpRequest, name: str = "") -> HttpResponse:
    """A page that the service worker keeps for the time without a server; the same for everybody."""
    found = offline.find(name)
    if found is None:
        raise Http404
    html = offline.render(found, get_language() or settings.LANGUAGE_CODE)
    return HttpResponse(html, headers={"Cache-Control": "no-cache"})


@policy.before_second_factor
@policy.anyone
@require_http_methods(["GET", "HEAD", "POST"])
def shared_computer(request: HttpRequest) -> HttpResponse:
    """Says what this browser keeps; a POST switches: ``shared=1`` nothing stays here, ``shared=0`` as usual."""
    if request.method != "POST":
        return render(request, "account/shared_computer.html", {"shared": local_copies.is_shared(request)})
    shared = request.POST.get("shared") == "1"
    response = redirect("marketplace:shared_computer")
    local_copies.set_shared(request, response, shared=shared)
    if shared:
        local_copies.erase(response, cache=True)
        messages.success(request, _("Nothing is kept on this computer any more. Do not forget to sign out."))
    else:
        messages.success(request, _("This device keeps your answers again until they are sent."))
    return response


@policy.before_second_factor
@policy.anyone
@csrf_exempt  # the cookie that makes the computer a shared one is not sent across sites; a stale token must not keep data
@require_POST
def finish(request: HttpRequest) -> HttpResponse:
    """The button "Finish and forget" of a shared computer, and the end of its idle time."""
    if not local_copies.is_shared(request):
        return redirect("marketplace:shared_computer")
    return kiosk.finish(request, redirect("marketplace:finished"))


@policy.before_second_factor
@policy.anyone
@require_safe
def finished(request: HttpRequest) -> HttpResponse:
    """Nothing is left; where the next person begins."""
    return render(request, "account/finished.html")


@policy.before_second_factor
@policy.anyone
@never_cache
@require_safe
def still_here(request: HttpRequest) -> HttpResponse:
    """Without a script: asks whether somebody is there. Left alone, the page comes back with its ticket and ends it."""
    found = kiosk.of_request(request)
    back = safe_path(request, request.GET.get("next", ""), reverse("marketplace:home"))
    if found is None:
        return redirect(back)
    if kiosk.is_over(request, request.GET.get("ticket", ""), found.grace):
        return kiosk.finish(request, redirect("marketplace:finished"))
    query = urlencode({"next": back, "ticket": kiosk.ticket(request)})
    return render(
        request, "account/still_here.html", {"back": back, "over_url": f"{request.path}?{query}", "still_here": True}
    )


@policy.before_second_factor
@policy.anyone
@never_cache
def sign_out(request: HttpRequest, **options: Any) -> HttpResponse:
    """allauth's sign-out; the browser erases what no script has erased before the form was sent."""
    shared = local_copies.is_shared(request)
    response = allauth_views.logout(request, **options)
    if request.method == "POST" and (shared or not request.POST.get("_erased")):
        local_copies.erase(response, cache=shared)
    return response
