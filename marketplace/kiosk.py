"""A computer that strangers share: finished and forgotten by one button, or by itself when nobody is there any more.

With scripts a dialog asks after the idle time (rule ``complaint.kiosk_idle``) and every answer extends it without
limit (WCAG 2.2.1). Without them the page leads to the question by itself; a page on which somebody may be typing
waits ten times as long, because nothing there can tell typing from silence.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import logout
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode

from marketplace import local_copies, rules, vision

RULE = "complaint.kiosk_idle"
TYPING_FACTOR = 10
SALT = "kiosk"
EARLY = 2  # seconds that a browser's clock may be ahead of ours
NOBODY = "-"

_forgetters: list[Callable[[HttpRequest], None]] = []


def forgets(function: Callable[[HttpRequest], None]) -> None:
    """Register what else is thrown away with a session that nobody will come back to."""
    _forgetters.append(function)


@dataclass(frozen=True)
class Kiosk:
    """Seconds until the question and from it to the end; ``armed``: this browser holds something of a person."""

    idle: int
    grace: int
    armed: bool
    minutes: int
    question_url: str

    @property
    def typing(self) -> int:
        """Seconds without a script on a page with a form."""
        return self.idle * TYPING_FACTOR

    @property
    def typing_minutes(self) -> int:
        return self.minutes * TYPING_FACTOR


def of_request(request: HttpRequest) -> Kiosk | None:
    """What the pages of a shared computer need to know; None for everybody else's own device."""
    if not local_copies.is_shared(request):
        return None
    rule = rules.get(RULE).value
    question = reverse("marketplace:still_here")
    return Kiosk(
        idle=60 * int(rule["minutes"]),
        grace=int(rule["seconds"]),
        armed=request.method == "POST" or settings.SESSION_COOKIE_NAME in request.COOKIES,
        minutes=int(rule["minutes"]),
        question_url=f"{question}?{urlencode({'next': request.get_full_path()})}",
    )


def ticket(request: HttpRequest) -> str:
    """Lets the question's page end this session by itself, not sooner than the time of grace."""
    return signing.TimestampSigner(salt=SALT).sign(request.session.session_key or NOBODY)


def is_over(request: HttpRequest, shown: str, grace: int) -> bool:
    """Whether the question of this very session has stood unanswered for so long."""
    signer = signing.TimestampSigner(salt=SALT)
    try:
        named = signer.unsign(shown, max_age=grace * TYPING_FACTOR)
    except signing.BadSignature:
        return False
    try:
        signer.unsign(shown, max_age=max(0, grace - EARLY))
    except signing.SignatureExpired:
        return named == (request.session.session_key or NOBODY)
    return False


def finish(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Throw away what this browser and its session hold of the person; the computer stays a shared one."""
    for forget in _forgetters:
        forget(request)
    logout(request)
    for cookie in (vision.COOKIE, settings.CSRF_COOKIE_NAME, local_copies.KNOWN_COOKIE):
        response.delete_cookie(cookie, samesite="Lax")
    local_copies.erase(response, cache=True)
    return response
