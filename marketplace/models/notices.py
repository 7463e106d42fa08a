"""Messages to people: every one of them ends in a known state (guarantee G5)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Notice(models.Model):
    """One message to one person. created → sending → sent or delivered; what cannot be sent ends as
    ``call`` (a person phones) or, for organisations, ``failed``. notices/sending.py makes the steps.
    """

    class Status(models.TextChoices):
        CREATED = "created", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Handed to the network")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Not delivered")
        CALL = "call", _("To be told by phone")

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="notices")
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=80, help_text="order:…, complaint:…, draft:…")
    channel = models.CharField(max_length=10)
    language = models.CharField(max_length=2)
    address = models.CharField(max_length=254)
    title = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    # Answers to press under a message of the Telegram bot; null leaves those that are there.
    buttons = models.JSONField(null=True)
    # The phone to write to when the chat cannot be reached any more.
    otherwise = models.CharField(max_length=254, blank=True, db_default="")
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED)
    attempts = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=100, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    # One notice per event and recipient, however often the handler runs.
    dedupe = models.CharField(max_length=120, unique=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["created", "sending", "sent", "delivered", "failed", "call"]),
                name="notice_status_known",
            )
        ]
        indexes = [
            models.Index(fields=["created_at"], name="notice_to_call", condition=Q(status="call")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.status}"
