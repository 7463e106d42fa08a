"""Identity numbers at rest: AES-256-GCM for the value, a keyed hash for look-ups.

An IIN has so few possible values that a plain hash could be reversed in minutes; hence the keyed
blind index, with a key of its own. The additional data binds a ciphertext to its row.
"""

import hmac
import os
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12
TOKEN_BYTES = 16


def _keys() -> dict[str, bytes]:
    """Key id → key, newest first: "k2:<base64>,k1:<base64>"."""
    pairs = (part.split(":", 1) for part in settings.FIELD_KEYS.split(","))
    return {name: b64decode(value) for name, value in pairs}


def place_of_iin(user_id: int) -> str:
    """What an identity number is bound to: table, column and whose row."""
    return f"personrecord.iin:{user_id}"


def encrypt(text: str, *, bound_to: str) -> bytes:
    """``<key id>:<nonce><ciphertext>``; ``bound_to`` names table, column and row."""
    name, key = next(iter(_keys().items()))
    nonce = os.urandom(NONCE_BYTES)
    return name.encode() + b":" + nonce + AESGCM(key).encrypt(nonce, text.encode(), bound_to.encode())


def decrypt(stored: bytes, *, bound_to: str) -> str:
    """Raises cryptography.exceptions.InvalidTag when the value was moved or changed."""
    name, rest = bytes(stored).split(b":", 1)
    key = _keys()[name.decode()]
    return AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], bound_to.encode()).decode()


def is_under_newest_key(stored: bytes) -> bool:
    """False for a value that is still to be rewritten after a new key was put in front."""
    return bytes(stored).split(b":", 1)[0].decode() == next(iter(_keys()))


def blind_index(text: str) -> bytes:
    """HMAC-SHA-256 under the newest index key: equal numbers have equal indexes, nothing more is told."""
    return next(blind_indexes(text))


def blind_indexes(text: str) -> Iterator[bytes]:
    """The index under every key ("<new>,<old>"), the newest first: while rows are rewritten, look-ups ask for all."""
    for key in settings.BLIND_INDEX_KEY.split(","):
        yield hmac.digest(b64decode(key), text.encode(), "sha256")


def digest(purpose: str, text: str) -> bytes:
    """HMAC-SHA-256 under the secret key: what a short code is stored as, since its plain hash could be reversed."""
    return hmac.digest(settings.SECRET_KEY.encode(), f"{purpose}:{text}".encode(), "sha256")


def token(purpose: str, of: str) -> str:
    """128 bits for an address, derived from the secret key: the same for the same thing, unguessable."""
    return urlsafe_b64encode(digest(purpose, of)[:TOKEN_BYTES]).rstrip(b"=").decode()


def code(purpose: str, of: str, digits: int = 6) -> str:
    """A short numeric code derived from the secret key: the same for the same thing, unguessable."""
    number = int.from_bytes(hmac.digest(settings.SECRET_KEY.encode(), f"{purpose}:{of}".encode(), "sha256")[:8], "big")
    return f"{number % 10**digits:0{digits}d}"
