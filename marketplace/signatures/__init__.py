"""Electronic signatures (ЭЦП): the port behind which one of two verifiers stands.

``SIGNATURE_VERIFIER`` names it: ``test-ca`` checks everything itself against a root of our own (RSA and ECDSA; for tests
and the demonstration), an ``http(s)`` address is an NCANode, which knows the state's algorithms and its authority.
Empty: nobody signs in or signs by ЭЦП, and no page offers it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from marketplace.errors import DomainError, FieldError, Invalid

TEST_CA = "test-ca"
MOST_BYTES = 64 * 1024  # of one signature with its certificates


class Usage(StrEnum):
    """What a certificate is for: the authority gives everybody two, one to sign in and one to sign."""

    SIGN_IN = "sign_in"
    SIGN = "sign"


@dataclass(frozen=True)
class Signer:
    """Who signed, as the certificate says it. ``bin`` is empty for a person who signs for herself."""

    iin: str
    bin: str
    name: str
    serial: str  # of the certificate, hexadecimal


class BadSignature(Invalid):
    """The signature proves nothing; ``why`` is one of WHY and says what to do."""

    code = "bad_signature"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__([FieldError("signature", why, WHY[why])], WHY[why])


class VerifierAway(DomainError):
    """The service that checks signatures does not answer; nothing was decided."""

    status = 503
    code = "verifier_away"
    message = _("Signatures cannot be checked right now. Sign in another way, or try again in a minute.")


WHY = {
    "format": _("This is no signature that we can read. Choose the file that your signing program made."),
    "content": _("Something else was signed. Sign the text of this page, then send that signature."),
    "signature": _("The signature is not right. Sign once more."),
    "signers": _("Exactly one person has to sign."),
    "algorithm": _("We cannot check this kind of signature. Use a key of the national authority."),
    "chain": _("The certificate is not from the national authority. Use a key that it gave you."),
    "expired": _("The certificate is not valid today. Get a new key from the national authority."),
    "revoked": _("The certificate was revoked. Get a new key from the national authority."),
    "revocation": _("We could not check whether the certificate was revoked. Try again later."),
    "usage": _("This key is for another purpose. Choose the other one of your two keys: AUTH to sign in, RSA or GOST to sign."),
    "subject": _("The certificate names no IIN. Use a key of a person."),
}  # fmt: skip


class SignatureVerifier(Protocol):
    """Checks one signature over content that we know."""

    def verify(self, *, cms: bytes, content: bytes, usage: Usage, at: datetime) -> Signer:
        """Who signed ``content``; the certificate was good ``at`` that moment.

        ``cms`` is CMS SignedData in DER, with the content inside or beside it. Raises BadSignature, VerifierAway.
        """
        ...


def available() -> bool:
    """Can anybody sign here?"""
    return bool(settings.SIGNATURE_VERIFIER)


def verifier() -> SignatureVerifier:
    """The installation's verifier. Raises VerifierAway when it has none."""
    if not available():
        raise VerifierAway
    return _verifier(settings.SIGNATURE_VERIFIER)


@lru_cache(maxsize=4)
def _verifier(named: str) -> SignatureVerifier:
    from marketplace.signatures import cms, ncanode, test_ca

    return cms.CmsVerifier(test_ca.trust) if named == TEST_CA else ncanode.NcaNode(named)
