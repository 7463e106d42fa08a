"""Routes for looking at components without the portal around them."""

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path

from marketplace import policy, styleguide, vision, waiting_room
from marketplace.errors import DomainError
from marketplace.views import errors
from marketplace.waiting_line import Answer


def _refused(request: HttpRequest) -> HttpResponse:
    return render(request, "400.html", {"error": DomainError()}, status=409)


def _waiting(request: HttpRequest) -> HttpResponse:
    told = Answer(let_in=False, ahead=1234, per_second=4.2)
    return waiting_room.please_wait(request, "a-ticket", told, by_hand=request.GET.get("renew") == waiting_room.BY_HAND)


def _error_page(name: str) -> URLPattern:
    return path(f"errors/{name}/", policy.anyone(lambda request: render(request, f"{name}.html")))


urlpatterns = i18n_patterns(
    path("demo/components/", styleguide.styleguide),
    path("vision/", vision.vision_settings),
    path("errors/500/", policy.anyone(errors.server_error)),
    path("errors/waiting/", policy.anyone(_waiting)),
    path("errors/refused/", policy.anyone(_refused)),
    *[_error_page(name) for name in ("400", "403", "404", "503", "csrf")],
)
