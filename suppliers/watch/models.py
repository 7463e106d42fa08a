"""What the market watch keeps: a cell for each kind of product and place, prices out of line."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MarketCell(models.Model):
    """Who sells one kind of product in one region, or in the whole country (``region`` is empty).

    ``suppliers`` are independent ones: a group of companies counts once. ``choice_index`` is their effective
    number, 1/Σshare² of their offers. ``median`` and ``mad`` (the median distance from it) are KZT for one unit.
    ``asked`` is how many people have the kind in a programme that runs. Everything is computed (watch/cells.py).
    """

    type = models.ForeignKey("catalogue.ProductClass", models.CASCADE, related_name="market_cells", db_index=False)
    region = models.CharField(max_length=6, blank=True)
    offers = models.PositiveIntegerField(default=0)
    suppliers = models.PositiveIntegerField(default=0)
    choice_index = models.FloatField(default=0)
    median = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    mad = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    asked = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name = _("market cell")
        verbose_name_plural = _("market cells")
        constraints = [models.UniqueConstraint(fields=["type", "region"], name="market_cell_once")]
        indexes = [models.Index(fields=["region", "choice_index"], name="market_cell_choice")]

    def __str__(self) -> str:
        return f"{self.type_id} {self.region or 'KZ'}"


class MarketDebt(models.Model):
    """A kind whose cells are to be counted anew: noted with the change, paid by the next sweep."""

    type = models.OneToOneField("catalogue.ProductClass", models.CASCADE, primary_key=True, related_name="+")

    def __str__(self) -> str:
        return str(self.type_id)


class PriceFlag(models.Model):
    """An offer whose price of a unit is out of line, with what it was compared to; never more than a question.

    ``facts``: region or kin (code of a kind), offers, mad, guaranteed (KZT of a unit). ``times``: how many
    times the median. A flag that the ministry explained stays so until the price rises above ``unit_price``.
    """

    class State(models.TextChoices):
        OPEN = "open", _("To be looked at")
        EXPLAINED = "explained", _("Explained")
        GONE = "gone", _("The price has changed")

    class Basis(models.TextChoices):
        PRODUCT = "product", _("offers of the same product")
        REGION = "region", _("offers of this kind in the region")
        COUNTRY = "country", _("offers of this kind in the whole country")
        KIN = "kin", _("offers of the nearest kind")
        GUARANTEED = "guaranteed", _("the guaranteed sum")

    offer = models.ForeignKey("partner.StockRecord", models.CASCADE, related_name="price_flags")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    basis = models.CharField(max_length=10, choices=Basis)
    unit_price = models.DecimalField(max_digits=14, decimal_places=4)
    median = models.DecimalField(max_digits=14, decimal_places=4)
    times = models.FloatField()
    facts = models.JSONField(default=dict)
    found_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("price out of line")
        verbose_name_plural = _("prices out of line")
        constraints = [
            models.UniqueConstraint(fields=["offer"], name="price_flag_once", condition=~Q(state="gone")),
            models.CheckConstraint(condition=~Q(state="explained") | ~Q(reason=""), name="price_flag_explained"),
        ]
        indexes = [models.Index(fields=["-times"], name="price_flag_open", condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.offer_id} ×{self.times}"


class Invitation(models.Model):
    """Suppliers were asked to sell a kind in a region where there is too little choice."""

    type = models.ForeignKey("catalogue.ProductClass", models.CASCADE, related_name="+")
    region = models.ForeignKey("marketplace.Region", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    # Null when the clock sent it.
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    suppliers = ArrayField(models.CharField(max_length=128), default=list)
    choice_index = models.FloatField()
    again_from = models.DateField()

    class Meta:
        verbose_name = _("invitation of suppliers")
        verbose_name_plural = _("invitations of suppliers")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["type", "region", "-at"], name="invitation_of_cell")]

    def __str__(self) -> str:
        return f"{self.type_id} {self.region_id} {self.at:%Y-%m-%d}"


class Signal(models.Model):
    """Something that may point at suppliers acting together, or at staff. A signal only: it has no effect by itself.

    ``parties``: codes of suppliers; ``staff``: whom of the staff it is about; ``evidence``: plain facts, a row each, in the words of its kind (signals.py).
    One that was dismissed comes back when it gets stronger than it was then.
    """

    class State(models.TextChoices):
        OPEN = "open", _("To be looked at")
        DISMISSED = "dismissed", _("Dismissed")
        GONE = "gone", _("Not seen any more")

    kind = models.CharField(max_length=24)
    # Kind, parties and, where it matters, type and region: what makes it the same signal tomorrow.
    key = models.CharField(max_length=64, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    parties = ArrayField(models.CharField(max_length=128))
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    type = models.ForeignKey("catalogue.ProductClass", models.CASCADE, null=True, related_name="+")
    region = models.CharField(max_length=6, blank=True)
    strength = models.PositiveIntegerField()
    evidence = models.JSONField(default=list)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    dismissed_strength = models.PositiveIntegerField(default=0)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("signal of the market watch")
        verbose_name_plural = _("signals of the market watch")
        constraints = [
            models.CheckConstraint(condition=~Q(state="dismissed") | ~Q(reason=""), name="signal_dismissed_with_reason")
        ]
        indexes = [models.Index(fields=["state", "-strength"], name="signal_by_strength")]

    def __str__(self) -> str:
        return f"{self.kind}: {', '.join(self.parties)}"
