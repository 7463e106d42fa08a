"""Proof of delivery by both sides, and the acceptance act."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Delivery(models.Model):
    """One attempt to hand the goods over; a successful one carries the person's code."""

    class Outcome(models.TextChoices):
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Nobody took it")

    order = models.ForeignKey("order.Order", models.PROTECT, related_name="deliveries")
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    at = models.DateTimeField(_("time"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    code_checked = models.BooleanField(_("the person's code was right"), default=False)
    lots = models.JSONField(_("lot or serial numbers by line"), default=dict, blank=True)
    photo = models.ForeignKey("marketplace.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        app_label = "order"
        ordering = ["attempt"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["order", "attempt"], name="delivery_attempt_once")]

    def __str__(self) -> str:
        return f"{self.order_id} attempt {self.attempt}"


class PaymentHold(models.Model):
    """The state's share of a line is not paid while a case is open; ``case`` is empty when the ministry says so."""

    line = models.ForeignKey("order.Line", models.PROTECT, related_name="payment_holds")
    case = models.CharField(_("case"), max_length=20, blank=True)
    held_at = models.DateTimeField(_("held at"))
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)

    class Meta:
        app_label = "order"
        ordering = ["pk"]
        verbose_name = _("payment on hold")
        verbose_name_plural = _("payments on hold")
        constraints = [
            models.UniqueConstraint(
                fields=["line", "case"], name="payment_hold_once", condition=models.Q(released_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.case}"


class RecallHolder(models.Model):
    """A line that is, or may be, of a recalled lot: that its person was told, what she wishes, what came of it."""

    class Wish(models.TextChoices):
        REPLACEMENT = "replacement", _("Another one")
        REFUND = "refund", _("The money back")
        REPAIR = "repair", _("Have it repaired")
        KEEP = "keep", _("Keep it")

    recall = models.ForeignKey("partner.LotRecall", models.PROTECT, related_name="holders")
    line = models.ForeignKey("order.Line", models.PROTECT, related_name="recalls")
    told_at = models.DateTimeField(_("told at"))
    wish = models.CharField(_("wish"), max_length=12, choices=Wish, blank=True)
    wished_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    served_at = models.DateTimeField(_("replaced, paid back or repaired at"), null=True, blank=True)
    # How many reminders she got because she is silent; the last one is a call.
    reminders = models.PositiveSmallIntegerField(_("reminders"), default=0, db_default=0)

    class Meta:
        app_label = "order"
        ordering = ["pk"]
        verbose_name = _("holder of a recalled lot")
        verbose_name_plural = _("holders of recalled lots")
        constraints = [
            models.UniqueConstraint(fields=["recall", "line"], name="recall_holder_once"),
            models.CheckConstraint(
                condition=models.Q(wish__in=["", "replacement", "refund", "repair", "keep"]), name="recall_wish_known"
            ),
            models.CheckConstraint(
                condition=models.Q(served_at=None) | models.Q(wish__in=["replacement", "refund", "repair"]),
                name="recall_served_as_wished",
            ),
        ]
        indexes = [models.Index(fields=["told_at"], name="recall_silent", condition=models.Q(wish=""))]

    def __str__(self) -> str:
        return f"{self.recall_id} {self.line_id}"

    @property
    def waits(self) -> bool:
        """Somebody still owes her something: an answer of hers is missing, or what she wished for has not come."""
        return self.wish != self.Wish.KEEP and self.served_at is None

    @property
    def owed(self) -> bool:
        """She wished for something and has not got it: RECALL_OWED of one row."""
        return self.wish in TO_DO and self.served_at is None


# Wishes that the supplier has to do something for.
TO_DO = (RecallHolder.Wish.REPLACEMENT, RecallHolder.Wish.REFUND, RecallHolder.Wish.REPAIR)
RECALL_OWED = models.Q(wish__in=TO_DO, served_at=None)


class Act(models.Model):
    """The acceptance act: a frozen snapshot, signed by the person at acceptance and by the supplier."""

    order = models.OneToOneField("order.Order", models.PROTECT, related_name="act")
    number = models.CharField(_("number"), max_length=40, unique=True)
    snapshot = models.JSONField(_("content"))
    digest = models.CharField(_("digest of the content"), max_length=64)
    person_signed_at = models.DateTimeField(_("signed by the person"))
    person_signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    supplier_signed_at = models.DateTimeField(_("signed by the supplier"), null=True, blank=True)
    supplier_signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        app_label = "order"
        verbose_name = _("acceptance act")
        verbose_name_plural = _("acceptance acts")

    def __str__(self) -> str:
        return self.number
