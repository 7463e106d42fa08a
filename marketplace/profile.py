"""How a person wants to be reached; the person alone changes it."""

from django.db import transaction

from marketplace import events
from marketplace.models import User

FIELDS = ("phone", "email", "channel", "language")


def change_contact(*, user_id: int, phone: str, email: str, channel: str, language: str) -> list[str]:
    """Store the person's own wishes; returns the names of the fields that changed."""
    wanted = {"phone": phone, "email": email, "channel": channel, "language": language}
    with transaction.atomic(durable=True):
        user = User.objects.select_for_update().get(pk=user_id)
        changed = [name for name in FIELDS if getattr(user, name) != wanted[name]]
        if changed:
            for name in changed:
                setattr(user, name, wanted[name])
            user.save(update_fields=changed)
            events.record(kind="account.contact", subject=f"user:{user.pk}", actor=user, data={"changed": changed})
    return changed
