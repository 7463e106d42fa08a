"""Printed QR codes: a short signed token in upper-case letters and digits, so that the code stays small.

``S1A-7K2M4QX3ZD`` is kind, id in base 36, and fifty bits of a keyed digest. It opens ``/q/<token>``, where
a visitor complains or gives feedback without an account. It names a supplier, an office, a delivery note or a
lot, never a person. What stands behind the kinds of the apps above is told by them (``register``).
"""

import base64
import hmac
import io
from collections.abc import Callable

import segno
from django.conf import settings

from suppliers.models import Partner

SUPPLIER = "S"
OFFICE = "F"
DELIVERY_NOTE = "N"
LOT = "L"
SIGNATURE_LENGTH = 10
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


SupplierOf = Callable[[int], Partner | None]
_suppliers: dict[str, SupplierOf] = {}


def register(kind: str, supplier_of_number: SupplierOf) -> None:
    """Say which supplier stands behind a kind of code; call it from an AppConfig.ready."""
    _suppliers[kind] = supplier_of_number


def token_of(partner: Partner) -> str:
    """The token that stands for a supplier; always the same one."""
    return make(SUPPLIER, partner.pk)


def supplier_of(token: str) -> Partner | None:
    """The supplier a token stands for or leads to; None for a token that nobody issued, and for an office's."""
    named = read(token)
    if named is None:
        return None
    kind, number = named
    if kind in _suppliers:
        return _suppliers[kind](number)
    found: Partner | None = Partner.objects.filter(pk=number).first() if kind == SUPPLIER else None
    return found


def make(kind: str, number: int) -> str:
    """A token for any kind of thing with a number; ``kind`` is one upper-case letter."""
    body = f"{kind}{_base36(number)}"
    return f"{body}-{_signature(body)}"


def read(token: str) -> tuple[str, int] | None:
    """(kind, number) of a token, typed in any case; None when the signature does not fit."""
    body, _dash, signature = token.strip().upper().partition("-")
    if len(body) < 2 or len(body) > 14 or not set(body) <= set(_DIGITS):
        return None
    if not hmac.compare_digest(signature.encode(), _signature(body).encode()):
        return None
    return body[0], int(body[1:], 36)


def url_of(token: str) -> str:
    return f"{settings.PORTAL_URL}/q/{token}"


def svg_of(partner: Partner) -> bytes:
    """The supplier's code as an SVG file."""
    return svg(token_of(partner), partner.name)


def svg(token: str, title: str) -> bytes:
    """Any code as an SVG file, readable with a quarter of it dirty or torn."""
    return drawn(url_of(token), title)


def drawn(address: str, title: str) -> bytes:
    """Any address of the portal as the SVG file of a QR code."""
    code = segno.make_qr(address, error="q")
    file = io.BytesIO()
    code.save(file, kind="svg", scale=8, border=4, title=title, xmldecl=False)
    return file.getvalue()


def _signature(body: str) -> str:
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"qr:{body}".encode(), "sha256")
    return base64.b32encode(digest).decode()[:SIGNATURE_LENGTH]


def _base36(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = _DIGITS[rest] + text
    return text or "0"
