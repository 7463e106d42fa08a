"""The cookie of a second screen: a session of its own that opens the mirror and no other page."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

NAME = "__Host-mirror" if settings.HTTPS else "mirror"


def token_of(request: HttpRequest) -> str:
    """The screen's token; empty when this browser is none."""
    return request.COOKIES.get(NAME, "")


def give(response: HttpResponse, token: str, lasts: timedelta) -> None:
    """Strict: no link from elsewhere brings a person to what the screen shows."""
    response.set_cookie(
        NAME, token, max_age=lasts, path="/", secure=settings.HTTPS, httponly=True, samesite="Strict"
    )  # fmt: skip


def take(response: HttpResponse) -> None:
    """Forget the token of a session that is over."""
    response.delete_cookie(NAME, path="/", samesite="Strict")
