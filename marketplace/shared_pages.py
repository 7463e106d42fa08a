"""Pages that look alike to everybody, kept as bytes: what most visits ask for costs no query and no template.

A view says by ``@shared_page`` that its page for a visitor without a session depends on the address alone. Each
process keeps such pages until something that they are made of changes (PageChange, written by triggers in the
changing transaction; of all goods perhaps one product alone), at most ``OLDEST_S``: some things change by the clock
alone. For ``FRESH_S`` a page is not even asked about, so on a morning when every second changes something, a popular
page is still made once a second. While the database is away, pages that are kept go on answering.
"""

import gzip
import hashlib
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from cachetools import LRUCache
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch
from django.utils.cache import patch_cache_control

from marketplace import page_changes
from marketplace.middleware import REQUEST_ID_LENGTH, remember_language

FRESH_S = 1.0
OLDEST_S = 300.0
OLDEST_WITHOUT_DATABASE_S = 600.0
MAKING_S = 5.0  # while one request makes a page anew, the others get the old one
MOST_BYTES = 32 * 1024 * 1024  # per process

IMPERSONAL_COOKIES = {settings.WAITING_TICKET_COOKIE, settings.WAITING_PASS_COOKIE}

Handler = Callable[[HttpRequest], HttpResponseBase]
View = Callable[..., HttpResponse]


def shared_page(view: View) -> View:
    """The page of a visitor without a session depends on nothing but the address and what PageChange watches."""
    return _marked(view, lambda _kwargs: None)


def shared_page_of_product(view: View) -> View:
    """The same, and of all goods it shows only the one whose number is the address's ``pk``."""
    return _marked(view, lambda kwargs: kwargs["pk"])


def _marked(view: View, product_of: Callable[[dict[str, Any]], int | None]) -> View:
    @wraps(view)
    def marked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.shared_of = product_of(kwargs)  # type: ignore[attr-defined]
        return response

    return marked


@dataclass
class _Kept:
    begun: int  # the moment of page_changes
    product: int | None
    made_at: float
    body: bytes
    headers: dict[str, str]
    etag: str
    language: str
    match: ResolverMatch | None
    making_since: float = 0.0


Key = tuple[str, bool]


class _Store:
    """The pages used last, up to ``MOST_BYTES``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: LRUCache[Key, _Kept] = LRUCache(MOST_BYTES, getsizeof=lambda page: len(page.body))

    def get(self, key: Key) -> _Kept | None:
        with self._lock:
            return self._pages.get(key)

    def put(self, key: Key, page: _Kept) -> None:
        if len(page.body) > MOST_BYTES:
            return
        with self._lock:
            self._pages[key] = page

    def may_make(self, page: _Kept, now: float) -> bool:
        """One request at a time makes a page anew."""
        with self._lock:
            if now - page.making_since < MAKING_S:
                return False
            page.making_since = now
            return True

    def clear(self) -> None:
        with self._lock:
            self._pages.clear()


_store = _Store()


def forget() -> None:
    """Forget all pages of this process."""
    _store.clear()
    page_changes.forget()


class SharedPagesMiddleware:
    """Stands outside of everything that costs something, compression included."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.SHARED_PAGES or not _by_a_stranger(request):
            return self.get_response(request)
        key = (request.get_full_path(), "gzip" in request.headers.get("Accept-Encoding", ""))
        kept, now = _store.get(key), time.monotonic()
        if kept is not None and not self._is_over(kept, now):
            return _answer(request, kept)
        begun = self._moment()
        response = self.get_response(request)
        if begun is None or not _may_be_kept(request, response):
            return response
        page = _taken(request, response, begun)
        _store.put(key, page)
        return _answer(request, page)

    def _is_over(self, kept: _Kept, now: float) -> bool:
        age = now - kept.made_at
        if age < FRESH_S:
            return False
        try:
            changed = page_changes.changed(kept.begun, kept.product)
        except DatabaseError:
            return age > OLDEST_WITHOUT_DATABASE_S
        return (changed or age > OLDEST_S) and _store.may_make(kept, now)

    def _moment(self) -> int | None:
        """None while the database does not answer."""
        try:
            return page_changes.moment()
        except DatabaseError:
            return None


def _by_a_stranger(request: HttpRequest) -> bool:
    """A request that can carry nothing personal: no session, no token, none of our settings."""
    return (
        request.method == "GET"
        and "Authorization" not in request.headers
        and request.COOKIES.keys() <= {*IMPERSONAL_COOKIES, settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    )


def _may_be_kept(request: HttpRequest, response: HttpResponseBase) -> bool:
    return (
        hasattr(response, "shared_of")
        and response.status_code == 200
        and not response.streaming
        and response.cookies.keys() <= {settings.LANGUAGE_COOKIE_NAME}
        and "CSRF_COOKIE" not in request.META  # a form's token belongs to one visitor
    )


def _taken(request: HttpRequest, response: HttpResponseBase, begun: int) -> _Kept:
    assert isinstance(response, HttpResponse)
    patch_cache_control(response, no_cache=True)
    headers = {name: value for name, value in response.items() if name.lower() != "x-request-id"}
    plain = gzip.decompress(response.content) if response.get("Content-Encoding") == "gzip" else response.content
    return _Kept(
        begun=begun,
        product=response.shared_of,  # type: ignore[attr-defined]
        made_at=time.monotonic(),
        body=response.content,
        headers=headers,
        # Of the text, not of its compressed form, which is never the same twice.
        etag=f'W/"{hashlib.sha256(plain).hexdigest()[:24]}"',
        language=response.get("Content-Language", ""),
        match=request.resolver_match,
    )


def _answer(request: HttpRequest, page: _Kept) -> HttpResponse:
    """The page as this visitor's answer, or only that she has it already."""
    request.resolver_match = page.match
    if request.headers.get("If-None-Match") == page.etag:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(page.body, headers=page.headers)
    response["ETag"] = page.etag
    response["X-Request-ID"] = (
        settings.PROXIES and request.headers.get("X-Request-ID", "")[:REQUEST_ID_LENGTH]
    ) or str(uuid.uuid4())
    if page.language:
        remember_language(request, response, page.language)
    return response
