"""``Draft-Key``: the credential of PATCH /drafts/{id} for a device whose session is gone."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.errors import HttpError
from ninja.security.base import AuthBase

from marketplace.api import BearerAuth, BrowserAuth
from marketplace.drafts import keys
from marketplace.errors import TooManyTries
from marketplace.limits import Limit, Tries
from marketplace.models import User

HEADER = "Draft-Key"
# Nobody guesses 128 bits; the limit keeps a broken program from asking the database all day. Only wrong keys
# count, so behind the one address of an office or a mobile network nobody pays for another's.
WRONG_KEYS = Limit("wrong-draft-keys", most=60, seconds=60)


class TooManyKeys(TooManyTries):
    message = _("Too many tries. Wait a minute, then try again.")
    retry_after = WRONG_KEYS.seconds


class DraftKeyAuth(AuthBase):
    """A header that no browser sends by itself, so there is nothing to forge and no CSRF token is asked for.

    A session with its token comes first: it may see what a key may not. Wrong, expired, revoked and foreign
    keys answer alike.
    """

    openapi_type = "apiKey"
    openapi_in = "header"
    openapi_name = HEADER

    def __call__(self, request: HttpRequest) -> User | keys.Holder | None:
        key = request.headers.get(HEADER, "")
        if not key:
            return None
        return self._of_session(request) or self.authenticate(request, key)

    def _of_session(self, request: HttpRequest) -> User | None:
        if request.headers.get("Authorization"):
            return BearerAuth()(request)
        try:
            return BrowserAuth()(request)
        except HttpError:  # a session without its CSRF token: the key alone decides
            return None

    def authenticate(self, request: HttpRequest, key: str) -> keys.Holder | None:
        assert request.resolver_match is not None
        found = keys.holder_of(key, request.resolver_match.kwargs["draft_id"])
        if found is None and not Tries([(WRONG_KEYS, _address(request))]).allowed():
            raise TooManyKeys
        return found


def _address(request: HttpRequest) -> str:
    address: Any = get_adapter(request).get_client_ip(request)
    return str(address)
