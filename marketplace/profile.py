"""How a person wants to be reached; the person alone changes it."""

import time

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace import events, notices
from marketplace.models import User

FIELDS = ("phone", "email", "channel", "language")


def change_contact(*, user_id: int, phone: str, email: str, channel: str, language: str) -> list[str]:
    """Store the person's own wishes; returns the names of the fields that changed."""
    wanted = {"phone": phone, "email": email, "channel": channel, "language": language}
    with transaction.atomic(durable=True):
        user = User.objects.select_for_update().get(pk=user_id)
        before = user.phone
        changed = [name for name in FIELDS if getattr(user, name) != wanted[name]]
        if changed:
            for name in changed:
                setattr(user, name, wanted[name])
            user.save(update_fields=changed)
            if "phone" in changed and before:
                _tell_old_phone(user, before)
            events.record(kind="account.contact", subject=f"user:{user.pk}", actor=user, data={"changed": changed})
    return changed


def _tell_old_phone(user: User, phone: str) -> None:
    """Codes for signing in go to the new one: whoever changed it with a stolen session cannot do so unseen."""
    with translation.override(user.language):
        notices.create(
            recipient=user,
            kind="account.phone_changed",
            subject=f"user:{user.pk}",
            title=_("Another phone for your account"),
            text=_("Messages of the portal go to another phone now. If it was not you, call 1414 at once."),
            dedupe=f"account.phone_changed:{user.pk}:{time.time_ns()}",
            channel=User.Channel.SMS,
            address=phone,
        )
