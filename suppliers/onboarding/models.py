"""The application of a business that wants to sell: what it said, who has to answer until when, and what was answered."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from suppliers.entrepreneurs import Numbered
from suppliers.states import ApplicationStatus

# States in which somebody owes an answer; of a refused one the day until which it may be appealed is kept as well.
WAITING = (ApplicationStatus.SUBMITTED, ApplicationStatus.NEEDS_FIX, ApplicationStatus.APPEALED)


class Application(Numbered):
    """One application of one account. ``answers`` is what was sent last, as ``answers.Answers.as_data`` gives it."""

    Status = ApplicationStatus

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="applications", verbose_name=_("applicant")
    )
    draft = models.OneToOneField("marketplace.Draft", models.PROTECT, related_name="+")
    status = models.CharField(_("state"), max_length=12, choices=Status, default=Status.SUBMITTED)
    bin = models.CharField(_("BIN"), max_length=12, blank=True, db_index=True)
    name = models.CharField(_("legal name"), max_length=128)
    answers = models.JSONField(_("answers"))
    submitted_at = models.DateTimeField(_("sent at"))
    respond_by = models.DateField(_("last day"), null=True, blank=True)
    due_explained = models.JSONField(default=dict, blank=True)
    reason = models.CharField(_("code of the reason"), max_length=40, blank=True)
    words = models.TextField(_("what was asked or why it was refused"), blank=True)
    appeal = models.TextField(_("why it should be checked once more"), blank=True)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("refused by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    # The time of the second check passed without an answer: everybody who could give it was told.
    overdue_at = models.DateTimeField(_("overdue since"), null=True, blank=True)
    partner = models.ForeignKey(
        "partner.Partner",
        models.PROTECT,
        related_name="applications",
        null=True,
        blank=True,
        verbose_name=_("supplier"),
    )

    class Meta:
        ordering = ["-submitted_at", "-pk"]
        verbose_name = _("application of a supplier")
        verbose_name_plural = _("applications of suppliers")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ApplicationStatus.values), name="application_status_known"),
            models.CheckConstraint(
                condition=~Q(status__in=WAITING) | Q(respond_by__isnull=False), name="application_answer_by_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(partner__isnull=False), name="application_approved_has_shop"
            ),
            models.CheckConstraint(
                condition=Q(bin="", iin_index__isnull=False) | ~Q(bin="") & Q(iin_index=None),
                name="application_one_number",
            ),
            models.UniqueConstraint(fields=["author"], name="application_one_runs", condition=Q(status__in=WAITING)),
        ]
        indexes = [
            models.Index(fields=["respond_by"], name="application_due", condition=Q(status__in=WAITING)),
            models.Index(fields=["iin_index"], name="application_iin", condition=Q(iin_index__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """``A-2026-000012``: how people name it."""
        return f"A-{self.submitted_at:%Y}-{self.pk:06d}"
