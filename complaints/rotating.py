"""Look-ups of complaints that stand under the index key: tracking codes and callers' phones (marketplace/rotation.py)."""

from typing import Any

from django.db.models import QuerySet

from complaints import contact_keys, tracking
from complaints.models import Complaint
from marketplace import rotation


def _all() -> QuerySet[Complaint]:
    return Complaint.objects.only("number", "tracking_hash", "contact", "contact_key")


def _renew(complaint: Complaint) -> dict[str, Any]:
    number, phone = complaint.number, complaint.contact.get("phone", "")
    changed: dict[str, Any] = {}
    if index := rotation.index_of(complaint.tracking_hash, f"tracking:{number}:{tracking.code_of(number)}"):
        changed["tracking_hash"] = index
    known = contact_keys.keys_of(phone)
    if known and bytes(complaint.contact_key) in known[1:]:
        changed["contact_key"] = known[0]
    return changed


rotation.register("complaints", _all, _renew)
