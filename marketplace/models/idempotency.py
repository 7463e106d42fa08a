"""Answers of requests that carried an ``Idempotency-Key``, written with the effect itself."""

from django.conf import settings
from django.db import models


class IdempotencyKey(models.Model):
    """``owner`` is the user's id, or the digest of a capability for visitors without a session."""

    owner = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    action = models.CharField(max_length=120)
    body_hash = models.CharField(max_length=64)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return f"{self.owner} {self.action}"
