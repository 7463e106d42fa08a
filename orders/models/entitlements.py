"""What a person's individual programme entitles to, in tranches, with its ledger."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.states import RUNNING_STATES, EntitlementStatus


class Entitlement(models.Model):
    """A line of the individual programme: a product type, a norm, a period, a sum per unit.

    ``guaranteed_unit_sum`` is what the state pays at most for one unit of the norm (one piece,
    hour, day, course); what an offer costs above it, the person pays.
    """

    class Period(models.TextChoices):
        DAY = "day", _("a day")
        QUARTER = "quarter", _("a quarter")
        YEAR = "year", _("a year")
        ONCE = "once", _("once in the term of use")

    beneficiary = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="entitlements", verbose_name=_("beneficiary")
    )
    product_type = models.ForeignKey(
        "catalogue.ProductClass", models.PROTECT, related_name="entitlements", verbose_name=_("product type")
    )
    status = models.CharField(_("state"), max_length=12, choices=EntitlementStatus, default=EntitlementStatus.ACTIVE)
    norm = models.PositiveIntegerField(_("norm"))
    unit = models.CharField(_("unit of the norm"), max_length=12)
    period = models.CharField(_("period"), max_length=10, choices=Period)
    guaranteed_unit_sum = models.DecimalField(_("guaranteed sum for a unit"), max_digits=12, decimal_places=2)
    # How the norm is handed out: 365 every 3 months; without months all of it at once.
    tranche_months = models.PositiveSmallIntegerField(_("months between parts"), null=True, blank=True)
    tranche_quantity = models.PositiveIntegerField(_("quantity of a part"), null=True, blank=True)
    replacement_months = models.PositiveSmallIntegerField(_("term of use, months"), null=True, blank=True)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    # Last day that written tranches cover; null when none were written.
    planned_until = models.DateField(null=True, blank=True)
    # The person may say that no application is prepared when the next part opens.
    repeats = models.BooleanField(_("next applications are prepared"), default=True, db_default=True)
    source = models.CharField(_("programme number"), max_length=60, blank=True)
    mark = models.CharField(_("source mark"), max_length=1, default="D")
    note = models.CharField(_("note"), max_length=250, blank=True)

    class Meta:
        app_label = "order"
        ordering = ["beneficiary", "pk"]
        verbose_name = _("entitlement")
        verbose_name_plural = _("entitlements")
        constraints = [
            models.CheckConstraint(condition=Q(norm__gt=0), name="entitlement_norm_positive"),
            models.CheckConstraint(condition=Q(guaranteed_unit_sum__gte=0), name="entitlement_sum_not_negative"),
            models.CheckConstraint(condition=Q(status__in=EntitlementStatus.values), name="entitlement_status_known"),
            models.UniqueConstraint(
                fields=["beneficiary", "source", "product_type"],
                name="entitlement_imported_once",
                condition=~Q(source=""),
            ),
        ]
        # What the clock asks each minute, among millions of lines.
        indexes = [
            models.Index(fields=["valid_to"], name="entitlement_ending", condition=Q(status__in=RUNNING_STATES)),
            models.Index(fields=["planned_until"], name="entitlement_to_plan", condition=Q(status="active")),
        ]

    def __str__(self) -> str:
        return f"{self.product_type} {self.norm} {self.unit}"


class Tranche(models.Model):
    """A part of the norm that opens on a date: 1460 diapers a year come as 365 a quarter.

    Quantities are units of the norm (pieces, not packs); sums are KZT. What is neither
    reserved nor consumed is free.
    """

    entitlement = models.ForeignKey(Entitlement, models.CASCADE, related_name="tranches")
    opens_on = models.DateField(_("opens on"))
    closes_on = models.DateField(_("last day"))
    quantity = models.PositiveIntegerField(_("quantity"))
    budget = models.DecimalField(_("budget"), max_digits=14, decimal_places=2)
    reserved_quantity = models.PositiveIntegerField(_("reserved quantity"), default=0)
    consumed_quantity = models.PositiveIntegerField(_("consumed quantity"), default=0)
    reserved_sum = models.DecimalField(_("reserved sum"), max_digits=14, decimal_places=2, default=0)
    consumed_sum = models.DecimalField(_("consumed sum"), max_digits=14, decimal_places=2, default=0)
    # When the person was told that this part is open; set at once for parts that need no news.
    announced_at = models.DateTimeField(_("announced at"), null=True, blank=True)

    class Meta:
        app_label = "order"
        ordering = ["opens_on"]
        verbose_name = _("tranche")
        verbose_name_plural = _("tranches")
        constraints = [
            models.UniqueConstraint(fields=["entitlement", "opens_on"], name="tranche_once"),
            models.CheckConstraint(condition=Q(closes_on__gte=F("opens_on")), name="tranche_dates"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("reserved_quantity") + F("consumed_quantity")),
                name="tranche_norm_not_overdrawn",
            ),
            models.CheckConstraint(
                condition=Q(budget__gte=F("reserved_sum") + F("consumed_sum"))
                & Q(reserved_sum__gte=0)
                & Q(consumed_sum__gte=0),
                name="tranche_budget_not_overdrawn",
            ),
        ]
        indexes = [
            models.Index(fields=["opens_on"], name="tranche_to_announce", condition=Q(announced_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.entitlement} from {self.opens_on}"

    @property
    def free_quantity(self) -> int:
        """Units of the norm that can still be ordered."""
        return self.quantity - self.reserved_quantity - self.consumed_quantity

    @property
    def free_sum(self) -> Decimal:
        """KZT that the state can still pay from this tranche."""
        return self.budget - self.reserved_sum - self.consumed_sum


class LedgerTransfer(models.Model):
    """One double entry: quantity and KZT leave one account of a tranche and enter another."""

    class Account(models.TextChoices):
        FREE = "free", _("free")
        RESERVED = "reserved", _("reserved")
        CONSUMED = "consumed", _("consumed")
        HELD = "held", _("on hold")
        PAID = "paid", _("paid to the supplier")
        OWED_BACK = "owed_back", _("owed back by the supplier")

    at = models.DateTimeField(default=timezone.now)
    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="transfers")
    line = models.ForeignKey("order.Line", models.PROTECT, related_name="transfers")
    source = models.CharField(_("from"), max_length=10, choices=Account)
    target = models.CharField(_("to"), max_length=10, choices=Account)
    quantity = models.PositiveIntegerField(_("quantity"))
    amount = models.DecimalField(_("sum"), max_digits=14, decimal_places=2)

    class Meta:
        app_label = "order"
        ordering = ["pk"]
        verbose_name = _("ledger transfer")
        verbose_name_plural = _("ledger transfers")
        constraints = [
            # A line passes each account once: reserving or consuming twice is refused. Only a hold may come again.
            models.UniqueConstraint(
                fields=["line", "source", "target"],
                name="ledger_step_once",
                condition=~Q(source="held") & ~Q(target="held"),
            ),
            models.CheckConstraint(condition=~Q(source=F("target")), name="ledger_moves"),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.target} {self.quantity}"
