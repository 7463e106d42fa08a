"""Suppliers and their offers: Oscar's partner and stock record, with our own rules in the database.

No star import: Oscar's stock alerts, addresses of partners and the rest are not used.
"""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oscar.apps.partner.abstract_models import AbstractPartner, AbstractStockRecord

from marketplace.rules import in_language
from suppliers import delivery
from suppliers.demand.models import UnmetNeed  # noqa: F401  tables of this app
from suppliers.entrepreneurs import Numbered
from suppliers.listings.models import Listing  # noqa: F401  the same
from suppliers.onboarding.models import Application  # noqa: F401  the same
from suppliers.pricelist.models import PriceList, PriceListPart  # noqa: F401  the same
from suppliers.states import OfferStatus, RecallStatus, SupplierStatus
from suppliers.watch.models import Invitation, MarketCell, MarketDebt, PriceFlag, Signal  # noqa: F401  the same


class Partner(Numbered, AbstractPartner):
    """A supplier: a company with a BIN, or an individual entrepreneur with the IIN of the person. Its stored quality facts are counters of what happened, never opinions typed in."""

    Status = SupplierStatus

    status = models.CharField(_("state"), max_length=12, choices=Status, default=Status.APPROVED)
    bin = models.CharField(_("BIN"), max_length=12, unique=True, null=True, blank=True)
    group_bin = models.CharField(_("BIN of the group"), max_length=12, blank=True)
    about = models.TextField(_("about"), blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    home_region = models.ForeignKey(
        "marketplace.Region", models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("region")
    )
    approved_at = models.DateField(_("approved on"), null=True, blank=True)
    # The last day on which it declared that everything it said of itself still holds; renewed every year.
    declared_on = models.DateField(_("declared on"), default=timezone.localdate)
    licence_number = models.CharField(_("number of the licence"), max_length=60, blank=True)
    licence_until = models.DateField(_("licence valid until"), null=True, blank=True)
    suspended_until = models.DateField(_("suspended until"), null=True, blank=True)
    # Quality facts, written by orders (deliveries) and complaints (confirmed ones): see ranking.py
    delivered_lines = models.PositiveIntegerField(_("delivered lines"), default=0)
    on_time_lines = models.PositiveIntegerField(_("lines delivered in time"), default=0)
    rejected_lines = models.PositiveIntegerField(_("lines rejected at acceptance"), default=0)
    # Computed from the complaint facts below, so that the ranking and the pages read one row.
    complaint_load = models.FloatField(_("complaints, weighed by kind and age"), default=0)
    confirmed_cases = models.PositiveIntegerField(_("confirmed complaints that count"), default=0)
    silent_cases = models.PositiveIntegerField(_("complaints that count, left without an answer"), default=0)
    # Its published word on its complaints: complaints writes it after a moderator looked through it.
    complaints_reply = models.TextField(_("reply to the complaints"), blank=True)
    complaints_reply_language = models.CharField(max_length=2, blank=True)
    rating_sum = models.PositiveIntegerField(_("sum of marks"), default=0)
    rating_count = models.PositiveIntegerField(_("number of marks"), default=0)

    class Meta(AbstractPartner.Meta):
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=SupplierStatus.values),
                name="supplier_status_known",
            ),
            # A ban without an end would never lift itself.
            models.CheckConstraint(
                condition=~Q(status="suspended") | Q(suspended_until__isnull=False), name="supplier_suspension_ends"
            ),
            models.CheckConstraint(condition=Q(bin=None) | Q(iin_index=None), name="supplier_one_number"),
            models.UniqueConstraint(fields=["iin_index"], name="supplier_iin_once"),
        ]  # fmt: skip


class ComplaintFact(models.Model):
    """What a complaint says about a supplier, with its day: written by complaints, weighed by ``ranking``."""

    class Kind(models.TextChoices):
        CONFIRMED = "confirmed", _("Confirmed by the person")
        SILENT = "silent", _("Left without an answer")

    supplier = models.ForeignKey(Partner, models.CASCADE, related_name="complaint_facts", db_index=False)
    # The case's number: a higher layer keeps the case itself.
    case = models.CharField(_("case"), max_length=20)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    day = models.DateField(_("day"))

    class Meta:
        verbose_name = _("complaint fact")
        verbose_name_plural = _("complaint facts")
        constraints = [
            models.UniqueConstraint(fields=["supplier", "case", "kind"], name="complaint_fact_once"),
            models.CheckConstraint(condition=Q(kind__in=["confirmed", "silent"]), name="complaint_fact_kind_known"),
        ]
        indexes = [models.Index(fields=["supplier", "day"], name="complaint_fact_day")]

    def __str__(self) -> str:
        return f"{self.case} {self.kind}"


class Suspension(models.Model):
    """One ban of a supplier: why, on what basis, until and including which day, and how it ended."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="suspensions", verbose_name=_("supplier"))
    started_at = models.DateTimeField(_("suspended at"))
    until = models.DateField(_("last day"))
    reason = models.TextField(_("reason"))
    legal_basis = models.CharField(_("legal basis"), max_length=300)
    imposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("decided by")
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("ended by")
    )
    ended_reason = models.TextField(_("why it ended early"), blank=True)

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("suspension of a supplier")
        verbose_name_plural = _("suspensions of suppliers")
        constraints = [
            models.UniqueConstraint(fields=["partner"], name="suspension_runs_once", condition=Q(ended_at=None)),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(legal_basis=""), name="suspension_has_reasons"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The number of the decision, which an appeal names: ``S-2026-000007``."""
        return f"S-{self.started_at:%Y}-{self.pk:06d}"


class StockRecord(AbstractStockRecord):
    """An offer: one supplier's price, pack and stock for one product."""

    Status = OfferStatus

    status = models.CharField(_("state"), max_length=12, choices=Status, default=Status.DRAFT)
    pack_size = models.PositiveIntegerField(_("units in a pack"), default=1)
    lead_days = models.PositiveSmallIntegerField(_("days to deliver"), default=10)
    regions = ArrayField(models.CharField(max_length=6), verbose_name=_("regions"), default=list)
    lead_days_by_region = models.JSONField(_("days to deliver by region"), default=dict, blank=True)
    warranty_months = models.PositiveSmallIntegerField(_("warranty, months"), default=0)
    delivery_included = models.BooleanField(_("delivery is included"), default=True)
    # KZT for one order. Paid separately and null: an offer of before this was asked, whose supplier has not said it
    # since; whoever states the delivery now states its price (``suppliers.delivery``).
    delivery_price = models.DecimalField(_("price of delivery"), max_digits=12, decimal_places=2, null=True, blank=True)
    stock_confirmed_at = models.DateTimeField(_("stock confirmed at"), null=True, blank=True)

    @property
    def delivery(self) -> Decimal | None:
        """KZT that are asked for bringing one order: zero when it is in the price, None when nobody has said."""
        return delivery.asked(self.delivery_included, self.delivery_price)

    class Meta(AbstractStockRecord.Meta):
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints = [
            # Oscar's allocate() does not look at the stock: the database refuses what it would oversell.
            models.CheckConstraint(
                condition=Q(num_in_stock__isnull=False) & Q(num_allocated__isnull=False), name="offer_stock_known"
            ),
            models.CheckConstraint(
                condition=Q(num_allocated__gte=0) & Q(num_allocated__lte=F("num_in_stock")), name="offer_not_oversold"
            ),
            models.CheckConstraint(condition=Q(price__gt=0), name="offer_price_positive"),
            models.CheckConstraint(condition=Q(pack_size__gte=1), name="offer_pack_positive"),
            models.CheckConstraint(
                condition=Q(status__in=OfferStatus.values),
                name="offer_status_known",
            ),
            models.CheckConstraint(
                condition=Q(delivery_price=None) | Q(delivery_included=False, delivery_price__gt=0),
                name="offer_delivery_priced_apart",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["product", "price"], name="offer_published", condition=Q(status="published")),
            models.Index(fields=["partner", "status", "stock_confirmed_at"], name="offer_to_confirm"),
            models.Index(
                "partner",
                F("num_in_stock") - F("num_allocated"),
                name="offer_running_out",
                condition=Q(status="published"),
            ),
        ]


class LotRecall(models.Model):
    """A lot (or serial number) of a product is called back by its supplier or by the state; everybody may read it.

    It does not stop the sale of other lots: that is the state's measure about a case (``offers.recall``).
    """

    Status = RecallStatus

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="recalls", verbose_name=_("supplier"))
    product = models.ForeignKey("catalogue.Product", models.PROTECT, related_name="recalls", verbose_name=_("product"))
    lot = models.CharField(_("lot or serial number"), max_length=80)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.RUNNING)
    reason_kk = models.TextField(_("reason"))
    reason_ru = models.TextField(_("reason"))
    what_to_do_kk = models.TextField(_("what to do"))
    what_to_do_ru = models.TextField(_("what to do"))
    legal_basis = models.CharField(_("legal basis"), max_length=300, blank=True)
    by_state = models.BooleanField(_("called back by the state"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(_("called back at"))
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True)
    closed_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    result = models.TextField(_("how it ended"), blank=True)

    class Meta:
        ordering = ["-opened_at", "-pk"]
        verbose_name = _("recall of a lot")
        verbose_name_plural = _("recalls of lots")
        constraints = [
            models.UniqueConstraint(
                "partner", "product", Upper("lot"), name="recall_runs_once", condition=Q(status="running")
            ),
            models.CheckConstraint(condition=Q(status__in=RecallStatus.values), name="recall_status_known"),
            models.CheckConstraint(condition=~Q(lot=""), name="recall_names_lot"),
            models.CheckConstraint(condition=Q(by_state=False) | ~Q(legal_basis=""), name="recall_of_state_has_basis"),
            models.CheckConstraint(
                condition=Q(status="closed") & ~Q(result="") | Q(status="running"), name="recall_closed_with_words"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """``R-2026-000007``: how people name it."""
        return f"R-{self.opened_at:%Y}-{self.pk:06d}"

    @property
    def reason(self) -> str:
        return in_language({"kk": self.reason_kk, "ru": self.reason_ru, "en": self.reason_ru})

    @property
    def what_to_do(self) -> str:
        return in_language({"kk": self.what_to_do_kk, "ru": self.what_to_do_ru, "en": self.what_to_do_ru})
