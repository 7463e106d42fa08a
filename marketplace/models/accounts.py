"""Where people are signed in: bearer tokens of programs, of which only the hash is stored, and browsers."""

import uuid

from django.conf import settings
from django.db import models


class ApiToken(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    token_hash = models.BinaryField(unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.user} to {self.expires_at:%Y-%m-%d %H:%M}"


class SignInCode(models.Model):
    """A code that was asked for at the sign-in page; also of nobody, so that asking tells nothing about who has an account.

    The code itself stands nowhere: it is derived when the message leaves. A text to be signed (ЭЦП) is such a code, too;
    whose it is shows when it comes back signed. ``known``: the browser had signed this person
    in before, so it has tries of its own that no stranger can use up.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sign_in_codes")
    by = models.CharField(
        max_length=10, choices=[("sms", "sms"), ("signature", "signature")], default="sms", db_default="sms"
    )
    known = models.BooleanField(default=False)
    wrong = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "made_at"], name="sign_in_code_of_user")]

    def __str__(self) -> str:
        return f"{self.user} to {self.expires_at:%Y-%m-%d %H:%M}"


class BrowserSession(models.Model):
    """A browser in which somebody signed in, for the list on her account page; of no meaning once the session is gone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="browser_sessions")
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    # "Chrome, Android": names that need no translation; empty when the browser says neither.
    device = models.CharField(max_length=40, blank=True)
    signed_in_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.user}: {self.device}"
