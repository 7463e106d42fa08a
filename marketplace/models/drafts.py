"""The draft that is never lost: one row per draft, one row per save."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Draft(models.Model):
    """A form in the making. ``fields`` is the truth, one entry per field:

    ``{"<field>": {"v": value, "ver": int, "by": user id, "dev": device, "at": RFC 3339}}``

    ``conflicts`` keeps the value that lost against a newer foreign one, until a person decides:
    ``{"<field>": {"v": value, "base": int, "by": user id, "dev": device, "at": RFC 3339}}``
    """

    class Status(models.TextChoices):
        OPEN = "open", _("Being filled in")
        SUBMITTED = "submitted", _("Submitted")
        DISCARDED = "discarded", _("Discarded")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)
    schema = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    beneficiary = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="drafts", verbose_name=_("beneficiary")
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    rev = models.PositiveIntegerField(default=0)
    fields = models.JSONField(default=dict)
    conflicts = models.JSONField(default=dict)
    result = models.JSONField(default=dict, blank=True, help_text="what the submit produced")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    discarded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-updated_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["open", "submitted", "discarded"]), name="draft_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["beneficiary", "status", "-updated_at"], name="draft_of_beneficiary"),
            models.Index(fields=["author", "status", "-updated_at"], name="draft_of_author"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    def value(self, field: str, default: object = None) -> object:
        """The live value of a field."""
        entry = self.fields.get(field)
        return default if entry is None else entry["v"]


class DraftSave(models.Model):
    """One acknowledged save: its operations, and the receipt that a repeated key gets again."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="saves")
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    device = models.CharField(max_length=64)
    via = models.CharField(max_length=10, db_default="", default="", blank=True, help_text="key: without a session")
    rev = models.PositiveIntegerField()
    ops = models.JSONField()
    answer = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["draft", "key"], name="draft_save_once")]

    def __str__(self) -> str:
        return f"{self.draft_id} rev {self.rev}"


class DraftReminder(models.Model):
    """The draft's people were told, ``days`` before its end, that it is removed. A touch after ``moment`` voids it."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="reminders")
    moment = models.DateTimeField(help_text="the last touch, or when it was put aside")
    days = models.PositiveSmallIntegerField()
    made_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "moment", "days"], name="draft_reminder_once"),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.days} days, made on {self.made_on}"
