"""Answers for what went wrong, in words that say what to do; programs get ``application/problem+json``."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from marketplace import kept_answers
from marketplace.api import on_domain_error, problem
from marketplace.errors import BadRequest, Busy, DomainError, Forbidden, NotFound, TooLarge


def _of_program(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: the page was open for too long, or cookies are off. Typed text comes back."""
    if kept_answers.can_come_back(request):
        return kept_answers.send_again_page(request)
    return render(request, "csrf.html", status=403)


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """What a rule said no to, with what to do; a page or a problem."""
    if _of_program(request):
        return on_domain_error(request, error)
    template = {403: "403.html", 404: "404.html"}.get(error.status, "400.html")
    return render(request, template, {"error": error}, status=error.status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 when the request is simply too big."""
    too_big = TooLarge() if isinstance(exception, RequestDataTooBig) else None
    if _of_program(request):
        return on_domain_error(request, too_big or BadRequest())
    return render(request, "400.html", {"error": too_big}, status=too_big.status if too_big else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _of_program(request):
        return on_domain_error(request, Forbidden())
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _of_program(request):
        return on_domain_error(request, NotFound())
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; 503 when the database is away, wherever that was noticed (the session, say).

    Needs neither database nor context processors.
    """
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return busy(request)
    if _of_program(request):
        return problem(request, 500, "error", _("Something went wrong on our side. We have been told about it."))
    return HttpResponse(render_to_string("500.html"), status=500)


def busy(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After: the database is away or full of people."""
    error = Busy()
    if _of_program(request):
        return on_domain_error(request, error)
    page = render_to_string("503.html", {"error": error})
    return HttpResponse(page, status=503, headers={"Retry-After": str(error.retry_after)})
