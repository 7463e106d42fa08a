"""Effects that must happen after a transaction, written inside it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class OutboxRow(models.Model):
    """One effect: a topic and ids, never personal data. Done when its handler has finished.

    Its times are the database's: a worker with a wrong clock neither delays nor hurries it.

    ``handed_at`` says when the relay gave it to a worker; a row that was handed on but not
    finished in time is handed on again, so handlers read current state and run twice safely.
    """

    topic = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    payload = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    available_at = models.DateTimeField(db_default=Now())
    handed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    dead_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["available_at", "id"],
                name="outbox_waiting",
                condition=Q(done_at__isnull=True, dead_at__isnull=True, handed_at__isnull=True),
            ),
            models.Index(
                fields=["handed_at"], name="outbox_open", condition=Q(done_at__isnull=True, dead_at__isnull=True)
            ),
            models.Index(
                fields=["topic", "key"], name="outbox_alike", condition=Q(done_at__isnull=True, dead_at__isnull=True)
            ),
            models.Index(fields=["dead_at"], name="outbox_dead", condition=Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"
