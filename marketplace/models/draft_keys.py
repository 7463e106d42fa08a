"""Capabilities to go on saving one draft after the session is gone; only their hashes are stored."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.models.drafts import Draft


class DraftKey(models.Model):
    """A key of one person on one device for one draft. A newer one takes its place, the row stays as a trace.

    ``session_hash`` names the session that asked for it (signing out there revokes it; empty for programs),
    ``password_mark`` the password of that time (another password voids it), ``strikes`` counts receipts that
    were asked for with another content.
    """

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="keys")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="draft_keys")
    device = models.CharField(max_length=64)
    key_hash = models.BinaryField(unique=True, editable=False)
    session_hash = models.BinaryField(db_index=True, editable=False)
    password_mark = models.CharField(max_length=64, editable=False)
    strikes = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "user", "device"], condition=Q(revoked_at=None), name="draft_key_one_per_device"
            )
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.device} to {self.expires_at:%Y-%m-%d %H:%M}"
