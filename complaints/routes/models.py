"""A new version of the routing table while the ministry works on it. Versions themselves are rule data."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class RouteProposal(models.Model):
    """The one working copy: rows as in the rule's value. ``rev`` grows with every change."""

    value = models.JSONField(_("table"))
    based_on = models.DateField(_("made from the version of"))
    rev = models.PositiveIntegerField(default=1)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(_("begun at"))
    changed_at = models.DateTimeField(_("changed at"))
    # Set when it became a version or was dropped.
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("proposal of a routing table")
        verbose_name_plural = _("proposals of routing tables")
        constraints = [
            models.UniqueConstraint(models.Value(1), name="route_proposal_one_open", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"from {self.based_on}, change {self.rev}"
