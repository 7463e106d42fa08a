"""The second factor of staff and suppliers: the code of an app or a security key, and ten codes for the day it is lost.

Who must have one is rule data (``sign_in.second_factor``), asked at the door by marketplace/middleware.py. allauth keeps
the rows, leads a sign-in through the second step and does the arithmetic; here are the writes: under the person's
row, each with its event. What is secret is sealed for its person, so a row that is moved to another one opens nothing.

Tries are counted in the row itself, not in the cache: with Valkey away people still sign in, and nobody guesses more.
Whoever guesses here knows the password already, so the account as a whole waits, and the person is told.
"""

import base64
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import access, crypto, events, notices, rotation, rules, sessions
from marketplace.errors import DomainError, FieldError, Forbidden, Invalid, NotFound, TooManyTries
from marketplace.models import Role, User

RULE = "sign_in.second_factor"
SESSION_NAME = "second_factor"  # this session's person has one: nothing to ask the database
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
TYPED = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
MOST_WRONG, WRONG_SECONDS = 10, 900
NAME_LENGTH = 60
REASON_LENGTH = 300

_owner: ContextVar[int] = ContextVar("second_factor_owner")


class FactorMissing(DomainError):
    """The role asks for a second factor and the person has none yet."""

    status = 403
    code = "second_factor_missing"
    message = gettext_lazy("Your role needs a second step of sign-in. Set it up on your account page first.")


class LastFactor(DomainError):
    """The role must have a factor: another one comes before this one goes."""

    code = "last_factor"
    message = gettext_lazy("Your role needs a second step of sign-in. Add another one first, then remove this one.")


class WrongCode(Invalid):
    code = "wrong_code"
    message = gettext_lazy("This code does not work. Wait until the app shows a new one, then type that.")

    def __init__(self) -> None:
        super().__init__([FieldError("code", "wrong", self.message)], self.message)


# --- Who has one, who must --------------------------------------------------------------------------


def of(user_id: int) -> QuerySet[Authenticator]:
    """The person's factors, without the codes for the day they are lost."""
    return Authenticator.objects.filter(user_id=user_id, type__in=FACTORS).order_by("pk")


def must_have(role: str) -> bool:
    """Does the rule in force ask this role for a second factor? Never in a demonstration, whose passwords are public."""
    return settings.SECOND_FACTOR and role in rules.get(RULE).value["roles"]


def is_owed(request: HttpRequest) -> bool:
    """Somebody is signed in whose role needs a second factor, and has none."""
    if not settings.SECOND_FACTOR or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    user = request.user
    if not user.is_authenticated or request.session.get(SESSION_NAME):
        return False
    if of(user.pk).exists():
        request.session[SESSION_NAME] = True  # its end ends the session, too
        return False
    return must_have(user.role)


def codes_left(user_id: int) -> int:
    """How many of the ten codes were not used yet."""
    row = Authenticator.objects.filter(user_id=user_id, type=Authenticator.Type.RECOVERY_CODES).first()
    with sealed_for(user_id):
        return len(RecoveryCodes(row).get_unused_codes()) if row else 0


# --- Secrets at rest --------------------------------------------------------------------------------


@contextmanager
def sealed_for(user_id: int) -> Iterator[None]:
    """Whose secrets allauth seals and opens inside; outside it can do neither."""
    token = _owner.set(user_id)
    try:
        yield
    finally:
        _owner.reset(token)


def seal(text: str) -> str:
    """Raises LookupError outside ``sealed_for``."""
    return base64.b64encode(crypto.encrypt(text, bound_to=_bound_to())).decode()


def unseal(text: str) -> str:
    """Raises LookupError outside ``sealed_for``, InvalidTag for another person's secret."""
    return crypto.decrypt(base64.b64decode(text), bound_to=_bound_to())


def _bound_to() -> str:
    return f"mfa_authenticator.data:{_owner.get()}"


def _renew(row: Authenticator) -> dict[str, Any]:
    """Secrets of apps and seeds of codes under the newest key (marketplace/rotation.py)."""
    data = dict(row.data)
    with sealed_for(row.user_id):
        for name in {"secret", "seed"} & data.keys():
            _text, value = rotation.value_of(base64.b64decode(data[name]), _bound_to())
            data[name] = data[name] if value is None else base64.b64encode(value).decode()
    return {"data": data} if data != row.data else {}


rotation.register(
    "second steps",
    lambda: Authenticator.objects.filter(type__in=(Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)),
    _renew,
)


# --- Setting up and removing ------------------------------------------------------------------------


def set_up_app(*, user_id: int, secret: str, code: str) -> list[str]:
    """Keep the secret of an app that has shown, by a code, that it knows it; returns new codes for the day it is lost.

    No codes come back when the person has some already. Raises WrongCode; DomainError when there is an app already.
    """
    step = _step(secret, code)
    if step is None:
        raise WrongCode
    with transaction.atomic(durable=True), sealed_for(user_id):
        user = _locked(user_id)
        if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
            raise DomainError(gettext_lazy("An app is set up already. Remove it first if you want another one."))
        row = TOTP.activate(user, secret).instance
        row.data["step"] = step
        row.save(update_fields=["data"])
        _record(user, "added", row)
        return _first_codes(user)


def add_key(*, user_id: int, name: str, credential: dict[str, Any]) -> list[str]:
    """Keep a security key whose answer was checked; returns codes as ``set_up_app`` does."""
    with transaction.atomic(durable=True), sealed_for(user_id):
        user = _locked(user_id)
        named = " ".join(name.split())[:NAME_LENGTH] or _("Security key")
        _record(user, "added", WebAuthn.add(user, named, credential).instance)
        return _first_codes(user)


def remove(*, user_id: int, factor_id: int) -> None:
    """Take an app or a key away; the codes go with the last one. Raises NotFound, LastFactor."""
    with transaction.atomic(durable=True):
        user = _locked(user_id)
        row = of(user_id).filter(pk=factor_id).first()
        if row is None:
            raise NotFound
        others = of(user_id).exclude(pk=factor_id).exists()
        if not others and must_have(user.role):
            raise LastFactor
        _record(user, "removed", row)
        row.delete()
        if not others:
            Authenticator.objects.filter(user=user).delete()
        _tell(user)


def new_codes(*, user_id: int) -> list[str]:
    """Ten new codes; the old ones are void. Raises NotFound for a person without a factor."""
    with transaction.atomic(durable=True), sealed_for(user_id):
        user = _locked(user_id)
        if not of(user_id).exists():
            raise NotFound
        Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
        return _first_codes(user)


def reset(*, actor: User, username: str, reason: str) -> User:
    """An administrator takes all factors of somebody who lost them, ends her sessions and tells her.

    The next sign-in by password leads her to set one up anew. Raises Forbidden (role, or one's own), Invalid.
    """
    access.require_role(actor, Role.ADMIN)
    why = " ".join(reason.split())[:REASON_LENGTH]
    if not why:
        raise Invalid([FieldError("reason", "required", gettext_lazy("Say how you know that it is this person."))])
    with transaction.atomic(durable=True):
        user = User.objects.select_for_update().filter(username=username).first()
        if user is None or not of(user.pk).exists():
            raise Invalid(
                [FieldError("username", "unknown", gettext_lazy("Nobody of this name has a second step of sign-in."))]
            )
        if user.pk == actor.pk:
            raise Forbidden(gettext_lazy("Another administrator has to do this for you."))
        Authenticator.objects.filter(user=user).delete()
        events.record(
            kind="account.second_factor_reset",
            subject=f"user:{user.pk}",
            actor=actor,
            on_behalf_of=user,
            reason=why,
        )
        sessions.end_all(user_id=user.pk, actor=actor, because="second_factor_reset")
        _tell(user)
    return user


# --- Signing in -------------------------------------------------------------------------------------


def check_code(*, user_id: int, code: str) -> Authenticator | None:
    """The factor to which a typed code belongs, used up by this; None for a wrong one, which is counted.

    A code of the app works once. Raises TooManyTries after ten wrong ones within a quarter of an hour.
    """
    typed = "".join(letter for letter in code if letter.isalnum())
    with transaction.atomic(durable=True), sealed_for(user_id):
        user = _locked(user_id)
        rows = list(Authenticator.objects.filter(user=user, type__in=TYPED).order_by("pk"))
        if not rows:
            return None
        wrong, since = rows[0].data.get("wrong", [0, 0.0])
        if time.time() - since > WRONG_SECONDS:
            wrong, since = 0, time.time()
        if wrong >= MOST_WRONG:
            raise TooManyTries
        used = next((row for row in rows if _uses(row, typed)), None)
        if used is None:
            rows[0].data["wrong"] = [wrong + 1, since]
            rows[0].save(update_fields=["data"])
            events.record(kind="account.second_factor_refused", subject=f"user:{user.pk}", actor=user)
            if wrong + 1 == MOST_WRONG:
                _warn(user, since)
            return None
        rows[0].refresh_from_db()
        rows[0].data.pop("wrong", None)
        rows[0].save(update_fields=["data"])
        if used.type == Authenticator.Type.RECOVERY_CODES:
            _record(user, "code_used", used)
            _tell(user)
        used.refresh_from_db()
        return used


def _uses(row: Authenticator, typed: str) -> bool:
    if row.type == Authenticator.Type.RECOVERY_CODES:
        return bool(RecoveryCodes(row).validate_code(typed))
    step = _step(unseal(row.data["secret"]), typed, after=row.data.get("step", 0))
    if step is None:
        return False
    row.data["step"] = step
    row.save(update_fields=["data"])
    return True


def _step(secret: str, code: str, after: int = 0) -> int | None:
    """The time step of a code (30 seconds each), later than ``after``; None for a wrong or a used one."""
    typed = "".join(letter for letter in code if letter.isalnum()).encode()
    for step in yield_hotp_counters_from_time():
        if step > after and hmac.compare_digest(format_hotp_value(hotp_value(secret, step)).encode(), typed):
            return int(step)
    return None


# --- Small parts ------------------------------------------------------------------------------------


def _locked(user_id: int) -> User:
    return User.objects.select_for_update().get(pk=user_id)


def _first_codes(user: User) -> list[str]:
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).exists():
        return []
    codes = RecoveryCodes.activate(user)
    _record(user, "codes_made", codes.instance)
    return list(codes.generate_codes())


def _record(user: User, word: str, row: Authenticator) -> None:
    data = {"factor": row.pk, "type": row.type}
    events.record(kind=f"account.second_factor_{word}", subject=f"user:{user.pk}", actor=user, data=data)


def _tell(user: User) -> None:
    """By the person's own way: whoever changed it with a stolen session cannot do so unseen."""
    with translation.override(user.language):
        _notice(
            user,
            _("Your second step of sign-in was changed"),
            _("An app, a key or a code of your account was removed or used. If it was not you, call 1414 at once."),
            f"{user.pk}:{time.time_ns()}",
        )


def _warn(user: User, since: float) -> None:
    with translation.override(user.language):
        _notice(
            user,
            _("Somebody guesses codes of your account"),
            _("Somebody who knows your password typed ten wrong codes. If it was not you, change the password now."),
            f"{user.pk}:wrong:{int(since)}",
        )


def _notice(user: User, title: str, text: str, dedupe: str) -> None:
    notices.create(
        recipient=user,
        kind="account.second_factor",
        subject=f"user:{user.pk}",
        title=title,
        text=text,
        dedupe=f"account.second_factor:{dedupe}",
    )
