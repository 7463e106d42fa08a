"""Digests of phones: by them a complaint is found by who left a number in it, and no number is read out of the table."""

from marketplace import crypto
from orders.draft_fields import phone_number


def key_of(phone: str) -> bytes:
    """The digest that stands in ``Complaint.contact_key``; empty for what is no phone number."""
    number = phone_number(phone) if phone else None
    return crypto.blind_index(f"phone:{number}") if number else b""


def keys_of(phone: str) -> list[bytes]:
    """What may stand there while keys are changed; none for what is no phone number."""
    number = phone_number(phone) if phone else None
    return list(crypto.blind_indexes(f"phone:{number}")) if number else []
