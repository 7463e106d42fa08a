"""Electronic signatures under papers of an order."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class PaperSignature(models.Model):
    """One side's electronic signature under an order or its act, with what was signed and who the certificate names.

    The signature carries an IIN, so it is kept encrypted; ``content`` is what its bytes say.
    """

    class Paper(models.TextChoices):
        ORDER = "order", _("Order")
        ACT = "act", _("Acceptance act")

    class Side(models.TextChoices):
        OWNER = "owner", _("The person")
        SUPPLIER = "supplier", _("The supplier")

    order = models.ForeignKey("order.Order", models.PROTECT, related_name="signatures")
    paper = models.CharField(max_length=10, choices=Paper)
    side = models.CharField(max_length=10, choices=Side)
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    cms_encrypted = models.BinaryField(null=True, editable=False)
    signer = models.CharField(max_length=200)
    certificate = models.CharField(max_length=64)
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        app_label = "order"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "paper", "side"], name="paper_signed_once_by_a_side"),
            models.CheckConstraint(condition=models.Q(paper__in=["order", "act"]), name="paper_known"),
            models.CheckConstraint(condition=models.Q(side__in=["owner", "supplier"]), name="paper_side_known"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.paper} {self.side}"
