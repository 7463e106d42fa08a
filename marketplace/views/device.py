"""What belongs to a browser rather than to a person: service worker, offline pages, shared computer, sign-out."""

import hashlib
from typing import Any

from allauth.account import views as allauth_views
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import condition, require_http_methods, require_safe

from marketplace import local_copies, offline


def _worker() -> str:
    return offline.worker_script() if settings.SERVICE_WORKER else offline.no_worker_script()


def _worker_etag(_request: HttpRequest) -> str:
    return f'"{hashlib.sha256(_worker().encode()).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=_worker_etag)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker of every page; browsers ask for it with each page and mostly get 304."""
    return HttpResponse(
        _worker(),
        content_type="text/javascript; charset=utf-8",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"},
    )


@require_safe
def shell(request: HttpRequest, name: str = "") -> HttpResponse:
    """A page that the service worker keeps for the time without a server; the same for everybody."""
    found = offline.find(name)
    if found is None:
        raise Http404
    html = offline.render(found, get_language() or settings.LANGUAGE_CODE)
    return HttpResponse(html, headers={"Cache-Control": "no-cache"})


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


@never_cache
def sign_out(request: HttpRequest, **options: Any) -> HttpResponse:
    """allauth's sign-out; the browser erases what no script has erased before the form was sent."""
    shared = local_copies.is_shared(request)
    response = allauth_views.logout(request, **options)
    if request.method == "POST" and (shared or not request.POST.get("_erased")):
        local_copies.erase(response, cache=shared)
    return response
