"""The waiting room for browsers: who is sent there, what the page says, whose turn it is (marketplace/waiting_line.py).

A ticket is a random number in a signed cookie and says nothing about anybody. Whoever is let in, or has signed in, holds a
pass and does not wait again until it ends. What saves, sends or shows a draft never waits.
"""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from prometheus_client import Counter

from marketplace.views import errors
from marketplace.waiting_line import KEPT_BY_HAND_S, Answer, Importance, line

TICKET, PASS = settings.WAITING_TICKET_COOKIE, settings.WAITING_PASS_COOKIE
NO_ROOM = "X-No-Room"  # the proxy's word for "this request found no room in the web nodes"
BY_HAND = "by-hand"  # ?renew=by-hand: the page stays as it is until she asks
LET_IN, SIGNED_IN = "let in", "signed in"
LET_IN_FOR, SIGNED_IN_FOR = (
    timedelta(minutes=settings.WAITING_PASS_MINUTES),
    timedelta(seconds=settings.SESSION_COOKIE_AGE),
)
HEADERS = {
    "Cache-Control": "no-store",
    # The page stands before the middlewares that would say so.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}

WAITED = Counter("waiting_room_total", "Requests that the waiting room answered", ["answer"])

_tickets = signing.Signer(salt="waiting.ticket")
_passes = signing.TimestampSigner(salt="waiting.pass")

# By the first part of the path behind the language; what is not here is a page of those who signed in, or leads there.
_BY_PART = {
    "open-data": Importance.OPEN_DATA,
    "reports": Importance.OPEN_DATA,
    "": Importance.BROWSING,
    "catalog": Importance.BROWSING,
    "market": Importance.BROWSING,
    "map": Importance.BROWSING,
    "life": Importance.BROWSING,
    "defenders": Importance.BROWSING,
    "defenders.pdf": Importance.BROWSING,
    "feedback": Importance.FEEDBACK,
    "track": Importance.FEEDBACK,
    "complaints": Importance.FEEDBACK,
}
_SEARCHES = ("catalog/search/", "catalog/compare/")
_PRINTED = re.compile(r"/[qs]/")  # a printed code, a link from an SMS
_PAGE = re.compile(r"/(?:kk|ru|en)/(.*)", re.DOTALL)
_PROGRAMS = re.compile(r"/api/v1/(?:open-data|reports)(?:/|$)")
# The same in config/nginx.conf.
_OF_A_DRAFT = re.compile(r"/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/")
_NEVER = ("status", "offline", "shared-computer", "vision")

Handler = Callable[[HttpRequest], HttpResponseBase]


def importance_of(method: str, path: str) -> Importance | None:
    """How long others may be put before this request; None: it never waits."""
    if method not in ("GET", "HEAD") or _OF_A_DRAFT.search(path):
        return None
    if _PROGRAMS.match(path):
        return Importance.OPEN_DATA
    if _PRINTED.match(path):
        return Importance.FEEDBACK
    page = _PAGE.fullmatch(path)
    if page is None:
        return None
    rest = page[1]
    part = rest.partition("/")[0]
    if part in _NEVER:
        return None
    if rest.startswith(_SEARCHES):
        return Importance.SEARCH
    return _BY_PART.get(part, Importance.SIGN_IN)


class WaitingRoomMiddleware:
    """Stands before all that costs something."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        importance = importance_of(request.method or "", request.path_info)
        found_room = not (settings.PROXIES and NO_ROOM in request.headers)
        if importance is None or (found_room and not line().waits(importance)) or _holds_pass(request):
            return self._served(request)
        if "text/html" not in request.headers.get("Accept", ""):
            return errors.busy(request)  # a program has no ticket, and must not overtake those who have
        ticket = _ticket(request)
        by_hand = request.GET.get("renew") == BY_HAND
        answer = line().ask(ticket, importance, found_room=found_room, by_hand=by_hand)
        if answer is None:  # no line without Valkey: as if there were no room to wait in
            return self._served(request) if found_room else errors.busy(request)
        WAITED.labels("let in" if answer.let_in else "told to wait").inc()
        if not answer.let_in:
            return please_wait(request, ticket, answer, by_hand=by_hand)
        response = HttpResponseRedirect(_address(request)) if by_hand else self.get_response(request)
        _set(response, PASS, _passes.sign(LET_IN), LET_IN_FOR)
        if TICKET in request.COOKIES:
            response.delete_cookie(TICKET, samesite="Lax")
        return response

    def _served(self, request: HttpRequest) -> HttpResponseBase:
        """The answer; with a pass for who has signed in, so that nobody is sent to wait in the middle of her work."""
        response = self.get_response(request)
        session = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if session is not None and not session.value:
            response.delete_cookie(PASS, samesite="Lax")
        elif session is not None or settings.SESSION_COOKIE_NAME in request.COOKIES:
            user = _user_if_known(request)
            if user is not None and user.is_authenticated and not _is_young(request, SIGNED_IN, SIGNED_IN_FOR):
                _set(response, PASS, _passes.sign(SIGNED_IN), SIGNED_IN_FOR)
        elif PASS in request.COOKIES and not _is_young(request, LET_IN, LET_IN_FOR) and _holds_pass(request):
            _set(response, PASS, _passes.sign(LET_IN), LET_IN_FOR)
        return response


def _ticket(request: HttpRequest) -> str:
    """The number on her ticket, or a new one."""
    try:
        return _tickets.unsign(request.COOKIES.get(TICKET, ""))
    except signing.BadSignature:
        return secrets.token_urlsafe(16)


def _holds_pass(request: HttpRequest) -> bool:
    return _is_young(request, LET_IN, LET_IN_FOR, parts=1) or _is_young(request, SIGNED_IN, SIGNED_IN_FOR, parts=1)


def _is_young(request: HttpRequest, kind: str, life: timedelta, parts: int = 4) -> bool:
    """Has she a pass of this kind, in the first of so many parts of its life?"""
    held = request.COOKIES.get(PASS)
    try:
        return held is not None and _passes.unsign(held, max_age=life / parts) == kind
    except signing.BadSignature:
        return False


def _user_if_known(request: HttpRequest) -> Any:
    """Who asks, if the answer had to know it: finding out is no task of this middleware."""
    user = getattr(request, "user", None)
    return getattr(request, "_cached_user", None) if isinstance(user, SimpleLazyObject) else user


def _set(response: HttpResponseBase, name: str, value: str, life: timedelta) -> None:
    response.set_cookie(name, value, max_age=life, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax")


def _address(request: HttpRequest, **renew: str) -> str:
    """The page that she wants, with or without a word on how the waiting page renews itself."""
    asked = request.GET.copy()
    asked.pop("renew", None)
    asked.update(renew)
    return f"{request.path}?{asked.urlencode()}" if asked else request.path


def please_wait(request: HttpRequest, ticket: str, answer: Answer, *, by_hand: bool) -> HttpResponse:
    """503 with her place and, if it was measured, about how long: no script, no query, in her language."""
    facts = {
        "ahead": answer.ahead,
        "minutes": answer.minutes,
        "by_hand": by_hand,
        "kept_minutes": KEPT_BY_HAND_S // 60,
        "look": request.get_full_path(),
        "other_way": _address(request) if by_hand else _address(request, renew=BY_HAND),
    }
    seconds = str(answer.again_in())
    with translation.override(translation.get_language_from_request(request, check_path=True)):
        page = render_to_string("waiting.html", facts)
    response = HttpResponse(page, status=503, headers={**HEADERS, "Retry-After": seconds})
    if not by_hand:
        response["Refresh"] = seconds
    _set(response, TICKET, _tickets.sign(ticket), timedelta(hours=1))
    return response
