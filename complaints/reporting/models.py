"""What the reports count, stored: rewritten case by case from the event log, never edited."""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

# The last day of a stretch that has not ended: so that one comparison finds it.
FOREVER = date(9999, 12, 31)
# Facts name what the events name. PostgreSQL would look up each key of each row at the end of a rebuild, which takes
# two fifths of its time, and could only say what the log says already.
_AS_COUNTED: dict[str, Any] = {"db_index": False, "db_constraint": False}


class CaseStretch(models.Model):
    """Days on which a case stood in one way at the end of the day.

    ``outcome`` is how a report of such a day counts it: ``carried_over`` or ``lawsuit`` while it is open, else how it
    ended. ``until_on`` is the first day on which that was over, FOREVER as long as it stands. A case's stretches follow
    one another without a gap, so every report finds a case at most once.
    """

    complaint = models.ForeignKey("complaints.Complaint", models.CASCADE, related_name="+", **_AS_COUNTED)
    region = models.ForeignKey("marketplace.Region", models.PROTECT, related_name="+", **_AS_COUNTED)
    channel = models.CharField(max_length=20)
    began_on = models.DateField()
    until_on = models.DateField(default=FOREVER)
    is_first = models.BooleanField()
    is_open = models.BooleanField()
    outcome = models.CharField(max_length=20, blank=True)
    confirmed = models.BooleanField(default=False)
    returned = models.DecimalField(max_digits=14, decimal_places=2, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["complaint", "began_on"], name="stretch_begins_once")]
        indexes = [
            # For the cases behind a figure; the figures themselves are sums of days.
            models.Index(fields=["until_on", "began_on"], name="stretch_open", condition=Q(is_open=True)),
            models.Index(fields=["began_on"], name="stretch_ended", condition=Q(is_open=False)),
            models.Index(fields=["began_on"], name="stretch_filed", condition=Q(is_first=True)),
            # Ended and opened again: few, but a period's sums need them one by one.
            models.Index(
                fields=["until_on"], name="stretch_reopened", condition=Q(is_open=False, until_on__lt=FOREVER)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.outcome} from {self.began_on}"


class CaseMark(models.Model):
    """A step that a report counts on its day: an answer, a silence, what a state body did."""

    complaint = models.ForeignKey("complaints.Complaint", models.CASCADE, related_name="+", **_AS_COUNTED)
    region = models.ForeignKey("marketplace.Region", models.PROTECT, related_name="+", **_AS_COUNTED)
    on = models.DateField()
    kind = models.CharField(max_length=30)
    # Code of the body that had the case when the step was taken; empty while it was the supplier's.
    body = models.CharField(max_length=60, blank=True)
    days = models.IntegerField(null=True)
    in_time = models.BooleanField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "on"], name="mark_kind_day"),
            models.Index(fields=["complaint"], name="mark_of_case"),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.kind} on {self.on}"


class DayTotal(models.Model):
    """Sums of a day's stretches: how many began and were over, filed first, confirmed, money returned (KZT).

    What stood at the end of a day is the sum of ``came - went`` up to it, so a report adds days, not cases.
    """

    day = models.DateField()
    region = models.ForeignKey("marketplace.Region", models.PROTECT, related_name="+", **_AS_COUNTED)
    channel = models.CharField(max_length=20)
    outcome = models.CharField(max_length=20, blank=True)
    is_open = models.BooleanField()
    came = models.IntegerField()
    went = models.IntegerField()
    filed = models.IntegerField()
    confirmed = models.IntegerField()
    returned = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "region", "channel", "outcome", "is_open"], name="day_total_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.region_id} {self.outcome}"


class DayTally(models.Model):
    """How many marks of a day are alike."""

    day = models.DateField()
    region = models.ForeignKey("marketplace.Region", models.PROTECT, related_name="+", **_AS_COUNTED)
    kind = models.CharField(max_length=30)
    body = models.CharField(max_length=60, blank=True)
    days = models.IntegerField(null=True)
    in_time = models.BooleanField(null=True)
    steps = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "region", "kind", "body", "days", "in_time"], name="day_tally_once",
                nulls_distinct=False,
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.steps}"


class FactsState(models.Model):
    """One row: every event up to ``last_event`` is in the facts. Whoever writes facts holds its lock."""

    last_event = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"up to event {self.last_event}"


class OutreachEntry(models.Model):
    """A line of the outreach log: what the department did to tell people about their rights, and how many times."""

    class Kind(models.TextChoices):
        MEDIA_SPEECHES = "media_speeches", _("Speeches in the media")
        MEDIA_PUBLICATIONS = "media_publications", _("Publications in the media")
        SOCIAL_POSTS = "social_posts", _("Posts in social networks")
        BRIEFINGS = "briefings", _("Briefings")
        ROUND_TABLES = "round_tables", _("Round tables")
        VISITS = "visits", _("Visits to businesses")

    region = models.ForeignKey(
        "marketplace.Region", models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("region")
    )
    kind = models.CharField(_("kind"), max_length=30, choices=Kind)
    on = models.DateField(_("day"))
    count = models.PositiveIntegerField(_("how many"))
    reach = models.PositiveIntegerField(_("people reached"), default=0)
    note = models.CharField(_("what it was about"), max_length=200, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(_("entered at"))
    struck_at = models.DateTimeField(_("struck out at"), null=True, blank=True)

    class Meta:
        ordering = ["-on", "-pk"]
        verbose_name = _("outreach entry")
        verbose_name_plural = _("outreach entries")
        constraints = [models.CheckConstraint(condition=Q(count__gte=1), name="outreach_counts_something")]
        indexes = [models.Index(fields=["region", "on"], name="outreach_region_day")]

    def __str__(self) -> str:
        return f"{self.kind} {self.on}"
