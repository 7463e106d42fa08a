"""A certificate authority of our own, for tests and the demonstration: what it certifies is worth nothing outside.

It stands in the state folder; ``./manage.py test_signature`` lets it certify a person of the demonstration and signs
a file in her name. Its certificates look like those of the national authority: ``serialNumber=IIN…``, ``OU=BIN…``.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from django.conf import settings

from marketplace.signatures import Usage
from marketplace.signatures.cms import PURPOSE, Trust

BEGINS, YEARS = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=7300)
KEY_BITS = 2048


@dataclass(frozen=True)
class Pair:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def make_authority(name: str, *, issuer: Pair | None = None, at: datetime, lasts: timedelta = YEARS) -> Pair:
    """A root, or an authority below ``issuer``."""
    key, subject = new_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _builder(subject, issuer.certificate.subject if issuer else subject, key, at, lasts)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return Pair(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def certify(
    issuer: Pair,
    *,
    iin: str,
    name: str,
    usage: Usage,
    at: datetime,
    bin: str = "",
    lasts: timedelta = timedelta(days=365),
) -> Pair:
    """A person's certificate for one purpose, from ``at`` on."""
    said = [
        x509.NameAttribute(NameOID.COMMON_NAME, name),
        x509.NameAttribute(NameOID.SERIAL_NUMBER, f"IIN{iin}"),
        x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
    ]
    if bin:
        said.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"BIN{bin}"))
    key = new_key()
    builder = _builder(x509.Name(said), issuer.certificate.subject, key, at, lasts)
    builder = builder.add_extension(
        _key_usage(digital_signature=True, content_commitment=usage == Usage.SIGN), critical=True
    )
    builder = builder.add_extension(x509.ExtendedKeyUsage([PURPOSE[usage]]), critical=False)
    return Pair(builder.sign(issuer.key, hashes.SHA256()), key)


def revocations(
    issuer: Pair, revoked: list[x509.Certificate], *, at: datetime, lasts: timedelta = timedelta(days=365)
) -> x509.CertificateRevocationList:
    """The issuer's list of what it revoked, as of ``at``."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(at).next_update(at + lasts)
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(at).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, hashes.SHA256())


def sign(pair: Pair, content: bytes, *, attached: bool = False, others: tuple[x509.Certificate, ...] = ()) -> bytes:
    """CMS SignedData in DER, as a signing program makes it."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(pair.certificate, pair.key, hashes.SHA256())
    for other in others:
        builder = builder.add_certificate(other)
    options = [pkcs7.PKCS7Options.Binary] + ([] if attached else [pkcs7.PKCS7Options.DetachedSignature])
    return builder.sign(serialization.Encoding.DER, options)


# --- In the state folder ------------------------------------------------------------------------------


def _file() -> Path:
    return settings.PORTAL_STATE / "test-ca.pem"


def authority() -> Pair:
    """The installation's test authority, made at the first question."""
    path = _file()
    if not path.exists():
        made = make_authority("Tirek TEST", at=BEGINS)
        text = made.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ) + made.certificate.public_bytes(serialization.Encoding.PEM)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
    data = path.read_bytes()
    key = serialization.load_pem_private_key(data, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return Pair(x509.load_pem_x509_certificate(data), key)


def trust() -> Trust:
    """Believes the test authority alone, which revokes nothing."""
    found = authority()
    now = datetime.now(UTC)
    return Trust((found.certificate,), (revocations(found, [], at=now - timedelta(hours=1)),))


# --- Parts --------------------------------------------------------------------------------------------


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, at: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + lasts)
    )


def _key_usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})
