"""Uploaded pictures, papers and recordings: made clean, under random names, handed out only by right."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace import recordings


class StoredFile(models.Model):
    class Held(models.TextChoices):
        """In quarantine: nobody opens it."""

        WAITING = "waiting", _("The scanner has not looked at it yet")
        HARMFUL = "harmful", _("Removed: the scanner found something harmful")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.CharField(max_length=80, db_index=True, help_text="order:…, complaint:…, draft:…")
    purpose = models.CharField(max_length=40)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    file = models.FileField(upload_to="files/%Y/%m")
    content_type = models.CharField(max_length=60)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    # What a recording says or shows, for whoever cannot hear or see it.
    transcript = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    held = models.CharField(max_length=8, choices=Held, blank=True, default="", db_default="")

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["created_at"], name="file_held", condition=Q(held="waiting"))]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.subject}"

    @property
    def is_recording(self) -> bool:
        return recordings.is_one(self.content_type)

    @property
    def is_video(self) -> bool:
        return self.content_type.startswith("video/")
