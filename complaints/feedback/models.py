"""Feedback: what people may rate, what they said, phone interviews, mystery visits with their fees.

A mark names neither a person nor an order: what ties it to its event is the event's name, and that
stands here only so that an event is rated once.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from complaints.feedback.states import OWED_STATES, SETTLED_STATES, CallStatus, FeedbackStatus, ReplyStatus, VisitStatus

_ABOUT_ONE = Q(supplier__isnull=False, office__isnull=True) | Q(supplier__isnull=True, office__isnull=False)


class Occasion(models.Model):
    """A delivery or a visit that its person may rate once, by link or by phone.

    Of the link's token only the SHA-256 is kept; a token opens this one form and nothing else.
    """

    event = models.CharField(_("event"), max_length=100, unique=True, help_text="order:…, visit:…")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    supplier = models.ForeignKey("partner.Partner", models.CASCADE, related_name="+", null=True, blank=True)
    office = models.ForeignKey("marketplace.Office", models.CASCADE, related_name="+", null=True, blank=True)
    region = models.ForeignKey("marketplace.Region", models.PROTECT, related_name="+")
    happened_on = models.DateField(_("happened on"))
    invite_on = models.DateField(_("invited on"))
    invited_at = models.DateTimeField(_("link sent at"), null=True, blank=True)
    token_hash = models.BinaryField(null=True, unique=True, editable=False)
    expires_on = models.DateField(_("last day of the link"), null=True, blank=True)
    used_at = models.DateTimeField(_("rated at"), null=True, blank=True)

    class Meta:
        verbose_name = _("occasion for feedback")
        verbose_name_plural = _("occasions for feedback")
        constraints = [models.CheckConstraint(condition=_ABOUT_ONE, name="occasion_about_one")]
        indexes = [
            models.Index(fields=["invite_on"], name="occasion_to_invite", condition=Q(invited_at=None, used_at=None)),
            models.Index(fields=["happened_on"], name="occasion_unrated", condition=Q(used_at=None)),
        ]

    def __str__(self) -> str:
        return self.event


class NoInvitations(models.Model):
    """A person who does not want to be asked."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.person_id)


class Feedback(models.Model):
    """One answer to one event: a mark of 1–5, answers to the facets, words. Read by its owner and the ministry."""

    class Channel(models.TextChoices):
        QR = "qr", _("QR code")
        SMS_LINK = "sms_link", _("Link in a message")
        CALL = "call", _("Operator's call")
        MYSTERY = "mystery", _("Mystery visit")
        MAP = "map", _("Map of offices")

    event = models.CharField(_("event"), max_length=100, unique=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    supplier = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="feedback", null=True, blank=True, verbose_name=_("supplier")
    )
    office = models.ForeignKey(
        "marketplace.Office", models.PROTECT, related_name="feedback", null=True, blank=True,
        verbose_name=_("social office"),
    )  # fmt: skip
    region = models.ForeignKey(
        "marketplace.Region", models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("region")
    )
    mark = models.PositiveSmallIntegerField(_("mark"))
    facets = models.JSONField(_("facets"), default=dict, blank=True)
    text = models.TextField(_("words"), blank=True)
    language = models.CharField(_("language"), max_length=2, default="kk")
    status = models.CharField(_("state"), max_length=10, choices=FeedbackStatus, default=FeedbackStatus.RATED)
    given_at = models.DateTimeField(_("given at"))
    flagged_for = models.CharField(_("why a reply is asked for"), max_length=60, blank=True)
    reply_by = models.DateField(_("reply by"), null=True, blank=True)
    due_explained = models.JSONField(_("how the date was computed"), default=dict, blank=True)
    reply = models.TextField(_("reply"), blank=True)
    replied_at = models.DateTimeField(_("replied at"), null=True, blank=True)
    action = models.TextField(_("action taken"), blank=True)
    escalated_at = models.DateTimeField(_("escalated at"), null=True, blank=True)
    # What everybody may read: looked through by a moderator, nobody's names or numbers.
    public_text = models.TextField(_("published words"), blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)

    class Meta:
        ordering = ["-given_at"]
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [
            models.CheckConstraint(condition=_ABOUT_ONE, name="feedback_about_one"),
            models.CheckConstraint(condition=Q(mark__gte=1, mark__lte=5), name="feedback_mark_on_scale"),
            models.CheckConstraint(condition=Q(status__in=FeedbackStatus.values), name="feedback_status_known"),
            models.CheckConstraint(
                condition=~Q(status="flagged") | Q(reply_by__isnull=False), name="feedback_reply_by_known"
            ),
        ]
        indexes = [
            models.Index(fields=["reply_by"], name="feedback_owed", condition=Q(status__in=OWED_STATES)),
            models.Index(fields=["given_at"], name="feedback_settled", condition=Q(status__in=SETTLED_STATES)),
            models.Index(fields=["supplier", "channel"], name="feedback_of_supplier"),
            models.Index(fields=["office", "channel"], name="feedback_of_office"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.mark}"

    @property
    def owner_name(self) -> str:
        """The office or supplier that was rated, in the active language."""
        owner = self.office or self.supplier
        return owner.name if owner else ""


class PublicReply(models.Model):
    """A supplier's right of reply: to a published mark, or to the number of its confirmed complaints."""

    supplier = models.ForeignKey("partner.Partner", models.PROTECT, related_name="+", verbose_name=_("supplier"))
    # Empty: to the number of confirmed complaints.
    feedback = models.ForeignKey(Feedback, models.PROTECT, related_name="public_replies", null=True, blank=True)
    text = models.TextField(_("words"))
    language = models.CharField(_("language"), max_length=2, default="kk")
    status = models.CharField(_("state"), max_length=10, choices=ReplyStatus, default=ReplyStatus.WAITING)
    refused_for = models.TextField(_("why it was refused"), blank=True)
    offered_at = models.DateTimeField(_("sent at"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("public reply")
        verbose_name_plural = _("public replies")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ReplyStatus.values), name="public_reply_status_known"),
            *(
                models.UniqueConstraint(
                    fields=["supplier", "feedback"], name=f"public_reply_one_{status}", condition=Q(status=status),
                    nulls_distinct=False,
                )
                for status in ("waiting", "published")
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.supplier_id} {self.status}"


class CallRound(models.Model):
    """A random sample of a week. Seed and strata are kept: anybody can draw the same sample again."""

    name = models.CharField(_("week"), max_length=20, unique=True)
    seed = models.CharField(_("seed"), max_length=40)
    since = models.DateField(_("events since"))
    until = models.DateField(_("events until"))
    strata = models.JSONField(_("strata"), default=dict)
    drawn_at = models.DateTimeField(_("drawn at"))

    class Meta:
        ordering = ["-drawn_at"]
        verbose_name = _("round of calls")
        verbose_name_plural = _("rounds of calls")

    def __str__(self) -> str:
        return self.name


class CallTask(models.Model):
    """One drawn person to be interviewed; ``drawn_because`` says of how many and in which place."""

    round = models.ForeignKey(CallRound, models.CASCADE, related_name="tasks")
    occasion = models.OneToOneField(Occasion, models.CASCADE, related_name="call")
    region = models.ForeignKey("marketplace.Region", models.PROTECT, related_name="+")
    drawn_because = models.JSONField(_("why drawn"), default=dict)
    status = models.CharField(_("state"), max_length=10, choices=CallStatus, default=CallStatus.WAITING)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    call_from = models.DateField(_("call from"))
    operator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        ordering = ["call_from", "pk"]
        verbose_name = _("phone interview")
        verbose_name_plural = _("phone interviews")
        constraints = [models.CheckConstraint(condition=Q(status__in=CallStatus.values), name="call_status_known")]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.status}"


class MysteryVisitor(models.Model):
    """Somebody registered to visit unannounced and to be paid for it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="mystery_visitor")
    contract = models.CharField(_("contract"), max_length=60)
    active = models.BooleanField(_("active"), default=True)
    registered_at = models.DateTimeField(_("registered at"))

    class Meta:
        verbose_name = _("mystery visitor")
        verbose_name_plural = _("mystery visitors")

    def __str__(self) -> str:
        return str(self.user)


class MysteryVisit(models.Model):
    """An assignment: where to go, until when, what was seen. The visited do not know of it before it is reviewed."""

    visitor = models.ForeignKey(MysteryVisitor, models.PROTECT, related_name="visits", verbose_name=_("visitor"))
    supplier = models.ForeignKey("partner.Partner", models.PROTECT, related_name="+", null=True, blank=True)
    office = models.ForeignKey("marketplace.Office", models.PROTECT, related_name="+", null=True, blank=True)
    status = models.CharField(_("state"), max_length=10, choices=VisitStatus, default=VisitStatus.ASSIGNED)
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(_("assigned at"))
    due_on = models.DateField(_("visit by"))
    visited_on = models.DateField(_("visited on"), null=True, blank=True)
    checklist = models.JSONField(_("checklist"), default=dict, blank=True)
    mark = models.PositiveSmallIntegerField(_("mark"), null=True, blank=True)
    text = models.TextField(_("what was seen"), blank=True)
    returned_because = models.TextField(_("why returned"), blank=True)
    feedback = models.OneToOneField(Feedback, models.PROTECT, related_name="visit", null=True, blank=True)

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = _("mystery visit")
        verbose_name_plural = _("mystery visits")
        constraints = [
            models.CheckConstraint(condition=_ABOUT_ONE, name="visit_about_one"),
            models.CheckConstraint(condition=Q(status__in=VisitStatus.values), name="visit_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.status}"

    @property
    def place_name(self) -> str:
        """Where to go, in the active language."""
        place = self.office or self.supplier
        return place.name if place else ""


class VisitFee(models.Model):
    """A row of the fee ledger: one for each accepted report, in KZT. Nobody approves their own."""

    visit = models.OneToOneField(MysteryVisit, models.PROTECT, related_name="fee")
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("paid to"))
    amount = models.DecimalField(_("sum"), max_digits=10, decimal_places=2)
    entered_at = models.DateTimeField(_("entered at"))
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)

    class Meta:
        ordering = ["-entered_at"]
        verbose_name = _("visit fee")
        verbose_name_plural = _("visit fees")
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("payee")), name="fee_not_approved_by_payee"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="fee_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id}: {self.amount}"
