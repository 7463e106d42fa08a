"""Sessions in the database, read together with the person who signed in with them: one statement a request instead of two.

Who a request belongs to is decided as Django does it: by the id and the digest of password and epoch in the session. The
person that the list of browsers names beside a session is only what was read early; whenever that is not exactly the one
whom the session itself names, Django's own way is gone.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.backends import db
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from marketplace.models import User

READ = """
SELECT person.*, session.session_data
FROM django_session session
LEFT JOIN marketplace_browsersession browser USING (session_key)
LEFT JOIN marketplace_user person ON person.id = browser.user_id
WHERE session_key = %s AND session.expire_date > %s
"""


class SessionStore(db.SessionStore):
    """Django's, with ``person`` beside what it loads; None when the session is on no list of browsers."""

    person: User | None = None

    def load(self) -> dict[str, Any]:
        found: Any = next(iter(User.objects.raw(READ, [self.session_key, timezone.now()])), None)
        if found is None:
            return super().load()
        data: dict[str, Any] = self.decode(found.__dict__.pop("session_data"))
        self.person = found if found.pk is not None else None  # a session may be nobody's
        return data

    def flush(self) -> None:
        self.person = None
        super().flush()


class PersonMiddleware(AuthenticationMiddleware):
    """Django's, which asks for the person again only when she was not read with the session."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _person_of(request))  # type: ignore[assignment]


def _person_of(request: HttpRequest) -> Any:
    if not hasattr(request, "_cached_user"):  # as Django's middleware names it
        request._cached_user = _read_early(request) or get_user(request)  # type: ignore[attr-defined]
    return request._cached_user  # type: ignore[attr-defined]


def _read_early(request: HttpRequest) -> User | None:
    """The person read with the session, when all that Django would check of her holds."""
    session = request.session
    named = session.get(SESSION_KEY)  # loads the session, if nothing did yet
    person: User | None = getattr(session, "person", None)
    if person is None or not person.is_active or str(person.pk) != str(named):
        return None
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    known = constant_time_compare(session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash())
    return person if known else None
