"""What happened and who looked: append-only tables, guarded by triggers in the migration."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """One step of anything: written in the transaction that made the step.

    ``subject`` names the thing as ``<kind>:<key>`` (``order:4081726355``), so that no table of
    this layer points upwards.
    """

    # By the database's clock, when the writer does not say otherwise: no worker's wrong clock gets into the log.
    at = models.DateTimeField(db_index=True, db_default=Now())
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    on_behalf_of = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    before = models.CharField(max_length=40, blank=True)
    after = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["subject", "id"], name="event_subject"),
            models.Index(fields=["kind", "at"], name="event_kind_at"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.kind}"


class ReadLog(models.Model):
    """Someone opened another person's data: who, whose, what for."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="reads")
    purpose = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.actor} read {self.subject}"


class AuditSeal(models.Model):
    """The digest of the events written up to the end of a day, chained to the day before."""

    day = models.DateField(unique=True)
    last_event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="+")
    events = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.digest[:12]}"
