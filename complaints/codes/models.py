"""How far the printed codes have spread: two counters for each code, no trace of who scanned it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PrintedCode(models.Model):
    """``kind`` and ``number`` as in the token (suppliers/qr.py); days are local."""

    kind = models.CharField(_("kind"), max_length=1)
    number = models.PositiveBigIntegerField(_("number"))
    region = models.ForeignKey(
        "marketplace.Region", models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("region")
    )
    printed = models.PositiveIntegerField(_("times printed"), default=0)
    printed_on = models.DateField(_("first printed on"), null=True, blank=True)
    scanned = models.PositiveIntegerField(_("times scanned"), default=0)
    scanned_on = models.DateField(_("first scanned on"), null=True, blank=True)

    class Meta:
        verbose_name = _("printed code")
        verbose_name_plural = _("printed codes")
        constraints = [models.UniqueConstraint(fields=["kind", "number"], name="printed_code_once")]

    def __str__(self) -> str:
        return f"{self.kind}{self.number}"
