"""Where a person is signed in, and the end of it: one browser, all others, or everywhere.

Every session carries a digest of the person's password and of ``session_epoch``: counting that up ends all of them,
also those that no list knows. Programs' tokens and devices' draft keys end with them.
"""

import time
from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from marketplace import events, rules
from marketplace.errors import NotFound
from marketplace.models import ApiToken, BrowserSession, DraftKey, User

SESSION_NAME = "browser"  # [id of the row, when it was last written]
SEEN_EVERY = 300  # seconds: the list says when, not what; a write with each page would cost more than it tells
IDLE_RULE = "sign_in.idle_minutes"
LEAST_IDLE = 300  # the rule allows no less: until then nobody asks for it

# The first that is found in what the browser says of itself: most also name the engines they descend from.
_BROWSERS = (
    ("YaBrowser", "Yandex"), ("SamsungBrowser", "Samsung"), ("OPR/", "Opera"), ("Opera", "Opera"), ("Edg", "Edge"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("Chrom", "Chrome"), ("CriOS", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def device_of(user_agent: str) -> str:
    """``Mozilla/5.0 (Linux; Android 14) … Chrome/130 …`` → ``Chrome, Android``; empty when it names neither."""
    found = (next((name for mark, name in names if mark in user_agent), "") for names in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, found))


def begin(request: HttpRequest, user: User, *, by: str) -> None:
    """Put this browser on the person's list, and the sign-in into the log; ``by`` names the way she came.

    Call it after the session has its key of the signed-in person.
    """
    now = timezone.now()
    if request.session.session_key is None:
        request.session.save()
    with transaction.atomic(durable=True):
        row = BrowserSession.objects.create(
            user=user,
            session_key=str(request.session.session_key),
            device=device_of(request.headers.get("User-Agent", "")),
            signed_in_at=now,
            last_seen_at=now,
        )
        events.record(kind="account.signed_in", subject=f"user:{user.pk}", actor=user, data={"by": by})
    request.session[SESSION_NAME] = [row.pk, time.time()]


def seen(request: HttpRequest) -> None:
    """Note every five minutes that this browser is in use; a session that a password change renamed keeps its row."""
    row, at = request.session.get(SESSION_NAME) or (None, 0.0)
    if row is None or time.time() - at < SEEN_EVERY:
        return
    BrowserSession.objects.filter(pk=row, user=request.user.pk).update(
        session_key=str(request.session.session_key), last_seen_at=timezone.now()
    )
    request.session[SESSION_NAME] = [row, time.time()]


def end_if_idle(request: HttpRequest) -> bool:
    """Sign out staff whose browser nobody touched for the time of the rule, or up to SEEN_EVERY longer.

    Pages and saves are touches (``seen``); what a page asks by itself is none.
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    row, at = request.session.get(SESSION_NAME) or (None, 0.0)
    quiet = time.time() - at - SEEN_EVERY
    if row is None or quiet < LEAST_IDLE or not request.user.is_authenticated:
        return False
    rule = rules.get(IDLE_RULE).value
    if request.user.role not in rule["roles"] or quiet < 60 * int(rule["minutes"]):
        return False
    user = request.user
    with transaction.atomic(durable=True):
        BrowserSession.objects.filter(user=user.pk, pk=row).delete()
        events.record(
            kind="account.session_ended",
            subject=f"user:{user.pk}",
            actor=user,
            data={"session": row, "because": "idle"},
        )
    logout(request)
    return True


def of(user: User) -> QuerySet[BrowserSession]:
    """The browsers in which the person is signed in now, the latest first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return BrowserSession.objects.filter(user=user, session_key__in=alive).order_by("-last_seen_at", "-pk")


def here(request: HttpRequest) -> int | None:
    """The row of the browser that asks; None when it is on no list."""
    row: int | None = (request.session.get(SESSION_NAME) or [None])[0]
    return row


def keep_here(request: HttpRequest) -> None:
    """The session has another key from now on: its row learns it with the next request (``seen``)."""
    if (row := here(request)) is not None:
        request.session[SESSION_NAME] = [row, time.time() - SEEN_EVERY]


def end(*, user_id: int, session_id: int) -> None:
    """Sign one browser of the person out. Raises NotFound for a foreign or missing one."""
    with transaction.atomic(durable=True):
        row = BrowserSession.objects.select_for_update().filter(user=user_id, pk=session_id).first()
        if row is None:
            raise NotFound
        _store().delete(row.session_key)
        row.delete()
        events.record(
            kind="account.session_ended",
            subject=f"user:{user_id}",
            actor=User.objects.get(pk=user_id),
            data={"session": session_id},
        )


def end_all(*, user_id: int, actor: User, because: str, keep: int | None = None) -> User:
    """End every session, token and draft key of the person; returns her as she is stored now.

    The session of row ``keep`` stays on the list: who calls gives it the new digest (update_session_auth_hash).
    Joins a running transaction, so that a new password and the end of the old sessions are one.
    """
    now = timezone.now()
    with transaction.atomic():
        User.objects.filter(pk=user_id).update(session_epoch=F("session_epoch") + 1)
        tokens, _rows = ApiToken.objects.filter(user=user_id).delete()
        DraftKey.objects.filter(user=user_id, revoked_at=None).update(revoked_at=now)
        browsers = BrowserSession.objects.filter(user=user_id).exclude(pk=keep or 0)
        keys = list(browsers.values_list("session_key", flat=True))
        browsers.delete()
        Session.objects.filter(session_key__in=keys).delete()
        events.record(
            kind="account.sessions_ended",
            subject=f"user:{user_id}",
            actor=actor,
            data={"because": because, "browsers": len(keys), "tokens": tokens},
        )
        return User.objects.get(pk=user_id)


def expired(moment: datetime) -> QuerySet[BrowserSession]:
    """Rows that no session can belong to any more."""
    return BrowserSession.objects.filter(last_seen_at__lt=moment - timedelta(seconds=2 * settings.SESSION_COOKIE_AGE))


def _store() -> SessionBase:
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore()
    return store
