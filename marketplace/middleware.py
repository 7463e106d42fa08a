"""Small middlewares: language without a session, request id, refusals as pages."""

from collections.abc import Callable
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import redirect, render
from django.utils import translation

from marketplace import request as request_facts
from marketplace.errors import Busy, DomainError

Handler = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware(LocaleMiddleware):
    """Pages speak the language of their prefix; the API and unprefixed routes that of the header.

    Without a prefix, cookie or known header the language is Kazakh.
    """

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith("/api/"):
            # Programs say what they want; a browser's language cookie must not override it.
            language = translation.get_language_from_request(request, check_path=False)
            header = request.META.get("HTTP_ACCEPT_LANGUAGE", "")
            if header:
                language = _from_header(header) or language
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
            return
        super().process_request(request)


def _from_header(header: str) -> str | None:
    from django.utils.translation.trans_real import parse_accept_lang_header

    known = dict(settings.LANGUAGES)
    for code, _weight in parse_accept_lang_header(header):
        short = code.split("-")[0]
        if short in known:
            return short
    return None


class RequestContextMiddleware:
    """Make the request id known to services and give it back to the client."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        bound = structlog.contextvars.get_contextvars()
        token = request_facts.request_id.set(str(bound.get("request_id", "")))
        try:
            response = self.get_response(request)
            response.headers.setdefault("X-Request-ID", request_facts.request_id.get())
            return response
        finally:
            request_facts.request_id.reset(token)


class DomainErrorMiddleware:
    """A rule's refusal that a page did not handle itself becomes a page that says what to do."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError):
            exception = Busy()
        if not isinstance(exception, DomainError) or request.path_info.startswith("/api/"):
            return None
        if exception.status == 403 and not request.user.is_authenticated:
            return redirect(f"{settings.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}")
        template = {403: "403.html", 404: "404.html", 503: "503.html"}.get(exception.status, "400.html")
        response = render(request, template, {"error": exception}, status=exception.status)
        if isinstance(exception, Busy):
            response["Retry-After"] = str(exception.retry_after)
        return response
