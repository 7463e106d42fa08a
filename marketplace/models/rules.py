"""Rule data: numbers and tables that the ministry edits, each with its start date and legal basis."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Rule(models.Model):
    """One version of one rule. The version in force on a date is the latest that has started.

    ``mark`` says how sure its source is: S source article, L law, W seen elsewhere,
    K general knowledge, D default of the portal (never shown to people as law).
    """

    code = models.CharField(_("code"), max_length=80)
    valid_from = models.DateField(_("in force from"))
    value = models.JSONField(_("value"))
    legal_basis = models.JSONField(_("legal basis"), default=dict, blank=True)
    mark = models.CharField(_("source mark"), max_length=1, default="D")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code", "-valid_from"]
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="rule_version_once")]

    def __str__(self) -> str:
        return f"{self.code} from {self.valid_from}"


class CalendarDay(models.Model):
    """A day that differs from the week's plan: a holiday, or a transferred working or free day.

    A day is never edited or deleted: it is struck, and the right one added. Dates that were computed
    with it stay and go on naming it.
    """

    day = models.DateField(_("day"))
    working = models.BooleanField(_("working day"))
    name = models.CharField(_("name"), max_length=120)
    # The day that it was exchanged for, when it is a transfer.
    instead_of = models.DateField(_("instead of"), null=True, blank=True)
    basis = models.JSONField(_("legal basis"), default=dict, blank=True)
    mark = models.CharField(_("source mark"), max_length=1, default="L")
    estimated = models.BooleanField(_("date is an estimate"), default=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    struck_at = models.DateTimeField(_("struck at"), null=True, blank=True)

    class Meta:
        ordering = ["day", "pk"]
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        constraints = [
            models.UniqueConstraint(
                fields=["day"], name="calendar_day_once", condition=models.Q(struck_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"
