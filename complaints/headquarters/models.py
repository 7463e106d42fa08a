"""Boards of situational headquarters. A guest sees a board that she is invited to, and of its cases no person."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Board(models.Model):
    """One working group of a region, by an order of the Committee's chair."""

    region = models.ForeignKey(
        "marketplace.Region", models.PROTECT, related_name="headquarters", verbose_name=_("region")
    )
    basis = models.CharField(_("order of the Committee's chair"), max_length=200)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        ordering = ["region__sort", "-opened_at"]
        verbose_name = _("situational headquarters")
        verbose_name_plural = _("situational headquarters")
        constraints = [
            models.UniqueConstraint(fields=["region"], name="headquarters_one_open", condition=Q(closed_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.region_id} {self.pk}"


class BoardGuest(models.Model):
    """Somebody of an NGO or association who takes part, until she is removed."""

    board = models.ForeignKey(Board, models.CASCADE, related_name="guests")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="headquarters")
    organisation = models.CharField(_("organisation"), max_length=200)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(_("invited at"))
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)

    class Meta:
        ordering = ["organisation", "pk"]
        verbose_name = _("guest of headquarters")
        verbose_name_plural = _("guests of headquarters")
        constraints = [
            models.UniqueConstraint(fields=["board", "user"], name="board_guest_once", condition=Q(removed_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.board_id}"


class SharedCase(models.Model):
    """A complaint on the board. Guests get its subject, sphere, region, state, dates and outcome, never more."""

    board = models.ForeignKey(Board, models.CASCADE, related_name="cases")
    complaint = models.ForeignKey("complaints.Complaint", models.PROTECT, related_name="+")
    shared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    shared_at = models.DateTimeField(_("put on the board at"))

    class Meta:
        ordering = ["-shared_at", "-pk"]
        verbose_name = _("case on a board")
        verbose_name_plural = _("cases on boards")
        constraints = [models.UniqueConstraint(fields=["board", "complaint"], name="shared_case_once")]

    def __str__(self) -> str:
        return f"{self.board_id} {self.pk}"


class Minutes(models.Model):
    """What was spoken and decided on a day; written once."""

    board = models.ForeignKey(Board, models.CASCADE, related_name="minutes")
    held_on = models.DateField(_("held on"))
    agenda = models.TextField(_("agenda"))
    decisions = models.TextField(_("decisions"))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(_("written at"))

    class Meta:
        ordering = ["-held_on", "-pk"]
        verbose_name = _("minutes of headquarters")
        verbose_name_plural = _("minutes of headquarters")

    def __str__(self) -> str:
        return f"{self.board_id} {self.held_on}"


class Task(models.Model):
    """Something that a member does until a day; often decided in minutes."""

    board = models.ForeignKey(Board, models.CASCADE, related_name="tasks")
    minutes = models.ForeignKey(Minutes, models.PROTECT, related_name="tasks", null=True, blank=True)
    title = models.CharField(_("task"), max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="headquarters_tasks", verbose_name=_("owner")
    )
    due_on = models.DateField(_("due"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("made at"))
    late_at = models.DateTimeField(_("marked late at"), null=True, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = _("task of headquarters")
        verbose_name_plural = _("tasks of headquarters")
        indexes = [models.Index(fields=["due_on"], name="headquarters_task_due", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return self.title
