"""Who calls 1414: found by a keyed digest of the phone, never by reading through the cases."""

from marketplace import crypto
from orders.draft_fields import phone_number


def key_of(phone: str) -> bytes:
    """The digest that stands in ``Complaint.contact_key``; empty for what is no phone number."""
    number = phone_number(phone) if phone else None
    return crypto.blind_index(f"phone:{number}") if number else b""
