"""Typed answers outlive the session also without JavaScript.

A form that is posted by somebody who is no longer signed in is kept, encrypted, in the browser's anonymous
session for an hour; after sign-in its page shows the answers again, not saved yet. When the CSRF check
fails because the cookies are gone, the answers come back in the page that says so.
"""

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from cryptography.exceptions import InvalidTag
from django import forms
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render

from marketplace import crypto
from marketplace.errors import Forbidden, NotFound
from marketplace.limits import Limit, Tries

View = Callable[..., HttpResponse]

SESSION_NAME = "kept_answers"
KEPT_FOR = timedelta(hours=1)
MAX_KEPT = 64 * 1024  # bytes of one form: as much as a draft takes in one save
MAX_FORMS = 5  # of one browser
MAX_SHOWN = 1024 * 1024  # bytes of a form that the page itself carries
LONG_TEXT = 40  # letters: longer answers are shown, so that they can be read and copied
# Each keeping writes a session row: nobody fills the table. An office behind one address stays far below.
KEPT_OF_ADDRESS = Limit("kept-answers", most=300, seconds=3600)


def kept_over_sign_in(view: View) -> View:
    """Below the policy of views that take typed text: what was posted after the session's end is kept over the sign-in.

    The view fills its form from ``of(request)``; when it does not ask, a page of ours offers the answers to be
    sent again. Whoever may not open the page never sees what somebody else typed there.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            response = view(request, *args, **kwargs)
            _drop(request)
            return response
        return _opened(view, request, *args, **kwargs)

    wrapper.kept_over_sign_in = True  # type: ignore[attr-defined]
    return comes_back(wrapper)


def ask_to_sign_in(request: HttpRequest, view: View) -> HttpResponse:
    """To the sign-in page and back; typed text is kept meanwhile, or comes back in the answer when it cannot be."""
    kept = getattr(view, "kept_over_sign_in", False) and request.method == "POST"
    if kept and not _keep(request):
        return send_again_page(request)
    return redirect_to_login(request.get_full_path())


def comes_back(view: View) -> View:
    """Mark a view whose posted text is given back when the CSRF check refuses it."""
    view.comes_back = True  # type: ignore[attr-defined]
    return view


def of(request: HttpRequest) -> QueryDict | None:
    """The answers that were posted to this very address when the session was over; asking takes over showing them."""
    kept: QueryDict | None = getattr(request, "kept_answers", None)
    request.kept_answers_shown = True  # type: ignore[attr-defined]
    return kept


def fill(form: forms.Form, kept: QueryDict) -> None:
    """Put kept answers into an unbound form, with the versions that the person had seen."""
    for name, field in form.fields.items():
        version = kept.get(f"_ver_{name}", "")
        if version or any(key == name or key.startswith(f"{name}_") for key in kept):
            form.initial[name] = field.widget.value_from_datadict(kept, form.files, name)
        if version.isascii() and version.isdigit() and len(version) < 10:
            form.versions[name] = int(version)  # type: ignore[attr-defined]


# --- The session ------------------------------------------------------------------------------


def _keep(request: HttpRequest) -> bool:
    """False when the answers do not fit, or too many were kept from this address."""
    text = json.dumps(_fields(request.POST), ensure_ascii=False)
    address = str(get_adapter(request).get_client_ip(request))
    if len(text.encode()) > MAX_KEPT or not Tries([(KEPT_OF_ADDRESS, address)]).allowed():
        return False
    path = request.get_full_path()
    if request.session.session_key is None:
        request.session.set_expiry(KEPT_FOR)  # until the sign-in, which sets its own
    sealed = base64.b64encode(crypto.encrypt(text, bound_to=_bound_to(path))).decode()
    others = [item for item in _waiting(request) if item[0] != path]
    request.session[SESSION_NAME] = [*others, [path, time.time(), sealed]][-MAX_FORMS:]
    return True


def _fields(posted: QueryDict) -> list[tuple[str, list[Any]]]:
    """Without the token, which belonged to the old session, and without secrets."""
    return [
        (name, values)
        for name, values in posted.lists()
        if name != "csrfmiddlewaretoken" and "password" not in name.lower()
    ]


def _waiting(request: HttpRequest) -> list[Any]:
    """[path, when, sealed answers] of the last hour."""
    oldest = time.time() - KEPT_FOR.total_seconds()
    return [item for item in request.session.get(SESSION_NAME, []) if item[1] > oldest]


def _bound_to(path: str) -> str:
    return f"kept_answers:{path}"


def _read(request: HttpRequest) -> QueryDict | None:
    path = request.get_full_path()
    sealed = next((item[2] for item in _waiting(request) if item[0] == path), None)
    if sealed is None:
        return None
    try:
        fields = json.loads(crypto.decrypt(base64.b64decode(sealed), bound_to=_bound_to(path)))
    except (InvalidTag, KeyError):  # the installation's key was changed meanwhile
        return None
    kept = QueryDict(mutable=True)
    for name, values in fields:
        kept.setlist(name, values)
    return kept


def _drop(request: HttpRequest) -> None:
    if SESSION_NAME in request.session:
        path = request.get_full_path()
        request.session[SESSION_NAME] = [item for item in _waiting(request) if item[0] != path]


def _opened(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    kept = _read(request)
    if kept is None:
        return view(request, *args, **kwargs)
    request.kept_answers = kept  # type: ignore[attr-defined]
    try:
        response = view(request, *args, **kwargs)
    except (NotFound, Forbidden, Http404):
        _drop(request)
        raise
    if getattr(request, "kept_answers_shown", False) or response.status_code not in {200, 302}:
        return response
    return _page(request, kept, status=200)


# --- The page that carries the answers ----------------------------------------------------------


def can_come_back(request: HttpRequest) -> bool:
    """May a refused form be offered to be sent again? Only one of our own pages, and only where text is typed.

    Another site could else have its values confirmed with a token of ours by one click.
    """
    match = request.resolver_match
    if request.method != "POST" or match is None or not getattr(match.func, "comes_back", False):
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return False
    origins = [request.headers[name] for name in ("Origin", "Referer") if name in request.headers]
    if any(urlsplit(origin).netloc != request.get_host() for origin in origins):
        return False
    try:
        return 0 < len(json.dumps(_fields(request.POST))) <= MAX_SHOWN
    except (SuspiciousOperation, MultiPartParserError, OSError):  # too much of it, or cut off on the way
        return False


def send_again_page(request: HttpRequest) -> HttpResponse:
    """403: the session is over; the typed answers stand in a form with a new token."""
    return _page(request, request.POST, status=403)


def _page(request: HttpRequest, posted: QueryDict, *, status: int) -> HttpResponse:
    hidden: list[tuple[str, str]] = []
    long: list[tuple[str, str]] = []
    for name, values in _fields(posted):
        for value in values:
            is_text = not name.startswith("_") and (len(value) > LONG_TEXT or "\n" in value)
            (long if is_text else hidden).append((name, value))
    context = {
        "action": request.get_full_path(),
        "hidden": hidden,
        "long": long,
        "files": request.content_type == "multipart/form-data",
        "ended": status == 403,
    }
    return render(request, "send_again.html", context, status=status)
