"""Checks CMS signatures (RFC 5652) by ourselves: content, signature, chain, time, key usage, revocation, subject.

Everything that is not explicitly understood is refused: unknown critical extensions, two signers, weak digests, an
authority without a current list of what it revoked. GOST of the national authority is not here (``algorithm``): the
library knows none of it; NCANode does.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from asn1crypto import cms as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from marketplace.signatures import MOST_BYTES, BadSignature, Signer, Usage

Kind = TypeVar("Kind", bound=x509.ExtensionType)

LONGEST_CHAIN = 4
SMALLEST_RSA = 2048  # bits
DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
PURPOSE = {Usage.SIGN_IN: ExtendedKeyUsageOID.CLIENT_AUTH, Usage.SIGN: ExtendedKeyUsageOID.EMAIL_PROTECTION}
UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
}


@dataclass(frozen=True)
class Trust:
    """Whom we believe, and what they revoked: each authority of a chain must have a current list."""

    roots: tuple[x509.Certificate, ...]
    lists: tuple[x509.CertificateRevocationList, ...]


class CmsVerifier:
    """``trust`` is asked for every signature: lists of revoked certificates are renewed while we run."""

    def __init__(self, trust: Callable[[], Trust]) -> None:
        self._trust = trust

    def verify(self, *, cms: bytes, content: bytes, usage: Usage, at: datetime) -> Signer:
        signed = _read(cms)
        _check_content(signed, content)
        infos = signed["signer_infos"]
        if len(infos) != 1:
            raise BadSignature("signers")
        certificates = _certificates(signed)
        certificate = _certificate_of(infos[0], certificates)
        _check_signature(infos[0], certificate, content)
        _check_chain(certificate, certificates, self._trust(), at)
        _check_usage(certificate, usage)
        return _signer(certificate)


def _read(data: bytes) -> asn1.SignedData:
    if not data or len(data) > MOST_BYTES:
        raise BadSignature("format")
    try:
        info = asn1.ContentInfo.load(data, strict=True)
        if info["content_type"].native != "signed_data":
            raise BadSignature("format")
        signed = info["content"]
        signed.native  # noqa: B018  the library reads lazily: what is broken anywhere shows here
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError):
        raise BadSignature("format") from None
    return signed


def _check_content(signed: asn1.SignedData, content: bytes) -> None:
    inside = signed["encap_content_info"]["content"]
    carried = inside.native
    if carried is None:
        return  # detached: the signature is checked over what we know
    if not isinstance(carried, bytes) or not hmac.compare_digest(carried, content):
        raise BadSignature("content")


def _certificates(signed: asn1.SignedData) -> list[x509.Certificate]:
    try:
        return [
            x509.load_der_x509_certificate(choice.chosen.dump())
            for choice in signed["certificates"] or []
            if choice.name == "certificate"
        ]
    except ValueError:
        raise BadSignature("format") from None


def _certificate_of(info: asn1.SignerInfo, certificates: list[x509.Certificate]) -> x509.Certificate:
    sid = info["sid"]
    for certificate in certificates:
        if sid.name == "issuer_and_serial_number":
            same_issuer = certificate.issuer.public_bytes() == sid.chosen["issuer"].dump()
            if same_issuer and certificate.serial_number == sid.chosen["serial_number"].native:
                return certificate
        else:
            key_id = _extension(certificate, x509.SubjectKeyIdentifier)
            if key_id is not None and key_id.digest == sid.chosen.native:
                return certificate
    raise BadSignature("format")


def _check_signature(info: asn1.SignerInfo, certificate: x509.Certificate, content: bytes) -> None:
    name = info["digest_algorithm"]["algorithm"].native
    if name not in DIGESTS:
        raise BadSignature("algorithm")
    algorithm = DIGESTS[name]
    attributes = info["signed_attrs"]
    signed = content
    if attributes.native is not None:
        said = {attribute["type"].native: attribute["values"] for attribute in attributes}
        if len(said) != len(attributes) or any(len(values) != 1 for values in said.values()):
            raise BadSignature("format")
        digest = hashes.Hash(algorithm)
        digest.update(content)
        stated = said["message_digest"][0].native if "message_digest" in said else b""
        if not hmac.compare_digest(stated, digest.finalize()):
            raise BadSignature("content")
        if "content_type" not in said or said["content_type"][0].native != "data":
            raise BadSignature("format")
        signed = attributes.untag().dump(force=True)  # a SET of its own, not the tagged field (RFC 5652, 5.4)
    _check_bytes(certificate, info, algorithm, signed)


def _check_bytes(
    certificate: x509.Certificate, info: asn1.SignerInfo, algorithm: hashes.HashAlgorithm, signed: bytes
) -> None:
    key, signature = certificate.public_key(), info["signature"].native
    try:
        scheme = info["signature_algorithm"].signature_algo
    except ValueError:
        raise BadSignature("algorithm") from None
    try:
        if isinstance(key, rsa.RSAPublicKey) and scheme == "rsassa_pkcs1v15" and key.key_size >= SMALLEST_RSA:
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and scheme == "ecdsa":
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            raise BadSignature("algorithm")
    except InvalidSignature:
        raise BadSignature("signature") from None


def _check_chain(leaf: x509.Certificate, others: list[x509.Certificate], trust: Trust, at: datetime) -> None:
    """From the signer's certificate to a root that we believe; every link valid ``at`` and not revoked by then."""
    roots = {root.fingerprint(hashes.SHA256()) for root in trust.roots}
    certificate = leaf
    for depth in range(LONGEST_CHAIN):
        _check_time_and_extensions(certificate, at)
        issuer = next(
            (known for known in (*trust.roots, *others) if known is not certificate and _issued(known, certificate)),
            None,
        )
        if issuer is None or not _may_issue(issuer, depth):
            raise BadSignature("chain")
        _check_not_revoked(certificate, issuer, trust, at)
        if issuer.fingerprint(hashes.SHA256()) in roots:
            _check_time_and_extensions(issuer, at)
            return
        certificate = issuer
    raise BadSignature("chain")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _may_issue(issuer: x509.Certificate, below: int) -> bool:
    """An authority, by its own certificate, that may have ``below`` authorities between itself and the signer."""
    constraints = _extension(issuer, x509.BasicConstraints)
    usage = _extension(issuer, x509.KeyUsage)
    if constraints is None or not constraints.ca or usage is None or not usage.key_cert_sign:
        return False
    return constraints.path_length is None or constraints.path_length >= below


def _check_time_and_extensions(certificate: x509.Certificate, at: datetime) -> None:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise BadSignature("expired")
    try:
        unknown = [item for item in certificate.extensions if item.critical and item.oid not in UNDERSTOOD]
    except ValueError:
        raise BadSignature("format") from None
    if unknown:
        raise BadSignature("chain")


def _check_not_revoked(certificate: x509.Certificate, issuer: x509.Certificate, trust: Trust, at: datetime) -> None:
    """By the issuer's list; without one that is current we do not know, and not knowing is no."""
    current = [
        listed
        for listed in trust.lists
        if listed.issuer == issuer.subject
        and listed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
        and listed.next_update_utc is not None
        and listed.next_update_utc >= at
    ]
    if not current:
        raise BadSignature("revocation")
    for listed in current:
        entry = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None and entry.revocation_date_utc <= at:
            raise BadSignature("revoked")


def _check_usage(certificate: x509.Certificate, usage: Usage) -> None:
    may = _extension(certificate, x509.KeyUsage)
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    constraints = _extension(certificate, x509.BasicConstraints)
    if may is None or purposes is None or not may.digital_signature or PURPOSE[usage] not in purposes:
        raise BadSignature("usage")
    if usage == Usage.SIGN and not may.content_commitment:
        raise BadSignature("usage")
    if constraints is not None and constraints.ca:
        raise BadSignature("usage")


def _signer(certificate: x509.Certificate) -> Signer:
    """``serialNumber=IIN123456789012`` of the person, ``OU=BIN…`` of the organisation she signs for."""
    iins = [
        found[1] for text in _said(certificate, NameOID.SERIAL_NUMBER) if (found := re.fullmatch(r"IIN(\d{12})", text))
    ]
    bins = [
        found[1]
        for text in _said(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)
        if (found := re.fullmatch(r"BIN(\d{12})", text))
    ]
    if len(iins) != 1 or len(bins) > 1:
        raise BadSignature("subject")
    name = " ".join(_said(certificate, NameOID.COMMON_NAME) + _said(certificate, NameOID.GIVEN_NAME))
    return Signer(iin=iins[0], bin=(bins or [""])[0], name=name, serial=f"{certificate.serial_number:x}")


def _said(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(item.value) for item in certificate.subject.get_attributes_for_oid(oid)]


def _extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
