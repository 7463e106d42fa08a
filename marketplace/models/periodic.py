"""When each periodic job last finished, and what days were like: for the status page, monitoring and indicators."""

from django.db import models


class LastRun(models.Model):
    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    count = models.PositiveIntegerField(help_text="how many things it did")
    seconds = models.FloatField(help_text="how long it took")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M}"


class TroubleMinute(models.Model):
    """A minute of the clock in which a part of the portal did not work as it should (marketplace/health.py)."""

    part = models.CharField(max_length=40)
    minute = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["minute", "part"], name="trouble_once_a_minute")]

    def __str__(self) -> str:
        return f"{self.part} {self.minute:%Y-%m-%d %H:%M}"


class DayCount(models.Model):
    """How many times something was seen on a day, told apart by part (marketplace/day_counts.py)."""

    day = models.DateField()
    what = models.CharField(max_length=20)
    part = models.CharField(max_length=20)
    count = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["day", "what", "part"], name="day_count_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.what} {self.part}"
