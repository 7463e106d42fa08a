"""Handing a draft over: the code a person tells, the help it opens, and the second screen beside her."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from marketplace.models.drafts import Draft
from marketplace.models.events import Event


class ContinueCode(models.Model):
    """Six digits that the person tells a specialist; only their keyed hash is here, for minutes, for one use."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="continue_codes")
    digest = models.BinaryField(editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    consent = models.ForeignKey(Event, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, help_text="a newer code took its place, or the help was stopped")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["digest"], condition=Q(used_at=None, withdrawn_at=None), name="continue_code_waits_once"
            ),
            models.UniqueConstraint(
                fields=["draft"], condition=Q(used_at=None, withdrawn_at=None), name="continue_code_one_a_draft"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="continue_code_expires")]

    def __str__(self) -> str:
        return f"{self.draft_id} until {self.expires_at:%H:%M}"


class HelpGrant(models.Model):
    """A specialist may read and fill in one draft of a person who is not hers to serve, for hours."""

    class Ended(models.TextChoices):
        DISCARDED = "discarded"
        STOPPED = "stopped"
        RENEWED = "renewed"

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="help_grants")
    helper = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    consent = models.ForeignKey(Event, models.PROTECT, related_name="+")
    begins_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=10, choices=Ended, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "helper"], condition=Q(ended_at=None), name="help_grant_one_a_helper"
            ),
            models.CheckConstraint(condition=Q(until__gt=F("begins_at")), name="help_grant_ends_after_it_begins"),
        ]
        indexes = [models.Index(fields=["helper", "until"], condition=Q(ended_at=None), name="help_grant_of_helper")]

    def __str__(self) -> str:
        return f"{self.helper} helps with {self.draft_id}"


class Mirror(models.Model):
    """A second screen: a one-time code, then a session of its own that shows one draft and nothing else.

    ``confirmed`` holds what the person said is right, one entry per line:
    ``{"<line>": {"at": RFC 3339, "versions": {"<field>": int}, "seal": digest of what the line showed}}``
    """

    class Ended(models.TextChoices):
        DISCARDED = "discarded"
        CLOSED = "closed"
        RENEWED = "renewed"

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="mirrors")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # The specialist's own session: when she signs out, the screen goes dark. Empty for a program with a token.
    session_key = models.CharField(max_length=40, blank=True, editable=False)
    code_digest = models.BinaryField(editable=False)
    code_expires_at = models.DateTimeField()
    token_hash = models.BinaryField(null=True, unique=True, editable=False)
    made_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    confirmed = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=10, choices=Ended, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft"], condition=Q(ended_at=None), name="mirror_one_a_draft"),
            models.UniqueConstraint(
                fields=["code_digest"], condition=Q(ended_at=None, joined_at=None), name="mirror_code_waits_once"
            ),
        ]

    def __str__(self) -> str:
        return f"mirror of {self.draft_id}"
