"""Complaints with their clocks, court cases, and the facts of monthly reports."""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

# Imported for Django, which finds the tables of an app through its module "models".
from complaints.codes import models as code_models  # noqa: F401
from complaints.feedback import models as feedback_models  # noqa: F401
from complaints.headquarters import models as headquarters_models  # noqa: F401
from complaints.intake import models as intake_models  # noqa: F401
from complaints.measures import models as measure_models  # noqa: F401
from complaints.reporting import models as reporting_models  # noqa: F401
from complaints.routes import models as route_models  # noqa: F401
from complaints.states import DATED_STATES, ENDED_STATES, OPEN_STATES, ComplaintStatus, Outcome


class ComplaintTemplate(models.Model):
    """A typical form (T1–T20): which extra questions a subject and sphere ask. Texts by language."""

    code = models.CharField(_("code"), max_length=6, primary_key=True)
    title = models.JSONField(_("title"))
    subjects = models.JSONField(_("subjects"), default=list)
    spheres = models.JSONField(_("spheres"), default=list)
    fields = models.JSONField(_("questions"), default=list)
    sort = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["sort", "code"]
        verbose_name = _("complaint template")
        verbose_name_plural = _("complaint templates")

    def __str__(self) -> str:
        return self.code


class Complaint(models.Model):
    """One case. Its addressee is a supplier or an authority; ``respond_by`` is a local date."""

    class Channel(models.TextChoices):
        PORTAL = "portal", _("Portal")
        QR = "qr", _("QR code")
        HOTLINE = "hotline", _("Hotline 1414")
        WRITTEN = "written", _("Letter")
        TELEGRAM = "telegram", _("Telegram bot")
        RECEPTION = "reception", _("Personal reception")
        MINISTER_BLOG = "minister_blog", _("Minister's blog")
        CHAIR_BLOG = "chair_blog", _("Chair's blog")
        KIOSK = "kiosk", _("Self-service kiosk")
        OFFICE = "office", _("Social office")

    class ConfirmedBy(models.TextChoices):
        """Whose word ended the case; without one it is never "satisfied"."""

        PERSON = "person", _("the person")
        PHONE = "phone", _("the person, by phone")
        PANEL = "panel", _("a panel")

    class Priority(models.IntegerChoices):
        URGENT = 0, _("urgent")
        HIGH = 1, _("high")
        NORMAL = 2, _("normal")
        LOW = 3, _("low")

    number = models.CharField(_("number"), max_length=20, unique=True)
    tracking_hash = models.BinaryField(editable=False)
    draft = models.OneToOneField("marketplace.Draft", models.PROTECT, related_name="complaint", null=True, blank=True)
    complainant = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="complaints", null=True, blank=True,
        verbose_name=_("person"),
    )  # fmt: skip
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("filed by")
    )
    order_line = models.ForeignKey(
        "order.Line", models.PROTECT, related_name="complaints", null=True, blank=True, verbose_name=_("order line")
    )
    supplier = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="complaints", null=True, blank=True, verbose_name=_("supplier")
    )
    office = models.ForeignKey(
        "marketplace.Office", models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("office")
    )
    region = models.ForeignKey("marketplace.Region", models.PROTECT, related_name="+", verbose_name=_("region"))
    template = models.ForeignKey(ComplaintTemplate, models.PROTECT, related_name="+", null=True, blank=True)
    subject = models.CharField(_("subject"), max_length=30)
    sphere = models.CharField(_("sphere"), max_length=30)
    text = models.TextField(_("what happened"))
    # A code of the routing table's list, or the person's own words.
    demand = models.CharField(_("demand"), max_length=200, blank=True)
    # All of them, the first one beside; empty in cases of before.
    demands = models.JSONField(_("demands"), default=list, blank=True)
    fields = models.JSONField(_("further answers"), default=dict, blank=True)
    contact = models.JSONField(_("contact"), default=dict, blank=True)
    # In which the complaint was written: who has no account gets the news in it.
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES, default="kk")
    # Keyed digest of the contact's phone: who calls is found by it, and nobody reads it out of the table.
    contact_key = models.BinaryField(default=b"", editable=False)
    # The private chat with the bot in which it was filed: news go there.
    telegram_chat = models.BigIntegerField(null=True, editable=False)
    hide_name = models.BooleanField(_("name hidden from the supplier"), default=False)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel, default=Channel.PORTAL)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.NORMAL)

    status = models.CharField(_("state"), max_length=20, choices=ComplaintStatus, default=ComplaintStatus.REGISTERED)
    addressee_supplier = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("addressed supplier")
    )
    addressee_authority = models.ForeignKey(
        "marketplace.Authority", models.PROTECT, related_name="complaints", null=True, blank=True,
        verbose_name=_("addressed body"),
    )  # fmt: skip
    # The body that joins next when the addressee is silent or the person disagrees; fixed when filed.
    escalates_to = models.ForeignKey(
        "marketplace.Authority", models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("passes to"),
    )  # fmt: skip
    # Codes of the bodies that join after it, in their order.
    joins = models.JSONField(_("joins afterwards"), default=list, blank=True)
    rule = models.CharField(_("routing rule"), max_length=10)
    rule_version = models.DateField(_("version of the routing table"))

    filed_at = models.DateTimeField(_("filed at"))
    filed_on = models.DateField(_("day of filing"))
    # When it came, if somebody wrote it down later: the first addressee's clock runs from this day.
    received_on = models.DateField(_("day of receipt"), null=True, blank=True)
    respond_by = models.DateField(_("respond by"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    due_explained = models.JSONField(_("how the date was computed"), default=dict, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    escalated_at = models.DateTimeField(_("escalated at"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    answer = models.TextField(_("answer of the supplier"), blank=True)
    remedy = models.JSONField(_("remedy"), default=dict, blank=True)
    decision = models.TextField(_("decision"), blank=True)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome, blank=True)
    outcome_detail = models.CharField(_("kind of outcome"), max_length=30, blank=True)
    # What the body or seller says was reached; becomes the outcome when the person confirms.
    proposed_outcome = models.CharField(_("proposed outcome"), max_length=20, choices=Outcome, blank=True)
    proposed_detail = models.CharField(_("kind of the proposed outcome"), max_length=30, blank=True)
    confirmed_by = models.CharField(_("outcome confirmed by"), max_length=10, choices=ConfirmedBy, blank=True)
    returned_sum = models.DecimalField(_("money returned"), max_digits=12, decimal_places=2, default=0)
    hold_payment = models.BooleanField(_("the payment of the order waits"), default=False)
    reopened = models.PositiveSmallIntegerField(_("times opened again"), default=0)
    # While the body waits for the person's reply its own date stands still.
    paused_on = models.DateField(_("clock stopped on"), null=True, blank=True)
    paused_respond_by = models.DateField(_("stopped date"), null=True, blank=True)
    waited_days = models.PositiveSmallIntegerField(_("days waited for the person"), default=0)
    # What people wrote at a step, by the id of its event: the log itself keeps no personal text.
    texts = models.JSONField(_("texts of the steps"), default=dict, blank=True)
    duplicate_of = models.ForeignKey("self", models.PROTECT, related_name="duplicates", null=True, blank=True)

    class Meta:
        ordering = ["-filed_at"]
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        constraints = [
            models.UniqueConstraint(
                fields=["order_line", "subject"],
                name="complaint_open_once",
                condition=Q(order_line__isnull=False, status__in=OPEN_STATES),
            ),
            models.CheckConstraint(condition=Q(status__in=ComplaintStatus.values), name="complaint_status_known"),
            # An open case always has a date by which somebody owes a step.
            models.CheckConstraint(
                condition=~Q(status__in=DATED_STATES) | Q(respond_by__isnull=False),
                name="complaint_respond_by_known",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="satisfied") | Q(confirmed_by__in=["person", "phone", "panel"]),
                name="complaint_satisfied_by_word",
            ),
        ]
        indexes = [
            models.Index(
                fields=["addressee_supplier", "respond_by", "id"], name="complaint_list_seller",
                condition=Q(status__in=OPEN_STATES),
            ),
            models.Index(
                fields=["addressee_authority", "respond_by", "id"], name="complaint_list_body",
                condition=Q(status__in=OPEN_STATES),
            ),
            # The list of all complaints: open ones by date, ended ones by the day of their end.
            models.Index(fields=["respond_by", "id"], name="complaint_list_open", condition=Q(status__in=OPEN_STATES)),
            models.Index(
                fields=["region", "respond_by", "id"], name="complaint_list_region", condition=Q(status__in=OPEN_STATES)
            ),
            models.Index(
                fields=["status", "respond_by", "id"], name="complaint_list_state", condition=Q(status__in=OPEN_STATES)
            ),
            models.Index(
                fields=["subject", "respond_by", "id"], name="complaint_list_subject", condition=Q(status__in=OPEN_STATES)
            ),
            models.Index(fields=["-closed_at", "-id"], name="complaint_list_ended", condition=Q(status__in=ENDED_STATES)),
            *(
                models.Index(
                    fields=[name, "-closed_at", "-id"], name=f"complaint_ended_{place}",
                    condition=Q(status__in=ENDED_STATES),
                )
                for place, name in enumerate(("region", "addressee_authority", "addressee_supplier", "subject"))
            ),
            models.Index(fields=["complainant", "-filed_at"], name="complaint_of_person"),
            # Earlier cases of a matter; of no use to a list, which would take it for a subject that is rare.
            models.Index(
                fields=["supplier", "subject", "-filed_at", "-id"], name="complaint_of_matter",
                condition=Q(duplicate_of__isnull=True),
            ),
            models.Index(fields=["region", "filed_on"], name="complaint_region_day"),
            models.Index(fields=["contact_key"], name="complaint_caller", condition=~Q(contact_key=b"")),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def day_zero(self) -> date:
        """From which day the first addressee's time is counted."""
        return self.received_on or self.filed_on

    @property
    def wanted(self) -> list[str]:
        """Every demand, the first one first: codes of the routing table's list, or own words."""
        return self.demands or ([self.demand] if self.demand else [])


class ComplaintParallel(models.Model):
    """Somebody addressed beside the addressee, with a date of its own where the rule gives one."""

    class Why(models.TextChoices):
        INFORMED = "informed", _("Told at once")
        SAFETY = "safety", _("Acts the same day, because somebody is in danger")
        RULE = "rule", _("Answers as well, by the rule")
        TARGET = "target", _("Chosen by the person")

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="parallels")
    authority = models.ForeignKey(
        "marketplace.Authority", models.PROTECT, related_name="parallel_complaints", null=True, blank=True
    )
    supplier = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="parallel_complaints", null=True, blank=True
    )
    why = models.CharField(_("why"), max_length=10, choices=Why)
    respond_by = models.DateField(_("respond by"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    due_explained = models.JSONField(_("how the date was computed"), default=dict, blank=True)
    # Set once, when its date has passed without a word.
    late_at = models.DateTimeField(_("late since"), null=True, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    done = models.TextField(_("what was done"), blank=True)

    class Meta:
        verbose_name = _("parallel addressee")
        verbose_name_plural = _("parallel addressees")
        constraints = [
            models.UniqueConstraint(fields=["complaint", "authority"], name="parallel_body_once"),
            models.UniqueConstraint(fields=["complaint", "supplier"], name="parallel_supplier_once"),
            models.CheckConstraint(
                condition=Q(authority__isnull=False, supplier__isnull=True)
                | Q(authority__isnull=True, supplier__isnull=False),
                name="parallel_one_addressee",
            ),
            models.CheckConstraint(
                condition=Q(why="informed", respond_by__isnull=True) | ~Q(why="informed") & Q(respond_by__isnull=False),
                name="parallel_dated_unless_informed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["respond_by"], name="parallel_due", condition=Q(done_at__isnull=True, late_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.addressee}"

    @property
    def addressee(self) -> Any:
        """The authority or the supplier."""
        return self.authority or self.supplier


class ComplaintStep(models.Model):
    """A step of the clock that must happen once: a reminder, an escalation, a lapse."""

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="steps")
    step = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["complaint", "step"], name="complaint_step_once")]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.step}"


class PanelVote(models.Model):
    """What a reviewer who took no part in a case says of its outcome; ``round`` counts the times it was opened again."""

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="votes")
    round = models.PositiveSmallIntegerField(default=0)
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    agrees = models.BooleanField(_("the outcome was reached"))
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint", "round", "voter"], name="panel_vote_once_per_voter")
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.voter_id}"


class CourtCase(models.Model):
    """A lawsuit that came out of a complaint: role, result, sum."""

    class Result(models.TextChoices):
        PENDING = "pending", _("Pending")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")
        SETTLED = "settled", _("Settled")

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="court_cases")
    authority = models.ForeignKey("marketplace.Authority", models.PROTECT, related_name="+", null=True)
    role = models.CharField(_("role"), max_length=60)
    result = models.CharField(_("result"), max_length=10, choices=Result, default=Result.PENDING)
    recovered = models.DecimalField(_("sum recovered"), max_digits=14, decimal_places=2, default=0)
    opened_on = models.DateField(_("opened on"))
    decided_on = models.DateField(_("decided on"), null=True, blank=True)

    class Meta:
        verbose_name = _("court case")
        verbose_name_plural = _("court cases")

    def __str__(self) -> str:
        return f"{self.complaint} {self.result}"


class MonthlyReport(models.Model):
    """Facts of one region and month, rebuilt from events; ``imported`` ones come from published tables."""

    region = models.ForeignKey(
        "marketplace.Region", models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("region")
    )
    month = models.DateField(_("first day of the period"))
    until = models.DateField(_("last day of the period"))
    imported = models.BooleanField(_("imported history"), default=False)
    source = models.CharField(_("source"), max_length=200, blank=True)
    facts = models.JSONField(_("facts"))
    self_check = models.CharField(_("self-check"), max_length=200, default="ok")
    built_at = models.DateTimeField(_("built at"), auto_now=True)

    class Meta:
        ordering = ["-month"]
        verbose_name = _("monthly report")
        verbose_name_plural = _("monthly reports")
        constraints = [
            models.UniqueConstraint(
                fields=["month", "until", "region", "imported"], name="report_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.region_id or 'all'}"
