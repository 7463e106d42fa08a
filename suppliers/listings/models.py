"""A listing: what a supplier wants to sell or to change, until somebody has looked at it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.rules import in_language
from suppliers.states import ListingStatus

# States in which somebody owes an answer; of a refused one the day until which it may be appealed is kept as well.
LISTING_WAITS = (ListingStatus.MODERATION, ListingStatus.PRICE_REVIEW, ListingStatus.APPEALED)


class Listing(models.Model):
    """``product``: the one it is for, none for a new one before it is published; ``offer``: the own offer it changes or
    became; ``answers`` as ``answers.Answers.as_data`` gives it; ``median``: of the unit price (KZT) when it was sent.
    """

    Status = ListingStatus

    partner = models.ForeignKey("partner.Partner", models.PROTECT, related_name="listings", verbose_name=_("supplier"))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("sent by"))
    draft = models.OneToOneField("marketplace.Draft", models.PROTECT, related_name="+")
    status = models.CharField(_("state"), max_length=12, choices=Status, default=Status.MODERATION)
    title = models.CharField(_("title"), max_length=255)
    answers = models.JSONField(_("answers"))
    product = models.ForeignKey(
        "catalogue.Product", models.PROTECT, related_name="listings", null=True, blank=True, verbose_name=_("product")
    )
    offer = models.ForeignKey(
        "partner.StockRecord", models.PROTECT, related_name="listings", null=True, blank=True, verbose_name=_("offer")
    )
    unit_price = models.DecimalField(_("price of a unit"), max_digits=14, decimal_places=2)
    median = models.DecimalField(_("median of the kind"), max_digits=14, decimal_places=2, null=True, blank=True)
    price_reason = models.TextField(_("why the price is what it is"), blank=True)
    submitted_at = models.DateTimeField(_("sent at"))
    respond_by = models.DateField(_("last day"), null=True, blank=True)
    due_explained = models.JSONField(default=dict, blank=True)
    # Since when the ministry has been late; the day of the answer was counted anew.
    overdue_at = models.DateTimeField(_("late since"), null=True, blank=True)
    reason = models.CharField(_("code of the reason"), max_length=40, blank=True)
    words = models.TextField(_("why it was refused"), blank=True)
    appeal = models.TextField(_("why it should be checked once more"), blank=True)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("refused by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        ordering = ["-submitted_at", "-pk"]
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ListingStatus.values), name="listing_status_known"),
            models.CheckConstraint(
                condition=~Q(status__in=LISTING_WAITS) | Q(respond_by__isnull=False), name="listing_answer_by_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="published") | Q(product__isnull=False, offer__isnull=False),
                name="listing_published_is_offer",
            ),
            models.UniqueConstraint(
                fields=["offer"], name="listing_one_change_waits", condition=Q(status__in=LISTING_WAITS)
            ),
        ]
        indexes = [models.Index(fields=["respond_by"], name="listing_due", condition=Q(status__in=LISTING_WAITS))]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def name(self) -> str:
        """What is put on sale, in the reader's language: as the listing describes it, else as the catalogue has it."""
        texts = self.answers["texts"]
        if texts.get("title.ru"):
            return in_language({"kk": texts.get("title.kk", ""), "ru": texts["title.ru"], "en": texts["title.ru"]})
        return str(self.product.title) if self.product is not None else self.title

    @property
    def number(self) -> str:
        """``L-2026-000012``: how people name it."""
        return f"L-{self.submitted_at:%Y}-{self.pk:06d}"
