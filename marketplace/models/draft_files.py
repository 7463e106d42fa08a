"""Files on their way into a draft: what has arrived so far, byte for byte, safe against a crash of any process."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class DraftFile(models.Model):
    """One file of a draft. ``offset`` of ``length`` bytes are here, in ``chunks``, until the file is whole.

    The id is made by the device that sends it, so a file can be chosen without a connection.
    """

    class Status(models.TextChoices):
        PARTIAL = "partial", _("Being sent")
        KEPT = "kept", _("Received")
        REFUSED = "refused", _("Not taken")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    draft = models.ForeignKey("marketplace.Draft", models.CASCADE, related_name="files")
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=200, blank=True, help_text="what the person's device calls it")
    length = models.PositiveIntegerField()
    offset = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.PARTIAL)
    refusal = models.CharField(max_length=30, blank=True, help_text="the code of marketplace.files")
    stored_file = models.OneToOneField("marketplace.StoredFile", models.PROTECT, null=True, related_name="draft_file")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(offset__lte=F("length")), name="draft_file_not_overfull"),
            models.CheckConstraint(condition=Q(status__in=["partial", "kept", "refused"]), name="draft_file_status"),
            # A kept file has its picture, any other has none.
            models.CheckConstraint(
                condition=Q(status="kept", stored_file__isnull=False) | Q(~Q(status="kept"), stored_file__isnull=True),
                name="draft_file_kept_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="draft_file_unfinished", condition=~Q(status="kept")),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.offset} of {self.length} for {self.draft_id}"


class DraftFileChunk(models.Model):
    """A run of bytes that was acknowledged; removed when the whole picture is kept."""

    file = models.ForeignKey(DraftFile, models.CASCADE, related_name="chunks")
    offset = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["file", "offset"]
        constraints = [models.UniqueConstraint(fields=["file", "offset"], name="draft_file_chunk_once")]

    def __str__(self) -> str:
        return f"{self.file_id} at {self.offset}"
