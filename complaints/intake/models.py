"""What the bot remembers of a chat while a complaint is being made in it."""

import uuid

from django.db import models
from django.db.models.functions import Now


class TelegramChat(models.Model):
    """A private chat with the bot: its language and the answers given so far (conversation.py knows their names)."""

    chat_id = models.BigIntegerField(unique=True)
    language = models.CharField(max_length=2)
    said = models.JSONField(default=dict)
    # Names the complaint that is being made: its photos wait under it.
    key = models.UUIDField(default=uuid.uuid4)
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"chat {self.pk}"


class TelegramUpdate(models.Model):
    """Telegram sends an update again until it is answered: each number has one effect."""

    update_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.update_id)


class TelegramPhoto(models.Model):
    """A photo that was sent to the bot and is fetched from Telegram afterwards."""

    chat = models.ForeignKey(TelegramChat, models.CASCADE, related_name="photos")
    key = models.UUIDField()
    file_id = models.CharField(max_length=250)
    # Filed meanwhile: then the photo goes straight to the case.
    complaint = models.ForeignKey("complaints.Complaint", models.CASCADE, related_name="+", null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["key"], name="telegram_photo_key")]

    def __str__(self) -> str:
        return f"photo {self.pk}"
