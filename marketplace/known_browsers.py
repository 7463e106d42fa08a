"""Browsers that have signed a person in before: strangers use up nothing of theirs, so nobody can lock her out.

The cookie holds marks that only the portal can read as people; a shared computer keeps none.
"""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from marketplace import local_copies, sign_in_codes
from marketplace.models import User

SALT = "known-browsers"
AGE = 400 * 24 * 3600  # seconds; as long as browsers keep a cookie
MOST = 5  # a family at one device


def of(request: HttpRequest) -> list[str]:
    """Marks of the people whom this browser has signed in, the latest first."""
    try:
        found: list[str] = signing.loads(request.COOKIES.get(local_copies.KNOWN_COOKIE, ""), salt=SALT, max_age=AGE)
    except signing.BadSignature:
        return []
    return found


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """From now on this browser knows the person."""
    if local_copies.is_shared(request) or user.role not in sign_in_codes.SERVED:
        return
    mark = sign_in_codes.mark_of(user)
    known = of(request)
    if known[:1] == [mark]:
        return
    response.set_cookie(
        local_copies.KNOWN_COOKIE,
        signing.dumps([mark, *(other for other in known if other != mark)][:MOST], salt=SALT),
        max_age=AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
