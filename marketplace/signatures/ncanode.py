"""Checks signatures by NCANode, which has the state's library and authority: version 3 of its HTTP interface.

``POST /cms/verify`` {"cms", "data"?, "revocationCheck": ["OCSP"]} says what the signature is worth, ``POST /cms/extract``
what was signed when the content is inside: a good signature under another text is worth nothing. A service that is
slow or away is spared for a while, and the person is told to sign in another way.
"""

import base64
import hmac
import http.client
import json
from datetime import datetime
from typing import Any

import structlog
from asn1crypto import cms as asn1

from marketplace import outgoing
from marketplace.breaker import Breaker
from marketplace.signatures import MOST_BYTES, BadSignature, Signer, Usage, VerifierAway

log = structlog.get_logger(__name__)

SECONDS = 4.0  # of one question; a page may take ten
OPEN_SECONDS = 15.0
ANSWER_LIMIT = 256 * 1024
KEY_USAGE = {Usage.SIGN_IN: "AUTH", Usage.SIGN: "SIGN"}


class NcaNode:
    """``url`` is the service's address, without a path."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self.breaker = Breaker(OPEN_SECONDS)

    def verify(self, *, cms: bytes, content: bytes, usage: Usage, at: datetime) -> Signer:
        attached = _is_attached(cms)
        question: dict[str, Any] = {"cms": base64.b64encode(cms).decode(), "revocationCheck": ["OCSP"]}
        if not attached:
            question["data"] = base64.b64encode(content).decode()
        answer = self._ask("/cms/verify", question)
        certificate = _certificate_of(answer)
        if attached:
            self._check_content(question["cms"], content)
        if certificate.get("keyUsage") != KEY_USAGE[usage]:
            raise BadSignature("usage")
        _check_time(certificate, at)
        return _signer(certificate)

    def _check_content(self, cms: str, content: bytes) -> None:
        carried = self._ask("/cms/extract", {"cms": cms}).get("data")
        try:
            signed = base64.b64decode(carried or "", validate=True)
        except (ValueError, TypeError):
            raise VerifierAway from None
        if not hmac.compare_digest(signed, content):
            raise BadSignature("content")

    def _ask(self, path: str, question: dict[str, Any]) -> dict[str, Any]:
        """A JSON object. An answer of 4xx says that the question cannot be read: that is the signature's fault."""
        if not self.breaker.admits():
            raise VerifierAway
        try:
            status, body = outgoing.ask(
                self._url + path,
                body=json.dumps(question).encode(),
                headers={"Content-Type": "application/json"},
                seconds=SECONDS,
                limit=ANSWER_LIMIT,
            )
            answer = json.loads(body) if status == 200 else {}
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._failed(type(error).__name__)
        if 400 <= status < 500:
            self.breaker.reset()
            raise BadSignature("format")
        if status != 200 or not isinstance(answer, dict):
            self._failed(f"status {status}")
        self.breaker.reset()
        return answer

    def _failed(self, why: str) -> Any:
        self.breaker.trip()
        log.warning("signature_verifier_away", error=why)
        raise VerifierAway


def _is_attached(cms: bytes) -> bool:
    if not cms or len(cms) > MOST_BYTES:
        raise BadSignature("format")
    try:
        signed = asn1.ContentInfo.load(cms)["content"]
        return signed["encap_content_info"]["content"].native is not None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadSignature("format") from None


def _certificate_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The signer's certificate, the first of the one signer's chain; what is wrong with it is told apart."""
    signers = answer.get("signers") or []
    certificates = signers[0].get("certificates") or [] if len(signers) == 1 else []
    if len(signers) > 1:
        raise BadSignature("signers")
    certificate = certificates[0] if certificates else {}
    if any(item.get("revoked") for item in certificate.get("revocations") or []):
        raise BadSignature("revoked")
    if answer.get("valid") is not True:
        _check_time(certificate, None)
        raise BadSignature("signature" if certificate.get("valid") is not False else "chain")
    if certificate.get("valid") is not True:
        raise BadSignature("chain")
    return dict(certificate)


def _check_time(certificate: dict[str, Any], at: datetime | None) -> None:
    """Without ``at`` now, by our clock. Times come as ``2022-01-18T04:38:50.000+00:00``."""
    moment = at or datetime.now().astimezone()
    try:
        begins, ends = (datetime.fromisoformat(certificate[name]) for name in ("notBefore", "notAfter"))
    except (KeyError, ValueError, TypeError):
        return
    if not begins <= moment <= ends:
        raise BadSignature("expired")


def _signer(certificate: dict[str, Any]) -> Signer:
    subject = certificate.get("subject") or {}
    iin, bin_ = str(subject.get("iin") or ""), str(subject.get("bin") or "")
    if not (len(iin) == 12 and iin.isascii() and iin.isdigit()):
        raise BadSignature("subject")
    name = " ".join(filter(None, (subject.get("commonName"), subject.get("lastName"))))
    return Signer(iin=iin, bin=bin_, name=name, serial=str(certificate.get("serialNumber") or ""))
