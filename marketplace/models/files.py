"""Uploaded pictures, papers and recordings: made clean, under random names, handed out only by right."""

import uuid

from django.conf import settings
from django.db import models

from marketplace import recordings


class StoredFile(models.Model):
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

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.subject}"

    @property
    def is_recording(self) -> bool:
        return recordings.is_one(self.content_type)

    @property
    def is_video(self) -> bool:
        return self.content_type.startswith("video/")
