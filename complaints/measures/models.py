"""Records of what the state did about a case. Each is made by a service and never edited, only carried out."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Measure(models.Model):
    """A decision that outlives its case: a ban, a stop-sale, an instruction, a rule change (domain 3.4)."""

    class Kind(models.TextChoices):
        BAN = "ban", _("Suspension of a supplier")
        STOP_SALE = "stop_sale", _("Stop of a sale")
        INSTRUCTION = "instruction", _("Instruction")
        RULE_CHANGE = "rule_change", _("Change of a rule")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    complaint = models.ForeignKey(
        "complaints.Complaint", models.PROTECT, related_name="measures", verbose_name=_("complaint")
    )
    authority = models.ForeignKey(
        "marketplace.Authority", models.PROTECT, related_name="+", null=True, verbose_name=_("decided by the body")
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by")
    )
    made_at = models.DateTimeField(_("decided at"))
    text = models.TextField(_("text"))
    legal_basis = models.CharField(_("legal basis"), max_length=300)
    # A ban and a stop-sale concern a supplier (no supplier: everybody's offers of the product), …
    supplier = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="measures", null=True, blank=True, verbose_name=_("supplier")
    )
    suspension = models.OneToOneField(
        "partner.Suspension", models.PROTECT, related_name="measure", null=True, blank=True
    )
    product = models.ForeignKey(
        "catalogue.Product", models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("product")
    )
    lot = models.CharField(_("lot"), max_length=100, blank=True)
    # … an instruction has an addressee and a date, a rule change the version that follows from it.
    addressee = models.ForeignKey(
        "marketplace.Authority", models.PROTECT, related_name="instructions", null=True, blank=True,
        verbose_name=_("addressed body"),
    )  # fmt: skip
    respond_by = models.DateField(_("to be carried out by"), null=True, blank=True)
    late_at = models.DateTimeField(_("marked late at"), null=True, blank=True)
    rule = models.ForeignKey("marketplace.Rule", models.PROTECT, related_name="+", null=True, blank=True)
    done_at = models.DateTimeField(_("carried out at"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("reported by")
    )
    result = models.TextField(_("report"), blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name = _("measure")
        verbose_name_plural = _("measures")
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="instruction") | Q(addressee__isnull=False, respond_by__isnull=False),
                name="measure_instruction_dated",
            ),
            models.CheckConstraint(condition=~Q(kind="ban") | Q(suspension__isnull=False), name="measure_ban_suspends"),
            models.CheckConstraint(
                condition=~Q(kind="stop_sale") | Q(product__isnull=False), name="measure_stop_names_product"
            ),
            models.CheckConstraint(
                condition=~Q(kind="rule_change") | Q(rule__isnull=False), name="measure_change_names_rule"
            ),
        ]
        indexes = [
            models.Index(fields=["addressee", "respond_by"], name="measure_open", condition=Q(done_at=None)),
            models.Index(fields=["complaint"], name="measure_of_case"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Fine(models.Model):
    """An administrative fine that came out of a case. KZT."""

    complaint = models.ForeignKey("complaints.Complaint", models.PROTECT, related_name="fines")
    authority = models.ForeignKey("marketplace.Authority", models.PROTECT, related_name="+", null=True)
    supplier = models.ForeignKey("partner.Partner", models.PROTECT, related_name="+", null=True, blank=True)
    article = models.CharField(_("article of the law"), max_length=200)
    amount = models.DecimalField(_("sum"), max_digits=14, decimal_places=2)
    imposed_on = models.DateField(_("imposed on"))
    imposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    appealed_on = models.DateField(_("appealed on"), null=True, blank=True)
    paid_on = models.DateField(_("paid on"), null=True, blank=True)

    class Meta:
        ordering = ["-imposed_on", "-pk"]
        verbose_name = _("fine")
        verbose_name_plural = _("fines")
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="fine_above_zero")]
        indexes = [models.Index(fields=["imposed_on"], name="fine_day")]

    def __str__(self) -> str:
        return f"{self.article} {self.amount}"


class PretrialCase(models.Model):
    """A dispute before a body of law 274-IV, art. 42-8, with the written consent of both sides."""

    class Body(models.TextChoices):
        MEDIATOR = "mediator", _("Mediator")
        ARBITRATION = "arbitration", _("Consumer arbitration")
        ASSOCIATION = "association", _("Association of consumers")
        SRO = "sro", _("Self-regulatory organisation")

    class Result(models.TextChoices):
        PENDING = "pending", _("Pending")
        AGREED = "agreed", _("Agreed")
        NOT_AGREED = "not_agreed", _("Not agreed")

    complaint = models.ForeignKey("complaints.Complaint", models.PROTECT, related_name="pretrial_cases")
    kind = models.CharField(_("kind of the body"), max_length=12, choices=Body)
    body = models.CharField(_("name of the body"), max_length=200)
    papers = models.TextField(_("papers of the consent"))
    person_consented_on = models.DateField(_("the person consented on"))
    supplier_consented_on = models.DateField(_("the supplier consented on"))
    opened_on = models.DateField(_("opened on"))
    result = models.CharField(_("result"), max_length=10, choices=Result, default=Result.PENDING)
    agreed_text = models.TextField(_("what was agreed"), blank=True)
    agreed_sum = models.DecimalField(_("sum agreed"), max_digits=14, decimal_places=2, default=0)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    class Meta:
        ordering = ["-opened_on", "-pk"]
        verbose_name = _("pre-trial case")
        verbose_name_plural = _("pre-trial cases")
        constraints = [
            models.UniqueConstraint(fields=["complaint"], name="pretrial_one_pending", condition=Q(result="pending"))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.result}"


class SystemicMatter(models.Model):
    """Many cases that the ministry examines as one: the lead case is with it, the others keep their clocks."""

    class By(models.TextChoices):
        SUPPLIER = "supplier", _("By supplier")
        TYPE = "type", _("By type of product")
        REGION = "region", _("By region")

    by = models.CharField(_("grouped by"), max_length=10, choices=By)
    key = models.CharField(_("group"), max_length=40)
    subject = models.CharField(_("subject"), max_length=30)
    lead = models.ForeignKey(
        "complaints.Complaint", models.PROTECT, related_name="leads", verbose_name=_("case of the ministry")
    )
    cases = models.ManyToManyField("complaints.Complaint", related_name="systemic_matters", verbose_name=_("cases"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("made at"))
    # Set when the group is taken up anew after its lead case had ended.
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name = _("systemic matter")
        verbose_name_plural = _("systemic matters")
        constraints = [
            models.UniqueConstraint(fields=["by", "key", "subject"], name="systemic_once", condition=Q(ended_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.key} {self.subject}"
