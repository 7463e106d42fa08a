"""Sign-in by electronic signature (ЭЦП): a text of this browser and of five minutes, signed, shows by its IIN who it is.

The text holds 128 bits that nobody can guess and works once. The account is found by the blind index of the IIN; nobody
is created, and no number is kept. The second step follows where the person has one.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import crypto, signatures
from marketplace.errors import DomainError
from marketplace.models import Guardianship, SignInCode, User

LIFETIME = timedelta(minutes=5)


class TextOver(DomainError):
    """The text was used or is too old."""

    code = "text_over"
    message = _("The time to sign this text is over. Here is a new one: sign it.")


class NoAccount(DomainError):
    """The signature is good, and nobody here has its IIN, or may not sign in by it."""

    status = 403
    code = "no_account"
    message = _("The signature is right, but there is no account for this IIN. Ask your social office.")


@dataclass(frozen=True)
class Challenge:
    """What is to be signed, as the bytes of ``text`` in UTF-8."""

    id: UUID
    text: str


def begin() -> Challenge:
    """A new text for this browser."""
    now = timezone.now()
    row = SignInCode.objects.create(by="signature", made_at=now, expires_at=now + LIFETIME)
    return Challenge(row.pk, _text(row))


def again(asked: UUID) -> Challenge | None:
    """The text that this browser was shown, while it can still be used."""
    row = SignInCode.objects.filter(pk=asked, by="signature", used_at=None, expires_at__gt=timezone.now()).first()
    return Challenge(row.pk, _text(row)) if row is not None else None


def redeem(*, asked: UUID, cms: bytes) -> User:
    """The person who signed the text; it works once. Raises TextOver, BadSignature, VerifierAway, NoAccount.

    A text is used up before its signature is looked at, so that nothing can be tried twice on it; the verifier's being
    away gives it back.
    """
    now = timezone.now()
    with transaction.atomic(durable=True):
        row = SignInCode.objects.select_for_update().filter(pk=asked, by="signature", used_at=None).first()
        if row is None or row.expires_at <= now:
            raise TextOver
        row.used_at = now
        row.save(update_fields=["used_at"])
    try:
        signer = signatures.verifier().verify(
            cms=cms, content=_text(row).encode(), usage=signatures.Usage.SIGN_IN, at=now
        )
    except signatures.VerifierAway:
        SignInCode.objects.filter(pk=asked).update(used_at=None)
        raise
    user = User.objects.filter(is_active=True, record__iin_index__in=list(crypto.blind_indexes(signer.iin))).first()
    if user is None or Guardianship.objects.filter(ward=user).exists():
        raise NoAccount
    SignInCode.objects.filter(pk=asked).update(user=user)
    return user


def _text(row: SignInCode) -> str:
    """One line, so that no program can break it differently; where and when it is for stands in it, for who reads it."""
    host = settings.PORTAL_URL.split("://", 1)[-1]
    secret = crypto.digest("sign-in-text", str(row.pk)).hex()[:32]
    return f"Sign-in to {host}, {row.made_at:%Y-%m-%dT%H:%M:%SZ}, {secret}"
