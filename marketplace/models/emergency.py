"""Who served nobody and yet had to see one person's data: asked by one, decided by another, over after a while."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class EmergencyAccess(models.Model):
    """One request for one person's data. ``until`` is the end of what was given; who asked and who decides differ."""

    class Status(models.TextChoices):
        ASKED = "asked", _("To be decided")
        GIVEN = "given", _("Given")
        REFUSED = "refused", _("Refused")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reason = models.TextField(_("reason"))
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.ASKED)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("access in an emergency")
        verbose_name_plural = _("accesses in an emergency")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="asked", decided_by=None) | Q(decided_by__isnull=False),
                name="emergency_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")), name="emergency_two_persons"
            ),
            models.CheckConstraint(
                condition=Q(status="given", until__isnull=False) | (~Q(status="given") & Q(until=None)),
                name="emergency_ends",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="emergency_has_reason"),
            models.UniqueConstraint(
                fields=["person", "asked_by"], condition=Q(status="asked"), name="emergency_waits_once"
            ),
        ]

    def __str__(self) -> str:
        return f"emergency {self.pk}"
