"""Small middlewares: compression, language without a session, request id, the door, refusals as pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest as UnreadableRequest
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import redirect, resolve_url
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace import kept_answers, passwords, policy, second_factor, sessions
from marketplace import request as request_facts
from marketplace.errors import Busy, DomainError, Forbidden, NotFound
from marketplace.views import errors

Handler = Callable[[HttpRequest], HttpResponse]

MAX_REQUEST = 60 * 1024 * 1024  # five attachments of 10 MB and the text around them
LANGUAGE_COOKIE_DAYS = 365
COMPRESSED = ("text/html", "text/csv", "application/json", "application/problem+json")
ON_BOTH_HOSTS = ("/account/", "/healthz/", "/static/", "/files/")
REQUEST_ID_LENGTH = 64  # the columns'


class CompressionMiddleware(GZipMiddleware):
    """Text travels compressed also where no proxy stands in front: people come over GPRS.

    An answer with an ETag stays as it is, because compressing would weaken the tag that drafts are saved against.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if "ETag" in response.headers or not response.headers.get("Content-Type", "").startswith(COMPRESSED):
            return response
        return super().process_response(request, response)


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

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response = super().process_response(request, response)
        chosen = translation.get_language_from_path(request.path_info)
        if chosen and response.status_code == 200:
            remember_language(request, response, chosen)
        return response


def remember_language(request: HttpRequest, response: HttpResponseBase, chosen: str) -> None:
    """The next visit to "/" starts in the language of the last page."""
    if request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) == chosen:
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=timedelta(days=LANGUAGE_COOKIE_DAYS),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _from_header(header: str) -> str | None:
    from django.utils.translation.trans_real import parse_accept_lang_header

    known = dict(settings.LANGUAGES)
    for code, _weight in parse_accept_lang_header(header):
        short = code.split("-")[0]
        if short in known:
            return short
    return None


class SoundRequestMiddleware:
    """Refuses at the door what no page could answer: NUL characters, which PostgreSQL has none of, and giants."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise UnreadableRequest("NUL character in the address")
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > MAX_REQUEST:
            raise RequestDataTooBig("request body")
        return self.get_response(request)


class RequestContextMiddleware:
    """Make the request id known to services and give it back; keep people's pages out of caches."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Made by django_structlog, or by the proxy in front (PROXIES); a client's own X-Request-ID is not believed.
        request_id = str(structlog.contextvars.get_contextvars()["request_id"])[:REQUEST_ID_LENGTH]
        token = request_facts.request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            request_facts.request_id.reset(token)
        response.headers.setdefault("X-Request-ID", request_id)
        if settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers:
            # Shared computers: the next person must not page back into somebody's data.
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _is_on_another_host(request: HttpRequest) -> bool:
    """The administration answers on its own host alone, and on that host little else (``ADMIN_HOST``)."""
    if not settings.ADMIN_HOST:
        return False
    here = request.get_host().partition(":")[0].lower() == settings.ADMIN_HOST
    place = request.path_info[3:] if translation.get_language_from_path(request.path_info) else request.path_info
    if place.startswith("/admin/"):
        return not here
    return here and not place.startswith(ON_BOTH_HOSTS)


class PolicyMiddleware:
    """The door of every route: no policy, no entry (marketplace/policy.py)."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        said = policy.of(view)
        if said is None:
            return errors.refusal(request, NotFound())
        if _is_on_another_host(request):
            return errors.refusal(request, NotFound())
        try:
            self._notice(request)
            if not policy.is_before_second_factor(view) and (first := self._first(request)):
                return first
            if not said.signs_in:
                return None
            visitor = request.user
            if said.admits(visitor, request.method or ""):
                return None
            if not visitor.is_authenticated:
                return kept_answers.ask_to_sign_in(request, view)
        except (OperationalError, InterfaceError):
            return errors.busy(request)
        return errors.refusal(request, Forbidden())

    def _notice(self, request: HttpRequest) -> None:
        """Sign out whom nobody has seen for long; an open page is somebody's touch, what programs ask is not."""
        by_program = request.path_info.startswith("/api/")
        if sessions.end_if_idle(request):
            if not by_program:
                messages.info(request, _("You were signed out because nothing happened for a while."))
        elif not by_program and settings.SESSION_COOKIE_NAME in request.COOKIES:
            sessions.seen(request)

    def _first(self, request: HttpRequest) -> HttpResponse | None:
        """What somebody has to do before anything else: choose a password of one's own, set up the second step."""
        if passwords.is_to_be_changed(request):
            return self._send(request, passwords.PasswordGiven(), "account_change_password")
        if second_factor.is_owed(request):
            return self._send(request, second_factor.FactorMissing(), "mfa_index")
        return None

    def _send(self, request: HttpRequest, refusal: DomainError, place: str) -> HttpResponse:
        return errors.refusal(request, refusal) if request.path_info.startswith("/api/") else redirect(place)


class DomainErrorMiddleware:
    """A rule's refusal that a page did not handle itself becomes a page that says what to do."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError | InterfaceError):
            return errors.busy(request)
        if not isinstance(exception, DomainError) or request.path_info.startswith("/api/"):
            return None
        if isinstance(exception, Busy):
            return errors.busy(request)
        if exception.status == 403 and not request.user.is_authenticated:
            return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}")
        return errors.refusal(request, exception)
