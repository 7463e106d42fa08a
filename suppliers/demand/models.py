"""A person's word that nothing fits: which kind, which sizes in round numbers, which region."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from marketplace.models import Region


class UnmetNeed(models.Model):
    """One need of one person. Who it is stays inside: outwards only counts go (radar.py).

    ``sizes``: code of a body measure → [from, to) of its band, in stored units; ``known``: products that should have
    fitted when it was said, so that only something new ends it; ``looked_at``: when the sweep last looked.
    """

    class Outcome(models.TextChoices):
        WITHDRAWN = "withdrawn", _("Withdrawn")
        MET = "met", _("Something fits now")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="unmet_needs")
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    type = models.ForeignKey("catalogue.ProductClass", models.PROTECT, related_name="unmet_needs")
    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    child = models.BooleanField(default=False)
    sizes = models.JSONField(default=dict)
    known = ArrayField(models.BigIntegerField(), default=list)
    said_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, default="")
    product = models.ForeignKey("catalogue.Product", models.SET_NULL, related_name="+", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "type"], name="need_open_once", condition=Q(ended_at=None)),
            models.CheckConstraint(
                condition=Q(ended_at=None, outcome="") | Q(ended_at__isnull=False, outcome__in=["withdrawn", "met"]),
                name="need_ends_with_an_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["type", "region"], name="need_open_by_kind", condition=Q(ended_at=None)),
            models.Index(
                F("looked_at").asc(nulls_first=True), "id", name="need_to_look_at", condition=Q(ended_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"need {self.pk}"
