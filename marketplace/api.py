"""The API's frame: who calls, how errors look (RFC 9457), the shapes everyone shares.

The apps bring their routers; ``config/urls.py`` mounts them. Functions parse, call one service or
selector, answer.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as TooManyAttempts
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Router, Schema
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from ninja.security import HttpBearer, SessionAuth
from ninja.security.base import AuthBase

from marketplace import api_document, events, local_copies, passwords, payloads, policy, second_factor
from marketplace.errors import Busy, DomainError, Forbidden, Invalid, NotFound, TooLarge, TooManyTries
from marketplace.models import ApiToken, User


class Utf8Renderer(JSONRenderer):
    """Kazakh letters as they are: shorter answers on slow lines."""

    json_dumps_params = {"ensure_ascii": False}


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class BearerAuth(HttpBearer):
    """``Authorization: Bearer <token>`` from POST /auth/token."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        found = (
            ApiToken.objects.select_related("user")
            .filter(token_hash=hash_token(token), expires_at__gt=timezone.now(), user__is_active=True)
            .first()
        )
        if found is None:
            return None
        request.user = found.user
        return _acting(request)


class BrowserAuth(SessionAuth):
    """The session cookie; state-changing calls also need the CSRF token."""

    def __call__(self, request: HttpRequest) -> User | None:
        # Without a session there is nothing to forge: 401 "sign in", not 403 "send a token".
        return super().__call__(request) if request.user.is_authenticated else None

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        return _acting(request) if request.user.is_authenticated else None


def _acting(request: HttpRequest) -> User:
    """Who calls. Raises Forbidden when the call would change something and the role only looks."""
    user: User = request.user
    if policy.only_looks(user, request.method or ""):
        raise Forbidden
    return user


class VisitorAuth(AuthBase):
    """Signed in or not: a session is used with its CSRF check, a token if one is sent, else a visitor."""

    openapi_type = "apiKey"

    def __call__(self, request: HttpRequest) -> Any:
        if request.headers.get("Authorization"):
            return BearerAuth()(request)
        if request.user.is_authenticated:
            return BrowserAuth()(request)
        return AnonymousUser()


def caller(request: HttpRequest) -> User:
    """Who calls an operation that only people who signed in reach."""
    user: User = request.auth
    return user


class NotAnObject(ValueError):
    """A body that is JSON and no object."""


class CleanParser(Parser):
    """Request bodies as JSON that PostgreSQL can store: an object, or null where the body may be left out."""

    def parse_body(self, request: HttpRequest) -> Any:
        body = payloads.read(request.body)
        # A schema would read its fields off a number or a list, too, and find none: all would be left out.
        if body is not None and not isinstance(body, dict):
            raise NotAnObject
        return body


class Programs(NinjaAPI):
    """The document of the operations is made once: that takes most of a second, and anybody may ask for it."""

    _document: OpenAPISchema | None = None

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        if self._document is None:
            self._document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
            api_document.complete(self._document)
        return self._document


signed_in = [BearerAuth(), BrowserAuth()]
anyone = VisitorAuth()

api = Programs(
    title="Tirek",
    version="1",
    description="Assistive goods and services, order drafts, orders, complaints.",
    auth=signed_in,
    parser=CleanParser(),
    docs_url=None,
    renderer=Utf8Renderer(),
    urls_namespace="api",
)


class Problem(Schema):
    type: str
    title: str
    status: int
    detail: str | None = None
    code: str
    errors: list[dict[str, Any]] = []


def problem(request: HttpRequest, status: int, code: str, title: str, **more: Any) -> HttpResponse:
    """An ``application/problem+json`` answer in the asked language."""
    body = {"type": "about:blank", "title": title, "status": status, "code": code, "errors": [], **more}
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False, default=str), status=status, content_type="application/problem+json"
    )
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(DomainError)
def on_domain_error(request: HttpRequest, error: DomainError) -> HttpResponse:
    errors = []
    if isinstance(error, Invalid):
        errors = [{"field": item.field, "code": item.code, "message": str(item.message)} for item in error.errors]
    response = problem(request, error.status, error.code, str(error.message), errors=errors, **error.extra)
    if isinstance(error, Busy | TooManyTries):
        response["Retry-After"] = str(error.retry_after)
    return response


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def on_database_trouble(request: HttpRequest, error: Exception) -> HttpResponse:
    return on_domain_error(request, Busy())


@api.exception_handler(RequestDataTooBig)
def on_too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return on_domain_error(request, TooLarge())


@api.exception_handler(Http404)
def on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return on_domain_error(request, NotFound())


@api.exception_handler(AuthenticationError)
def on_unknown_caller(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(request, 401, "sign_in", _("Sign in to go on. What you typed is kept."))


@api.exception_handler(AuthorizationError)
def on_forbidden(request: HttpRequest, error: AuthorizationError) -> HttpResponse:
    return problem(request, 403, "forbidden", _("Your role does not allow this."))


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, NotAnObject):
        errors = [{"field": "body", "code": "dict_type", "message": _shape_message("dict_type")}]
        return problem(request, 422, "invalid", _("Some fields are missing or have the wrong form."), errors=errors)
    if error.status_code == 400:
        return problem(request, 400, "bad_request", _("The request could not be read: send valid JSON."))
    if error.status_code == 403:
        return problem(request, 403, "csrf", _("Send the CSRF token of this session in the X-CSRFToken header."))
    return problem(request, error.status_code, "error", str(error))


@api.exception_handler(ValidationError)
def on_invalid_shape(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {
            "field": ".".join(str(part) for part in item["loc"][2:] or item["loc"][1:]),
            "code": item["type"],
            "message": _shape_message(item["type"]),
        }
        for item in error.errors
    ]
    return problem(request, 422, "invalid", _("Some fields are missing or have the wrong form."), errors=errors)


def _shape_message(kind: str) -> str:
    if kind == "missing":
        return _("This field is required.")
    if kind.startswith(("int", "float", "decimal")):
        return _("Give a number.")
    if kind.startswith(("date", "time")):
        return _("Give a date like 2026-11-22.")
    if kind.startswith("uuid"):
        return _("Give a UUID.")
    if kind.startswith(("list", "dict", "model")):
        return _("This field has the wrong form.")
    return _("This value is not allowed.")


def paged(
    request: HttpRequest, rows: QuerySet[Any], page: int, as_data: Callable[[Any], dict[str, Any]], size: int = 50
) -> dict[str, Any]:
    """One page of a list: {"results", "next", "count"}."""
    count = rows.count()
    start = (max(page, 1) - 1) * size
    # A page far beyond the last one must not reach the database: its OFFSET would not fit.
    results = [as_data(row) for row in rows[start : start + size]] if start < count else []
    following = None
    if start + size < count:
        query = request.GET.copy()
        query["page"] = str(max(page, 1) + 1)
        following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    return {"results": results, "next": following, "count": count}


# --- Sign-in --------------------------------------------------------------------------------

router = Router(tags=["sign-in"])


class TokenIn(Schema):
    """``code`` is the second step of an account that has one."""

    username: str
    password: str
    code: str = ""


class TokenOut(Schema):
    token: str
    role: str
    expires_at: datetime
    supplier: str | None = None
    office: str | None = None


@router.post("/auth/token", auth=None, response={200: TokenOut, 401: Problem, 403: Problem, 429: Problem})
def sign_in(request: HttpRequest, body: TokenIn) -> Any:
    """Exchange user name and password for a bearer token of 12 hours."""
    try:
        # allauth counts wrong passwords for this door and the sign-in page alike.
        user = get_adapter(request).authenticate(request, username=body.username, password=body.password)
    except TooManyAttempts as error:
        response = problem(request, 429, "too_many_attempts", error.messages[0])
        response["Retry-After"] = "300"
        return response
    if user is None or not user.is_active:
        return problem(request, 401, "wrong_credentials", _("The user name or the password is not right."))
    if user.password_given:
        raise passwords.PasswordGiven
    if second_factor.of(user.pk).exists():
        if not body.code:
            return problem(request, 401, "second_factor", _("Send the code of your second step of sign-in, too."))
        if second_factor.check_code(user_id=user.pk, code=body.code) is None:
            return problem(request, 401, "wrong_code", str(second_factor.WrongCode.message))
    elif second_factor.must_have(user.role):
        raise second_factor.FactorMissing
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + settings.API_TOKEN_LIFETIME
    with transaction.atomic(durable=True):
        ApiToken.objects.create(user=user, token_hash=hash_token(token), expires_at=expires_at)
        events.record(kind="account.signed_in", subject=f"user:{user.pk}", actor=user, data={"by": "token"})
    return {"token": token, "role": user.role, "expires_at": expires_at, **affiliation(user)}


def affiliation(user: User) -> dict[str, str | None]:
    """The supplier's or office's code that the account belongs to."""
    supplier = user.partners.values_list("code", flat=True).first() if user.role == "supplier" else None
    return {"supplier": supplier, "office": user.office.code if user.role == "caseworker" and user.office else None}


@router.get("/csrf", auth=None)
def csrf(request: HttpRequest) -> dict[str, str]:
    """A fresh CSRF token for the browser's session (sets the cookie), and a mark of whose session it is."""
    user = request.user
    return {"token": get_token(request), "account": local_copies.account_mark(user) if user.is_authenticated else ""}


class SessionKeyOut(Schema):
    id: str
    key: str


@router.get("/session-key", auth=BrowserAuth(), response={200: SessionKeyOut, 404: Problem})
def session_key(request: HttpRequest, response: HttpResponse) -> Any:
    """The key with which this session's browser seals its copies of drafts; it lives as long as the session."""
    found = local_copies.session_key(request)
    if found is None:
        raise NotFound
    response["Cache-Control"] = "private, no-store"
    return {"id": found.id, "key": found.key}


@router.get("/me")
def me(request: HttpRequest) -> dict[str, Any]:
    """Who is signed in."""
    user = request.auth
    return {"id": user.pk, "username": user.username, "name": str(user), "role": user.role, **affiliation(user)}
